/* test_sig_caption.c - what pictures say of the visit: as it is recorded, and as the clinic wishes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/recording_private.h"

static void test_what_is_said_when(void **state)
{
    (void)state;
    static const struct {
        bool caption, clock, visit; /* [recording] caption, [video] clock and visit */
        sig_recording_turn turn;
        bool told;
        sig_caption says;
    } rows[] = {
        {true, false, false, SIG_RECORDING_OFF, true, {false, false, false}},
        {true, false, false, SIG_RECORDING_ASKING, true, {false, false, false}},
        {true, false, false, SIG_RECORDING_ON, true, {true, true, true}},
        {true, false, false, SIG_RECORDING_PAUSED, true, {false, true, true}},
        {false, false, false, SIG_RECORDING_ON, false, {false, false, false}},
        {true, true, false, SIG_RECORDING_OFF, true, {false, true, false}},
        {true, true, false, SIG_RECORDING_ON, true, {true, true, true}},
        {false, true, false, SIG_RECORDING_ON, true, {false, true, false}},
        {false, false, true, SIG_RECORDING_OFF, true, {false, false, true}},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const sig_settings settings = {
            .recording_caption = rows[i].caption, .video_clock = rows[i].clock, .video_visit = rows[i].visit};
        sig_caption says;
        assert_int_equal(sig_recording_caption(&settings, rows[i].turn, &says), rows[i].told);
        assert_int_equal(says.records, rows[i].says.records);
        assert_int_equal(says.clock, rows[i].says.clock);
        assert_int_equal(says.visit, rows[i].says.visit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_said_when)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
