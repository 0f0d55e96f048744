#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/room/check.h"
#include "mcu/room/still.h"
#include "tests/unit/room_kit.h"

static void check_offer(room_kit *f, const char *session)
{
    room_kit_say(f, json_pack("{ss si ss ss ss ss sb}", "type", "offer", "id", 1, "seat", "s1", "session", session, "kind",
                              "check", "sdp", "v=0", "trickle", 1));
}

static const json_t *person(const room_kit *f, const char *seat)
{
    const json_t *list = json_object_get(room_kit_heard(f, "roster"), "participants"), *p = NULL;
    size_t i = 0;
    json_array_foreach(list, i, p)
    {
        if (strcmp(room_kit_member(p, "seat"), seat) == 0) {
            return p;
        }
    }
    return NULL;
}

static bool flag(const json_t *p, const char *key)
{
    assert_true(json_is_boolean(json_object_get(p, key)));
    return json_is_true(json_object_get(p, key));
}

static void test_check_hears_and_sees_itself_and_nobody_else_does(void **state)
{
    room_kit *f = *state;
    mcu_peer *seated = room_kit_join(f, "s1", "a");
    check_offer(f, "check-1");
    assert_string_equal(room_kit_member(room_kit_heard(f, "answer"), "session"), "check-1");
    mcu_peer *p = fake_peer(1);
    fake_peer_state(p, MCU_PEER_UP, "test");
    room_kit_settle();
    assert_string_equal(room_kit_member(room_kit_heard(f, "session"), "state"), "up");
    fake_peer_gives(p);
    assert_int_equal(fake_peer_pictures(p), 1);
    assert_int_equal(fake_peer_packets(p), 1);
    assert_int_equal(fake_peer_keyframes(p), 2);
    assert_int_equal(fake_peer_pictures(seated) + fake_peer_packets(seated), 0);
    assert_int_equal(fake.n_people, 1);
    assert_int_equal(fake.peers, 2);
    room_kit_say(
        f, json_pack("{ss si ss ss ss}", "type", "candidate", "id", 2, "seat", "s1", "session", "check-1", "candidate", "bad"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "leave", "id", 3, "seat", "s1", "session", "check-1"));
    assert_int_equal(fake.peers, 1);
    assert_string_equal(room_kit_member(room_kit_heard(f, "session"), "state"), "gone");
    assert_int_equal(fake.n_people, 1);
}

static void test_check_that_cannot_send_asks_for_a_keyframe(void **state)
{
    room_kit *f = *state;
    check_offer(f, "check-1");
    fake.pacer_full = true;
    fake_peer_gives(fake_peer(0));
    assert_int_equal(fake_peer_pictures(fake_peer(0)), 0);
    assert_int_equal(fake_peer_keyframes(fake_peer(0)), 2);
}

static void test_checks_are_few_and_short(void **state)
{
    room_kit *f = *state;
    static const char *const names[] = {"check-1", "check-2", "check-3", "check-4", "check-5"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        check_offer(f, names[i]);
    }
    assert_int_equal(fake.peers, 4);
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "full");
    check_offer(f, names[0]); /* a further offer of one that is there */
    assert_int_equal(fake.peers, 4);
    mcu_checks_tick(f->room, mcu_now_ns() + 14 * MCU_NS_PER_SEC);
    room_kit_settle();
    assert_int_equal(fake.peers, 4);
    fake_peer_state(fake_peer(0), MCU_PEER_GONE, "test");
    mcu_checks_tick(f->room, mcu_now_ns() + 16 * MCU_NS_PER_SEC);
    room_kit_settle();
    assert_int_equal(fake.peers, 0);
}

static void test_check_that_makes_no_sense_leaves_nothing(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss si ss ss ss ss}", "type", "offer", "id", 1, "seat", "s1", "session", "check-1", "kind",
                              "check", "sdp", "nonsense"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_sdp");
    room_kit_say(f, json_pack("{ss si ss ss ss}", "type", "offer", "id", 1, "seat", "s1", "kind", "check", "sdp", "v=0"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    assert_int_equal(fake.peers, 0);
}

static void test_seat_that_may_not_send_has_no_tile_and_is_not_asked(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss ss ss sb sb}", "type", "seat", "seat", "s3", "name", "Eve", "role", "observer",
                              "sends_audio", 0, "sends_video", 0));
    fake.gives_video = false;
    mcu_peer *p = room_kit_join(f, "s3", "o");
    const mcu_peer_policy *policy = fake_peer_policy(p);
    assert_false(policy->recv_audio || policy->recv_video);
    assert_true(policy->send_audio && policy->send_video);
    assert_int_equal(fake.n_people, 0);
    assert_int_equal(fake.uses[1], 1);
    assert_false(flag(person(f, "s3"), "audio"));
}

