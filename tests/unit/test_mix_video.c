/* test_mix_video.c - the whole picture half with its threads: coded pictures in, composites out, on a real clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mixer/video_private.h"
#include "video_rig.h"

/* decode -> composite -> encode -> decode, both codecs in, both out, four sizes. */
static bool share_a_moment(const rig *r, unsigned tier)
{
    for (unsigned i = 0; i < r->n_kept[tier][0]; i++) {
        for (unsigned k = 0; k < r->n_kept[tier][1]; k++) {
            if (r->kept[tier][0][i]->ts == r->kept[tier][1][k]->ts) {
                return true;
            }
        }
    }
    return false;
}

static void test_round_trip(void **state)
{
    (void)state;
    rig *r = rig_new(4);
    rig_people(r, 4, true);
    for (unsigned t = 0; t < 4; t++) {
        assert_int_equal(mix_video_use(r->v, t, MCU_CODEC_H264), MCU_OK);
    }
    assert_int_equal(mix_video_use(r->v, 1, MCU_CODEC_VP8), MCU_OK);
    rig_send(r, 25);
    for (unsigned t = 0; t < 4; t++) {
        rig_until_kept(r, t, 0, 6);
    }
    rig_until_kept(r, 1, 1, 8);
    mix_video_stats s;
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 5);
    assert_int_equal(s.live_tiers, 4);
    assert_int_equal(s.sources, 4);
    for (unsigned t = 0; t < 4; t++) {
        rig_check_tiles(r, t, 0, 4);
        assert_int_equal(r->layouts[t], 1);
    }
    rig_check_tiles(r, 1, 1, 4);
    for (unsigned i = 1; i <= 4; i++) {
        assert_int_equal(r->state[i], MIX_SOURCE_LIVE);
    }
    /* one canvas, two codecs: the same moments, though a late encoder may leave some out */
    for (unsigned k = 0; k < 100 && !share_a_moment(r, 1); k++) {
        rig_send(r, 1);
    }
    assert_true(share_a_moment(r, 1));
    for (unsigned i = 0; i < r->n_kept[0][0]; i++) {
        assert_int_equal(r->kept[0][0][i]->ts, (uint32_t)(r->kept[0][0][i]->time_ns * 9 / 100000));
    }
    rig_free(r);
}

static void test_unused_costs_nothing(void **state)
{
    (void)state;
    rig *r = rig_new(1);
    rig_people(r, 1, true);
    rig_send(r, 5);
    mix_video_stats s;
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 0);
    assert_int_equal(s.ticks, 0);
    assert_int_equal(mix_video_use(r->v, 3, MCU_CODEC_H264), MCU_OK);
    assert_int_equal(mix_video_use(r->v, 3, MCU_CODEC_H264), MCU_OK);
    rig_send(r, 10);
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 1); /* however many watch */
    assert_true(s.encoded[3] > 0 && s.encoded[0] == 0);
    mix_video_unuse(r->v, 3, MCU_CODEC_H264);
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 1);
    mix_video_unuse(r->v, 3, MCU_CODEC_H264);
    mix_video_unuse(r->v, 3, MCU_CODEC_H264); /* once too often */
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 0);
    uint64_t encoded = s.encoded[3], ticks = s.ticks;
    rig_send(r, 5);
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.encoded[3], encoded);
    assert_int_equal(s.ticks, ticks);
    assert_int_equal(mix_video_use(r->v, 4, MCU_CODEC_H264), MCU_EINVAL);
    assert_int_equal(mix_video_use(r->v, 0, MCU_CODEC_OPUS), MCU_EINVAL);
    rig_free(r);
}

static void test_stills_come_when_asked_for(void **state)
{
    (void)state;
    rig *r = rig_new(1);
    rig_people(r, 1, true);
    assert_int_equal(mix_video_use(r->v, 3, MCU_CODEC_JPEG), MCU_OK);
    for (int i = 0; i < 100 && r->stills < 1; i++) {
        rig_send(r, 1);
    }
    rig_send(r, 30);
    assert_int_equal(r->stills, 1); /* the first, then only when asked */
    mix_video_request_keyframe(r->v, 3, MCU_CODEC_JPEG);
    for (int i = 0; i < 100 && r->stills < 2; i++) { /* one a second is the most */
        rig_send(r, 5);
    }
    assert_int_equal(r->stills, 2);
    mix_video_stats s;
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.encoded[3], 0); /* nobody watches the tier as video */
    mix_video_unuse(r->v, 3, MCU_CODEC_JPEG);
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.live_encoders, 0);
    rig_free(r);
}

