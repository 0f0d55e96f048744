/* test_mix_entry.c - keyframes of an encoder: who enters a tier that others watch, and tiers that are nothing but keyframes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "mixer/encoder.h"
#include "video_rig.h"

static unsigned entries(const rig *r, mcu_au **first, unsigned *n)
{
    *n = 0;
    for (unsigned i = 0; i < r->n_kept[3][0]; i++) {
        if (r->kept[3][0][i]->entry) {
            first[(*n)++] = r->kept[3][0][i];
        }
    }
    return *n;
}

/* Who comes between two of everybody's keyframes gets a stream of his own, which nobody else notices, until the next of them. */
static void test_who_enters_is_served_apart(void **state)
{
    (void)state;
    rig *r = rig_new(1);
    mcu_au *apart[RIG_KEPT];
    unsigned n = 0;
    rig_people(r, 1, true);
    mix_video_use(r->v, 3, MCU_CODEC_H264);
    mix_video_use(r->v, 3, MCU_CODEC_H264);
    for (unsigned i = 0; i < 100 && entries(r, apart, &n) == 0; i++) {
        mix_video_enter(r->v, 3, MCU_CODEC_H264);
        rig_send(r, 3);
    }
    assert_true(n > 0);
    assert_true(apart[0]->keyframe);
    mix_video_stats before, after;
    mix_video_get_stats(r->v, &before);
    for (unsigned i = 0; i < 100 && entries(r, apart, &n) < 3; i++) {
        rig_send(r, 1);
    }
    mcu_frame *f = kit_decode_last(apart, n);
    assert_non_null(f);
    mcu_frame_unref(f);
    unsigned same = 0; /* of the times of everybody's */
    for (unsigned i = 0; i < r->n_kept[3][0]; i++) {
        same += !r->kept[3][0][i]->entry && r->kept[3][0][i]->ts == apart[0]->ts;
    }
    assert_int_equal(same, 0);
    for (after = before; after.keyframes[3] == before.keyframes[3];) {
        mix_video_request_keyframe(r->v, 3, MCU_CODEC_H264);
        rig_send(r, 1);
        mix_video_get_stats(r->v, &after);
    }
    unsigned ended = entries(r, apart, &n);
    rig_send(r, 10);
    assert_int_equal(entries(r, apart, &n), ended);
    rig_free(r);
}

typedef struct {
    mcu_au *stills[8];
    atomic_uint n;
} gallery;

static void hang(void *user, mix_encoder *e, mcu_au *take_au)
{
    gallery *g = user;
    mix_encoder_taken(e);
    g->stills[atomic_load(&g->n) % G_N_ELEMENTS(g->stills)] = take_au;
    atomic_fetch_add(&g->n, 1);
}

static void nothing(void *user, mix_encoder *e)
{
    (void)user;
    (void)e;
}

static void offer(mix_encoder *e, int64_t time_ns)
{
    mcu_frame *f = mcu_frame_new(320, 180);
    for (unsigned p = 0; p < 3; p++) {
        memset(f->plane[p], 100, (size_t)f->stride[p] * (p == 0 ? 180 : 90));
    }
    f->time_ns = time_ns;
    mix_encoder_offer(e, f);
}

/* One picture in so many seconds, each a keyframe, whatever is asked for between. */
static void test_stills_of_a_thin_tier(void **state)
{
    (void)state;
    static const double seconds[] = {1};
    gallery g = {.n = 0};
    mix_cpu cpu = {0};
    mcu_counter *counter = mcu_counter_get("test_stills_total", NULL, "Of this test.");
    const mix_encoder_config c = {.spec = {"S", 320, 180, 1, 8000},
                                  .every_s = 3,
                                  .codec = MCU_CODEC_H264,
                                  .cpu = &cpu,
                                  .deliver = hang,
                                  .ended = nothing,
                                  .user = &g,
                                  .seconds = mcu_histogram_get("test_stills_seconds", NULL, "Of this test.", seconds, 1),
                                  .keyframes = counter,
                                  .entries = counter,
                                  .replaced = counter,
                                  .queue_drops = counter};
    mix_encoder *e = mix_encoder_start(&c, NULL);
    assert_non_null(e);
    for (unsigned s = 100; s < 109; s++) {
        unsigned due = (s - 100) / 3 + 1;
        mix_encoder_enter(e);
        offer(e, s * MCU_NS_PER_SEC);
        for (unsigned k = 0; k < 5000 && (s - 100) % 3 == 0 && atomic_load(&g.n) < due; k++) {
            g_usleep(1000);
        }
    }
    mix_encoder_stop(e);
    mix_encoder_join(e);
    mix_encoder_unref(e);
    assert_int_equal(atomic_load(&g.n), 3);
    for (unsigned k = 0; k < 3; k++) {
        assert_true(g.stills[k]->keyframe && !g.stills[k]->entry);
        assert_int_equal(g.stills[k]->time_ns, (100 + 3 * k) * MCU_NS_PER_SEC);
        assert_true(g.stills[k]->size < 3500);
        mcu_au_unref(g.stills[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_enters_is_served_apart),
        cmocka_unit_test(test_stills_of_a_thin_tier),
    };
    return cmocka_run_group_tests_name("mix_entry", tests, NULL, NULL);
}
