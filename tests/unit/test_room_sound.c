/* Who is heard by whom, as the gateway asks: what the mixer and the people are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/clock.h"
#include "mcu/room/room_private.h"
#include "tests/unit/room_kit.h"

enum { S1 = 1, S2 = 2, SPANISH = 5 * 27 + 19 };

static void say(room_kit *f, const char *seat, const char *members)
{
    json_t *m = json_loads(members, 0, NULL);
    assert_non_null(m);
    json_object_update_new(m, json_pack("{ss si ss}", "type", "seat_sound", "id", 7, "seat", seat));
    json_array_clear(f->sent);
    room_kit_say(f, m);
    room_kit_settle();
}

static const json_t *row_of(const room_kit *f, const char *seat)
{
    size_t i = 0;
    const json_t *p = NULL;
    json_array_foreach(json_object_get(room_kit_heard(f, "roster"), "participants"), i, p)
    {
        if (strcmp(room_kit_member(p, "seat"), seat) == 0) {
            return p;
        }
    }
    fail_msg("%s is not in the roster", seat);
    return NULL;
}

static void join_both(room_kit *f)
{
    room_kit_join(f, "s1", "a");
    room_kit_join(f, "s2", "b");
    room_kit_say(f, json_pack("{ss ss sb}", "type", "mute", "seat", "s2", "muted", 0));
}

static void a_whisper_is_told_to_mixer_and_people(void **state)
{
    room_kit *f = *state;
    join_both(f);
    fake_talking(S2, true);
    say(f, "s2", "{\"whisper\": \"s1\"}");
    assert_non_null(room_kit_heard(f, "ok"));
    assert_true(mix_route_is(fake.route[S2], (mix_route){MIX_FOR_ONE, S1}));
    const json_t *row = row_of(f, "s2");
    assert_string_equal(room_kit_member(json_object_get(row, "sound"), "whisper"), "s1");
    assert_false(json_is_true(json_object_get(row, "audio")));
    assert_true(fake.people[1].muted && !fake.people[1].talking); /* the picture: not heard by everybody */
    say(f, "s2", "{\"whisper\": \"\"}");
    assert_true(mix_route_is(fake.route[S2], (mix_route){MIX_FOR_ALL, 0}));
    assert_null(json_object_get(row_of(f, "s2"), "sound"));
    assert_false(fake.people[1].muted);
}

/* A new connection is no reason to be heard by everybody; who leaves comes back as anybody else. */
static void a_whisper_outlives_a_connection_and_not_a_visit(void **state)
{
    room_kit *f = *state;
    join_both(f);
    say(f, "s2", "{\"whisper\": \"s1\"}");
    room_kit_join(f, "s2", "c");
    assert_int_equal(fake.route[S2].kind, MIX_FOR_ONE);
    room_kit_say(f, json_pack("{ss ss}", "type", "unseat", "seat", "s1")); /* nobody hears it now */
    room_kit_join(f, "s2", "d");
    assert_true(mix_route_is(fake.route[S2], (mix_route){MIX_FOR_ONE, 0}));
    room_kit_say(f, json_pack("{ss ss ss si}", "type", "leave", "seat", "s2", "session", "d", "id", 9));
    room_kit_join(f, "s2", "e");
    assert_int_equal(fake.route[S2].kind, MIX_FOR_ALL);
}

/* What a restarted room is told with its seats, before who is whispered to is there. */
static void a_restarted_room_is_told_with_its_seats(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss ss s{ss ss sb}}", "type", "seat", "seat", "s2", "name", "Bob", "sound", "whisper", "s9",
                              "hears", "es", "denoise", 1));
    room_kit_join(f, "s2", "b");
    assert_true(mix_route_is(fake.route[S2], (mix_route){MIX_FOR_ONE, 0}));
    assert_int_equal(fake.hears[S2], SPANISH);
    assert_int_equal(fake.denoise[S2], 1);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "seat", "seat", "s9", "name", "Cem"));
    assert_int_equal(fake.route[S2].kind, MIX_FOR_ONE);
    assert_int_not_equal(fake.route[S2].to, 0);
}

static void interpretation_clinical_sound_and_noise(void **state)
{
    room_kit *f = *state;
    join_both(f);
    say(f, "s2", "{\"channel\": \"es\"}");
    assert_true(mix_route_is(fake.route[S2], (mix_route){MIX_FOR_CHANNEL, SPANISH}));
    say(f, "s1", "{\"hears\": \"es\"}");
    assert_int_equal(fake.hears[S1], SPANISH);
    say(f, "s1", "{\"hears\": \"both\"}");
    assert_int_equal(fake.hears[S1], MIX_HEARS_ALL);
    say(f, "s1", "{\"hears\": \"\", \"clinical\": true, \"denoise\": false}");
    assert_int_equal(fake.hears[S1], MIX_HEARS_ORIGINAL);
    assert_int_equal(fake.route[S1].kind, MIX_FOR_ALL_CLINICAL);
    assert_int_equal(fake.denoise[S1], -1);
    assert_true(json_is_true(json_object_get(json_object_get(row_of(f, "s1"), "sound"), "clinical")));
}

