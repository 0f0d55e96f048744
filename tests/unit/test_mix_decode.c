/* test_mix_decode.c - one source's decoding: both codecs, new sizes, losses, and streams that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "mixer/vdec.h"
#include "video_kit.h"

static mix_vdec_result push(mix_vdec *d, mcu_au *take_au, mcu_frame **out)
{
    mcu_frame *f = NULL;
    mix_vdec_result r = mix_vdec_decode(d, take_au, &f);
    mcu_au_unref(take_au);
    if (out) {
        *out = f;
    } else {
        mcu_frame_unref(f);
    }
    return r;
}

static void test_no_delay(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_H264, MCU_CODEC_VP8};
    for (unsigned k = 0; k < 2; k++) {
        mix_vdec *d = mix_vdec_new(1920);
        kit_camera c = kit_camera_open(codecs[k], 640, 360, 90, 0, 5000);
        for (unsigned i = 0; i < 30; i++) {
            mcu_frame *f;
            assert_int_equal(push(d, kit_camera_next(&c), &f), MIX_VDEC_PICTURE);
            assert_int_equal(f->time_ns, 5000 + (int64_t)i * 40 * MCU_NS_PER_MS);
            assert_in_range(kit_mean_luma(f, 100, 200, 400, 100), 88, 92);
            mcu_frame_unref(f);
        }
        assert_int_equal(mix_vdec_contexts(d), 1);
        kit_camera_close(&c);
        mix_vdec_free(d);
    }
}

/* A frame that somebody still shows outlives the decoder. */
static void test_frame_outlives_decoder(void **state)
{
    (void)state;
    mix_vdec *d = mix_vdec_new(1920);
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 640, 360, 90, 0, 0);
    mcu_frame *f;
    assert_int_equal(push(d, kit_camera_next(&c), &f), MIX_VDEC_PICTURE);
    mix_vdec_free(d);
    assert_in_range(kit_mean_luma(f, 100, 200, 400, 100), 88, 92);
    mcu_frame_unref(f);
    kit_camera_close(&c);
}

static void test_new_size_is_a_new_decoder(void **state)
{
    (void)state;
    static const struct {
        mcu_codec codec;
        int width_px, height_px;
    } rows[] = {{MCU_CODEC_H264, 640, 360}, {MCU_CODEC_H264, 320, 180}, {MCU_CODEC_H264, 360, 640},
                {MCU_CODEC_VP8, 640, 360},  {MCU_CODEC_VP8, 320, 240},  {MCU_CODEC_H264, 1280, 720}};
    mix_vdec *d = mix_vdec_new(1920);
    for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
        kit_camera c = kit_camera_open(rows[k].codec, rows[k].width_px, rows[k].height_px, 100, 0, 0);
        for (unsigned i = 0; i < 3; i++) {
            mcu_frame *f;
            assert_int_equal(push(d, kit_camera_next(&c), &f), MIX_VDEC_PICTURE);
            assert_int_equal(f->width_px, rows[k].width_px);
            assert_int_equal(f->height_px, rows[k].height_px);
            mcu_frame_unref(f);
        }
        assert_int_equal(mix_vdec_contexts(d), k + 1);
        kit_camera_close(&c);
    }
    mix_vdec_free(d);
}

static void test_losses_wait_for_a_keyframe(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_H264, MCU_CODEC_VP8};
    for (unsigned k = 0; k < 2; k++) {
        mix_vdec *d = mix_vdec_new(1920);
        kit_camera c = kit_camera_open(codecs[k], 320, 180, 90, 0, 0);
        mcu_au *key = kit_camera_next(&c);
        mcu_au *second = kit_camera_next(&c);
        assert_int_equal(push(d, mcu_au_ref(second), NULL), MIX_VDEC_WANT_KEY); /* the keyframe is missing */
        assert_int_equal(push(d, key, NULL), MIX_VDEC_PICTURE);
        assert_int_equal(push(d, second, NULL), MIX_VDEC_PICTURE);
        mcu_au *gap = kit_camera_next(&c);
        gap->after_gap = true;
        assert_int_equal(push(d, gap, NULL), MIX_VDEC_WANT_KEY);
        assert_int_equal(push(d, kit_camera_next(&c), NULL), MIX_VDEC_WANT_KEY);
        c.keyframe = true;
        assert_int_equal(push(d, kit_camera_next(&c), NULL), MIX_VDEC_PICTURE);
        assert_int_equal(push(d, kit_camera_next(&c), NULL), MIX_VDEC_PICTURE);
        kit_camera_close(&c);
        mix_vdec_free(d);
    }
}

