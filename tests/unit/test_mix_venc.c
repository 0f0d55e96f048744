/* test_mix_venc.c - encoders: profile, level, colour, start codes; keyframe spacing and the bank by stepped time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <string.h>

#include "mcu/base/h264_params.h"
#include "mixer/keybank.h"
#include "mixer/keygate.h"
#include "video_kit.h"

static void test_h264_stream(void **state)
{
    (void)state;
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 640, 360, 0, 0, 0);
    for (unsigned i = 0; i < 30; i++) {
        c.keyframe = i == 20;
        mcu_au *au = kit_camera_next(&c);
        assert_int_equal(au->keyframe, i == 0 || i == 20);
        assert_int_equal(au->codec, MCU_CODEC_H264);
        assert_int_equal(au->width_px, 640);
        assert_int_equal(au->height_px, 360);
        assert_int_equal(au->ts, i * 3600);
        mcu_nal_iter it;
        const uint8_t *nal;
        size_t size;
        unsigned sps = 0, pps = 0, slices = 0;
        mcu_nal_begin(&it, au->data, au->size);
        while (mcu_nal_next(&it, &nal, &size)) {
            assert_memory_equal(nal - 4, "\0\0\0\1", 4); /* the long start code */
            int type = mcu_nal_type(nal);
            assert_int_not_equal(type, MCU_NAL_SEI);
            sps += type == MCU_NAL_SPS;
            pps += type == MCU_NAL_PPS;
            slices += type == MCU_NAL_IDR || type == MCU_NAL_SLICE;
            mcu_h264_sps s;
            if (type == MCU_NAL_SPS) {
                assert_int_equal(mcu_h264_parse_sps(nal, size, &s), MCU_OK);
                assert_int_equal(s.profile_idc, 66);
                assert_int_equal(s.constraints & 0x40, 0x40); /* constrained baseline */
                assert_int_equal(s.level_idc, 30);
                assert_int_equal(s.height_px, 360);
            }
        }
        assert_int_equal(slices, 1);
        assert_int_equal(sps, au->keyframe);
        assert_int_equal(pps, au->keyframe);
        mcu_au_unref(au);
    }
    kit_camera_close(&c);
}

static void test_vp8_stream(void **state)
{
    (void)state;
    kit_camera c = kit_camera_open(MCU_CODEC_VP8, 320, 180, 0, 0, 0);
    for (unsigned i = 0; i < 60; i++) {
        c.keyframe = i == 40;
        mcu_au *au = kit_camera_next(&c);
        assert_int_equal(au->keyframe, i == 0 || i == 40);
        assert_int_equal(au->codec, MCU_CODEC_VP8);
        assert_int_equal(au->data[0] & 1, !au->keyframe);
        mcu_au_unref(au);
    }
    kit_camera_close(&c);
}

static void test_bitrate_is_kept(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_H264, MCU_CODEC_VP8};
    for (unsigned k = 0; k < 2; k++) {
        mix_venc_config config = {.width_px = 320, .height_px = 180, .fps = 10, .bitrate_bps = 64000};
        const mix_venc_type *type = mix_venc_for(codecs[k]);
        mix_venc *e = type->open(&config, NULL);
        size_t bytes = 0;
        for (unsigned i = 0; i < 100; i++) {
            mcu_frame *f = kit_person(320, 180, i / 25, i);
            mcu_au *au = type->encode(e, f, i == 50);
            assert_non_null(au);
            assert_true(au->size <= (codecs[k] == MCU_CODEC_H264 ? 2400 : 64000 / 8)); /* 190 ms of a line of 100 kbit/s */
            bytes += au->size;
            mcu_au_unref(au);
            mcu_frame_unref(f);
        }
        assert_true(bytes * 8 / 10 < 64000 * 1.15);
        type->close(e);
    }
}

/* As a camera sees it in a furnished room: much for a keyframe, nothing for the pictures after it. */
static mcu_frame *with_texture(mcu_frame *f)
{
    for (int y = 0; y < f->height_px; y++) {
        for (int x = 0; x < f->width_px; x++) {
            uint32_t hash = ((uint32_t)(x / 2) * 2654435761u) ^ ((uint32_t)(y / 2) * 2246822519u);
            f->plane[0][y * f->stride[0] + x] = (uint8_t)(f->plane[0][y * f->stride[0] + x] / 2 + (hash >> 13) % 96 + 16);
        }
    }
    return f;
}

