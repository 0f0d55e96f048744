#include "mcu/room/audio_choice.h"

#include "mcu/base/media.h"

#define LESS_AFTER (10 * MCU_NS_PER_SEC)
#define THIN_BPS 130000
#define WIDE_BPS 180000

static unsigned wanted(double loss)
{
    return loss < 0.02 ? 0 : loss < 0.10 ? 1 : loss < 0.20 ? 2 : 3;
}

static void choose_length(mcu_audio_choice *c, unsigned line_bps, int64_t now_ns)
{
    if (line_bps > 0 && line_bps < (c->thin ? WIDE_BPS : THIN_BPS)) {
        c->thin = true;
        c->wide_since_ns = 0;
    } else if (c->thin && c->wide_since_ns == 0) {
        c->wide_since_ns = now_ns;
    } else if (c->thin && now_ns - c->wide_since_ns >= LESS_AFTER) {
        c->thin = false;
    }
}

void mcu_audio_choice_step(mcu_audio_choice *c, const mcu_audio_link *link, int64_t now_ns)
{
    const unsigned room = link->standing || link->voice_bps == 0 ? 0 : link->spare_bps / link->voice_bps;
    const unsigned copies = wanted(link->loss);
    c->stride = 1;
    choose_length(c, link->line_bps, now_ns);
    if (copies >= c->copies) {
        c->copies = copies;
        c->less_since_ns = 0;
    } else if (c->less_since_ns == 0) {
        c->less_since_ns = now_ns;
    } else if (now_ns - c->less_since_ns >= LESS_AFTER) {
        c->copies = copies;
        c->less_since_ns = 0;
    }
    if (c->copies > room) { /* what does not fit goes at once */
        c->copies = room;
    }
}