/* ---- streams that mean harm ---- */

static mcu_au *x264_picture(int w, int h, int depth, int csp, const char *profile, int slices, bool interlaced)
{
    x264_param_t p;
    x264_param_default_preset(&p, "ultrafast", "zerolatency");
    p.i_log_level = X264_LOG_NONE;
    p.i_width = w;
    p.i_height = h;
    p.i_csp = csp;
    p.i_bitdepth = depth;
    p.i_threads = 1;
    p.i_slice_count = slices;
    p.b_interlaced = interlaced;
    p.b_repeat_headers = 1;
    p.b_annexb = 1;
    x264_param_apply_profile(&p, profile);
    x264_t *x = x264_encoder_open(&p);
    g_assert(x);
    x264_picture_t in, out;
    x264_picture_alloc(&in, depth > 8 ? csp | X264_CSP_HIGH_DEPTH : csp, w, h);
    for (int i = 0; i < in.img.i_plane; i++) { /* uninitialised samples would be beyond ten bits */
        memset(in.img.plane[i], 0, (size_t)in.img.i_stride[i] * (size_t)(i && csp == X264_CSP_I420 ? h / 2 : h));
    }
    x264_nal_t *nal;
    int n, size = x264_encoder_encode(x, &nal, &n, &in, &out);
    g_assert(size > 0);
    mcu_au *au = mcu_au_new_copy(nal[0].p_payload, (size_t)size);
    x264_picture_clean(&in);
    x264_encoder_close(x);
    return au;
}

/* SPS as bits, for sizes that no encoder writes. */
typedef struct {
    uint8_t data[64];
    unsigned bits;
} bit_writer;

static void put(bit_writer *b, unsigned n, uint32_t v)
{
    for (unsigned i = n; i-- > 0; b->bits++) {
        b->data[b->bits / 8] |= (uint8_t)((v >> i & 1) << (7 - b->bits % 8));
    }
}

static void put_ue(bit_writer *b, uint32_t v)
{
    unsigned n = 0;
    while ((v + 1) >> (n + 1)) {
        n++;
    }
    put(b, n, 0);
    put(b, n + 1, v + 1);
}

static mcu_au *huge(unsigned mb_width, unsigned mb_height)
{
    bit_writer b = {{0, 0, 0, 1, 0x67, 66, 0xc0, 51}, 64};
    put_ue(&b, 0); /* sps id */
    put_ue(&b, 0); /* log2_max_frame_num - 4 */
    put_ue(&b, 2); /* pic_order_cnt_type */
    put_ue(&b, 1); /* reference frames */
    put(&b, 1, 0); /* gaps */
    put_ue(&b, mb_width - 1);
    put_ue(&b, mb_height - 1);
    put(&b, 1, 1); /* frame_mbs_only */
    put(&b, 1, 1); /* direct_8x8 */
    put(&b, 1, 0); /* cropping */
    put(&b, 1, 0); /* vui */
    put(&b, 1, 1);
    static const uint8_t rest[] = {0, 0, 0, 1, 0x68, 0xce, 0x38, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xa0};
    size_t sps = (b.bits + 7) / 8;
    mcu_au *au = mcu_au_new(sps + sizeof rest);
    memcpy(au->data, b.data, sps);
    memcpy(au->data + sps, rest, sizeof rest);
    au->codec = MCU_CODEC_H264;
    au->keyframe = true;
    return au;
}

