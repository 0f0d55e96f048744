/* The recording goes over between encoders: on a stepped clock, with encoders that are late by chance, every tick is in what
 * comes out once, can be decoded, and is one that may be recorded; an encoder of its own runs only for as long as it is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/room/splice.h"
#include "tests/unit/fake_media.h"

enum { TIER, OWN, CANVASES, TICK_MS = 40, PACKET_MS = 20, KEY_MS = 4000, SPACING_MS = 1000, LATE_MOST = 8 };

/* One encoder, as far as its output is concerned: a keyframe first and when one was asked for, at most one a second. */
typedef struct {
    unsigned viewers; /* others that watch it */
    bool runs;
    unsigned asked, key_ms;
    unsigned late_ms; /* from tick to delivery; changes by chance */
    GQueue out;       /* mcu_au in their order; due_ms of each in `ts` */
    unsigned pictures;
} encoder;

typedef struct {
    mcu_splice splice;
    encoder encoders[CANVASES];
    uint32_t seed;
    unsigned now_ms;
    unsigned forbidden_ms; /* TIER's pictures from this tick on may not go out; 0 = they may */
    int tick, packet;      /* newest that came out; -1 = none */
    unsigned key_ms;       /* newest keyframe that came out */
    int canvas;
    unsigned keyframes[CANVASES], gaps;
    bool gaps_allowed;
} rig;

static unsigned dice(rig *r, unsigned n)
{
    r->seed = r->seed * 1664525u + 1013904223u;
    return (r->seed >> 8) % n;
}

static int64_t ns(unsigned ms)
{
    return (int64_t)(ms + 1000) * MCU_NS_PER_MS;
}

static void on_out(void *user, mcu_au *au)
{
    rig *r = user;
    int ms = (int)(au->time_ns / MCU_NS_PER_MS) - 1000;
    if (au->codec == MCU_CODEC_OPUS) {
        assert_int_equal(ms, (r->packet + 1) * PACKET_MS);
        r->packet++;
        return;
    }
    int tick = ms / TICK_MS;
    if (!r->gaps_allowed) {
        assert_true(r->tick < 0 || tick == r->tick + 1); /* none twice, none missing */
    }
    assert_true(tick > r->tick);
    assert_true(au->keyframe || au->tier == r->canvas); /* it can be decoded */
    assert_true(au->tier == OWN || r->forbidden_ms == 0 || (unsigned)ms < r->forbidden_ms);
    r->tick = tick;
    r->canvas = au->tier;
    r->keyframes[au->tier] += au->keyframe;
    r->key_ms = au->keyframe ? (unsigned)ms : r->key_ms;
    if ((unsigned)ms - r->key_ms >= KEY_MS - TICK_MS) {
        mcu_splice_restart(&r->splice);
    }
}

static void encode(rig *r, unsigned canvas)
{
    encoder *e = &r->encoders[canvas];
    bool runs = e->viewers + fake.uses[canvas] > 0, asked = fake.keyframe_requests[canvas] != e->asked;
    bool key = runs && (!e->runs || (asked && r->now_ms - e->key_ms >= SPACING_MS));
    if (runs && !e->runs) {
        e->late_ms = 30 + dice(r, 60); /* it is opened first */
    }
    e->runs = runs;
    if (!runs) {
        g_queue_clear_full(&e->out, (GDestroyNotify)mcu_au_unref); /* nothing is delivered of an encoder that was told to stop */
        return;
    }
    if (key) {
        e->key_ms = r->now_ms;
        e->asked = fake.keyframe_requests[canvas];
    }
    mcu_au *au = mcu_au_new(8);
    au->codec = MCU_CODEC_H264;
    au->tier = (uint8_t)canvas;
    au->keyframe = key;
    au->time_ns = ns(r->now_ms);
    au->ts = r->now_ms + e->late_ms;
    e->late_ms = dice(r, 10) == 0 ? 5 + dice(r, LATE_MOST * 10) : e->late_ms > 12 ? e->late_ms - 6 : e->late_ms;
    e->pictures++;
    g_queue_push_tail(&e->out, au);
    if (!key && dice(r, 20) == 0) { /* for who entered, beside it: nobody else's */
        mcu_au *entry = mcu_au_new(8);
        entry->codec = MCU_CODEC_H264;
        entry->tier = (uint8_t)canvas;
        entry->keyframe = entry->entry = true;
        entry->time_ns = au->time_ns;
        entry->ts = au->ts;
        g_queue_push_tail(&e->out, entry);
    }
}