/* A keyframe while a person moves: tier C's is 120 ms of 256 kbit/s, B's 400 ms of its own; a screen's keeps its half
 * second, since it has to be read.
 */
static void test_a_keyframe_is_out_in_time(void **state)
{
    (void)state;
    static const struct {
        mix_venc_config c;
        size_t least, most;
    } tiers[] = {{{.width_px = 480, .height_px = 270, .fps = 15, .bitrate_bps = 150000}, 1, 150000 / 5 / 8},
                 {{.width_px = 320, .height_px = 180, .fps = 10, .bitrate_bps = 64000}, 1, 13000 / 8},
                 {{.width_px = 320, .height_px = 180, .fps = 8, .bitrate_bps = 30000}, 1, 13000 / 8},
                 {{.width_px = 640, .height_px = 360, .fps = 25, .bitrate_bps = 400000}, 1, 400000 * 2 / 5 / 8},
                 {{.width_px = 640, .height_px = 360, .fps = 6, .bitrate_bps = 150000}, 150000 * 3 / 10 / 8 + 1, 150000 / 2 / 8}};
    for (unsigned k = 0; k < G_N_ELEMENTS(tiers); k++) {
        mix_venc *e = mix_venc_x264.open(&tiers[k].c, NULL);
        for (unsigned i = 0; i <= 50; i++) {
            mcu_frame *f = with_texture(kit_person(tiers[k].c.width_px, tiers[k].c.height_px, 0, i));
            mcu_au *au = mix_venc_x264.encode(e, f, i == 50);
            if (i == 50) {
                assert_in_range(au->size, tiers[k].least, tiers[k].most);
            }
            mcu_au_unref(au);
            mcu_frame_unref(f);
        }
        mix_venc_x264.close(e);
    }
}

static unsigned pps_of_keyframe(int width_px, int height_px)
{
    kit_camera c = kit_camera_open(MCU_CODEC_H264, width_px, height_px, 0, 0, 0);
    mcu_au *au = kit_camera_next(&c);
    const uint8_t *nal = NULL;
    size_t size = 0;
    mcu_nal_iter it;
    mcu_h264_pps pps = {0};
    mcu_h264_slice slice = {0};
    mcu_nal_begin(&it, au->data, au->size);
    while (mcu_nal_next(&it, &nal, &size)) {
        if ((nal[0] & 31) == 8) {
            assert_int_equal(mcu_h264_parse_pps(nal, size, &pps), MCU_OK);
        } else if ((nal[0] & 31) == 5) {
            assert_int_equal(mcu_h264_parse_slice(nal, size, &slice), MCU_OK);
        }
    }
    assert_int_equal(pps.id, pps.sps_id);
    assert_int_equal(slice.pps_id, pps.id);
    mcu_au_unref(au);
    kit_camera_close(&c);
    return pps.id;
}

/* A keyframe whose parameter sets were lost is not decoded by those of the tier before. */
/* A screen with hands beside it: its first picture has what a page of text needs, a good part of the bits of a second. */
static void test_a_page_on_a_thin_line(void **state)
{
    (void)state;
    const mix_venc_config config = {.width_px = 640, .height_px = 360, .fps = 15, .bitrate_bps = 50000};
    mcu_frame *page = kit_flat(640, 360, 230, 0);
    uint32_t random = 1;
    for (int y = 20; y < 200; y += 2) { /* strokes as thick as those of letters */
        for (int x = 20; x < 600; x += 2) {
            random = random * 1664525u + 1013904223u;
            uint8_t luma = y % 20 < 8 && random >> 30 == 0 ? 20 : 230;
            memset(page->plane[0] + y * page->stride[0] + x, luma, 2);
            memset(page->plane[0] + (y + 1) * page->stride[0] + x, luma, 2);
        }
    }
    mix_venc *e = mix_venc_x264.open(&config, NULL);
    mcu_au *au = mix_venc_x264.encode(e, page, false);
    assert_in_range(au->size, 50000 / 8 / 3, 50000 / 8);
    mcu_au_unref(au);
    mix_venc_x264.close(e);
    mcu_frame_unref(page);
}

