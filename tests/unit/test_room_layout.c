/* test_room_layout.c - a room's layout and its speaker: chosen by name, replaced while in use, told to the mixer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/room/room_private.h"
#include "tests/unit/room_kit.h"

static json_t *layout_named(const char *name)
{
    return json_pack("{ss ss s[{s[{s[s] s[iiii]}]}]}", "name", name, "title", "T", "arrangements", "slots", "for", "anyone", "at",
                     0, 0, 1, 1);
}

static void replace(room_kit *f, json_t *take_first, json_t *take_second)
{
    room_kit_say(f, json_pack("{ss si s[oo]}", "type", "layouts", "id", 1, "layouts", take_first, take_second));
}

static void choose(room_kit *f, const char *name)
{
    room_kit_say(f, json_pack("{ss si ss}", "type", "layout", "id", 2, "layout", name));
}

static void test_grid_without_files(void **state)
{
    room_kit *f = *state;
    assert_string_equal(fake.layout, "grid");
    choose(f, "speaker");
    const json_t *error = room_kit_heard(f, "error");
    assert_string_equal(room_kit_member(error, "code"), "not_found");
    assert_string_equal(room_kit_member(error, "message"), "no such layout; there are grid");
    assert_string_equal(fake.layout, "grid");
}

static void test_chosen_by_name(void **state)
{
    room_kit *f = *state;
    replace(f, layout_named("one"), layout_named("two"));
    assert_string_equal(fake.layout, "grid");
    choose(f, "two");
    assert_string_equal(fake.layout, "two");
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "ok"), "id")), 2);
    room_kit_say(f, json_pack("{ss si}", "type", "inspect", "id", 3));
    assert_string_equal(room_kit_member(room_kit_heard(f, "inspection"), "layout"), "two");
    choose(f, "three");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "message"), "no such layout; there are grid, one, two");
    assert_string_equal(fake.layout, "two");
}

/* New files while a visit runs: what is in use stays if it is still there; broken ones change nothing. */
static void test_replaced_while_in_use(void **state)
{
    room_kit *f = *state;
    replace(f, layout_named("one"), layout_named("two"));
    choose(f, "two");
    replace(f, layout_named("two"), layout_named("three"));
    assert_string_equal(fake.layout, "two");
    replace(f, layout_named("one"), json_pack("{ss}", "name", "broken"));
    const json_t *error = room_kit_heard(f, "error");
    assert_string_equal(room_kit_member(error, "message"), "layout 1: title: must be 1 to 80 bytes of text");
    choose(f, "three");
    assert_string_equal(fake.layout, "three");
    replace(f, layout_named("one"), layout_named("two"));
    assert_string_equal(fake.layout, "grid");
}

static void test_opens_with_its_layout(void **state)
{
    (void)state;
    json_t *open = json_pack("{ss s{s[o] ss}}", "room", "r2", "config", "layouts", layout_named("one"), "layout", "one");
    mcu_room_callbacks callbacks = {NULL, NULL, NULL};
    mcu_room *r = mcu_room_new(NULL, open, &callbacks, NULL, NULL);
    assert_non_null(r);
    assert_string_equal(fake.layout, "one");
    mcu_room_free(r);
    json_object_set_new(json_object_get(open, "config"), "layout", json_string("gone")); /* its file was taken away */
    r = mcu_room_new(NULL, open, &callbacks, NULL, NULL);
    assert_non_null(r);
    assert_string_equal(fake.layout, "grid");
    mcu_room_free(r);
    json_decref(open);
}

static unsigned said(const room_kit *f, const char *tier)
{
    unsigned n = 0;
    size_t i;
    json_t *m;
    json_array_foreach(f->sent, i, m)
    {
        n += g_strcmp0(room_kit_member(m, "type"), "layout") == 0 && g_strcmp0(room_kit_member(m, "tier"), tier) == 0;
    }
    return n;
}

