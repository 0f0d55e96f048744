/* test_mix_load.c - a mixer without time for its largest tier: canvases come faster than they are encoded, seconds are stepped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/clock.h"
#include "mixer/video_private.h"
#include "video_rig.h"

#define BURST 100

static struct {
    unsigned n;
    bool without;
} told; /* by on_overload */

static void on_overload(void *user, bool without_largest)
{
    (void)user;
    told.n++;
    told.without = without_largest;
}

typedef struct {
    rig *r;
    int64_t now_ns; /* ahead of the real clock, so that its own checks are too early */
} busy;

/* What was missed so far is not this test's doing. */
static void begin_calmly(busy *b)
{
    b->now_ns += MCU_NS_PER_SEC;
    mix_video_check_load(b->r->v, b->now_ns);
    mix_overload_init(&b->r->v->load);
}

static busy busy_new(unsigned cameras)
{
    busy b = {rig_new(cameras), mcu_now_ns() + 600 * MCU_NS_PER_SEC};
    b.r->v->callbacks.on_overload = on_overload;
    told.n = 0;
    told.without = false;
    rig_people(b.r, cameras, true);
    begin_calmly(&b);
    return b;
}

static mix_encoder *encoder_of(const busy *b, unsigned tier, mcu_codec codec)
{
    return b->r->v->tiers[tier].encoder[mix_video_codec_slot(codec)];
}

/* So many seconds in each of which nearly every canvas of the tier is replaced by the next before it is encoded. */
static mix_load overload(busy *b, unsigned seconds, mcu_codec codec)
{
    for (unsigned k = 0; k < seconds; k++) {
        mcu_frame *f = kit_flat(1280, 720, 90, 0);
        f->time_ns = mcu_now_ns();
        for (unsigned i = 0; i < BURST; i++) {
            mix_encoder_offer(encoder_of(b, 0, codec), mcu_frame_ref(f));
        }
        b->now_ns += MCU_NS_PER_SEC;
        mix_video_check_load(b->r->v, b->now_ns);
        mcu_frame_unref(f);
    }
    return b->r->v->load.level;
}

/* Calm seconds until the level changes. */
static unsigned rest(busy *b)
{
    mix_load before = b->r->v->load.level;
    unsigned seconds = 0;
    while (b->r->v->load.level == before && seconds < 100) {
        b->now_ns += MCU_NS_PER_SEC;
        mix_video_check_load(b->r->v, b->now_ns);
        seconds++;
    }
    return seconds;
}

static void until_keys(busy *b, mcu_codec codec, uint64_t n)
{
    for (unsigned k = 0; k < 500 && mix_encoder_keys(encoder_of(b, 0, codec)) < n; k++) {
        rig_send(b->r, 1);
    }
    assert_int_equal(mix_encoder_keys(encoder_of(b, 0, codec)), n);
}

static void use_both(busy *b)
{
    assert_int_equal(mix_video_use(b->r->v, 0, MCU_CODEC_H264), MCU_OK);
    assert_int_equal(mix_video_use(b->r->v, 0, MCU_CODEC_H264_UNITS), MCU_OK);
    assert_int_equal(mix_video_use(b->r->v, 0, MCU_CODEC_VP8), MCU_OK);
    until_keys(b, MCU_CODEC_H264, 1);
    until_keys(b, MCU_CODEC_H264_UNITS, 1);
    until_keys(b, MCU_CODEC_VP8, 1);
    begin_calmly(b);
}

/* Pictures, then the preset of whatever x264 makes of the largest tier, then its viewers; each comes back after ten calm seconds.
 */
static void test_down_and_back(void **state)
{
    (void)state;
    busy b = busy_new(1);
    use_both(&b);
    assert_int_equal(overload(&b, 3, MCU_CODEC_H264), MIX_LOAD_CALM); /* a moment is none */
    assert_int_equal(overload(&b, 1, MCU_CODEC_H264), MIX_LOAD_FEWER);
    assert_int_equal(mix_video_fps(b.r->v, 0), 12);
    assert_int_equal(mix_video_fps(b.r->v, 1), 25);
    assert_int_equal(overload(&b, 3, MCU_CODEC_H264_UNITS), MIX_LOAD_FASTER); /* whichever it is that has no time */
    assert_string_equal(mix_video_preset(b.r->v, 0), "ultrafast");
    assert_null(mix_video_preset(b.r->v, 1));
    until_keys(&b, MCU_CODEC_H264, 2); /* opened anew */
    until_keys(&b, MCU_CODEC_H264_UNITS, 2);
    until_keys(&b, MCU_CODEC_VP8, 1);
    assert_false(told.without);
    assert_int_equal(overload(&b, 9, MCU_CODEC_VP8), MIX_LOAD_FASTER);
    assert_int_equal(overload(&b, 1, MCU_CODEC_VP8), MIX_LOAD_WITHOUT);
    assert_true(told.without && told.n == 3);
    mix_video_stats s;
    mix_video_get_stats(b.r->v, &s);
    assert_int_equal(s.overload, 3);
    static const mix_load back[] = {MIX_LOAD_FASTER, MIX_LOAD_FEWER, MIX_LOAD_CALM};
    for (unsigned i = 0; i < 3; i++) {
        assert_in_range(rest(&b), 10, 20);
        assert_int_equal(b.r->v->load.level, back[i]);
        assert_false(told.without);
    }
    assert_int_equal(rest(&b), 100); /* and it stays so */
    assert_int_equal(told.n, 6);
    assert_int_equal(mix_video_fps(b.r->v, 0), 25);
    until_keys(&b, MCU_CODEC_H264, 3);
    until_keys(&b, MCU_CODEC_H264_UNITS, 3);
    rig_free(b.r);
}

