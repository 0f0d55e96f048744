/* line_kit.h - one telephone at a mixing core, in stepped time.  Thread: the test's. */
#ifndef TESTS_UNIT_LINE_KIT_H
#define TESTS_UNIT_LINE_KIT_H

#include "audio_kit.h"
#include "mixer/acore.h"

#define KIT_LINE_START_NS (5000 * KIT_MS)

typedef struct {
    mix_acore *core;
    mix_alistener *listener;
    mix_avoice *line;
    mix_abatch batch;
    unsigned tick; /* of 20 ms, so far */
} kit_booth;

void kit_booth_open(kit_booth *b, mcu_codec codec);
void kit_booth_close(kit_booth *b);
const mcu_au *kit_booth_tick(kit_booth *b); /* what the line is sent; borrowed until the next tick */

/* `n48` samples at 48 kHz as a packet of PCMU, of every sixth of them; the caller's. */
mcu_au *kit_pcmu(const int16_t *pcm48, unsigned n48, uint32_t seq, uint32_t ts, int64_t now_ns);

#endif