static void test_seat_that_loses_the_right_to_speak_is_silent_at_once(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    assert_false(fake.muted[1]);
    room_kit_say(f, json_pack("{ss ss sb sb}", "type", "seat", "seat", "s1", "sends_audio", 0, "sends_video", 0));
    assert_true(fake.muted[1]);
    assert_int_equal(fake.n_people, 0);
}

static void test_hand_share_and_host_are_in_the_roster(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    assert_false(flag(person(f, "s1"), "hand") || flag(person(f, "s1"), "share") || flag(person(f, "s1"), "host"));
    room_kit_say(f, json_pack("{ss ss ss sb sb}", "type", "state", "seat", "s1", "session", "a", "hand", 1, "share", 1));
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "host", 1));
    assert_true(flag(person(f, "s1"), "hand") && flag(person(f, "s1"), "share") && flag(person(f, "s1"), "host"));
    assert_true(fake.people[0].hand && !fake.people[0].camera_off && !fake.people[0].weak && !fake.people[0].hold);
    room_kit_join(f, "s1", "b"); /* a new connection: the hand stays up, its picture is a camera again */
    assert_true(flag(person(f, "s1"), "hand"));
    assert_false(flag(person(f, "s1"), "share"));
    room_kit_say(f, json_pack("{ss ss ss sb sb}", "type", "state", "seat", "s1", "session", "b", "hand", 0, "video", 0));
    assert_true(!fake.people[0].hand && fake.people[0].camera_off);
}

static void test_fixed_seat_keeps_its_size_whatever_the_link_does(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "fixed", 1));
    mcu_peer *p = room_kit_join(f, "s1", "a");
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    fake_picture(1, true);
    fake_peer_link(p, 300000);
    bool voice_only = false;
    for (int64_t s = 1; s < 120 && !voice_only; s++) {
        mcu_session_tick(seat->session, mcu_now_ns() + s * MCU_NS_PER_SEC);
        assert_int_equal(fake.uses[0] + fake.uses[2] + fake.uses[3], 0);
        voice_only = fake.uses[1] == 0;
    }
    assert_true(voice_only);
}

static void wish(room_kit *f, const char *tier)
{
    room_kit_say(f, json_pack("{ss ss ss}", "type", "tier", "seat", "s1", "tier", tier));
}

static const char *inspected(room_kit *f, const char *member)
{
    room_kit_say(f, json_pack("{ss si}", "type", "inspect", "id", 1));
    return room_kit_member(json_array_get(json_object_get(room_kit_heard(f, "inspection"), "participants"), 0), member);
}

static void test_fixed_seat_gets_another_tier_when_it_connects_again(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "fixed", 1));
    room_kit_join(f, "s1", "a");
    fake_picture(1, true);
    wish(f, "A");
    room_kit_say(f, json_pack("{ss ss ss}", "type", "seat", "seat", "s1", "tier", "C"));
    assert_int_equal(fake.uses[0] + fake.uses[2] + fake.uses[3], 0);
    assert_int_equal(fake.uses[1], 1);
    assert_string_equal(inspected(f, "tier"), "B");
    assert_string_equal(inspected(f, "tier_wanted"), "A");
    wish(f, "audio");
    assert_int_equal(fake.uses[1], 0);
    wish(f, "auto");
    assert_int_equal(fake.uses[1], 1);
    room_kit_join(f, "s1", "b");
    assert_int_equal(fake.uses[1], 0);
    assert_int_equal(fake.uses[2], 1);
}

static void test_fixed_seat_gets_what_was_wished_before_it_is_up(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "fixed", 1));
    room_kit_offer(f, "s1", "a", "v=0 hello");
    wish(f, "C");
    fake_peer_state(fake_peer(fake.peers - 1), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_int_equal(fake.uses[1], 0);
    assert_int_equal(fake.uses[2], 1);
}

static void test_fixed_seat_chooses_with_its_first_decoder(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "fixed", 1));
    fake.send_codec = MCU_CODEC_NONE; /* the first offer takes no picture */
    room_kit_join(f, "s1", "a");
    assert_int_equal(fake.uses[0] + fake.uses[1] + fake.uses[2] + fake.uses[3], 0);
    fake.send_codec = MCU_CODEC_H264;
    fake.limits = mcu_h264_level_limits(21);
    room_kit_offer(f, "s1", "a", "v=0 with pictures");
    assert_int_equal(fake.uses[2], 1);
}

static void tick_for(mcu_seat *seat, int64_t seconds)
{
    for (int64_t s = 1; s < seconds; s++) {
        mcu_session_tick(seat->session, mcu_now_ns() + s * MCU_NS_PER_SEC);
    }
}

