#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/room/options.h"

static bool load(mcu_room_options *o, const char *text, GError **error)
{
    json_t *config = json_loads(text, 0, NULL);
    assert_non_null(config);
    bool ok = mcu_room_options_init(o, config, error);
    json_decref(config);
    return ok;
}

static void test_defaults(void **state)
{
    (void)state;
    mcu_room_options o;
    assert_true(mcu_room_options_init(&o, NULL, NULL));
    assert_int_equal(o.tiers.n_tiers, 6);
    assert_true(o.tiers.still[5] && !o.tiers.still[4] && mcu_tiers_moving(&o.tiers) == 5);
    /* C to S while a screen is shown; A and B for three roles and the recording; D and E twice for hands; B to E held upright; C
     * to E with a screen and hands */
    assert_int_equal(o.video.n_tiers, 6 + 4 + 8 + 4 + 4 + 3);
    assert_true(o.canvases[22].upright && o.canvases[22].tier == 1);
    assert_int_equal(o.video.tiers[22].width_px, 360);
    assert_int_equal(o.video.tiers[22].height_px, 640);
    assert_true(o.canvases[25].upright && o.canvases[25].tier == 4);
    assert_int_equal(o.video.tiers[25].width_px, 180);
    assert_int_equal(o.video.tiers[25].fps, 8);
    assert_string_equal(o.video.tiers[18].name, "D");
    assert_int_equal(o.video.tiers[18].fps, 15);
    assert_int_equal(o.video.tiers[21].width_px, 176);
    assert_int_equal(o.video.signer[20], 1);
    assert_int_equal(o.video.signer[21], 2);
    assert_true(o.hands_bps[3] > 50000 && o.hands_bps[4] > 30000 && o.hands_bps[2] == 0);
    assert_true(o.canvases[7].screen && o.canvases[7].tier == 3);
    assert_int_equal(o.video.tiers[7].height_px, 360);
    assert_int_equal(o.video.tiers[7].fps, 2);
    assert_int_equal(o.video.view[10], MCU_WHO_PATIENT);
    static const struct {
        int fps, bitrate_bps;
    } signed_ones[] = {{15, 150000}, {15, 50000}, {13, 30000}}; /* hands can be read, and it is no more than theirs take */
    for (unsigned i = 0; i < 3; i++) {
        const mix_tier_spec *spec = &o.video.tiers[26 + i];
        assert_true(o.canvases[26 + i].screen && o.canvases[26 + i].hands && o.canvases[26 + i].tier == 2 + i);
        assert_true(spec->height_px == 360 && spec->fps == signed_ones[i].fps && spec->bitrate_bps == signed_ones[i].bitrate_bps);
    }
    assert_true(o.canvases[9].screen && o.canvases[9].tier == 5); /* a still in four seconds has the bits of a page */
    assert_true(o.video.tiers[9].height_px == 360 && o.video.every_s[9] == 4 && o.video.tiers[9].bitrate_bps == 8000);
    assert_int_equal(mcu_room_options_tier(&o, "D"), 3);
    assert_int_equal(mcu_room_options_tier(&o, "audio"), 6);
    assert_int_equal(mcu_room_options_tier(&o, "Z"), -1);
    assert_string_equal(mcu_room_options_tier_name(&o, 9), "audio");
    mcu_room_options_clear(&o);
}

static void test_everything_given(void **state)
{
    (void)state;
    mcu_room_options o;
    assert_true(
        load(&o,
             "{\"media\":{\"addresses\":[\"127.0.0.1\"],\"nat_address\":\"203.0.113.9\",\"port_min\":40000,\"port_max\":40100,"
             "\"ice_tcp\":false,\"denoise\":\"phones\",\"stun\":\"192.0.2.1:3478\",\"turn\":[{\"host\":\"192.0.2.2\",\"port\":"
             "443,\"transport\":\"tls\","
             "\"username\":\"u\",\"password\":\"p\"},{\"host\":\"192.0.2.3\"}]},"
             "\"tiers\":[{\"name\":\"X\",\"width\":640,\"height\":360,\"fps\":15,\"bitrate\":300000}],"
             "\"limits\":{\"seats\":9},\"empty_seconds\":5}",
             NULL));
    assert_string_equal(o.net.addresses[0], "127.0.0.1");
    assert_null(o.net.addresses[1]);
    assert_string_equal(o.net.nat_address, "203.0.113.9");
    assert_false(o.net.ice_tcp);
    assert_int_equal(o.audio.denoise, MIX_DENOISE_LINES);
    assert_int_equal(o.net.stun_port, 3478);
    assert_int_equal(o.net.n_turn, 1);
    assert_string_equal(o.net.turn[0].transport, "tls");
    assert_int_equal(o.tiers.n_tiers, 1);
    assert_int_equal(o.max_seats, 9);
    mcu_room_options_clear(&o);
}

