/* A stream of packets: sequence step, timestamp step, flags, size, bytes. Bounded, ordered, never stuck. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/vjitter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    mcu_vjitter *v = mcu_vjitter_new(data[0] & 1 ? MCU_CODEC_VP8 : MCU_CODEC_H264);
    uint16_t seq = (uint16_t)(data[0] << 8);
    uint32_t ts = 0;
    int64_t now = 1000;
    data++;
    size--;
    while (size >= 4) {
        seq = (uint16_t)(seq + (int8_t)data[0] * (data[2] & 4 ? 300 : 1));
        ts += data[1];
        now += (int64_t)(data[2] >> 3) * MCU_NS_PER_MS;
        size_t n = data[3] > size - 4 ? size - 4 : data[3];
        uint8_t *exact = malloc(n + 1);
        memcpy(exact, data + 4, n);
        mcu_rtp r = {.seq = seq, .ts = ts, .marker = data[2] & 1, .payload = exact, .payload_size = n};
        (void)mcu_vjitter_push(v, &r, now);
        free(exact);
        for (mcu_au *au; (au = mcu_vjitter_pop(v, now));) {
            if (au->size == 0) {
                abort();
            }
            mcu_au_unref(au);
        }
        if (mcu_vjitter_next_ns(v) <= now) {
            abort();
        }
        data += 4 + n;
        size -= 4 + n;
    }
    mcu_vjitter_free(v);
    return 0;
}
