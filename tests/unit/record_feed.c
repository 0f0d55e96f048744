/* What the mixers of fake_media.h hand to a recording, of record_kit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/room/record.h"
#include "tests/unit/record_kit.h"

#define FPS 25

void record_kit_feed(unsigned from_ms, unsigned to_ms)
{
    for (unsigned ms = from_ms; ms < to_ms; ms += 20) {
        if (ms % 40 == 0) {
            mcu_au *picture = kit_picture(ms / 40, ms % 4000 == 0 || ms == from_ms, 200);
            fake_picture_out(0, picture);
            mcu_au_unref(picture);
        }
        mcu_au *packet = kit_packet(ms / 20, 60);
        fake_sound_out(MCU_RECORD_LISTENER, packet);
        mcu_au_unref(packet);
    }
}

static void encode(record_studio *s, unsigned canvas)
{
    bool first = !s->of[canvas].runs, asked = fake.keyframe_requests[canvas] != s->of[canvas].asked;
    bool key = first || (asked && s->tick - s->of[canvas].key_tick >= FPS);
    s->of[canvas].runs = fake.uses[canvas] > 0;
    if (!s->of[canvas].runs) {
        return;
    }
    if (key) {
        s->of[canvas].key_tick = s->tick;
        s->of[canvas].asked = fake.keyframe_requests[canvas];
    }
    s->of[canvas].pictures++;
    mcu_au *picture = kit_picture(canvas * RECORD_KIT_CANVAS + s->tick, key, 200);
    picture->time_ns = KIT_START_NS + s->tick * KIT_TICK_NS;
    picture->scene = fake.scene;
    fake_picture_out(canvas, picture);
    mcu_au_unref(picture);
}

void record_kit_ticks(record_studio *s, unsigned ticks)
{
    for (unsigned until = s->tick + ticks; s->tick < until; s->tick++) {
        for (unsigned i = 0; i < MIX_MAX_TIERS; i++) {
            encode(s, i);
        }
        for (unsigned half = 0; half < 2; half++) {
            mcu_au *packet = kit_packet(s->tick * 2 + half, 60);
            fake_sound_out(MCU_RECORD_LISTENER, packet);
            mcu_au_unref(packet);
        }
        room_kit_settle();
    }
}