static void deliver(rig *r, unsigned canvas)
{
    encoder *e = &r->encoders[canvas];
    while (e->out.length > 0 && ((const mcu_au *)g_queue_peek_head(&e->out))->ts <= r->now_ms) {
        mcu_au *au = g_queue_pop_head(&e->out);
        bool allowed = canvas == OWN || r->forbidden_ms == 0 || au->time_ns < ns(r->forbidden_ms);
        mcu_splice_picture(&r->splice, canvas, au, allowed);
        mcu_au_unref(au);
    }
}

static void step(rig *r, unsigned ms)
{
    for (unsigned until = r->now_ms + ms; r->now_ms < until; r->now_ms++) {
        for (unsigned i = 0; r->now_ms % TICK_MS == 0 && i < CANVASES; i++) {
            encode(r, i);
        }
        unsigned first = dice(r, CANVASES);
        for (unsigned i = 0; i < CANVASES; i++) {
            deliver(r, (first + i) % CANVASES);
        }
        if (r->now_ms % PACKET_MS == 0) {
            mcu_au *packet = mcu_au_new(3);
            packet->codec = MCU_CODEC_OPUS;
            packet->time_ns = ns(r->now_ms);
            mcu_splice_sound(&r->splice, packet);
            mcu_au_unref(packet);
        }
    }
}

static void begin(rig *r, uint32_t seed, unsigned viewers)
{
    fake_media_reset();
    *r = (rig){.seed = seed, .tick = -1, .packet = -1, .canvas = -1};
    r->encoders[TIER].viewers = viewers;
    mcu_splice_init(&r->splice, NULL, CANVASES, on_out, r);
    r->splice.video = (mix_video *)r; /* the fake looks at no mixer */
    mcu_splice_want(&r->splice, TIER);
    step(r, 5000);
    assert_int_equal(r->canvas, TIER);
}

static void end(rig *r)
{
    mcu_splice_clear(&r->splice);
    assert_int_equal(fake.uses[TIER] + fake.uses[OWN], 0);
    assert_in_range(r->now_ms - (unsigned)r->packet * PACKET_MS, 0, 2 * PACKET_MS); /* what waited has gone out */
    for (unsigned i = 0; i < CANVASES; i++) {
        g_queue_clear_full(&r->encoders[i].out, (GDestroyNotify)mcu_au_unref);
    }
}

static bool is_on(const rig *r, unsigned canvas)
{
    return r->splice.current == canvas && r->splice.wanted == canvas;
}

/* Back and forth a hundred times, with and without others that watch the tier, at any moment. */
static void test_every_tick_once(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        rig r;
        begin(&r, seed, seed % 2);
        for (unsigned n = 0; n < 50; n++) {
            mcu_splice_want(&r.splice, OWN);
            step(&r, 600 + dice(&r, 3000));
            assert_true(is_on(&r, OWN));
            assert_int_equal(fake.uses[TIER], 0);
            mcu_splice_want(&r.splice, TIER);
            step(&r, 4800 + dice(&r, 500));
            assert_true(is_on(&r, TIER)); /* sharing is possible again: its own encoder has ended */
            assert_int_equal(fake.uses[OWN], 0);
            assert_false(r.encoders[OWN].runs);
        }
        assert_int_equal(r.splice.changes, 100);
        assert_in_range(r.tick, r.now_ms / TICK_MS - 4, r.now_ms / TICK_MS);
        end(&r);
    }
}

