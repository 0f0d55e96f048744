#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/room/caption.h"
#include "mcu/room/room_private.h"
#include "tests/unit/room_kit.h"

static void test_join_is_in_the_mix_once_up(void **state)
{
    room_kit *f = *state;
    room_kit_offer(f, "s1", "a", "v=0 hello");
    assert_string_equal(room_kit_member(room_kit_heard(f, "answer"), "sdp"), "answer to v=0 hello");
    assert_int_equal(fake.n_people, 0);
    assert_int_equal(json_array_size(json_object_get(room_kit_heard(f, "roster"), "participants")), 0);
    fake_peer_state(fake_peer(0), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_int_equal(fake.n_people, 1);
    assert_string_equal(fake.names[0], "Ann");
    assert_true(fake.sources[1] && fake.voices[1] && fake.listeners[1]);
    assert_int_equal(fake.listener_voice[1], 1);
    assert_int_equal(json_array_size(json_object_get(room_kit_heard(f, "roster"), "participants")), 1);
}

static void test_host_mute_of_the_store_holds_from_the_start(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s2", "a");
    assert_true(fake.muted[2]);
    room_kit_say(f, json_pack("{ss si ss sb}", "type", "mute", "id", 1, "seat", "s2", "muted", 0));
    assert_false(fake.muted[2]);
    room_kit_say(f, json_pack("{ss ss ss sb sb}", "type", "state", "seat", "s2", "session", "a", "audio", 0, "video", 0));
    assert_true(fake.muted[2]);
    assert_false(fake.people[0].camera_on);
}

static void test_new_session_of_a_seat_replaces_the_old_without_a_ghost(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "x");
    mcu_peer *again = room_kit_join(f, "s1", "b");
    assert_non_null(again);
    assert_int_equal(fake.peers, 2);
    assert_int_equal(fake.n_people, 2);
    assert_int_equal(json_array_size(json_object_get(room_kit_heard(f, "roster"), "participants")), 2);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "leave", "id", 3, "seat", "s1", "session", "a"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "not_found");
    assert_int_equal(fake.peers, 2);
}

static void test_broken_offer_throws_nobody_out(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_offer(f, "s1", "b", "nonsense");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_sdp");
    assert_int_equal(fake.peers, 1);
    assert_int_equal(fake.n_people, 1);
}

static void test_leave_and_gone_take_the_tile_away(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    mcu_peer *second = room_kit_join(f, "s2", "b");
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "leave", "id", 3, "seat", "s1", "session", "a"));
    assert_int_equal(fake.n_people, 1);
    assert_false(fake.sources[1]);
    fake_peer_state(second, MCU_PEER_GONE, "consent");
    room_kit_settle();
    assert_int_equal(fake.n_people, 0);
    assert_int_equal(fake.peers, 0);
    assert_string_equal(room_kit_member(room_kit_heard(f, "session"), "state"), "gone");
}

static void test_tier_switches_at_a_keyframe_and_gives_the_old_back(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    assert_int_equal(fake.uses[1], 1);
    fake_picture(1, false);
    assert_int_equal(fake_peer_pictures(p), 0);
    fake_picture(1, true);
    fake_picture(1, false);
    assert_int_equal(fake_peer_pictures(p), 2);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "tier", "id", 4, "seat", "s1", "tier", "D"));
    assert_int_equal(fake.uses[1], 1);
    assert_int_equal(fake.uses[3], 1);
    fake_picture(1, false);
    fake_picture(3, false);
    assert_int_equal(fake_peer_pictures(p), 3);
    unsigned asked = fake.keyframe_requests[3];
    mcu_seat *seat = g_hash_table_lookup(f->room->seats, "s1");
    mcu_session_report(seat->session); /* the first was lost on its way */
    assert_int_equal(fake.keyframe_requests[3], asked + 1);
    fake_picture(3, true);
    assert_int_equal(fake_peer_pictures(p), 4);
    assert_int_equal(fake.uses[1], 0);
    assert_string_equal(room_kit_member(room_kit_heard(f, "quality"), "tier"), "D");
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "tier", "id", 5, "seat", "s1", "tier", "audio"));
    assert_int_equal(fake.uses[3], 0);
    fake_picture(3, true);
    assert_int_equal(fake_peer_pictures(p), 4);
}