static void test_keyframes_merge(void **state)
{
    (void)state;
    rig *r = rig_new(1);
    rig_people(r, 1, true);
    mix_video_use(r->v, 3, MCU_CODEC_H264);
    rig_send(r, 8);
    for (unsigned i = 0; i < 30; i++) { /* 1.2 s of everybody asking */
        mix_video_request_keyframe(r->v, 3, MCU_CODEC_H264);
        rig_send(r, 1);
    }
    mix_video_stats s;
    mix_video_get_stats(r->v, &s);
    assert_in_range(s.keyframes[3], 2, 3);
    mcu_au *const *bank;
    unsigned n = mix_video_bank(r->v, 3, MCU_CODEC_H264, &bank);
    assert_true(n > 0);
    assert_true(bank[0]->keyframe);
    mcu_frame *f = kit_decode_last(bank, n);
    assert_non_null(f);
    mcu_frame_unref(f);
    assert_int_equal(mix_video_bank(r->v, 0, MCU_CODEC_H264, &bank), 0);
    rig_free(r);
}

/* Nobody has a picture: placeholders, and the encoder rests but for a refresh a second and the keyframes asked for. */
static void test_still_room(void **state)
{
    (void)state;
    rig *r = rig_new(0);
    rig_people(r, 3, false);
    mix_video_use(r->v, 1, MCU_CODEC_H264);
    rig_spin(r, mcu_now_ns() + 300 * MCU_NS_PER_MS);
    rig_until_kept(r, 1, 0, 1);
    unsigned before = r->n_kept[1][0];
    rig_spin(r, mcu_now_ns() + 1200 * MCU_NS_PER_MS);
    assert_in_range(r->n_kept[1][0] - before, 1, 3); /* of 30 ticks */
    mix_video_stats s;
    mix_video_get_stats(r->v, &s);
    assert_true(s.skipped_unchanged[1] > 5);
    unsigned keys = (unsigned)s.keyframes[1];
    mix_video_request_keyframe(r->v, 1, MCU_CODEC_H264);
    rig_until_kept(r, 1, 0, r->n_kept[1][0] + 1); /* the last keyframe is more than a second old */
    mix_video_get_stats(r->v, &s);
    assert_int_equal(s.keyframes[1], keys + 1);
    mcu_frame *f = kit_decode_last(r->kept[1][0], r->n_kept[1][0]);
    assert_true(kit_mean_luma(f, 0, 0, 640, 360) > 20); /* something was drawn */
    kit_write_png(f, "still-room");
    mcu_frame_unref(f);
    rig_free(r);
}

static mcu_au *absurd(void)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 0x67, 110,  0, 51, 0xff, 0xff, 0x12, 0x34,
                                    0, 0, 0, 1, 0x68, 0xce, 0, 0,  0,    1,    0x65, 0x88};
    mcu_au *au = mcu_au_new_copy(bytes, sizeof bytes);
    au->codec = MCU_CODEC_H264;
    au->keyframe = true;
    au->time_ns = mcu_now_ns();
    return au;
}

static void test_a_hostile_stream_disturbs_nobody(void **state)
{
    (void)state;
    rig *r = rig_new(2);
    assert_int_equal(mix_video_source_add(r->v, 3), MCU_OK);
    rig_people(r, 3, true);
    mix_video_use(r->v, 1, MCU_CODEC_H264);
    int64_t began_ns = mcu_now_ns();
    for (unsigned k = 0; k < 20; k++) {
        assert_int_equal(mix_video_source_push(r->v, 3, absurd()), MCU_OK);
        rig_send(r, 1);
    }
    assert_int_equal(r->state[3], MIX_SOURCE_REFUSED);
    assert_in_range(r->keys_wanted[3], 1, 2 + (mcu_now_ns() - began_ns) / MIX_SOURCE_KEY_SPACING_NS);
    mcu_frame *f = kit_decode_last(r->kept[1][0], r->n_kept[1][0]);
    for (unsigned i = 0; i < 2; i++) {
        const mix_tile *t = &r->tiles[1][i];
        assert_in_range(kit_mean_luma(f, t->x_px + 60, t->y_px + 60, 100, 40), rig_luma_of(i) - 4, rig_luma_of(i) + 4);
    }
    mcu_frame_unref(f);
    rig_free(r);
}

