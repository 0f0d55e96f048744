/* fuzz_audio.c - any packets, in any order and at any time, as one voice: its blocks keep coming, one a tick.
 * Input: codec and whether it is a telephone, then records of ticks to wait (1 byte), sequence and time stamp steps (2 bytes
 * each), length (1), that many bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mixer/avoice.h"

static const mcu_codec codecs[] = {MCU_CODEC_OPUS, MCU_CODEC_PCMU, MCU_CODEC_PCMA, MCU_CODEC_G722};

static int step16(const uint8_t *p)
{
    return (int16_t)(p[0] << 8 | p[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    mcu_codec codec = codecs[data[0] % 4];
    mix_avoice *v = data[0] & 4 ? mix_avoice_new_line(1, codec, true, NULL) : mix_avoice_new(1, codec, NULL);
    int16_t sent[MIX_BLOCK] = {5000, -5000};
    int64_t now_ns = MCU_NS_PER_SEC;
    uint32_t seq = 0;
    uint32_t ts = 0;
    for (size_t at = 1; at + 6 <= size;) {
        const uint8_t *record = data + at;
        for (unsigned ticks = record[0] % 32; ticks > 0; ticks--, now_ns += MIX_BLOCK_NS) {
            mix_avoice_collect(v);
            (void)mix_avoice_pull(v, now_ns);
            mix_avoice_sent(v, sent, true, now_ns);
        }
        seq += (uint32_t)(1 + step16(record + 1));
        ts += (uint32_t)(960 + step16(record + 3) * (record[0] > 200 ? 60000 : 10));
        at += 6;
        size_t n = record[5] < size - at ? record[5] : size - at;
        mcu_au *au = mcu_au_new(n);
        memcpy(au->data, data + at, n);
        memset(au->data + n, 0, MCU_AU_PADDING);
        au->codec = codec;
        au->seq = seq;
        au->ts = ts;
        au->time_ns = now_ns;
        mcu_ring_push(v->ring, au);
        at += n;
    }
    for (unsigned ticks = 0; ticks < 40; ticks++, now_ns += MIX_BLOCK_NS) {
        mix_avoice_collect(v);
        (void)mix_avoice_pull(v, now_ns);
    }
    mix_avoice_free(v);
    return 0;
}