static mcu_au *picture(bool keyframe, bool entry, uint32_t ts)
{
    mcu_au *au = mcu_au_new(8);
    au->codec = MCU_CODEC_H264;
    au->keyframe = keyframe;
    au->entry = entry;
    au->ts = ts;
    return au;
}

/* What was kept of a tier is shown at once to who comes, and costs nobody a keyframe; unless the line is too thin for it. */
static void test_who_comes_is_shown_what_was_kept(void **state)
{
    room_kit *f = *state;
    mcu_au *kept[] = {picture(true, false, 90000), picture(false, false, 93600)};
    fake.bank = kept;
    fake.n_bank = 2;
    fake.bank_tier = 1;
    fake.estimate_bps = 800000;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    assert_int_equal(fake_peer_pictures(p), 2);
    assert_int_equal(fake.keyframe_requests[1], 0);
    assert_int_equal(fake.begun[1], 1);
    fake_picture(1, false);
    assert_int_equal(fake_peer_pictures(p), 3);
    fake.estimate_bps = 100;
    mcu_peer *thin = room_kit_join(f, "s2", "b");
    assert_int_equal(fake_peer_pictures(thin), 0);
    assert_int_equal(fake.keyframe_requests[1], 1);
    mcu_au_unref(kept[0]);
    mcu_au_unref(kept[1]);
}

/* Who lost the thread is shown what was made for who enters, until everybody's next keyframe; all others never are. */
static void test_who_lost_the_thread_costs_nobody_else(void **state)
{
    room_kit *f = *state;
    mcu_peer *lossy = room_kit_join(f, "s1", "a"), *other = room_kit_join(f, "s2", "b");
    fake_picture(1, true);
    fake_peer_gives(lossy);
    mcu_au *key = picture(true, true, 90000), *next = picture(false, true, 93600);
    fake_picture_out(1, key);
    fake_picture_out(1, next);
    fake_picture(1, false);
    assert_int_equal(fake_peer_pictures(lossy), 3);
    assert_int_equal(fake_peer_pictures(other), 2);
    fake_picture(1, true);
    fake_picture(1, false);
    fake_picture_out(1, next);
    assert_int_equal(fake_peer_pictures(lossy), 5);
    assert_int_equal(fake_peer_pictures(other), 4);
    mcu_au_unref(key);
    mcu_au_unref(next);
}

/* A sender is asked for what its largest tile is worth, among the tiers that somebody watches. */
static void test_uplinks_follow_the_tiers_in_use(void **state)
{
    room_kit *f = *state;
    for (int i = 3; i <= 5; i++) {
        g_autofree char *seat = g_strdup_printf("s%d", i);
        room_kit_say(f, json_pack("{ss ss ss ss}", "type", "seat", "seat", seat, "name", seat, "role", "guest"));
        room_kit_join(f, seat, "x");
    }
    room_kit_join(f, "s2", "b");
    mcu_peer *p = room_kit_join(f, "s1", "a");
    fake_layout(0, 1); /* of s1 */
    assert_int_equal(fake_peer_max_video_bps(p), 400000);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "tier", "seat", "s2", "tier", "A"));
    room_kit_rise(f, "s2");
    fake_picture(0, true);
    assert_int_equal(fake_peer_max_video_bps(p), 700000);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "tier", "seat", "s2", "tier", "B"));
    fake_picture(1, true);
    assert_int_equal(fake_peer_max_video_bps(p), 400000);
}

static mcu_peer *join_on_a_line(room_kit *f, int line_kbps)
{
    room_kit_say(f, json_pack("{ss si ss ss ss ss sb si}", "type", "offer", "id", 7, "seat", "s1", "session", "a", "kind", "ws",
                              "sdp", "v=0 hello", "trickle", 1, "line", line_kbps));
    mcu_peer *p = fake_peer(fake.peers - 1);
    fake_peer_state(p, MCU_PEER_UP, "test");
    room_kit_settle();
    return p;
}

static void test_a_slow_line_begins_with_a_tier_that_fits(void **state)
{
    (void)join_on_a_line(*state, 220);
    assert_int_equal(fake.uses[1], 0);
    assert_int_equal(fake.uses[2], 1);
}

