/* Telephones in a room whose net and mixer are fakes: who is heard, what keys do, what the gateway is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/leg.h"
#include "mcu/room/leg.h"
#include "tests/unit/room_kit.h"

static int any_fd(void)
{
    return eventfd(0, EFD_CLOEXEC); /* nothing to read */
}

static json_t *leg_json(void)
{
    mcu_leg_state s;
    memset(&s, 0, sizeof s);
    s.codec = MCU_CODEC_PCMU;
    s.ptime_ms = 20;
    s.event_pt = 101;
    s.ssrc = 5;
    assert_true(mcu_leg_address_parse("192.0.2.1:4000", &s.remote));
    return mcu_leg_to_json(&s);
}

static void pass(room_kit *f, json_t *take, unsigned n)
{
    int fds[2] = {any_fd(), any_fd()};
    if (n < 2) {
        close(fds[1]);
    }
    mcu_room_handle_fds(f->room, take, fds, n);
    for (unsigned i = 0; i < n; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    json_decref(take);
    room_kit_settle();
}

static void call(room_kit *f, const char *seat, const char *session)
{
    pass(f, json_pack("{ss si ss ss so}", "type", "leg", "id", 1, "seat", seat, "session", session, "leg", leg_json()), 2);
}

static const json_t *row_of(const room_kit *f, const char *seat)
{
    const json_t *list = json_object_get(room_kit_heard(f, "roster"), "participants");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(room_kit_member(json_array_get(list, i), "seat"), seat) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

static bool is_set(const json_t *m, const char *key)
{
    return json_is_true(json_object_get(m, key));
}

static void press(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        fake_call_key(*keys, true);
        fake_call_key(*keys, false);
    }
    room_kit_settle();
}

static void a_caller_has_a_seat_a_tile_and_a_voice(void **state)
{
    room_kit *f = *state;
    call(f, "s1", "c1");
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "state"), "up");
    assert_int_equal(fake.line_codec[1], MCU_CODEC_PCMU);
    assert_true(fake.voices[1] && fake.listeners[1] && !fake.muted[1]);
    assert_int_equal(fake.listener_voice[1], 1);
    assert_int_equal(fake.n_people, 1);
    assert_true(fake.people[0].phone && !fake.people[0].camera_on && !fake.people[0].muted);
    const json_t *row = row_of(f, "s1");
    assert_string_equal(room_kit_member(row, "kind"), "phone");
    assert_string_equal(room_kit_member(row, "tier"), "audio");
    assert_true(is_set(row, "phone") && is_set(row, "clear") && is_set(row, "audio"));
    fake_talking(1, true);
    room_kit_settle();
    assert_true(is_set(row_of(f, "s1"), "talking") && fake.people[0].talking);
    fake_audio_out(1);
    assert_int_equal(fake.call_packets, 1);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "leave", "id", 2, "seat", "s1", "session", "c1"));
    const json_t *gone = room_kit_heard(f, "leg");
    assert_string_equal(room_kit_member(gone, "state"), "gone");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(gone, "call"), "packets_in")), 99);
    assert_int_equal(fake.calls, 0);
    assert_false(fake.voices[1] || fake.listeners[1]);
    assert_null(row_of(f, "s1"));
}

/* As on the page: who hangs up after leaving the page comes back as anybody else; who only leaves the page still whispers. */
static void a_whisper_ends_with_the_call(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s2", "b");
    room_kit_join(f, "s1", "web");
    call(f, "s1", "c1");
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "seat_sound", "id", 3, "seat", "s1", "whisper", "s2"));
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "web"));
    assert_string_equal(room_kit_member(json_object_get(row_of(f, "s1"), "sound"), "whisper"), "s2");
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "c1"));
    call(f, "s1", "c2");
    assert_null(json_object_get(row_of(f, "s1"), "sound"));
}

static void what_cannot_be_is_refused(void **state)
{
    room_kit *f = *state;
    static const struct {
        const char *seat, *session;
        unsigned fds;
        const char *code;
    } rows[] = {
        {"nobody", "c1", 2, "not_found"}, {"s1", "", 2, "bad_request"},   {"s1", "c1", 1, "bad_request"},
        {"s1", "c1", 0, "bad_request"},   {"s1", "taken", 2, "conflict"}, {"s2", "c1", 2, "conflict"},
    };
    call(f, "s2", "taken");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        pass(f,
             json_pack("{ss si ss ss so}", "type", "leg", "id", (int)i, "seat", rows[i].seat, "session", rows[i].session, "leg",
                       leg_json()),
             rows[i].fds);
        const json_t *e = room_kit_heard(f, "error");
        assert_int_equal(json_integer_value(json_object_get(e, "id")), i);
        assert_string_equal(room_kit_member(e, "code"), rows[i].code);
    }
    assert_int_equal(fake.calls, 1);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "key", "id", 50, "session", "taken", "key", "66"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    room_kit_say(f, json_pack("{ss si ss}", "type", "say", "id", 51, "session", "taken"));
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "error"), "id")), 51);
}