static void test_each_size_has_its_own_parameter_sets(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1280, 720}, {640, 360}, {480, 270}, {320, 180},
                                   {176, 144},  {360, 640}, {270, 480}, {180, 320}};
    uint64_t seen = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        unsigned id = pps_of_keyframe(sizes[i][0], sizes[i][1]);
        assert_in_range(id, 1, 31);
        assert_false(seen >> id & 1);
        seen |= UINT64_C(1) << id;
    }
}

/* For who takes packetization-mode 0. */
static void test_units_fit_a_packet(void **state)
{
    (void)state;
    mix_venc_config config = {.width_px = 640, .height_px = 360, .fps = 25, .bitrate_bps = 1000000};
    const mix_venc_type *type = mix_venc_for(MCU_CODEC_H264_UNITS);
    mix_venc *e = type->open(&config, NULL);
    size_t largest = 0;
    for (unsigned i = 0; i < 20; i++) {
        mcu_frame *f = kit_person(640, 360, i, i);
        mcu_au *au = type->encode(e, f, i == 10);
        const uint8_t *nal = NULL;
        size_t size = 0;
        mcu_nal_iter it;
        assert_int_equal(au->codec, MCU_CODEC_H264_UNITS);
        mcu_nal_begin(&it, au->data, au->size);
        while (mcu_nal_next(&it, &nal, &size)) {
            largest = MAX(largest, size);
        }
        mcu_au_unref(au);
        mcu_frame_unref(f);
    }
    assert_in_range(largest, 900, 1160); /* it is made use of */
    type->close(e);
}

static void test_bad_configuration(void **state)
{
    (void)state;
    GError *error = NULL;
    mix_venc_config config = {.width_px = 320, .height_px = 180, .fps = 10, .bitrate_bps = 64000, .preset = "warp"};
    assert_null(mix_venc_x264.open(&config, &error));
    assert_non_null(strstr(error->message, "warp"));
    g_error_free(error);
    assert_null(mix_venc_for(MCU_CODEC_OPUS));
}

static void test_key_requests_merge(void **state)
{
    (void)state;
    mix_keygate g = {0};
    const int64_t t0 = 50 * MIX_KEY_SPACING_NS, ms = 1000000;
    assert_true(mix_keygate_due(&g, t0)); /* the first picture */
    mix_keygate_serve(&g, t0);
    assert_false(mix_keygate_due(&g, t0 + 40 * ms));
    for (int i = 0; i < 20; i++) { /* everybody asks */
        mix_keygate_request(&g);
        assert_false(mix_keygate_due(&g, t0 + 100 * ms + i * 40 * ms));
    }
    assert_true(mix_keygate_due(&g, t0 + 1000 * ms));
    mix_keygate_serve(&g, t0 + 1000 * ms);
    assert_false(mix_keygate_due(&g, t0 + 5000 * ms)); /* all were served by one */
    mix_keygate_request(&g);
    assert_true(mix_keygate_due(&g, t0 + 5000 * ms));
}

static void test_a_crowd_waits_for_larger_pictures(void **state)
{
    (void)state;
    mix_keygate g = {0};
    const int64_t t0 = 50 * MIX_KEY_SPACING_NS, ms = 1000000;
    mix_keygate_serve(&g, t0);
    mix_keygate_set_watchers(&g, MIX_KEY_CROWD - 1);
    mix_keygate_rise(&g);
    assert_true(mix_keygate_entry_due(&g, t0 + 500 * ms)); /* few: at once, apart */
    mix_keygate_serve(&g, t0);
    mix_keygate_set_watchers(&g, 20);
    mix_keygate_rise(&g);
    assert_false(mix_keygate_entry_due(&g, t0 + 4900 * ms));
    assert_false(mix_keygate_due(&g, t0 + 4900 * ms));
    assert_true(mix_keygate_due(&g, t0 + 5000 * ms));
    mix_keygate_set_watchers(&g, 1000);
    assert_false(mix_keygate_due(&g, t0 + 9900 * ms));
    assert_true(mix_keygate_due(&g, t0 + 10000 * ms));
    mix_keygate_enter(&g); /* who has none does not wait, and what he gets is for all */
    assert_true(mix_keygate_due(&g, t0 + 1000 * ms));
    mix_keygate_serve(&g, t0 + 1000 * ms);
    assert_false(mix_keygate_due(&g, t0 + 30000 * ms));
}