static void test_a_fast_line_begins_where_one_that_says_nothing_does(void **state)
{
    (void)join_on_a_line(*state, 100000);
    assert_int_equal(fake.uses[1], 1);
}

static void test_a_line_too_thin_for_pictures_gets_one(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = join_on_a_line(f, 64);
    assert_int_equal(fake.uses[3], 1);
    fake_picture(3, true);
    assert_int_equal(fake_peer_pictures(p), 1);
    assert_int_equal(fake.uses[3], 0);
    fake_picture(3, true);
    assert_int_equal(fake_peer_pictures(p), 1);
    assert_string_equal(room_kit_member(room_kit_heard(f, "quality"), "tier"), "audio");
}

static void test_refused_picture_waits_for_a_keyframe(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    fake_picture(1, true);
    fake.pacer_full = true;
    fake_picture(1, false);
    fake_picture(1, false);
    assert_int_equal(fake_peer_pictures(p), 1);
    fake_picture(1, true);
    assert_int_equal(fake_peer_pictures(p), 2);
}

static void test_unseat_closes_and_forgets(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "unseat", "id", 1, "seat", "s1", "reason", "removed"));
    assert_int_equal(fake.peers, 0);
    room_kit_offer(f, "s1", "b", "v=0 again");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "not_found");
}

static void test_bad_requests_are_answered(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    const struct {
        const char *json, *code;
    } rows[] = {
        {"{\"type\":\"dance\",\"id\":1}", "bad_request"},
        {"{\"id\":1}", "bad_request"},
        {"{\"type\":\"tier\",\"id\":1,\"seat\":\"s1\",\"tier\":\"Q\"}", "bad_request"},
        {"{\"type\":\"tier\",\"id\":1,\"seat\":\"s1\",\"session\":\"x\",\"tier\":\"A\"}", "not_found"},
        {"{\"type\":\"mute\",\"id\":1,\"seat\":\"s1\",\"muted\":3}", "bad_request"},
        {"{\"type\":\"seat\",\"id\":1,\"seat\":\"../x\"}", "bad_request"},
        {"{\"type\":\"candidate\",\"id\":1,\"seat\":\"s1\",\"session\":\"a\",\"candidate\":\"bad\"}", "bad_request"},
        {"{\"type\":\"candidate\",\"id\":1,\"seat\":\"s1\",\"session\":\"a\",\"restart\":true,\"ufrag\":\"u\"}", "bad_request"},
        {"{\"type\":\"offer\",\"id\":1,\"seat\":\"s1\",\"session\":\"b\",\"kind\":\"fax\",\"sdp\":\"v=0\"}", "bad_request"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_array_clear(f->sent);
        room_kit_say(f, json_loads(rows[i].json, 0, NULL));
        assert_non_null(room_kit_heard(f, "error"));
        assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), rows[i].code);
    }
    assert_int_equal(fake.n_people, 1);
}

static void test_whip_answers_when_gathered_and_restarts_ice(void **state)
{
    room_kit *f = *state;
    fake.gathered = false;
    room_kit_say(f, json_pack("{ss si ss ss ss ss sb}", "type", "offer", "id", 9, "seat", "s1", "session", "w", "kind", "whip",
                              "sdp", "v=0\r\na=ice-ufrag:old\r\na=candidate:1\r\n", "trickle", 0));
    assert_null(room_kit_heard(f, "answer"));
    fake_peer_gathered(fake_peer(0));
    assert_non_null(room_kit_heard(f, "answer"));
    json_array_clear(f->sent);
    room_kit_say(f, json_pack("{ss si ss ss sb ss ss}", "type", "candidate", "id", 10, "seat", "s1", "session", "w", "restart", 1,
                              "ufrag", "new", "pwd", "secret"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "answer"), "sdp"), "answer to v=0\r\na=ice-ufrag:new\r\n");
}

static void test_whep_watches_without_a_tile(void **state)
{
    room_kit *f = *state;
    fake.gives_video = false;
    room_kit_say(f, json_pack("{ss si ss ss ss ss sb}", "type", "offer", "id", 9, "seat", "s1", "session", "w", "kind", "whep",
                              "sdp", "v=0", "trickle", 0));
    fake_peer_state(fake_peer(0), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_int_equal(fake.n_people, 0);
    assert_int_equal(fake.uses[1], 1);
}

static void test_talking_reaches_picture_and_roster(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    fake_talking(1, true);
    room_kit_settle();
    assert_true(fake.people[0].talking);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "state", "seat", "s1", "session", "a", "audio", 0));
    assert_false(fake.people[0].talking);
}

