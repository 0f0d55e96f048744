/* What a telephone's far end may say: the first byte picks a crypto attribute (what is accepted is written back and read the
 * same) or a run of telephone-event packets (a key is one of sixteen and never told twice for one event). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/sdes.h"
#include "mcu/net/telephone_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_sdes(const uint8_t *data, size_t size)
{
    static const mcu_sdes zero;
    mcu_sdes s, again;
    char text[MCU_SDES_TEXT];
    if (mcu_sdes_parse((const char *)data, size, &s) != MCU_OK) {
        if (memcmp(&s, &zero, sizeof s) != 0) {
            abort();
        }
        return;
    }
    mcu_sdes_write(&s, text);
    if (mcu_sdes_parse(text, strlen(text), &again) != MCU_OK || memcmp(&s, &again, sizeof s) != 0) {
        abort();
    }
}

static void try_events(const uint8_t *data, size_t size)
{
    mcu_telephone_event e = {0};
    int64_t told = -1;
    for (int64_t now_ns = 0; size > 2; now_ns += 20000000) {
        uint32_t ts = (uint32_t)data[0] << 12 | data[1];
        size_t n = data[2] % 6 > size - 3 ? size - 3 : data[2] % 6;
        char key;
        mcu_status s = mcu_telephone_event_push(&e, ts, data + 3, n, now_ns, &key);
        if (key != 0 && (s != MCU_OK || !strchr("0123456789*#ABCD", key) || told == ts)) {
            abort();
        }
        told = key != 0 ? ts : told;
        (void)mcu_telephone_event_down(&e, now_ns);
        data += 3 + n;
        size -= 3 + n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        (data[0] & 1 ? try_sdes : try_events)(data + 1, size - 1);
    }
    return 0;
}