static void keys_do_what_they_say_and_are_told(void **state)
{
    room_kit *f = *state;
    call(f, "s1", "c1");
    fake_call_key('*', true);
    assert_true(fake.hushed[1]); /* a key is nobody's to hear */
    fake_call_key('*', false);
    assert_false(fake.hushed[1]);
    press("6");
    assert_true(fake.muted[1]);
    assert_false(is_set(row_of(f, "s1"), "audio"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "keypad"), "command"), "mute");
    assert_true(is_set(room_kit_heard(f, "keypad"), "on"));
    press("*6");
    assert_false(fake.muted[1]);
    assert_false(is_set(room_kit_heard(f, "keypad"), "on"));
    press("*9");
    assert_true(is_set(row_of(f, "s1"), "hand"));
    press("*7*7");
    assert_int_equal(fake.gain[1], 511); /* 6 dB */
    for (unsigned i = 0; i < 20; i++) {
        press("*4");
    }
    assert_int_equal(fake.gain[1], 64); /* -12 dB and no further */
    press("*2");
    assert_string_equal(room_kit_member(room_kit_heard(f, "keypad"), "command"), "consent");
    assert_false(is_set(room_kit_heard(f, "keypad"), "on"));
    press("5");
    assert_string_equal(room_kit_member(room_kit_heard(f, "dtmf"), "key"), "5");
    press("*#");
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "why"), "keypad");
    assert_int_equal(fake.calls, 0);
}

static void hosts_mute_hold_and_prompts(void **state)
{
    room_kit *f = *state;
    call(f, "s1", "c1");
    room_kit_say(f, json_pack("{ss ss sb}", "type", "mute", "seat", "s1", "muted", 1));
    assert_true(fake.muted[1]);
    press("*6*6"); /* neither makes him heard */
    assert_true(fake.muted[1] && is_set(room_kit_heard(f, "keypad"), "on"));
    room_kit_say(f, json_pack("{ss ss sb}", "type", "mute", "seat", "s1", "muted", 0));
    assert_false(fake.muted[1]);
    room_kit_say(f, json_pack("{ss ss s{sb}}", "type", "leg_update", "session", "c1", "leg", "hold", 1));
    assert_true(fake.muted[1]);
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "state"), "held");
    assert_string_equal(room_kit_member(row_of(f, "s1"), "state"), "held");
    assert_true(fake.people[0].person == 1 && fake.people[0].phone && fake.people[0].hold); /* an icon */
    room_kit_say(f, json_pack("{ss ss s{sb}}", "type", "leg_update", "session", "c1", "leg", "hold", 0));
    assert_false(fake.muted[1]);
    assert_false(fake.people[0].hold);
    room_kit_say(f, json_pack("{ss ss s{ss si si}}", "type", "leg_update", "session", "c1", "leg", "codec", "G722", "pt_in", 9,
                              "pt_out", 9));
    assert_int_equal(fake.line_codec[1], MCU_CODEC_G722);
    fake.bad_wav = true;
    pass(f, json_pack("{ss si ss}", "type", "say", "id", 5, "session", "c1"), 1);
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "error"), "id")), 5);
}

static void who_comes_again_is_as_he_had_left(void **state)
{
    room_kit *f = *state;
    pass(f,
         json_pack("{ss si ss ss sb sb so}", "type", "leg", "id", 1, "seat", "s1", "session", "c1", "audio", 0, "hand", 1, "leg",
                   leg_json()),
         2);
    assert_true(fake.muted[1]);
    assert_false(is_set(row_of(f, "s1"), "audio"));
    assert_true(is_set(row_of(f, "s1"), "hand"));
    press("*6");
    assert_false(fake.muted[1]);
}

static void say(room_kit *f, const char *name, bool now)
{
    pass(f, json_pack("{ss si ss ss sb}", "type", "say", "id", 4, "session", "c1", "name", name, "now", now), 1);
}