static void test_announce_tells_a_new_gateway_everything(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    fake_layout(0, 1);
    json_array_clear(f->sent);
    mcu_room_announce(f->room);
    assert_string_equal(room_kit_member(room_kit_heard(f, "session"), "session"), "a");
    assert_non_null(room_kit_heard(f, "roster"));
    assert_string_equal(room_kit_member(json_array_get(json_object_get(room_kit_heard(f, "layout"), "tiles"), 0), "seat"), "s1");
}

static void test_end_says_bye(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss}", "type", "end", "reason", "room_ended"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "bye"), "reason"), "room_ended");
    assert_true(f->finished);
}

static void test_a_room_without_people_ends_a_minute_after_the_last(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    const int64_t begin = mcu_now_ns();
    mcu_room_tick_empty(f->room, begin + 1000 * MCU_NS_PER_SEC);
    assert_false(f->finished);
    fake_peer_state(p, MCU_PEER_GONE, "left");
    room_kit_settle();
    mcu_room_tick_empty(f->room, begin);
    mcu_room_tick_empty(f->room, begin + 59 * MCU_NS_PER_SEC);
    assert_false(f->finished);
    room_kit_join(f, "s1", "b"); /* the minute begins anew */
    mcu_room_tick_empty(f->room, begin + 60 * MCU_NS_PER_SEC);
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "leave", "id", 3, "seat", "s1", "session", "b"));
    room_kit_settle();
    mcu_room_tick_empty(f->room, begin + 61 * MCU_NS_PER_SEC);
    mcu_room_tick_empty(f->room, begin + 120 * MCU_NS_PER_SEC);
    assert_false(f->finished);
    mcu_room_tick_empty(f->room, begin + 121 * MCU_NS_PER_SEC);
    room_kit_settle();
    assert_string_equal(room_kit_member(room_kit_heard(f, "bye"), "reason"), "empty");
    assert_true(f->finished);
}

static void test_inspection_lists_each_seat_once(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s1", "b");
    room_kit_say(f, json_pack("{ss si}", "type", "inspect", "id", 1));
    const json_t *list = json_object_get(room_kit_heard(f, "inspection"), "participants");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(room_kit_member(json_array_get(list, 0), "session"), "b");
}

static void test_the_picture_says_that_it_is_recorded(void **state)
{
    room_kit *f = *state;
    room_kit_say(
        f, json_pack("{ss sb sb ss si}", "type", "caption", "records", 1, "clock", 1, "visit", "followup", "utc_offset", 330));
    assert_true(fake.records);
    assert_non_null(strstr(fake.caption, " +05:30 \u00b7 followup\n"));
    g_autofree char *words = mcu_caption_words(f->room->caption, INT64_C(1795701807) * 1000000000);
    assert_string_equal(words, "2026-11-26 19:33:27 +05:30 \u00b7 followup\n19:33:27 +05:30 \u00b7 followup\n19:33:27 +05:30");
    char before[sizeof fake.caption];
    g_strlcpy(before, fake.caption, sizeof before);
    for (int i = 0; i < 300 && strcmp(before, fake.caption) == 0; i++) { /* it goes on by itself */
        g_usleep(10000);
        room_kit_settle();
    }
    assert_string_not_equal(before, fake.caption);
    room_kit_say(f, json_pack("{ss sb ss}", "type", "caption", "records", 1, "visit", "not an id"));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    assert_true(fake.records);
    room_kit_say(f, json_pack("{ss}", "type", "caption"));
    assert_false(fake.records);
    assert_string_equal(fake.caption, "");
}