static void test_leaving_while_decoding(void **state)
{
    (void)state;
    rig *r = rig_new(4);
    rig_people(r, 4, true);
    mix_video_use(r->v, 0, MCU_CODEC_H264);
    mix_video_use(r->v, 1, MCU_CODEC_VP8);
    for (unsigned k = 0; k < 12; k++) {
        for (unsigned i = 0; i < 30; i++) { /* a backlog */
            for (unsigned c = 0; c < 4; c++) {
                mcu_au *au = kit_camera_next(&r->camera[c]);
                au->time_ns = mcu_now_ns();
                mix_video_source_push(r->v, c + 1, au);
            }
        }
        uint32_t who = k % 4 + 1;
        mix_video_source_remove(r->v, who);
        mix_video_source_remove(r->v, who);
        assert_int_equal(mix_video_source_add(r->v, who), MCU_OK);
        r->camera[who - 1].keyframe = true;
        rig_people(r, 1 + k % 4, true);
        rig_spin(r, mcu_now_ns() + 20 * MCU_NS_PER_MS);
    }
    rig_people(r, 4, true);
    for (unsigned c = 0; c < 4; c++) {
        r->camera[c].keyframe = true;
    }
    rig_send(r, 12);
    for (uint32_t id = 1; id <= 4; id++) {
        rig_until_live(r, id);
    }
    rig_forget(r);
    mix_video_request_keyframe(r->v, 0, MCU_CODEC_H264);
    unsigned key = rig_until_key(r, 0);
    rig_send(r, 20);
    mcu_frame *f = kit_decode_last(r->kept[0][0] + key, r->n_kept[0][0] - key);
    for (unsigned i = 0; i < 4; i++) {
        const mix_tile *t = &r->tiles[0][i];
        assert_in_range(kit_mean_luma(f, t->x_px + 60, t->y_px + 60, 300, 100), rig_luma_of(i) - 4, rig_luma_of(i) + 4);
    }
    mcu_frame_unref(f);
    rig_free(r);
}

static void test_start_and_stop(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 6; k++) {
        rig *r = rig_new(2);
        rig_people(r, 2, true);
        for (unsigned t = 0; t < 4; t++) {
            mix_video_use(r->v, t, t % 2 ? MCU_CODEC_VP8 : MCU_CODEC_H264);
        }
        rig_send(r, k);
        for (unsigned t = 0; t < 4 && k % 2; t++) {
            mix_video_unuse(r->v, t, t % 2 ? MCU_CODEC_VP8 : MCU_CODEC_H264);
            mix_video_use(r->v, t, MCU_CODEC_H264);
        }
        rig_send(r, k);
        rig_free(r);
    }
}