static void test_bad_values_are_named(void **state)
{
    (void)state;
    const char *const rows[] = {
        "{\"media\":{\"stun\":\"nowhere\"}}",
        "{\"media\":{\"stun\":\"192.0.2.1:99999\"}}",
        "{\"tiers\":[{\"name\":\"A\",\"width\":1280}]}",
        "{\"tiers\":[{\"name\":\"S\",\"width\":320,\"height\":180,\"fps\":2,\"bitrate\":8000,\"every\":3}]}",
        "{\"tiers\":[{\"name\":\"S\",\"width\":320,\"height\":180,\"fps\":1,\"bitrate\":8000,\"every\":3},"
        "{\"name\":\"E\",\"width\":320,\"height\":180,\"fps\":8,\"bitrate\":30000}]}",
        "{\"tiers\":[{\"width\":1280,\"height\":720,\"fps\":25,\"bitrate\":1000000}]}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        mcu_room_options o;
        g_autoptr(GError) error = NULL;
        assert_false(load(&o, rows[i], &error));
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_CONFIG));
    }
}

static void test_the_decoder_decides_on_the_largest_tier(void **state)
{
    (void)state;
    mcu_room_options o;
    assert_true(load(&o, "{}", NULL));
    static const struct {
        int level;
        unsigned top;
    } rows[] = {{31, 0}, {52, 0}, {30, 1}, {22, 2}, {21, 2}, {20, 3}, {11, 3}, {10, 6}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const mcu_decode_limits l = mcu_h264_level_limits(rows[i].level);
        assert_int_equal(mcu_room_options_top(&o, &l), rows[i].top);
    }
    assert_int_equal(mcu_room_options_top(&o, &(mcu_decode_limits){0}), 0);
    assert_int_equal(mcu_room_options_top(&o, &(mcu_decode_limits){.max_mbs = 1200, .max_fps = 30}), 1);
    assert_int_equal(mcu_room_options_top(&o, &(mcu_decode_limits){.max_fps = 15}), 2);
    mcu_room_options_clear(&o);
    assert_true(load(&o,
                     "{\"tiers\":[{\"name\":\"X\",\"width\":640,\"height\":360,\"fps\":15,\"bitrate\":300000},"
                     "{\"name\":\"Y\",\"width\":320,\"height\":180,\"fps\":30,\"bitrate\":100000}]}",
                     NULL));
    assert_int_equal(mcu_room_options_top(&o, &(mcu_decode_limits){.max_fps = 15}), 2); /* X alone would do: no way down */
    mcu_room_options_clear(&o);
}

static void test_the_size_on_the_screen_decides_what_is_useful(void **state)
{
    (void)state;
    mcu_room_options o;
    assert_true(load(&o, "{}", NULL));
    static const struct {
        unsigned width_px, height_px, useful;
    } rows[] = {{1920, 1080, 0}, {801, 451, 0}, {800, 450, 1}, {800, 451, 0}, {801, 400, 0}, {640, 360, 1}, {100, 60, 1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(mcu_room_options_useful(&o, rows[i].width_px, rows[i].height_px), rows[i].useful);
    }
    mcu_room_options_clear(&o);
    assert_true(load(&o,
                     "{\"tiers\":[{\"name\":\"X\",\"width\":1280,\"height\":720,\"fps\":15,\"bitrate\":300000},"
                     "{\"name\":\"Y\",\"width\":640,\"height\":360,\"fps\":15,\"bitrate\":200000},"
                     "{\"name\":\"Z\",\"width\":320,\"height\":180,\"fps\":15,\"bitrate\":100000}]}",
                     NULL));
    assert_int_equal(mcu_room_options_useful(&o, 400, 225), 2);
    assert_int_equal(mcu_room_options_useful(&o, 401, 225), 1);
    mcu_room_options_clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything_given),
        cmocka_unit_test(test_bad_values_are_named),
        cmocka_unit_test(test_the_decoder_decides_on_the_largest_tier),
        cmocka_unit_test(test_the_size_on_the_screen_decides_what_is_useful),
    };
    return cmocka_run_group_tests_name("room_options", tests, NULL, NULL);
}