static void what_is_to_be_said_waits_for_its_turn_and_is_said_once(void **state)
{
    room_kit *f = *state;
    call(f, "s1", "c1");
    mcu_leg *l = mcu_leg_find(f->room, "c1");
    say(f, "joined", false);
    assert_int_equal(fake.said[1], 480);
    say(f, "joined", false); /* is being said */
    say(f, "left", false);
    say(f, "left", false); /* waits already */
    assert_int_equal(fake.said[1], 480);
    say(f, "muted", true); /* what one has just done comes first */
    assert_int_equal(fake.said[1], 2 * 480);
    int64_t now_ns = mcu_now_ns() + MCU_NS_PER_SEC;
    mcu_leg_tick(l, now_ns);
    mcu_leg_tick(l, now_ns); /* after the last sound a short pause */
    assert_int_equal(fake.said[1], 3 * 480);
    mcu_leg_tick(l, now_ns + MCU_NS_PER_SEC);
    assert_int_equal(fake.said[1], 3 * 480);
    for (int i = 0; i < 10; i++) {
        g_autofree char *name = g_strdup_printf("p%d", i);
        say(f, name, false);
    }
    for (int i = 2; i < 20; i++) {
        mcu_leg_tick(l, now_ns + i * MCU_NS_PER_SEC);
    }
    assert_int_equal(fake.said[1], (3 + 4) * 480); /* the first of them fell out: four wait at most */
}

static void a_call_without_a_place_in_the_mixer_is_refused(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "web");
    fake.no_place = true;
    call(f, "s1", "c1");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "full");
    assert_null(room_kit_heard(f, "leg")); /* never "up" */
    assert_int_equal(fake.calls, 0);
    assert_true(fake.voices[1] && fake.listeners[1]); /* the browser has its sound again */
    fake_audio_out(1);
    assert_int_equal(fake_peer_packets(p), 1);
    fake.no_place = false;
    call(f, "s1", "c1");
    fake.no_place = true;
    room_kit_say(f, json_pack("{ss ss s{ss si si}}", "type", "leg_update", "session", "c1", "leg", "codec", "G722", "pt_in", 9,
                              "pt_out", 9));
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "why"), "no_place");
    assert_true(fake.voices[1] && fake.listeners[1]);
}

static void a_phone_beside_a_browser_takes_its_sound_and_gives_it_back(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "web");
    call(f, "s1", "c1");
    assert_int_equal(fake.n_people, 1);
    assert_true(fake.people[0].phone && fake.people[0].camera_on);
    assert_int_equal(fake.line_codec[1], MCU_CODEC_PCMU);
    fake_audio_out(1);
    assert_int_equal(fake.call_packets, 1);
    assert_int_equal(fake_peer_packets(p), 0);
    assert_string_equal(room_kit_member(row_of(f, "s1"), "kind"), "ws");
    assert_true(is_set(row_of(f, "s1"), "phone"));
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "c1"));
    assert_true(fake.voices[1] && fake.listeners[1]);
    fake_audio_out(1);
    assert_int_equal(fake_peer_packets(p), 1);
    assert_null(json_object_get(row_of(f, "s1"), "phone"));
    call(f, "s1", "c2"); /* and the browser may go while the phone stays */
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "web"));
    assert_string_equal(room_kit_member(row_of(f, "s1"), "kind"), "phone");
    assert_true(fake.voices[1] && fake.listeners[1]);
}

static void a_call_that_is_over_without_a_word_leaves_its_seat(void **state)
{
    room_kit *f = *state;
    call(f, "s1", "c1");
    int64_t now_ns = mcu_now_ns();
    mcu_leg_tick(mcu_leg_find(f->room, "c1"), now_ns + 119 * MCU_NS_PER_SEC);
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "state"), "quiet");
    fake.call_report_ns = now_ns + 100 * MCU_NS_PER_SEC; /* it is there and says nothing */
    mcu_leg_tick(mcu_leg_find(f->room, "c1"), now_ns + 219 * MCU_NS_PER_SEC);
    room_kit_say(f, json_pack("{ss ss s{sb}}", "type", "leg_update", "session", "c1", "leg", "hold", 1));
    mcu_leg_tick(mcu_leg_find(f->room, "c1"), now_ns + 300 * MCU_NS_PER_SEC); /* who holds may be silent */
    room_kit_say(f, json_pack("{ss ss s{sb}}", "type", "leg_update", "session", "c1", "leg", "hold", 0));
    mcu_leg_tick(mcu_leg_find(f->room, "c1"), now_ns + 221 * MCU_NS_PER_SEC);
    room_kit_settle();
    assert_string_equal(room_kit_member(room_kit_heard(f, "leg"), "why"), "silent");
    assert_int_equal(fake.calls, 0);
    assert_null(row_of(f, "s1"));
}

