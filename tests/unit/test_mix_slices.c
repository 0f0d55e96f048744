#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include <x264.h>

#include "mixer/vdec.h"

#define WIDTH 640
#define HEIGHT 360

typedef struct {
    x264_t *encoder;
    x264_picture_t picture;
} source;

static void open_source(source *s, int slices)
{
    x264_param_t p;
    assert_int_equal(x264_param_default_preset(&p, "ultrafast", "zerolatency"), 0);
    p.i_width = WIDTH;
    p.i_height = HEIGHT;
    p.i_csp = X264_CSP_I420;
    p.i_threads = 1;
    p.i_slice_count = slices;
    p.b_annexb = 1;
    p.b_repeat_headers = 1;
    p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p.i_log_level = X264_LOG_NONE;
    assert_int_equal(x264_param_apply_profile(&p, "baseline"), 0);
    s->encoder = x264_encoder_open(&p);
    assert_non_null(s->encoder);
    assert_int_equal(x264_picture_alloc(&s->picture, X264_CSP_I420, WIDTH, HEIGHT), 0);
}

static void close_source(source *s)
{
    x264_picture_clean(&s->picture);
    x264_encoder_close(s->encoder);
}

static mcu_au *encode(source *s, int number)
{
    for (int y = 0; y < HEIGHT; y++) {
        memset(s->picture.img.plane[0] + y * s->picture.img.i_stride[0], 32 + (y + number * 3) % 180, WIDTH);
    }
    for (int c = 1; c < 3; c++) {
        memset(s->picture.img.plane[c], 128, (size_t)s->picture.img.i_stride[c] * (HEIGHT / 2));
    }
    s->picture.i_pts = number;
    x264_nal_t *nal;
    x264_picture_t out;
    int count;
    int size = x264_encoder_encode(s->encoder, &nal, &count, &s->picture, &out);
    assert_true(size > 0);
    mcu_au *au = mcu_au_new_copy(nal[0].p_payload, (size_t)size);
    au->codec = MCU_CODEC_H264;
    au->keyframe = out.b_keyframe;
    return au;
}

/* Encoders in browsers, phones and kiosks cut pictures into slices; every picture must come out all the same. */
static void test_pictures_of_many_slices(void **state)
{
    (void)state;
    const int rows[] = {1, 2, 4, 8};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        source s;
        open_source(&s, rows[i]);
        mix_vdec *d = mix_vdec_new(1920);
        for (int n = 0; n < 20; n++) {
            mcu_au *au = encode(&s, n);
            mcu_frame *f = NULL;
            assert_int_equal(mix_vdec_decode(d, au, &f), MIX_VDEC_PICTURE);
            assert_int_equal(f->width_px, WIDTH);
            assert_int_equal(f->height_px, HEIGHT);
            mcu_frame_unref(f);
            mcu_au_unref(au);
        }
        assert_int_equal(mix_vdec_contexts(d), 1);
        mix_vdec_free(d);
        close_source(&s);
    }
}

static void test_a_cut_picture_asks_for_a_keyframe(void **state)
{
    (void)state;
    source s;
    open_source(&s, 4);
    mix_vdec *d = mix_vdec_new(1920);
    mcu_frame *f = NULL;
    mcu_au *au = encode(&s, 0);
    assert_int_equal(mix_vdec_decode(d, au, &f), MIX_VDEC_PICTURE);
    mcu_frame_unref(f);
    mcu_au_unref(au);
    au = encode(&s, 1);
    au->size = au->size / 2;
    memset(au->data + au->size, 0, MCU_AU_PADDING);
    assert_int_not_equal(mix_vdec_decode(d, au, &f), MIX_VDEC_PICTURE);
    assert_null(f);
    mcu_au_unref(au);
    mix_vdec_free(d);
    close_source(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_of_many_slices),
        cmocka_unit_test(test_a_cut_picture_asks_for_a_keyframe),
    };
    return cmocka_run_group_tests_name("mix_slices", tests, NULL, NULL);
}
