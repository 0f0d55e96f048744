/* test_room_freeze.c - a still of somebody's picture: whose it may be, how long it stays, who is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/room/freeze.h"
#include "tests/unit/room_kit.h"

#define SCREEN 0x80000001u /* of s1 */

static void freeze(room_kit *f, const char *seat, const char *what)
{
    json_array_clear(f->sent);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "freeze", "id", 7, "seat", seat, "what", what));
    room_kit_settle();
    mcu_freeze_tick(f->room, mcu_now_ns() + 3 * MCU_NS_PER_SEC); /* its sender had time to send a larger one */
    room_kit_settle();
}

static const char *refusal(const room_kit *f)
{
    const json_t *error = room_kit_heard(f, "error");
    return error != NULL ? room_kit_member(error, "code") : "";
}

static void comes(uint32_t still)
{
    fake_source_state(still, MIX_SOURCE_LIVE);
    room_kit_settle();
}

/* What the list says is held of a seat. */
static const char *held(const room_kit *f, const char *seat)
{
    const json_t *p = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(room_kit_heard(f, "roster"), "participants"), i, p)
    {
        if (strcmp(room_kit_member(p, "seat"), seat) == 0) {
            const char *what = json_string_value(json_object_get(p, "frozen"));
            return what != NULL ? what : "";
        }
    }
    return "?";
}

static void test_a_camera_is_held_and_let_go(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    freeze(f, "s1", "camera");
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "ok"), "id")), 7);
    assert_int_equal(fake.frozen_from, 1);
    assert_int_equal(fake.n_people, 2); /* not before it is there */
    uint32_t still = fake.frozen_as;
    comes(still);
    assert_int_equal(fake.n_people, 3);
    assert_int_equal(fake.people[0].person, still);
    assert_int_equal(fake.people[0].who, 1u << MCU_WHO_CONTENT);
    assert_true(fake.people[0].still && fake.people[0].camera_on);
    assert_string_equal(fake.names[0], "Ann");
    assert_string_equal(held(f, "s1"), "camera");
    assert_string_equal(held(f, "s2"), "");
    fake_layout(0, still);
    const json_t *tile = json_array_get(json_object_get(room_kit_heard(f, "layout"), "tiles"), 0);
    assert_string_equal(room_kit_member(tile, "seat"), "s1");
    assert_true(json_is_true(json_object_get(tile, "content")) && json_is_true(json_object_get(tile, "frozen")));
    freeze(f, "s2", "off");
    assert_string_equal(refusal(f), "not_found");
    freeze(f, "s1", "off");
    assert_int_equal(fake.n_people, 2);
    assert_false(fake.frozen[still & 255]);
    assert_string_equal(held(f, "s1"), "");
}

/* The one before stays until the next one is there. */
static void test_one_takes_the_others_place(void **state)
{
    room_kit *f = *state;
    fake.gives_content = true;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    freeze(f, "s1", "screen");
    assert_string_equal(refusal(f), "not_found");
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "share", 1));
    fake_source_state(SCREEN, MIX_SOURCE_LIVE);
    freeze(f, "s1", "screen");
    assert_int_equal(fake.frozen_from, SCREEN);
    uint32_t first = fake.frozen_as;
    comes(first);
    assert_int_equal(fake.n_people, 4);
    assert_int_equal(fake.people[0].person, first); /* before the screen that goes on */
    assert_int_equal(fake.people[1].person, SCREEN);
    freeze(f, "s2", "camera");
    freeze(f, "s2", "camera"); /* pressed twice: the first was not there yet */
    uint32_t second = fake.frozen_as;
    assert_int_not_equal(first, second);
    assert_true(fake.frozen[first & 255] && fake.frozen[second & 255] && !fake.frozen[(second - 1) & 255]);
    assert_int_equal(fake.people[0].person, first);
    comes(second);
    assert_int_equal(fake.people[0].person, second);
    assert_false(fake.frozen[first & 255]);
    assert_string_equal(held(f, "s1"), "");
    assert_string_equal(held(f, "s2"), "camera");
    freeze(f, "s2", "off");
    assert_false(fake.frozen[second & 255]);
}

