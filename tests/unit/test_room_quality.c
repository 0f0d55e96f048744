/* What is said of a connection, to the person and in everybody's list; what is left out on a thin line for hands that speak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/clock.h"
#include "mcu/room/room_private.h"
#include "tests/unit/room_kit.h"

static mcu_session *session_of(const room_kit *f)
{
    return ((mcu_seat *)g_hash_table_lookup(f->room->seats, "s1"))->session;
}

static int64_t seconds; /* so far, ahead of the clock */

/* As its link is. */
static void pass_minute(room_kit *f)
{
    mcu_session *s = session_of(f);
    for (unsigned i = 0; i < 60; i++) {
        mcu_session_tick(s, mcu_now_ns() + ++seconds * MCU_NS_PER_SEC);
    }
    for (unsigned tier = 0; tier < f->room->options.video.n_tiers; tier++) {
        fake_picture(tier, true);
    }
    s->listed_ns -= 10 * MCU_NS_PER_SEC;
    mcu_session_report(s);
    room_kit_settle();
}

/* On a link of `bps`, as feedback shows it. */
static void minute(room_kit *f, mcu_peer *p, unsigned bps)
{
    fake_peer_tells(p, true);
    fake_peer_link(p, bps);
    pass_minute(f);
}

static const json_t *listed(const room_kit *f)
{
    return json_array_get(json_object_get(room_kit_heard(f, "roster"), "participants"), 0);
}

static void assert_said(const room_kit *f, int quality, const char *ease)
{
    const json_t *m = room_kit_heard(f, "quality");
    assert_int_equal(json_integer_value(json_object_get(m, "quality")), quality);
    assert_string_equal(room_kit_member(m, "ease"), ease);
    assert_int_equal(json_integer_value(json_object_get(listed(f), "quality")), quality);
    assert_int_equal(json_is_true(json_object_get(listed(f), "weak")), quality <= 2);
}

/* None of these lines loses anything. The number never says that all is well beside words that say the contrary. */
static void test_numbers_and_words_agree(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    minute(f, p, 20000000);
    assert_said(f, 5, "");
    minute(f, p, 600000);
    assert_said(f, 4, "");
    minute(f, p, 130000);
    assert_said(f, 2, "smaller");
    minute(f, p, 20000);
    assert_said(f, 1, "paused");
    minute(f, p, 20000000);
    assert_said(f, 5, "");
    room_kit_say(f, json_pack("{ss ss ss ss}", "type", "tier", "seat", "s1", "session", "a", "tier", "audio"));
    minute(f, p, 20000000);
    assert_said(f, 5, ""); /* as it was wished for */
    fake_peer_state(p, MCU_PEER_STALLED, "test");
    mcu_session_report(session_of(f));
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "quality"), "quality")), 0);
}

static bool hears(mcu_peer *p, uint32_t person)
{
    unsigned before = fake_peer_packets(p);
    fake_audio_out(person);
    return fake_peer_packets(p) > before;
}

static void test_sound_stops_for_hands_and_comes_back(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "signing", 1));
    mcu_peer *p = room_kit_join(f, "s1", "a");
    uint32_t person = session_of(f)->seat->person;
    minute(f, p, 20000000);
    assert_true(hears(p, person));
    minute(f, p, 60000);
    assert_string_equal(room_kit_member(room_kit_heard(f, "quality"), "ease"), "silent");
    assert_false(hears(p, person));
    assert_true(session_of(f)->view.current < f->room->options.video.n_tiers); /* the picture stays */
    minute(f, p, 20000000);
    assert_true(hears(p, person));
}

static unsigned chosen(const room_kit *f)
{
    const mcu_session *s = session_of(f);
    return mcu_ladder_tier(&s->ladder, s->choice.tier);
}

/* Whoever ends to speak with hands keeps the picture, to which the sound comes back. */
static void test_the_picture_stays_when_hands_end(void **state)
{
    room_kit *f = *state;
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "signing", 1));
    fake_peer_link(room_kit_join(f, "s1", "a"), 20000000);
    mcu_session *s = session_of(f);
    mcu_session_tick(s, mcu_now_ns());
    s->choice.tier = s->choice.carried = s->ladder.table.n_tiers - 1;
    assert_true(mcu_ladder_silent(&s->ladder, s->choice.tier));
    unsigned tier = chosen(f);
    room_kit_say(f, json_pack("{ss ss sb}", "type", "seat", "seat", "s1", "signing", 0));
    mcu_session_tick(s, mcu_now_ns());
    assert_int_equal(chosen(f), tier);
    assert_false(s->hushed);
}

/* Nothing shows what the path of such a device carries: it is sent what an operator chooses, not what the person does. */
static void test_an_operator_knows_the_path_of_a_blind_device(void **state)
{
    room_kit *f = *state;
    mcu_peer *p = room_kit_join(f, "s1", "a");
    minute(f, p, 150000);
    assert_true(session_of(f)->view.current > 0);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "tier", "seat", "s1", "tier", "A"));
    minute(f, p, 150000);
    assert_true(session_of(f)->view.current > 0); /* no more than what is shown to pass */
    fake_peer_tells(p, false);
    pass_minute(f);
    assert_int_equal(session_of(f)->view.current, 0);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "tier", "seat", "s1", "tier", "auto"));
    pass_minute(f);
    assert_true(session_of(f)->view.current > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_and_words_agree, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_sound_stops_for_hands_and_comes_back, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_the_picture_stays_when_hands_end, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_an_operator_knows_the_path_of_a_blind_device, room_kit_setup, room_kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