/* Of those who watch the tier nobody pays for it: it has no more keyframes than the schedule asks for. */
static void test_waits_for_the_schedule(void **state)
{
    (void)state;
    rig r;
    begin(&r, 7, 1);
    for (unsigned n = 0; n < 20; n++) {
        unsigned before = fake.keyframe_requests[TIER], key_ms = r.encoders[TIER].key_ms;
        mcu_splice_want(&r.splice, OWN);
        step(&r, 1000);
        mcu_splice_want(&r.splice, TIER);
        assert_int_equal(fake.keyframe_requests[TIER], before);
        step(&r, 5000);
        assert_true(is_on(&r, TIER));
        assert_true(r.encoders[TIER].key_ms - key_ms >= KEY_MS - 2 * TICK_MS);
    }
    end(&r);
}

/* Whoever must not be in it is not, from the tick on; and there is no gap because of that. */
static void test_what_may_not_go_out(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        rig r;
        begin(&r, seed, 1);
        for (unsigned n = 0; n < 20; n++) {
            step(&r, dice(&r, TICK_MS));
            r.forbidden_ms = (r.now_ms + TICK_MS - 1) / TICK_MS * TICK_MS;
            mcu_splice_want(&r.splice, OWN);
            step(&r, 1000);
            assert_true(is_on(&r, OWN));
            mcu_splice_want(&r.splice, TIER); /* too soon: it may still not be recorded */
            step(&r, 2000);
            assert_int_equal(r.canvas, OWN);
            r.forbidden_ms = 0;
            step(&r, 6000);
            assert_true(is_on(&r, TIER));
        }
        end(&r);
    }
}

/* It is wanted otherwise before it has gone over, also in the middle of that. */
static void test_changes_of_mind(void **state)
{
    (void)state;
    rig r;
    begin(&r, 3, 1);
    for (unsigned n = 0; n < 300; n++) {
        mcu_splice_want(&r.splice, dice(&r, 2) ? OWN : TIER);
        step(&r, dice(&r, 250));
    }
    mcu_splice_want(&r.splice, TIER);
    step(&r, 5500);
    assert_true(is_on(&r, TIER));
    assert_int_equal(fake.uses[OWN], 0);
    end(&r);
}

/* An encoder that cannot be started: what there is goes on, and it is tried again. */
static void test_no_encoder(void **state)
{
    (void)state;
    rig r;
    begin(&r, 5, 1);
    fake.no_encoder = true;
    mcu_splice_want(&r.splice, OWN);
    step(&r, 2000);
    assert_true(is_on(&r, TIER));
    fake.no_encoder = false;
    mcu_splice_want(&r.splice, OWN);
    step(&r, 1000);
    assert_true(is_on(&r, OWN));
    end(&r);
}

/* A keyframe that comes when its tick has gone out already is one too late: it stays as it is until the next. */
static void test_too_late(void **state)
{
    (void)state;
    rig r;
    begin(&r, 9, 1);
    mcu_splice_want(&r.splice, OWN);
    step(&r, TICK_MS + 1);
    assert_int_equal(r.encoders[OWN].out.length + r.encoders[OWN].pictures > 0, 1);
    for (GList *i = r.encoders[OWN].out.head; i != NULL; i = i->next) {
        ((mcu_au *)i->data)->ts += 400;
    }
    step(&r, 700);
    assert_true(r.splice.current == TIER && r.splice.wanted == OWN);
    step(&r, 1500);
    assert_true(is_on(&r, OWN));
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_tick_once),     cmocka_unit_test(test_waits_for_the_schedule),
        cmocka_unit_test(test_what_may_not_go_out), cmocka_unit_test(test_changes_of_mind),
        cmocka_unit_test(test_no_encoder),          cmocka_unit_test(test_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
