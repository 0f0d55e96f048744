/* Redundant audio from a stranger: no block reaches beyond the payload; what we write ourselves comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/red.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
    mcu_red_block blocks[MCU_RED_BLOCKS];
    unsigned n = 0;
    if (mcu_red_parse(data, size, blocks, &n) != MCU_OK) {
        return;
    }
    if (n < 1 || n > MCU_RED_BLOCKS || blocks[n - 1].back != 0) {
        abort();
    }
    for (unsigned i = 0; i < n; i++) {
        if (blocks[i].data < data || blocks[i].size > (size_t)(data + size - blocks[i].data)) {
            abort();
        }
    }
}

/* The bytes as packets of a sender: size, then payload. */
static void send_and_parse(const uint8_t *data, size_t size)
{
    static mcu_red_sender s;
    uint8_t out[MCU_RED_PAYLOAD];
    memset(&s, 0, sizeof s);
    for (uint32_t ts = 0; size > 3;) {
        ts += data[1] * 16u;
        mcu_red_set(&s, data[0] & 3, data[0] >> 2);
        size_t length = (size_t)data[2] * 4 % (size - 2);
        size_t packed = mcu_red_pack(&s, 111, ts, data + 2, length, out);
        mcu_red_block blocks[MCU_RED_BLOCKS];
        unsigned n = 0;
        if (packed > 0 && (packed > sizeof out || mcu_red_parse(out, packed, blocks, &n) != MCU_OK || n < 2 ||
                           blocks[n - 1].size != length || memcmp(blocks[n - 1].data, data + 2, length) != 0)) {
            abort();
        }
        data += 2 + length;
        size -= 2 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size);
    send_and_parse(data, size);
    return 0;
}
