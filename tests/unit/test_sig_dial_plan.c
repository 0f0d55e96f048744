/* Which numbers are called, and what is said about the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_numbers_are_judged),
        cmocka_unit_test(without_prefixes_nothing_is_called),
        cmocka_unit_test(every_refusal_has_words),
        cmocka_unit_test(a_number_is_digits_after_a_plus_perhaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