/* Speakers that change lay a canvas out four times in two seconds. */
static void test_thin_tiers_are_told_of_the_newest_layout(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    for (unsigned i = 0; i < 4; i++) {
        fake_layout(1, 1 + i % 2);
        fake_layout(3, 1 + i % 2);
    }
    assert_int_equal(said(f, "B"), 4);
    assert_int_equal(said(f, "D"), 1);
    int64_t now_ns = mcu_now_ns();
    mcu_layouts_tick(f->room, now_ns + MCU_NS_PER_SEC);
    assert_int_equal(said(f, "D"), 1);
    mcu_layouts_tick(f->room, now_ns + 2 * MCU_NS_PER_SEC);
    mcu_layouts_tick(f->room, now_ns + 9 * MCU_NS_PER_SEC);
    assert_int_equal(said(f, "D"), 2);
    const json_t *tile = json_array_get(json_object_get(room_kit_heard(f, "layout"), "tiles"), 0);
    assert_string_equal(room_kit_member(tile, "seat"), "s2");
}

static void speak(uint32_t person, int64_t *now_ms, int ms)
{
    for (int t = 0; t < ms; t += 20) {
        *now_ms += 20;
        fake_level(person, -25, *now_ms * MCU_NS_PER_MS);
    }
    room_kit_settle();
}

static void test_speaker_is_told_to_the_mixer(void **state)
{
    room_kit *f = *state;
    int64_t now_ms = 1000;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    room_kit_say(f, json_pack("{ss si ss sb}", "type", "mute", "id", 1, "seat", "s2", "muted", 0));
    assert_int_equal(fake.people[0].who, 1u << MCU_WHO_PATIENT);
    assert_int_equal(fake.people[0].rank, UINT_MAX);
    speak(1, &now_ms, 600);
    assert_int_equal(fake.people[0].rank, 0);
    speak(2, &now_ms, 600);
    assert_int_equal(fake.people[0].rank, 1);
    assert_int_equal(fake.people[1].rank, 0);
    room_kit_say(f, json_pack("{ss si ss sb}", "type", "mute", "id", 1, "seat", "s1", "muted", 1));
    speak(1, &now_ms, 3000); /* nobody hears it */
    assert_int_equal(fake.people[1].rank, 0);
}

/* Who signs comes before who speaks, as long as there is a picture to be seen. */
static void test_signing_counts_as_speaking(void **state)
{
    room_kit *f = *state;
    int64_t now_ms = 1000;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    speak(1, &now_ms, 600);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s2", "role", "interpreter", "signing", 1));
    assert_int_equal(fake.people[1].who, 1u << MCU_WHO_INTERPRETER | 1u << MCU_WHO_SIGNING);
    assert_int_equal(fake.people[1].rank, 0);
    assert_int_equal(fake.people[0].rank, 1);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s2", "session", "b", "video", 0));
    assert_int_equal(fake.people[1].who, 1u << MCU_WHO_INTERPRETER);
    assert_int_equal(fake.people[0].rank, 0);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "share", 1));
    assert_int_equal(fake.people[0].who, 1u << MCU_WHO_PATIENT | 1u << MCU_WHO_CONTENT);
}

static void share(room_kit *f, bool on)
{
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "share", on));
    room_kit_settle();
}

static const uint32_t SCREEN = 0x80000001u; /* of s1 */

/* Nobody sees its place before there is a picture, nor after it is gone; the camera stays where it is. */
static void test_screen_comes_beside_the_camera(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    mcu_peer *peer = room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    assert_false(fake.screens[1]);
    share(f, true);
    assert_true(fake.screens[1] && fake.sources[1]);
    assert_int_equal(fake.n_people, 2);
    assert_int_equal(fake_peer_content_keyframes(peer), 1);
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    room_kit_settle();
    assert_int_equal(fake.n_people, 3);
    assert_int_equal(fake.people[0].person, SCREEN);
    assert_int_equal(fake.people[0].who, 1u << MCU_WHO_CONTENT);
    assert_int_equal(fake.people[1].who, 1u << MCU_WHO_PATIENT);
    assert_true(fake.people[1].camera_on);
    fake_layout(0, SCREEN);
    const json_t *tile = json_array_get(json_object_get(room_kit_heard(f, "layout"), "tiles"), 0);
    assert_string_equal(room_kit_member(tile, "seat"), "s1");
    assert_true(json_is_true(json_object_get(tile, "content")));
    share(f, false);
    assert_int_equal(fake.n_people, 2);
    assert_true(!fake.screens[1] && fake.sources[1]);
}

