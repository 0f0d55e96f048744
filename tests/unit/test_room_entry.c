/* The encoder of the tier that somebody begins with runs before the connection is up. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "tests/unit/room_kit.h"

static void test_its_first_picture_is_made_before_it_is_up(void **state)
{
    room_kit *f = *state;
    room_kit_offer(f, "s1", "a", "v=0 hello");
    mcu_peer *p = fake_peer(fake.peers - 1);
    assert_int_equal(fake.uses[1], 1);
    fake_picture(1, true);
    assert_int_equal(fake_peer_pictures(p), 0);
    fake_peer_state(p, MCU_PEER_GONE, "no path");
    room_kit_settle();
    assert_int_equal(fake.uses[1], 0);
}

/* The first picture that it makes after that is a keyframe; where others use the encoder it goes on. */
static void test_an_encoder_of_which_nothing_was_kept_begins_anew(void **state)
{
    room_kit *f = *state;
    room_kit_offer(f, "s1", "a", "v=0 hello");
    assert_int_equal(fake.begun[1], 1);
    fake_peer_state(fake_peer(fake.peers - 1), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_int_equal(fake.uses[1], 1);
    assert_int_equal(fake.begun[1], 2);
    room_kit_join(f, "s2", "b");
    assert_int_equal(fake.uses[1], 2);
    assert_int_equal(fake.begun[1], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_its_first_picture_is_made_before_it_is_up, room_kit_setup, room_kit_teardown),
        cmocka_unit_test_setup_teardown(test_an_encoder_of_which_nothing_was_kept_begins_anew, room_kit_setup, room_kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