static void test_sixteen_are_decoded(void **state)
{
    (void)state;
    rig *r = rig_new(0);
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 160, 90, 100, 0, 0);
    for (uint32_t id = 1; id <= MIX_MAX_PEOPLE; id++) {
        assert_int_equal(mix_video_source_add(r->v, id), MCU_OK);
    }
    assert_int_equal(mix_video_source_add(r->v, 99), MCU_EFULL);
    assert_int_equal(mix_video_source_add(r->v, 5), MCU_EINVAL);
    assert_int_equal(mix_video_source_push(r->v, 99, kit_camera_next(&c)), MCU_EINVAL);
    rig_people(r, MIX_MAX_PEOPLE, true);
    c.keyframe = true;
    mcu_au *key = kit_camera_next(&c);
    key->time_ns = mcu_now_ns();
    for (uint32_t id = 1; id <= MIX_MAX_PEOPLE; id++) {
        assert_int_equal(mix_video_source_push(r->v, id, mcu_au_ref(key)), MCU_OK);
    }
    for (uint32_t id = 1; id <= MIX_MAX_DECODED; id++) {
        rig_until_live(r, id);
    }
    for (uint32_t id = MIX_MAX_DECODED + 1; id <= MIX_MAX_PEOPLE; id++) {
        assert_int_not_equal(r->state[id], MIX_SOURCE_LIVE);
    }
    mix_person one = {.person = 40, .name = "Forty", .camera_on = true}; /* on stage now: needs a keyframe */
    mix_video_set_people(r->v, &one, 1);
    for (unsigned k = 0; k < 100 && r->keys_wanted[40] == 0; k++) {
        rig_spin(r, mcu_now_ns() + 20 * MCU_NS_PER_MS);
    }
    assert_int_equal(r->keys_wanted[40], 1);
    assert_int_equal(mix_video_source_push(r->v, 40, mcu_au_ref(key)), MCU_OK);
    rig_until_live(r, 40);
    mcu_au_unref(key);
    kit_camera_close(&c);
    rig_free(r);
}

static mcu_layout *read_layout(const char *slots)
{
    char *text = g_strdup_printf("{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"people\":[0,64],\"slots\":[%s]}]}", slots);
    json_t *document = json_loads(text, 0, NULL);
    mcu_layout *l = mcu_layout_parse(document, NULL);
    assert_non_null(l);
    json_decref(document);
    g_free(text);
    return l;
}

/* Sends until the tiles of tier 0 are as many, and told since. */
static void send_until_told(rig *r, unsigned n_tiles)
{
    for (unsigned k = 0; k < 250 && r->n_tiles[0] != n_tiles; k++) {
        rig_send(r, 1);
    }
    assert_int_equal(r->n_tiles[0], n_tiles);
}

/* A still keeps its own pixels and its name in a larger place, while its source goes on, and after the source has gone. */
static void test_a_picture_is_held(void **state)
{
    (void)state;
    enum { STILL = 50 };
    rig *r = rig_new(2);
    mcu_layout *l =
        read_layout("{\"for\":[\"content\"],\"at\":[0,0,1,1]},{\"for\":[\"anyone\"],\"at\":[0.75,0,0.25,0.25],\"z\":1}");
    assert_int_equal(mix_video_freeze(r->v, 1, STILL), MCU_EAGAIN);
    assert_int_equal(mix_video_freeze(r->v, 9, STILL), MCU_EINVAL);
    rig_people(r, 2, true);
    mix_video_set_layout(r->v, l);
    mix_video_use(r->v, 0, MCU_CODEC_H264);
    rig_until_live(r, 1);
    assert_int_equal(mix_video_freeze(r->v, 1, 2), MCU_EINVAL); /* is somebody */
    assert_int_equal(mix_video_freeze(r->v, 1, STILL), MCU_OK);
    rig_until_live(r, STILL);
    const mix_person people[] = {
        {.person = STILL,
         .name = "Ann",
         .camera_on = true,
         .still = true,
         .hold = true,
         .who = 1u << MCU_WHO_CONTENT,
         .rank = UINT_MAX},
        {.person = 2, .name = "Bob", .camera_on = true},
    };
    mix_video_set_people(r->v, people, 2);
    mix_video_source_remove(r->v, 1);
    send_until_told(r, 2);
    rig_forget(r);
    mix_video_request_keyframe(r->v, 0, MCU_CODEC_H264);
    unsigned key = rig_until_key(r, 0);
    rig_send(r, 10);
    mcu_frame *f = kit_decode_last(r->kept[0][0] + key, r->n_kept[0][0] - key);
    kit_write_png(f, "still-held");
    int still = rig_luma_of(0);
    assert_in_range(kit_mean_luma(f, 330, 300, 620, 200), still - 4, still + 4);
    assert_in_range(abs(kit_mean_luma(f, 700, 600, 300, 100) - still), 5, 255); /* below it: not enlarged */
    assert_in_range(kit_mean_luma(f, 1000, 20, 200, 40), rig_luma_of(1) - 4, rig_luma_of(1) + 4);
    assert_int_equal(r->state[STILL], MIX_SOURCE_LIVE);
    mcu_frame_unref(f);
    mix_video_source_remove(r->v, STILL);
    mix_video_set_people(r->v, &people[1], 1);
    rig_free(r);
    mcu_layout_free(l);
}

