/* Which numbers are called and how many, and what is said about the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/dial_limits.h"
#include "signaling/dial_plan.h"

static const char *const prefixes[] = {"+1", "+33", NULL}, *const refused[] = {"+1900", "+33899", NULL},
                         *const emergency[] = {"911", "112", "15", NULL};
static const sig_dial_plan plan = {prefixes, refused, emergency};

static void written_numbers_are_judged(void **state)
{
    static const struct {
        const char *text;
        sig_plan_verdict verdict;
        const char *number;
    } rows[] = {
        {"+1 555 010-0199", SIG_PLAN_OK, "+15550100199"},
        {"+1 (555) 010.0199", SIG_PLAN_OK, "+15550100199"},
        {"0033 1 23 45 67 89", SIG_PLAN_OK, "+33123456789"},
        {"911", SIG_PLAN_EMERGENCY, ""},
        {"9-1-1", SIG_PLAN_EMERGENCY, ""},
        {"+1 911", SIG_PLAN_EMERGENCY, ""},
        {"001911", SIG_PLAN_EMERGENCY, ""},
        {"112", SIG_PLAN_EMERGENCY, ""},
        {"15", SIG_PLAN_EMERGENCY, ""},
        {"+15550100911", SIG_PLAN_OK, "+15550100911"}, /* ends like one, but is a person's */
        {"+1 900 555 0100", SIG_PLAN_PREMIUM, ""},
        {"0033899123456", SIG_PLAN_PREMIUM, ""},
        {"+44 20 7946 0000", SIG_PLAN_NOT_ALLOWED, ""},
        {"5550100199", SIG_PLAN_NOT_A_NUMBER, ""}, /* of which country? */
        {"+1 555", SIG_PLAN_NOT_A_NUMBER, ""},
        {"+1555010019912345", SIG_PLAN_NOT_A_NUMBER, ""},
        {"+15550100199999999999999999999", SIG_PLAN_NOT_A_NUMBER, ""},
        {"+1 555 0100199;rn=1", SIG_PLAN_NOT_A_NUMBER, ""},
        {"sip:1@evil", SIG_PLAN_NOT_A_NUMBER, ""},
        {"1+5550100199", SIG_PLAN_NOT_A_NUMBER, ""},
        {"", SIG_PLAN_NOT_A_NUMBER, ""},
        {"+", SIG_PLAN_NOT_A_NUMBER, ""},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char number[SIG_NUMBER_MAX + 1];
        assert_int_equal(sig_plan_judge(&plan, rows[i].text, number), rows[i].verdict);
        assert_string_equal(number, rows[i].number);
    }
}

static void without_prefixes_nothing_is_called(void **state)
{
    static const char *const none[] = {NULL};
    const sig_dial_plan closed = {none, none, none};
    char number[SIG_NUMBER_MAX + 1];
    (void)state;
    assert_int_equal(sig_plan_judge(&closed, "+15550100199", number), SIG_PLAN_NOT_ALLOWED);
}

static void every_refusal_has_words(void **state)
{
    (void)state;
    for (int v = SIG_PLAN_NOT_A_NUMBER; v <= SIG_PLAN_NOT_ALLOWED; v++) {
        assert_true(sig_plan_text((sig_plan_verdict)v)[0] != '\0');
    }
}

static void a_number_is_digits_after_a_plus_perhaps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {{"+15550100199", true},
                {"100", true},
                {"", false},
                {"+", false},
                {"1+", false},
                {"12a", false},
                {"12345678901234567890", true},
                {"+12345678901234567890", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sig_is_number(rows[i].text), rows[i].is);
    }
}

#define SEC INT64_C(1000000000)
enum { DAY_S = 86400 };

/* How many of `n` calls at that time are let through and made. */
static unsigned made(sig_dial_limits *l, unsigned n, const char *room, const char *own_seat, int64_t now_s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++) {
        if (sig_dial_limits_take(l, room, own_seat, now_s * SEC, now_s)) {
            sig_dial_limits_made(l);
            count++;
        }
    }
    return count;
}

static void calls_are_limited_by_room_second_and_day(void **state)
{
    (void)state;
    sig_dial_limits *l = sig_dial_limits_new(3, 5, 12);
    int64_t at = 10 * (int64_t)DAY_S;
    assert_int_equal(made(l, 10, "a", NULL, at), 3);     /* of a room in an hour */
    assert_int_equal(made(l, 10, "b", NULL, at + 1), 3); /* another has its own */
    assert_int_equal(made(l, 2, "c", NULL, at + 2), 2);
    assert_int_equal(made(l, 2, "d", NULL, at + 2), 2);
    assert_int_equal(made(l, 2, "e", NULL, at + 2), 1); /* five of all in a second */
    assert_int_equal(made(l, 2, "e", NULL, at + 3), 1); /* twelve on a day */
    assert_int_equal(made(l, 2, "a", NULL, at + 3600), 0);
    assert_int_equal(made(l, 10, "a", NULL, at + DAY_S), 3);
    sig_dial_limits_free(l);
}

static void a_room_over_its_own_limit_leaves_the_others_theirs(void **state)
{
    (void)state;
    sig_dial_limits *l = sig_dial_limits_new(3, 5, 100);
    assert_int_equal(made(l, 20, "a", NULL, DAY_S), 3);
    assert_int_equal(made(l, 20, "a", "s1", DAY_S), 0);
    assert_int_equal(made(l, 20, "b", NULL, DAY_S), 2);
    sig_dial_limits_free(l);
}

static void who_asks_for_himself_may_six_times_an_hour(void **state)
{
    (void)state;
    sig_dial_limits *l = sig_dial_limits_new(100, 100, 1000);
    assert_int_equal(made(l, 20, "a", "s1", DAY_S), 6);
    assert_int_equal(made(l, 20, "a", "s2", DAY_S), 6);
    assert_int_equal(made(l, 20, "a", "s1", DAY_S + 660), 1);
    assert_int_equal(made(l, 20, "a", NULL, DAY_S + 660), 20);
    sig_dial_limits_free(l);
}

static void a_limit_of_none_is_none(void **state)
{
    (void)state;
    static const unsigned limits[][3] = {{0, 10, 10}, {10, 0, 10}, {10, 10, 0}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        sig_dial_limits *l = sig_dial_limits_new(limits[i][0], limits[i][1], limits[i][2]);
        assert_int_equal(made(l, 3, "a", NULL, DAY_S), 0);
        sig_dial_limits_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_numbers_are_judged),
        cmocka_unit_test(without_prefixes_nothing_is_called),
        cmocka_unit_test(every_refusal_has_words),
        cmocka_unit_test(a_number_is_digits_after_a_plus_perhaps),
        cmocka_unit_test(calls_are_limited_by_room_second_and_day),
        cmocka_unit_test(a_room_over_its_own_limit_leaves_the_others_theirs),
        cmocka_unit_test(who_asks_for_himself_may_six_times_an_hour),
        cmocka_unit_test(a_limit_of_none_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