static void many_silent_callers_share_a_tile(void **state)
{
    room_kit *f = *state;
    for (int i = 3; i < 8; i++) {
        g_autofree char *seat = g_strdup_printf("s%d", i), *session = g_strdup_printf("c%d", i);
        room_kit_say(f, json_pack("{ss ss ss ss}", "type", "seat", "seat", seat, "name", "Phone", "role", "patient"));
        call(f, seat, session);
    }
    room_kit_join(f, "s1", "web");
    assert_int_equal(fake.n_people, 2);
    assert_string_equal(fake.names[1], "\xc3\x97 5");
    assert_true(fake.people[1].phone);
    fake_talking(5, true);
    room_kit_settle();
    assert_int_equal(fake.n_people, 3); /* who talks is seen */
    assert_string_equal(fake.names[1], "\xc3\x97 4");
    assert_true(fake.people[2].talking && fake.people[2].person == 5);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s3", "session", "c3"));
    assert_int_equal(fake.n_people, 5); /* three are not many */
}

static void a_video_endpoint_is_a_tile_and_watches_what_it_can_take(void **state)
{
    room_kit *f = *state;
    int fds[4] = {any_fd(), any_fd(), any_fd(), any_fd()};
    json_t *leg = leg_json();
    json_object_set_new(leg, "video",
                        json_pack("{si sb sb si si ss sn}", "pt", 97, "send", 1, "recv", 1, "max_mbs", 396, "max_kbps", 384,
                                  "remote", "192.0.2.1:4002", "srtp"));
    json_t *m = json_pack("{ss si ss ss so}", "type", "leg", "id", 1, "seat", "s1", "session", "c1", "leg", leg);
    mcu_room_handle_fds(f->room, m, fds, 2); /* without its sockets */
    assert_null(mcu_leg_find(f->room, "c1"));
    mcu_room_handle_fds(f->room, m, fds, 4);
    json_decref(m);
    room_kit_settle();
    assert_int_equal(fake.video_calls, 1);
    assert_true(fake.sources[1] && fake.people[0].camera_on && !fake.people[0].phone);
    unsigned watched = 0;
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        watched += fake.uses[t];
        if (fake.uses[t] > 0) {
            fake_picture(t, true);
            assert_int_equal(fake.keyframe_requests[t], 1);
        }
    }
    assert_int_equal(watched, 1);
    assert_int_equal(fake.uses[0], 0); /* the largest is more than it takes */
    assert_int_equal(fake.call_pictures, 1);
    room_kit_say(f, json_pack("{si ss ss ss}", "id", 2, "type", "keyframe", "seat", "s1", "session", "c1"));
    room_kit_say(f, json_pack("{ss ss s{s{sisb}}}", "type", "leg_update", "session", "c1", "leg", "video", "pt", 97, "recv", 0));
    assert_true(!fake.sources[1] && !fake.people[0].camera_on && fake.people[0].phone);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s1", "session", "c1"));
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        assert_int_equal(fake.uses[t], 0);
    }
    assert_int_equal(fake.video_calls + fake.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_caller_has_a_seat_a_tile_and_a_voice, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(a_whisper_ends_with_the_call, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(keys_do_what_they_say_and_are_told, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(hosts_mute_hold_and_prompts, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(who_comes_again_is_as_he_had_left, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(what_is_to_be_said_waits_for_its_turn_and_is_said_once, room_kit_setup,
                                        room_kit_teardown),
        cmocka_unit_test_setup_teardown(a_call_without_a_place_in_the_mixer_is_refused, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(a_phone_beside_a_browser_takes_its_sound_and_gives_it_back, room_kit_setup,
                                        room_kit_teardown),
        cmocka_unit_test_setup_teardown(a_call_that_is_over_without_a_word_leaves_its_seat, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(a_video_endpoint_is_a_tile_and_watches_what_it_can_take, room_kit_setup,
                                        room_kit_teardown),
        cmocka_unit_test_setup_teardown(many_silent_callers_share_a_tile, room_kit_setup, room_kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