static void test_no_tier_that_the_decoder_does_not_take(void **state)
{
    room_kit *f = *state;
    fake.limits = mcu_h264_level_limits(21);
    room_kit_join(f, "s1", "a");
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    assert_int_equal(fake.uses[2], 1);
    assert_string_equal(inspected(f, "tier_able"), "C");
    wish(f, "A");
    assert_int_equal(fake.uses[2], 1);
    wish(f, "auto");
    tick_for(seat, 120);
    assert_int_equal(fake.uses[0] + fake.uses[1], 0);
    assert_int_equal(fake.uses[2], 1);
    fake.limits = mcu_h264_level_limits(30); /* said in a later offer */
    room_kit_offer(f, "s1", "a", "v=0 again");
    room_kit_rise(f, "s1");
    assert_int_equal(fake.uses[1], 1);
    fake.limits = mcu_h264_level_limits(10);
    room_kit_offer(f, "s1", "a", "v=0 once more");
    assert_int_equal(fake.uses[0] + fake.uses[1] + fake.uses[2] + fake.uses[3], 0);
}

static unsigned watches(room_kit *f)
{
    const mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    return mcu_canvas_tier(f->room, seat->session->view.wanted);
}

/* By a host: down at once, however much the link carries, and up again when the cap has gone. */
static void test_a_cap_holds_while_the_link_carries_more(void **state)
{
    room_kit *f = *state;
    fake_peer_link(room_kit_join(f, "s1", "a"), 20000000);
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    tick_for(seat, 60);
    fake_picture(0, true);
    assert_int_equal(watches(f), 0);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "seat", "seat", "s1", "tier", "C"));
    assert_int_equal(watches(f), 2);
    fake_picture(2, true);
    assert_int_equal(fake.uses[0], 0);
    tick_for(seat, 300);
    assert_int_equal(watches(f), 2);
    assert_int_equal(seat->session->quality, 5);
    assert_string_equal(mcu_ease_name(seat->session->ease), ""); /* nobody's connection is weak */
    room_kit_say(f, json_pack("{ss ss ss}", "type", "seat", "seat", "s1", "tier", ""));
    tick_for(seat, 300);
    assert_int_equal(watches(f), 0);
}

static void own_wish(room_kit *f, const char *session, const char *tier)
{
    room_kit_say(f, json_pack("{ss ss ss ss}", "type", "tier", "seat", "s1", "session", session, "tier", tier));
}

/* What is chosen by hand is the most that is sent: on a thin line it is less. */
static void test_what_is_chosen_does_not_defeat_a_thin_line(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    for (unsigned by = 0; by < 2; by++) {
        fake_peer_tells(p, true);
        fake_peer_link(p, 500000);
        by == 0 ? wish(f, "B") : own_wish(f, "a", "B");
        tick_for(seat, 60);
        assert_int_equal(watches(f), 1);
        fake_peer_link(p, 120000);
        tick_for(seat, 5);
        assert_true(watches(f) > 2);
    }
    assert_string_equal(inspected(f, "tier_wanted"), "B");
}

/* The lower of both counts; the person's own goes with the seat into the next connection, the operator's stays with the seat. */
static void test_whose_choice_it_is(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    own_wish(f, "a", "audio");
    assert_int_equal(watches(f), 4);
    wish(f, "C");
    assert_int_equal(watches(f), 4);
    room_kit_join(f, "s1", "b");
    assert_int_equal(watches(f), 4);
    own_wish(f, "b", "auto");
    assert_int_equal(watches(f), 2);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "b"));
    room_kit_join(f, "s1", "c");
    assert_int_equal(watches(f), 2);
}

static void display(room_kit *f, int width, int height)
{
    room_kit_say(
        f, json_pack("{ss ss ss si si}", "type", "display", "seat", "s1", "session", "a", "width", width, "height", height));
}

static void test_no_tier_that_shows_nothing_more_on_a_small_screen(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    wish(f, "A");
    room_kit_rise(f, "s1");
    display(f, 640, 360);
    assert_string_equal(inspected(f, "tier_useful"), "B");
    assert_int_equal(fake.uses[0], 1); /* by hand it may be larger */
    wish(f, "auto");
    tick_for(seat, 120);
    assert_int_equal(fake.uses[0], 0);
    assert_int_equal(fake.uses[1], 1);
    display(f, 1280, 720);
    assert_string_equal(inspected(f, "tier_useful"), "A");
    assert_int_equal(seat->session->choice.top, 0);
    display(f, 0, 720);
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    display(f, 640, 40000);
    assert_int_equal(seat->session->choice.top, 0);
    display(f, 640, 360);
    assert_int_equal(seat->session->choice.top, 1);
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "fixed", 1));
    wish(f, "auto");
    assert_int_equal(seat->session->choice.top, 0); /* a size that never changes does not follow a window */
}

static void ask_for_still(room_kit *f, int id, const char *tier)
{
    room_kit_say(f, json_pack("{ss si ss}", "type", "picture", "id", id, "tier", tier));
}