/* Over every picture by the clinic's wish; what is too long or no picture is refused and changes nothing. */
static void test_line_and_logo(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss}", "type", "line", "text", "Lift your arm"));
    assert_string_equal(fake.line, "Lift your arm");
    g_autofree char *longest = g_strnfill(161, 'x');
    room_kit_say(f, json_pack("{ss ss}", "type", "line", "text", longest));
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "bad_request");
    assert_string_equal(fake.line, "Lift your arm");
    room_kit_say(f, json_pack("{ss ss}", "type", "line", "text", ""));
    assert_string_equal(fake.line, "");
    static const guchar head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20";
    g_autofree char *png = g_base64_encode(head, sizeof head - 1), *none = g_base64_encode(head, 8);
    room_kit_say(f, json_pack("{ss ss}", "type", "logo", "png", none));
    assert_false(fake.logo);
    room_kit_say(f, json_pack("{ss ss}", "type", "logo", "png", png));
    assert_true(fake.logo);
    room_kit_say(f, json_pack("{ss ss}", "type", "logo", "png", ""));
    assert_false(fake.logo);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, room_kit_setup, room_kit_teardown)

/* What came of a person's sound for so long, half a second after the other. */
static void sound_for(mcu_session *s, int64_t *now_ns, double seconds, uint64_t packets_each)
{
    static mcu_peer_stats stats = {.state = MCU_PEER_UP};
    for (int64_t end = *now_ns + (int64_t)(seconds * 1e9); *now_ns < end; *now_ns += MCU_NS_PER_SEC / 2) {
        stats.audio_in.packets += packets_each;
        mcu_report_sound(s, &stats, *now_ns);
    }
}

/* Hands need no telephone: nobody is called for sound who speaks with them, from when the seat says so to when it says no more.
 */
static void test_who_signs_is_not_missed_by_ear(void **state)
{
    room_kit *f = *state;
    int64_t now_ns = MCU_NS_PER_SEC;
    room_kit_join(f, "s1", "a");
    mcu_session *s = ((mcu_seat *)g_hash_table_lookup(f->room->seats, "s1"))->session;
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s1", "role", "interpreter", "signing", 1));
    sound_for(s, &now_ns, 3, 25);
    sound_for(s, &now_ns, 60, 0);
    assert_null(room_kit_heard(f, "sound"));
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s1", "role", "interpreter", "signing", 0));
    sound_for(s, &now_ns, 3, 25);
    sound_for(s, &now_ns, 7, 0);
    assert_null(room_kit_heard(f, "sound"));
    sound_for(s, &now_ns, 2, 0);
    assert_true(json_is_true(json_object_get(room_kit_heard(f, "sound"), "dead")));
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s1", "role", "interpreter", "signing", 1));
    sound_for(s, &now_ns, 1, 0); /* what rings is given up */
    assert_true(json_is_false(json_object_get(room_kit_heard(f, "sound"), "dead")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_join_is_in_the_mix_once_up),
        CASE(test_host_mute_of_the_store_holds_from_the_start),
        CASE(test_new_session_of_a_seat_replaces_the_old_without_a_ghost),
        CASE(test_broken_offer_throws_nobody_out),
        CASE(test_leave_and_gone_take_the_tile_away),
        CASE(test_tier_switches_at_a_keyframe_and_gives_the_old_back),
        CASE(test_uplinks_follow_the_tiers_in_use),
        CASE(test_a_slow_line_begins_with_a_tier_that_fits),
        CASE(test_a_fast_line_begins_where_one_that_says_nothing_does),
        CASE(test_a_line_too_thin_for_pictures_gets_one),
        CASE(test_refused_picture_waits_for_a_keyframe),
        CASE(test_who_comes_is_shown_what_was_kept),
        CASE(test_who_lost_the_thread_costs_nobody_else),
        CASE(test_unseat_closes_and_forgets),
        CASE(test_bad_requests_are_answered),
        CASE(test_whip_answers_when_gathered_and_restarts_ice),
        CASE(test_whep_watches_without_a_tile),
        CASE(test_talking_reaches_picture_and_roster),
        CASE(test_announce_tells_a_new_gateway_everything),
        CASE(test_end_says_bye),
        CASE(test_a_room_without_people_ends_a_minute_after_the_last),
        CASE(test_inspection_lists_each_seat_once),
        CASE(test_the_picture_says_that_it_is_recorded),
        CASE(test_who_signs_is_not_missed_by_ear),
        CASE(test_line_and_logo),
    };
    return cmocka_run_group_tests_name("room_rules", tests, NULL, NULL);
}
