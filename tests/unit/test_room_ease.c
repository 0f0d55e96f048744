/* What people are told is done about their connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/room/ease.h"

static void test_words(void **state)
{
    (void)state;
    enum { MOVING = 5, N = 6 };
    static const struct {
        unsigned tier, top, copies;
        const char *said;
    } rows[] = {
        {0, 0, 0, ""},       {0, 0, 2, "repeated"}, {2, 0, 0, "smaller"}, {2, 0, 3, "smaller"},
        {N, 0, 0, "paused"}, {N, 2, 1, "paused"},   {2, 2, 0, ""}, /* by hand, or all that the device takes */
        {N, N, 0, ""},       {N, N, 1, "repeated"},                /* sound alone was wished for */
        {1, 2, 0, ""},       {5, 0, 0, "stills"},   {5, 1, 2, "stills"},  {5, 5, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(mcu_ease_name(mcu_ease_of(rows[i].tier, rows[i].top, MOVING, N, rows[i].copies)), rows[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