/* A device with one picture only shows the screen instead of the camera; what it does not give is not waited for. */
static void test_screen_in_the_cameras_place(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    share(f, true);
    assert_false(fake.screens[1]);
    assert_int_equal(fake.n_people, 1);
    assert_int_equal(fake.people[0].who, 1u << MCU_WHO_PATIENT | 1u << MCU_WHO_CONTENT);
}

static unsigned uses(unsigned from)
{
    unsigned n = 0;
    for (unsigned i = from; i < MIX_MAX_TIERS; i++) {
        n += fake.uses[i];
    }
    return n;
}

static void watch_tier(room_kit *f, const char *seat, const char *tier)
{
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "tier", "id", 1, "seat", seat, "tier", tier));
    room_kit_settle();
}

enum { D = 3, SCREEN_C = 4, SCREEN_D = 5, PATIENT_A = 6, HANDS_D = 14, UPRIGHT_B = 16, SIGNED_D = 20 };

/* Small tiers change to a size at which it can be read, once its first keyframe is there; devices of a fixed size and small
 * decoders stay. */
static void test_screens_on_small_tiers(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    mcu_peer *peer = room_kit_join(f, "s1", "a");
    watch_tier(f, "s1", "D");
    fake_picture(D, true);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s2", "tier", "D", "fixed", 1));
    room_kit_join(f, "s2", "b");
    fake_picture(D, true);
    assert_int_equal(fake.uses[D], 2);
    share(f, true);
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    room_kit_settle();
    assert_int_equal(fake.uses[SCREEN_D], 1);
    assert_int_equal(fake.uses[D], 2); /* until the new one is there */
    unsigned before = fake_peer_pictures(peer);
    fake_picture(D, false);
    assert_int_equal(fake_peer_pictures(peer), before + 1);
    fake_picture(SCREEN_D, true);
    assert_int_equal(fake.uses[D], 1);
    const json_t *quality = room_kit_heard(f, "quality");
    assert_string_equal(room_kit_member(quality, "tier"), "D");
    assert_string_equal(room_kit_member(quality, "view"), "screen");
    share(f, false);
    fake_picture(D, true);
    assert_int_equal(fake.uses[SCREEN_D], 0);
    assert_int_equal(fake.uses[D], 2);
}

static json_t *layout_for_patients(void)
{
    return json_pack("{ss ss s[{s[s] s[s] s[{s[s] s[iiii]}]} {s[{s[s] s[iiii] si}]}]}", "name", "theirs", "title", "T",
                     "arrangements", "view", "patient", "without", "patient", "slots", "for", "anyone", "at", 0, 0, 1, 1, "slots",
                     "for", "anyone", "at", 0, 0, 1, 1, "many", 9);
}

/* One more picture for all of a role on the large tiers, while the layout has one of theirs; never one a head. */
static void test_pictures_of_roles(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss ss ss}", "type", "seat", "seat", "s3", "name", "Cy", "role", "patient"));
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    room_kit_join(f, "s3", "c");
    room_kit_rise(f, "s1");
    room_kit_rise(f, "s2");
    room_kit_rise(f, "s3");
    fake_picture(0, true);
    assert_int_equal(fake.uses[0], 3);
    replace(f, layout_for_patients(), layout_named("one"));
    choose(f, "theirs");
    fake_picture(PATIENT_A, true);
    assert_int_equal(fake.uses[PATIENT_A], 2);
    assert_int_equal(fake.uses[0], 1);
    watch_tier(f, "s1", "D");
    fake_picture(D, true);
    assert_int_equal(fake.uses[D], 1);
    assert_int_equal(uses(SCREEN_C), 1);
    choose(f, "one");
    fake_picture(0, true);
    assert_int_equal(uses(SCREEN_C), 0);
}