/* The slice of a decent picture a thousand times over. */
static mcu_au *thousand_slices(void)
{
    mcu_au *one = x264_picture(320, 180, 8, X264_CSP_I420, "baseline", 1, false);
    size_t slice = one->size;
    while (slice > 4 && memcmp(one->data + slice - 4, "\0\0\1\x65", 4) != 0) {
        slice--;
    }
    size_t at = slice - 4, n = one->size - at;
    mcu_au *au = mcu_au_new(at + 1000 * n);
    memcpy(au->data, one->data, at);
    for (size_t i = 0; i < 1000; i++) {
        memcpy(au->data + at + i * n, one->data + at, n);
    }
    mcu_au_unref(one);
    return au;
}

static void test_absurd_streams_are_refused(void **state)
{
    (void)state;
    struct {
        const char *what;
        mcu_au *au;
    } rows[] = {
        {"16384x16384", huge(1024, 1024)},
        {"1936x1936", huge(121, 121)},
        {"10 bit", x264_picture(320, 180, 10, X264_CSP_I420, "high10", 1, false)},
        {"4:2:2", x264_picture(320, 180, 8, X264_CSP_I422, "high422", 1, false)},
        {"4:4:4", x264_picture(320, 180, 8, X264_CSP_I444, "high444", 1, false)},
        {"interlaced", x264_picture(320, 192, 8, X264_CSP_I420, "main", 1, true)},
        {"80 slices", x264_picture(320, 1280, 8, X264_CSP_I420, "baseline", 80, false)},
        {"1000 slices", thousand_slices()},
        {"garbage", mcu_au_new_copy("\0\0\0\1\x67garbage and more garbage", 28)},
        {"no start code", mcu_au_new_copy("hello", 5)},
    };
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 640, 360, 90, 0, 0);
    mix_vdec *d = mix_vdec_new(1920);
    for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
        rows[k].au->codec = MCU_CODEC_H264;
        rows[k].au->keyframe = true;
        unsigned contexts = mix_vdec_contexts(d);
        mix_vdec_result r = push(d, rows[k].au, NULL);
        if (r != MIX_VDEC_REFUSED) {
            fail_msg("%s: %d", rows[k].what, (int)r);
        }
        assert_int_equal(mix_vdec_contexts(d), contexts); /* no decoder has seen it */
        assert_true(strlen(mix_vdec_why(d)) > 0);
        c.keyframe = true; /* the same sender may come back with something decent */
        assert_int_equal(push(d, kit_camera_next(&c), NULL), MIX_VDEC_PICTURE);
    }
    kit_camera_close(&c);
    mix_vdec_free(d);
}

static mcu_au *vp8_key(unsigned w, unsigned h)
{
    uint8_t head[32] = {0x10, 0x02, 0, 0x9d, 0x01, 0x2a, (uint8_t)w, (uint8_t)(w >> 8), (uint8_t)h, (uint8_t)(h >> 8)};
    mcu_au *au = mcu_au_new_copy(head, sizeof head);
    au->codec = MCU_CODEC_VP8;
    au->keyframe = true;
    return au;
}

static void test_absurd_vp8_is_refused(void **state)
{
    (void)state;
    mix_vdec *d = mix_vdec_new(1920);
    assert_int_equal(push(d, vp8_key(16383, 16383), NULL), MIX_VDEC_REFUSED);
    assert_int_equal(push(d, vp8_key(0, 360), NULL), MIX_VDEC_REFUSED);
    assert_int_equal(push(d, vp8_key(640, 1921), NULL), MIX_VDEC_REFUSED);
    for (size_t size = 1; size < 10; size++) {
        mcu_au *au = vp8_key(640, 360);
        mcu_au *cut = mcu_au_new_copy(au->data, size);
        cut->codec = MCU_CODEC_VP8;
        mcu_au_unref(au);
        assert_int_equal(push(d, cut, NULL), MIX_VDEC_REFUSED);
    }
    assert_int_equal(mix_vdec_contexts(d), 0);
    mix_vdec_free(d);
}