/* Nobody has to press anything; what was chosen since is kept, over a restart too, until a link says something else. */
static void a_link_says_whose_interpretation_is_heard(void **state)
{
    room_kit *f = *state;
    const char *seat = "{ss ss ss ss}";
    room_kit_say(f, json_pack(seat, "type", "seat", "seat", "s1", "name", "Ann", "hears", "es"));
    join_both(f);
    assert_int_equal(fake.hears[S1], SPANISH);
    assert_int_equal(fake.hears[S2], MIX_HEARS_ORIGINAL);
    assert_string_equal(room_kit_member(json_object_get(row_of(f, "s1"), "sound"), "hears"), "es");
    say(f, "s1", "{\"hears\": \"\"}");
    room_kit_say(f, json_pack(seat, "type", "seat", "seat", "s1", "name", "Anna", "hears", "es"));
    assert_int_equal(fake.hears[S1], MIX_HEARS_ORIGINAL);
    room_kit_settle();
    assert_string_equal(room_kit_member(json_object_get(row_of(f, "s1"), "sound"), "hears"), ""); /* for the next process */
    room_kit_say(f, json_pack(seat, "type", "seat", "seat", "s1", "name", "Anna", "hears", "both"));
    assert_int_equal(fake.hears[S1], MIX_HEARS_ALL);
    room_kit_say(
        f, json_pack("{ss ss ss ss s{ss}}", "type", "seat", "seat", "s9", "name", "Cem", "hears", "es", "sound", "hears", ""));
    room_kit_join(f, "s9", "c");
    assert_int_equal(fake.hears[3], MIX_HEARS_ORIGINAL);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
    room_kit *f = *state;
    join_both(f);
    static const struct {
        const char *seat, *members, *code;
    } rows[] = {
        {"s2", "{\"whisper\": \"s2\"}", "bad_request"},
        {"s2", "{\"whisper\": \"s7\"}", "not_found"},
        {"s2", "{\"whisper\": 3}", "bad_request"},
        {"s2", "{\"channel\": \"ES\"}", "bad_request"},
        {"s2", "{\"channel\": \"both\"}", "bad_request"},
        {"s1", "{\"hears\": \"e\"}", "bad_request"},
        {"s1", "{\"hears\": \"klingon\"}", "bad_request"},
        {"s7", "{\"hears\": \"es\"}", "not_found"},
        {"s1", "{\"clinical\": true, \"hears\": \"?\"}", "bad_request"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        say(f, rows[i].seat, rows[i].members);
        assert_non_null(room_kit_heard(f, "error"));
        assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), rows[i].code);
    }
    assert_int_equal(fake.route[S1].kind, MIX_FOR_ALL);
    assert_int_equal(fake.route[S2].kind, MIX_FOR_ALL);
}

/* A person's voice and pictures wait for each other; hands wait for nothing. */
static void voice_and_pictures_wait_for_each_other(void **state)
{
    room_kit *f = *state;
    join_both(f);
    fake_peer_gives(fake_peer(1));
    mcu_session *s = ((mcu_seat *)g_hash_table_lookup(f->room->seats, "s2"))->session;
    fake.picture_wait_ns = 120 * MCU_NS_PER_MS;
    mcu_session_tick(s, mcu_now_ns());
    assert_int_equal(fake.voice_wait_ns[S2], fake.picture_wait_ns);
    assert_true(fake.followed_ms > 0);
    room_kit_say(f, json_pack("{ss ss ss sb}", "type", "seat", "seat", "s2", "role", "interpreter", "signing", 1));
    mcu_session_tick(s, mcu_now_ns());
    assert_int_equal(fake.voice_wait_ns[S2], 0);
    assert_true(fake.followed_ms == 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, room_kit_setup, room_kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whisper_is_told_to_mixer_and_people),     CASE(a_whisper_outlives_a_connection_and_not_a_visit),
        CASE(a_restarted_room_is_told_with_its_seats),   CASE(interpretation_clinical_sound_and_noise),
        CASE(a_link_says_whose_interpretation_is_heard), CASE(what_cannot_be_is_refused_and_changes_nothing),
        CASE(voice_and_pictures_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