/* A machine that has no time as soon as all is back tries again, each time after twice as long. */
static void test_does_not_swing(void **state)
{
    (void)state;
    busy b = busy_new(1);
    assert_int_equal(mix_video_use(b.r->v, 0, MCU_CODEC_H264), MCU_OK);
    assert_int_equal(overload(&b, 4, MCU_CODEC_H264), MIX_LOAD_FEWER);
    unsigned waits[4];
    for (unsigned i = 0; i < 4; i++) {
        waits[i] = rest(&b);
        assert_int_equal(b.r->v->load.level, MIX_LOAD_CALM);
        assert_int_equal(overload(&b, 4, MCU_CODEC_H264), MIX_LOAD_FEWER);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(waits[i], 10u << i, (10u << i) + 10);
    }
    rig_free(b.r);
}

/* Pictures a second of the largest tier, from the one of this number on. */
static double rate_from(const rig *r, unsigned from)
{
    unsigned last = r->n_kept[0][0] - 1;
    return (last - from) / ((double)(r->kept[0][0][last]->time_ns - r->kept[0][0][from]->time_ns) * 1e-9);
}

/* The least time between two pictures that follow each other, which no want of time makes less. */
static int64_t closest_ns(const rig *r, unsigned from)
{
    int64_t closest = INT64_MAX;
    for (unsigned i = from + 1; i < r->n_kept[0][0]; i++) {
        closest = MIN(closest, r->kept[0][0][i]->time_ns - r->kept[0][0][i - 1]->time_ns);
    }
    return closest;
}

/* Whoever records it has it in any case: fewer pictures, each with the time at which it was. */
static void test_a_recorded_tier_stays(void **state)
{
    (void)state;
    busy b = busy_new(1);
    assert_int_equal(mix_video_use(b.r->v, 0, MCU_CODEC_H264), MCU_OK);
    assert_int_equal(overload(&b, 17, MCU_CODEC_H264), MIX_LOAD_WITHOUT);
    rig_send(b.r, 10);
    rig_forget(b.r);
    rig_until_kept(b.r, 0, 0, 25);
    assert_true(rate_from(b.r, 0) < 12.6);
    for (unsigned i = 1; i < b.r->n_kept[0][0]; i++) {
        const mcu_au *before = b.r->kept[0][0][i - 1], *one = b.r->kept[0][0][i];
        assert_in_range(one->ts - before->ts, (one->time_ns - before->time_ns) * 9 / 100000 - 1,
                        (one->time_ns - before->time_ns) * 9 / 100000 + 1);
        assert_in_range((one->ts - before->ts) % 3600, 0, 1); /* on its tick */
    }
    rig_free(b.r);
}

/* The signer has a quarter of the recorded picture, and twenty pictures a second whatever the machine has no time for. */
static void test_a_recorded_signer_is_safe(void **state)
{
    (void)state;
    GError *error = NULL;
    mcu_layouts *shipped = mcu_layouts_load(TESSERA_SOURCE_DIR "/assets/layouts", &error);
    assert_non_null(shipped);
    busy b = busy_new(4);
    b.r->v->masks[0] = true;
    mix_video_set_layout(b.r->v, mcu_layouts_find(shipped, "signer-safe"));
    assert_int_equal(mix_video_use(b.r->v, 0, MCU_CODEC_H264), MCU_OK);
    assert_int_equal(overload(&b, 17, MCU_CODEC_H264), MIX_LOAD_WITHOUT);
    mix_person p[4];
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (mix_person){.person = i + 1, .name = "Somebody", .camera_on = true, .rank = i, .masked = i == 0};
        p[i].who = 1u << MCU_WHO_GUEST | (i == 2 ? 1u << MCU_WHO_SIGNING : 0u);
    }
    mix_video_set_people(b.r->v, p, 4);
    assert_int_equal(mix_video_fps(b.r->v, 0), 20);
    rig_send(b.r, 10);
    unsigned found = 0, from = b.r->n_kept[0][0];
    rig_until_kept(b.r, 0, 0, from + 40);
    assert_true(closest_ns(b.r, from) < 50 * MCU_NS_PER_MS); /* 80 with half of 25 pictures */
    mcu_frame *f = kit_decode_last(b.r->kept[0][0], b.r->n_kept[0][0]);
    for (unsigned i = 0; i < b.r->n_tiles[0]; i++) {
        const mix_tile *t = &b.r->tiles[0][i];
        if (t->person == 3) {
            found++;
            assert_true(t->width_px * t->height_px * 4 >= 1280 * 720);
            int luma = kit_mean_luma(f, t->x_px + t->width_px / 4, t->y_px + t->height_px / 3, t->width_px / 2, t->height_px / 3);
            assert_in_range(luma, rig_luma_of(2) - 4, rig_luma_of(2) + 4);
        }
    }
    assert_int_equal(found, 1);
    mcu_frame_unref(f);
    rig_people(b.r, 4, true); /* nobody signs any more */
    assert_int_equal(mix_video_fps(b.r->v, 0), 12);
    rig_free(b.r);
    mcu_layouts_free(shipped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_down_and_back),
        cmocka_unit_test(test_does_not_swing),
        cmocka_unit_test(test_a_recorded_tier_stays),
        cmocka_unit_test(test_a_recorded_signer_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