/* Arranged anew while it runs: the rectangles are told, who is not shown is decoded all the same, who is a card is not. */
static void test_arranged_anew(void **state)
{
    (void)state;
    mcu_layout *inset =
        read_layout("{\"for\":[\"speaker\"],\"at\":[0,0,1,1]},{\"for\":[\"speaker\"],\"at\":[0.7,0.7,0.25,0.25]}");
    mcu_layout *cards = read_layout("{\"for\":[\"anyone\"],\"at\":[0,0,1,1],\"many\":4,\"card\":true}");
    rig *r = rig_new(3);
    rig_people(r, 3, true);
    assert_int_equal(mix_video_use(r->v, 0, MCU_CODEC_H264), MCU_OK);
    send_until_told(r, 3);
    mix_video_set_layout(r->v, inset);
    send_until_told(r, 2);
    assert_int_equal(r->tiles[0][0].person, 1);
    assert_int_equal(r->tiles[0][0].width_px, 1280);
    assert_int_equal(r->tiles[0][1].person, 2);
    assert_int_equal(r->tiles[0][1].width_px, 320);
    mix_video_set_layout(r->v, NULL);
    unsigned wanted = r->keys_wanted[3];
    send_until_told(r, 3);
    assert_int_equal(r->keys_wanted[3], wanted); /* it has been decoded meanwhile */
    mix_video_set_layout(r->v, cards);
    rig_send(r, 10);
    mix_video_stats before, after;
    mix_video_get_stats(r->v, &before);
    rig_send(r, 10);
    mix_video_get_stats(r->v, &after);
    assert_true(after.cpu_s[MIX_CPU_DECODE] == before.cpu_s[MIX_CPU_DECODE]);
    mix_video_unuse(r->v, 0, MCU_CODEC_H264);
    rig_free(r);
    mcu_layout_free(inset);
    mcu_layout_free(cards);
}

/* Who has the camera off, or is not listed for want of a place, costs no decoding, whatever is sent. */
static void test_camera_off_is_not_decoded(void **state)
{
    (void)state;
    rig *r = rig_new(2);
    rig_people(r, 2, false);
    assert_int_equal(mix_video_use(r->v, 3, MCU_CODEC_H264), MCU_OK);
    rig_send(r, 5);
    mix_video_stats before, after;
    mix_video_get_stats(r->v, &before);
    rig_send(r, 25);
    mix_video_get_stats(r->v, &after);
    assert_true(after.cpu_s[0] - before.cpu_s[0] == 0);
    rig_people(r, 2, true);
    rig_until_live(r, 1);
    mix_video_get_stats(r->v, &after);
    assert_true(after.cpu_s[0] > before.cpu_s[0]);
    rig_free(r);
}

static void test_bad_configuration(void **state)
{
    (void)state;
    mix_video_config c = rig_config;
    GError *error = NULL;
    c.preset = "warp";
    assert_null(mix_video_new(NULL, &c, &rig_callbacks, NULL, &error));
    g_clear_error(&error);
    c = rig_config;
    c.tiers[2].width_px = 481;
    assert_null(mix_video_new(NULL, &c, &rig_callbacks, NULL, &error));
    assert_non_null(strstr(error->message, "tier C"));
    g_clear_error(&error);
    c.n_tiers = 0;
    assert_null(mix_video_new(NULL, &c, &rig_callbacks, NULL, &error));
    g_clear_error(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_unused_costs_nothing),
        cmocka_unit_test(test_stills_come_when_asked_for),
        cmocka_unit_test(test_keyframes_merge),
        cmocka_unit_test(test_still_room),
        cmocka_unit_test(test_a_hostile_stream_disturbs_nobody),
        cmocka_unit_test(test_leaving_while_decoding),
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_sixteen_are_decoded),
        cmocka_unit_test(test_a_picture_is_held),
        cmocka_unit_test(test_arranged_anew),
        cmocka_unit_test(test_camera_off_is_not_decoded),
        cmocka_unit_test(test_bad_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