static mcu_au *coded(bool keyframe, size_t size, int64_t time_ns)
{
    mcu_au *au = mcu_au_new(size);
    au->codec = MCU_CODEC_H264;
    au->keyframe = keyframe;
    au->time_ns = time_ns;
    return au;
}

static void add(mix_keybank *b, bool keyframe, size_t size, int64_t time_ms)
{
    mcu_au *au = coded(keyframe, size, time_ms * MCU_NS_PER_MS);
    mix_keybank_add(b, au);
    mcu_au_unref(au);
}

static void test_bank(void **state)
{
    (void)state;
    mix_keybank *b = mix_keybank_new(10000);
    mcu_au *const *p;
    add(b, false, 10, 0); /* nothing to start from */
    assert_int_equal(mix_keybank_get(b, 0, &p), 0);
    add(b, true, 4000, 1000);
    add(b, false, 500, 1040);
    add(b, false, 500, 1080);
    assert_int_equal(mix_keybank_get(b, 1100 * MCU_NS_PER_MS, &p), 3);
    assert_true(p[0]->keyframe);
    assert_int_equal(p[2]->time_ns, 1080 * MCU_NS_PER_MS);
    assert_int_equal(mix_keybank_get(b, 3001 * MCU_NS_PER_MS, &p), 0); /* older than two seconds */
    add(b, true, 3000, 1200);                                          /* a newer keyframe starts anew */
    assert_int_equal(mix_keybank_get(b, 1200 * MCU_NS_PER_MS, &p), 1);
    add(b, false, 6900, 1240);
    assert_int_equal(mix_keybank_get(b, 1240 * MCU_NS_PER_MS, &p), 2);
    add(b, false, 101, 1280); /* more than a second's worth */
    assert_int_equal(mix_keybank_get(b, 1280 * MCU_NS_PER_MS, &p), 0);
    assert_null(p);
    add(b, false, 10, 1320); /* and it stays useless until the next keyframe */
    assert_int_equal(mix_keybank_get(b, 1320 * MCU_NS_PER_MS, &p), 0);
    add(b, true, 100, 1400);
    assert_int_equal(mix_keybank_get(b, 1400 * MCU_NS_PER_MS, &p), 1);
    mix_keybank_free(b);
}

static void test_jpeg_is_a_whole_picture_of_full_range(void **state)
{
    (void)state;
    kit_camera c = kit_camera_open(MCU_CODEC_JPEG, 320, 180, 235, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        mcu_au *au = kit_camera_next(&c);
        assert_true(au->keyframe && au->codec == MCU_CODEC_JPEG && au->width_px == 320 && au->height_px == 180);
        assert_memory_equal(au->data, "\xff\xd8\xff", 3);
        assert_memory_equal(au->data + au->size - 2, "\xff\xd9", 2);
        AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
        AVPacket *packet = av_packet_alloc();
        AVFrame *frame = av_frame_alloc();
        packet->data = au->data;
        packet->size = (int)au->size;
        assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
        assert_int_equal(avcodec_send_packet(decoder, packet), 0);
        assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
        assert_int_equal(frame->width, 320);
        assert_in_range(frame->data[0][90 * frame->linesize[0] + 160], 252, 255); /* white of limited range is white here */
        av_frame_free(&frame);
        av_packet_free(&packet);
        avcodec_free_context(&decoder);
        mcu_au_unref(au);
    }
    kit_camera_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h264_stream),
        cmocka_unit_test(test_vp8_stream),
        cmocka_unit_test(test_bitrate_is_kept),
        cmocka_unit_test(test_a_keyframe_is_out_in_time),
        cmocka_unit_test(test_a_page_on_a_thin_line),
        cmocka_unit_test(test_each_size_has_its_own_parameter_sets),
        cmocka_unit_test(test_units_fit_a_packet),
        cmocka_unit_test(test_bad_configuration),
        cmocka_unit_test(test_key_requests_merge),
        cmocka_unit_test(test_a_crowd_waits_for_larger_pictures),
        cmocka_unit_test(test_bank),
        cmocka_unit_test(test_jpeg_is_a_whole_picture_of_full_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