/* A copy with flipped bytes, sometimes cut short. */
static mcu_au *damage(const mcu_au *good, bool cut)
{
    size_t size = cut ? good->size * (size_t)(rand() % 100) / 100 : good->size;
    mcu_au *bad = mcu_au_new_copy(good->data, size ? size : 1);
    bad->codec = good->codec;
    bad->keyframe = good->keyframe;
    for (unsigned n = (unsigned)rand() % 8; n-- > 0;) {
        bad->data[(size_t)rand() % bad->size] = (uint8_t)rand();
    }
    return bad;
}

/* No crash, and no size that is not allowed, whatever comes. */
static void test_damaged_streams(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_H264, MCU_CODEC_VP8};
    srand(7);
    for (unsigned k = 0; k < 2; k++) {
        mix_vdec *d = mix_vdec_new(1920);
        kit_camera c = kit_camera_open(codecs[k], 320, 180, 0, 1, 0);
        for (unsigned i = 0; i < 300; i++) {
            c.keyframe = i % 7 == 0;
            mcu_au *au = kit_camera_next(&c);
            mcu_frame *f = NULL;
            if (i % 2) {
                push(d, damage(au, i % 3 == 0), &f);
            } else {
                push(d, mcu_au_ref(au), &f);
            }
            mcu_au_unref(au);
            if (f) {
                assert_true(f->width_px <= 1920 && f->height_px <= 1920);
                kit_mean_luma(f, 0, 0, f->width_px, f->height_px);
                mcu_frame_unref(f);
            }
        }
        kit_camera_close(&c);
        mix_vdec_free(d);
    }
}

/* ---- the source around it ---- */

static void test_source_says_what_happens(void **state)
{
    (void)state;
    kit_notices n = {0};
    mix_source *s = kit_source(7, &n);
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 320, 180, 90, 0, MCU_NS_PER_SEC);
    mcu_au_unref(kit_camera_next(&c));
    for (unsigned i = 0; i < 50; i++) { /* two seconds without a keyframe: asked for twice a second */
        assert_int_equal(mix_source_push(s, kit_camera_next(&c)), MCU_OK);
    }
    assert_in_range(n.want_key, 4, 5);
    assert_int_equal(n.live, 0);
    assert_null(mix_source_look(s)->full);
    c.keyframe = true;
    assert_int_equal(mix_source_push(s, kit_camera_next(&c)), MCU_OK);
    assert_int_equal(n.live, 1);
    assert_non_null(mix_source_look(s)->full);
    assert_int_equal(mix_source_push(s, huge(1024, 1024)), MCU_OK);
    assert_int_equal(mix_source_push(s, huge(1024, 1024)), MCU_OK);
    assert_int_equal(n.refused, 1); /* said once, counted twice */
    c.keyframe = true;
    assert_int_equal(mix_source_push(s, kit_camera_next(&c)), MCU_OK);
    assert_int_equal(n.live, 2);
    mcu_au *sound = mcu_au_new(10);
    sound->codec = MCU_CODEC_OPUS;
    assert_int_equal(mix_source_push(s, sound), MCU_EINVAL);
    mix_source_close(s);
    assert_int_equal(mix_source_push(s, kit_camera_next(&c)), MCU_EINVAL);
    mix_source_unref(s);
    kit_camera_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_frame_outlives_decoder),
        cmocka_unit_test(test_new_size_is_a_new_decoder),
        cmocka_unit_test(test_losses_wait_for_a_keyframe),
        cmocka_unit_test(test_absurd_streams_are_refused),
        cmocka_unit_test(test_absurd_vp8_is_refused),
        cmocka_unit_test(test_damaged_streams),
        cmocka_unit_test(test_source_says_what_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