static void test_it_leaves_with_its_owner(void **state)
{
    room_kit *f = *state;
    mcu_peer *peer = room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    freeze(f, "s1", "camera");
    comes(fake.frozen_as);
    room_kit_join(f, "s1", "c"); /* another connection of the same person */
    assert_int_equal(fake.people[0].person, fake.frozen_as);
    peer = fake_peer(1);
    fake_peer_state(peer, MCU_PEER_GONE, "test");
    room_kit_settle();
    assert_int_equal(fake.n_people, 1);
    assert_false(fake.frozen[fake.frozen_as & 255]);
    freeze(f, "s2", "camera");
    comes(fake.frozen_as);
    assert_int_equal(fake.n_people, 2);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "unseat", "seat", "s2", "reason", "removed"));
    room_kit_settle();
    assert_int_equal(fake.n_people, 0);
    assert_false(fake.frozen[fake.frozen_as & 255]);
}

static void test_what_cannot_be_held(void **state)
{
    room_kit *f = *state;
    freeze(f, "s1", "camera"); /* is not here */
    assert_string_equal(refusal(f), "not_found");
    freeze(f, "nobody", "off");
    assert_string_equal(refusal(f), "not_found");
    room_kit_join(f, "s1", "a");
    freeze(f, "s1", "picture");
    assert_string_equal(refusal(f), "bad_request");
    fake.no_picture = true;
    freeze(f, "s1", "camera");
    assert_string_equal(refusal(f), "unavailable");
    fake.no_picture = false;
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "video", 0));
    freeze(f, "s1", "camera"); /* nobody sees it, so nobody holds it */
    assert_string_equal(refusal(f), "not_found");
    assert_int_equal(fake.n_people, 1);
}

static void ask(room_kit *f, const char *what)
{
    json_array_clear(f->sent);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "freeze", "id", 7, "seat", "s1", "what", what));
    room_kit_settle();
}

static bool held_after(const room_kit *f, int64_t now_ns)
{
    fake.frozen_as = 0;
    mcu_freeze_tick(f->room, now_ns);
    return fake.frozen_as != 0;
}

/* Asked for a larger one and a keyframe, waited for until it is there and sharp, for as long as a person has patience. */
static void test_its_sender_is_asked_for_a_larger_picture_first(void **state)
{
    room_kit *f = *state;
    mcu_peer *peer = room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    unsigned usual_bps = fake_peer_max_video_bps(peer), keyframes = fake_peer_keyframes(peer);
    int64_t t = mcu_now_ns();
    ask(f, "camera");
    const json_t *larger = room_kit_heard(f, "larger");
    assert_string_equal(room_kit_member(larger, "seat"), "s1");
    assert_string_equal(room_kit_member(larger, "session"), "a");
    assert_string_equal(room_kit_member(larger, "what"), "camera");
    assert_int_equal(fake_peer_keyframes(peer), keyframes + 1);
    assert_in_range(fake_peer_max_video_bps(peer), 3000000, 5000000);
    assert_false(held_after(f, t + 400 * MCU_NS_PER_MS));
    fake.source_px = 1280 * 720;
    assert_false(held_after(f, t + 500 * MCU_NS_PER_MS));
    assert_false(held_after(f, t + 1000 * MCU_NS_PER_MS));
    assert_true(held_after(f, t + 1200 * MCU_NS_PER_MS));
    assert_int_equal(fake.frozen_from, 1);
    assert_int_equal(fake_peer_max_video_bps(peer), usual_bps);
    t = mcu_now_ns();
    ask(f, "camera"); /* is as large as it gets, and had no time to become sharp */
    assert_false(held_after(f, t + 300 * MCU_NS_PER_MS));
    assert_true(held_after(f, t + 800 * MCU_NS_PER_MS));
    fake.source_px = 320 * 180; /* a camera that has no more */
    t = mcu_now_ns();
    ask(f, "camera");
    assert_false(held_after(f, t + 2000 * MCU_NS_PER_MS));
    assert_true(held_after(f, t + 3000 * MCU_NS_PER_MS));
    ask(f, "camera");
    ask(f, "off"); /* before it was there */
    assert_int_equal(fake_peer_max_video_bps(peer), usual_bps);
    assert_false(held_after(f, mcu_now_ns() + 5 * MCU_NS_PER_SEC));
    ask(f, "camera");
    room_kit_say(f, json_pack("{ss ss ss}", "type", "unseat", "seat", "s1", "reason", "removed"));
    assert_false(held_after(f, mcu_now_ns() + 5 * MCU_NS_PER_SEC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_camera_is_held_and_let_go, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_one_takes_the_others_place, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_it_leaves_with_its_owner, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_its_sender_is_asked_for_a_larger_picture_first, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_held, room_kit_setup, room_kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