/* Viewers of the largest tier watch the next one, until there is time for it again. */
static void test_without_the_largest_tier(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_rise(f, "s1");
    fake_picture(0, true);
    assert_int_equal(fake.uses[0], 1);
    mcu_peer *peer = fake_peer(0);
    unsigned packets = fake_peer_packets(peer);
    fake_overload(true);
    fake_audio_out(1); /* sound goes on as it was */
    assert_int_equal(fake_peer_packets(peer), packets + 1);
    fake_picture(1, true);
    assert_int_equal(fake.uses[0], 0);
    assert_int_equal(fake.uses[1], 1);
    fake_overload(false);
    fake_picture(0, true);
    assert_int_equal(fake.uses[0], 1);
}

/* A telephone held upright gets a high picture where there is one, also from the largest tier; not while there is a screen to be
 * read, nor a device whose picture keeps its size. */
static void test_upright(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    room_kit_offer(f, "s1", "a", "v=0 hello");
    room_kit_say(f, json_pack("{ss ss ss si si sb}", "type", "display", "seat", "s1", "session", "a", "width", 1200, "height",
                              2100, "upright", 1));
    assert_int_equal(fake.uses[UPRIGHT_B], 1); /* it is encoded before its connection is up */
    fake_peer_state(fake_peer(fake.peers - 1), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_int_equal(fake.uses[UPRIGHT_B], 1);
    fake_picture(UPRIGHT_B, true);
    assert_int_equal(fake.uses[0] + fake.uses[1], 0);
    const json_t *quality = room_kit_heard(f, "quality");
    assert_string_equal(room_kit_member(quality, "tier"), "B");
    assert_string_equal(room_kit_member(quality, "view"), "upright");
    share(f, true);
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    room_kit_settle();
    assert_int_equal(fake.uses[1], 1);
    share(f, false);
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s2", "fixed", 1));
    room_kit_join(f, "s2", "b");
    room_kit_say(f, json_pack("{ss ss ss si si sb}", "type", "display", "seat", "s2", "session", "b", "width", 1200, "height",
                              2100, "upright", 1));
    assert_int_equal(fake.uses[UPRIGHT_B], 1);
    room_kit_say(f,
                 json_pack("{ss ss ss si si}", "type", "display", "seat", "s1", "session", "a", "width", 2100, "height", 1200));
    fake_picture(1, true);
    assert_int_equal(fake.uses[UPRIGHT_B], 0); /* turned on its side */
}

static void test_screen_leaves_with_its_owner(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    mcu_peer *peer = room_kit_join(f, "s1", "a");
    share(f, true);
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    room_kit_settle();
    assert_int_equal(fake.n_people, 2);
    fake_peer_state(peer, MCU_PEER_GONE, "test");
    room_kit_settle();
    assert_int_equal(fake.n_people, 0);
    assert_false(fake.screens[1]);
}

/* Two who speak with hands look at each other on the thin tiers, at a smooth rate; everybody else's picture stays as it is. The
 * kit's tier C and D have canvases for them last. */
static void test_hands_look_at_hands(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s1", "tier", "D", "signing", 1));
    room_kit_say(f,
                 json_pack("{ss ss ss ss sb}", "type", "seat", "seat", "s2", "role", "interpreter", "tier", "D", "signing", 1));
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    room_kit_settle();
    assert_int_equal(fake.people[0].signer, 2); /* the interpreter sits for others */
    assert_int_equal(fake.people[1].signer, 1);
    assert_int_equal(fake.uses[HANDS_D], 1);
    assert_int_equal(fake.uses[HANDS_D + 1], 1);
    assert_int_equal(fake.uses[D], 0);
    fake_picture(HANDS_D, true);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s2", "session", "b", "video", 0));
    room_kit_settle();
    assert_int_equal(fake.people[0].signer, 1);
    assert_int_equal(fake.uses[HANDS_D + 1], 1);
}

/* While a screen is shown those on thin tiers see it and the first who signs, at a smooth rate; only that person looks at the
 * next. When nobody signs the screen has the pixels of a few pictures a second, but for lines that are kept for hands. */
static void test_screen_and_hands(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s1", "tier", "D", "signing", 1));
    room_kit_say(f,
                 json_pack("{ss ss ss ss sb}", "type", "seat", "seat", "s2", "role", "interpreter", "tier", "D", "signing", 1));
    room_kit_say(f, json_pack("{ss ss ss ss ss}", "type", "seat", "seat", "s3", "name", "Cy", "role", "guest", "tier", "D"));
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    room_kit_join(f, "s3", "c");
    share(f, true);
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    room_kit_settle();
    fake_picture(SIGNED_D, true);
    fake_picture(HANDS_D + 1, true);
    assert_int_equal(fake.uses[SIGNED_D], 2);
    assert_int_equal(fake.uses[HANDS_D + 1], 1); /* the interpreter's */
    assert_int_equal(uses(0), 3);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "video", 0));
    room_kit_settle();
    fake_picture(SIGNED_D, true);
    assert_int_equal(fake.uses[SIGNED_D], 3);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s2", "session", "b", "video", 0));
    room_kit_settle();
    fake_picture(SCREEN_D, true);
    assert_int_equal(fake.uses[SIGNED_D], 2);
    assert_int_equal(fake.uses[SCREEN_D], 1);
    share(f, false);
    fake_picture(D, true);
    fake_picture(HANDS_D, true);
    assert_int_equal(fake.uses[D], 1);
    assert_int_equal(fake.uses[HANDS_D], 2);
}