static void test_still_of_a_tier_is_made_for_who_asks_and_not_longer(void **state)
{
    room_kit *f = *state;
    ask_for_still(f, 7, "A");
    ask_for_still(f, 8, "A");
    assert_int_equal(fake.stills[0], 1);
    assert_null(room_kit_heard(f, "picture"));
    fake_still(0);
    const json_t *m = room_kit_heard(f, "picture");
    assert_int_equal(json_integer_value(json_object_get(m, "id")), 8);
    assert_string_equal(room_kit_member(m, "jpeg"), "/9j/");
    assert_int_equal(json_integer_value(json_object_get(m, "width")), 640);
    json_array_clear(f->sent);
    fake_still(0); /* nobody waits */
    assert_null(room_kit_heard(f, "picture"));
    mcu_stills_tick(f->room, mcu_now_ns() + 4 * MCU_NS_PER_SEC);
    assert_int_equal(fake.stills[0], 1);
    mcu_stills_tick(f->room, mcu_now_ns() + 6 * MCU_NS_PER_SEC);
    assert_int_equal(fake.stills[0], 0);
}

static void test_still_that_does_not_come_is_an_error(void **state)
{
    room_kit *f = *state;
    ask_for_still(f, 7, "D");
    mcu_stills_tick(f->room, mcu_now_ns() + 4 * MCU_NS_PER_SEC);
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "unavailable");
    ask_for_still(f, 8, "audio");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    for (int i = 0; i < 33; i++) {
        ask_for_still(f, i, "B");
    }
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "unavailable");
}

static unsigned qualities(const room_kit *f)
{
    unsigned n = 0;
    for (size_t i = 0; i < json_array_size(f->sent); i++) {
        n += strcmp(json_string_value(json_object_get(json_array_get(f->sent, i), "type")), "quality") == 0;
    }
    return n;
}

/* Everybody sees it: an icon beside the name. */
static void test_a_weak_link_is_in_the_picture(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    fake_picture(1, true);
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    const mcu_peer_stats bad = {.state = MCU_PEER_UP, .link.loss = 0.4, .rtt_ms = 900},
                         good = {.state = MCU_PEER_UP, .rtt_ms = 20};
    mcu_report_quality(seat->session, &bad);
    room_kit_settle();
    assert_true(fake.people[0].weak && !fake.people[1].weak);
    mcu_report_quality(seat->session, &good);
    room_kit_settle();
    assert_false(fake.people[0].weak);
}

/* Twice a second it would be a part of a thin line that is worth having. */
static void test_the_same_quality_is_not_said_again_and_again(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    fake_picture(1, true);
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    unsigned before = qualities(f);
    for (unsigned i = 0; i < 3; i++) {
        mcu_session_report(seat->session);
    }
    assert_true(qualities(f) <= before + 1);
    before = qualities(f);
    seat->session->said_quality.at_ns -= 3 * MCU_NS_PER_SEC;
    mcu_session_report(seat->session);
    assert_int_equal(qualities(f), before + 1);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "tier", "id", 4, "seat", "s1", "tier", "D"));
    fake_picture(3, true);
    assert_int_equal(qualities(f), before + 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, room_kit_setup, room_kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_check_hears_and_sees_itself_and_nobody_else_does),
        CASE(test_check_that_cannot_send_asks_for_a_keyframe),
        CASE(test_checks_are_few_and_short),
        CASE(test_check_that_makes_no_sense_leaves_nothing),
        CASE(test_seat_that_may_not_send_has_no_tile_and_is_not_asked),
        CASE(test_seat_that_loses_the_right_to_speak_is_silent_at_once),
        CASE(test_hand_share_and_host_are_in_the_roster),
        CASE(test_still_of_a_tier_is_made_for_who_asks_and_not_longer),
        CASE(test_still_that_does_not_come_is_an_error),
        CASE(test_fixed_seat_keeps_its_size_whatever_the_link_does),
        CASE(test_fixed_seat_gets_another_tier_when_it_connects_again),
        CASE(test_fixed_seat_gets_what_was_wished_before_it_is_up),
        CASE(test_fixed_seat_chooses_with_its_first_decoder),
        CASE(test_no_tier_that_the_decoder_does_not_take),
        CASE(test_a_cap_holds_while_the_link_carries_more),
        CASE(test_what_is_chosen_does_not_defeat_a_thin_line),
        CASE(test_whose_choice_it_is),
        CASE(test_no_tier_that_shows_nothing_more_on_a_small_screen),
        CASE(test_a_weak_link_is_in_the_picture),
        CASE(test_the_same_quality_is_not_said_again_and_again),
    };
    return cmocka_run_group_tests_name("room_seats", tests, NULL, NULL);
}