static json_int_t limit(const room_kit *f, const char *what)
{
    return json_integer_value(json_object_get(room_kit_heard(f, "limits"), what));
}

/* By name, for those who can make a smaller picture: a small tile, a large one, and again after the page was away. */
static void test_cameras_are_asked_for_what_their_tile_shows(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    fake_picture(1, true);
    fake_tile(1, 1, 640, 360);
    int64_t now_ns = mcu_now_ns();
    mcu_senders_tick(f->room, now_ns + 60 * MCU_NS_PER_SEC);
    assert_int_equal(limit(f, "lines"), 360);
    assert_int_equal(limit(f, "bps"), 700000);
    fake_tile(1, 1, 300, 160);
    mcu_senders_tick(f->room, now_ns += 6 * MCU_NS_PER_SEC);
    assert_string_equal(room_kit_member(room_kit_heard(f, "limits"), "session"), "a");
    assert_int_equal(limit(f, "lines"), 180);
    assert_int_equal(limit(f, "bps"), 200000);
    size_t said = json_array_size(f->sent);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "audio", 1));
    assert_true(json_array_size(f->sent) > said);
    assert_int_equal(limit(f, "lines"), 180);
    fake_tile(1, 1, 640, 640);
    assert_int_equal(limit(f, "lines"), 0);
    fake_tile(1, 1, 300, 160);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "share", 1));
    mcu_senders_tick(f->room, now_ns += 6 * MCU_NS_PER_SEC);
    assert_int_equal(limit(f, "lines"), 0); /* a screen, in the camera's place */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grid_without_files, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_chosen_by_name, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_replaced_while_in_use, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_thin_tiers_are_told_of_the_newest_layout, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_speaker_is_told_to_the_mixer, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_upright, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_cameras_are_asked_for_what_their_tile_shows, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_hands_look_at_hands, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_screen_and_hands, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_signing_counts_as_speaking, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_screen_comes_beside_the_camera, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_screen_in_the_cameras_place, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_screens_on_small_tiers, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_pictures_of_roles, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_without_the_largest_tier, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_screen_leaves_with_its_owner, room_kit_setup, room_kit_teardown),
        cmocka_unit_test(test_opens_with_its_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
