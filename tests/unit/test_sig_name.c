/* What of a name from outside is shown: nothing that turns or hides the text around it, and all that scripts and emoji need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "signaling/shown_name.h"

static void names_of_all_scripts_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const whole[] = {
        "Ana",
        "Zoë Müller-O’Hara",
        "فاطمة الزهراء",
        "محمد (أبو علي)",
        "می‌خواهم", /* Persian with ZWNJ */
        "क्षत्रिय शर्मा",
        "श्री क्‍ष",    /* Hindi with ZWJ after a virama */
        "നന്‍",                 /* Malayalam chillu with ZWJ */
        "සමන් ශ්‍රී", /* Sinhala with ZWJ */
        "สมชาย ใจดี",
        "陳大文",
        "김영희",
        "דוד בן־גוריון",
        "Mum \U0001F469\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466", /* a family */
        "\U0001F468\U0001F3FD\u200D\u2695\uFE0F Dr. B",                   /* with a tone of skin and a variation */
        "\u2764\uFE0F\u200D\U0001F525",
        "e\u0301lodie",
        "Jo \U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", /* the flag of England */
        "\U0001F3F4\u200D\u2620\uFE0F Anne",                                         /* of pirates */
        "葛\U000E0100城",                                                            /* the variant of a family */
    };
    char name[SIG_NAME_MAX + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
        assert_true(sig_name_read(whole[i], name));
        assert_string_equal(name, whole[i]);
    }
}

static void what_turns_or_hides_text_goes(void **state)
{
    (void)state;
    static const struct {
        const char *given, *shown;
    } cases[] = {
        {"Ana\u202Egnp.exe", "Anagnp.exe"},
        {"\u202AA\u202BB\u202CC\u202DD\u202EE", "ABCDE"},
        {"\u2066A\u2067B\u2068C\u2069D", "ABCD"},
        {"A\u200E\u200F\u061CB", "AB"},
        {"\u202Eفاطمة\u202C", "فاطمة"},
        {"A\u200Bn\u2060a\uFEFF", "Ana"},
        {"A\u00ADna\u180E", "Ana"},
        {"A\u206An\uFFF9a", "Ana"},
        {"An\u200Da", "Ana"}, /* looks like Ana and would not be her */
        {"陳\u200C大文", "陳大文"},
        {"\u200DAna\u200C", "Ana"},
        {"می\u200C خواهم\u200C", "می خواهم"}, /* before a space and at the end it does nothing */
        {"क्\u200D\u200D\u202Eष", "क्\u200Dष"},
        {"A\u2028B\u2029C", "A B C"},
        {"A\u034Fn\U000E0041\U000E0062a\U000E0001", "Ana"},
        {"\U0001F3F4\U000E0067\U000E0062 Ana", "\U0001F3F4 Ana"}, /* tags that make no flag */
        {"Ana\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "Ana"},
    };
    char name[SIG_NAME_MAX + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(sig_name_read(cases[i].given, name));
        assert_string_equal(name, cases[i].shown);
    }
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       " ",
                                       "\t",
                                       "A\nB",
                                       "A\x07",
                                       "\x7f",
                                       "A\xc2\x85",
                                       "\xff",
                                       "\xed\xa0\x80",
                                       "\u202E\u202C",
                                       "\u200B",
                                       "\u200D\u200C",
                                       "\u3164",
                                       "\u2800\u2800",
                                       "\u115F\u1160 \uFFA0",
                                       "\uFE0F",
                                       "\u034F\U000E0041",
                                       "\u00a0\u2028"};
    char name[SIG_NAME_MAX + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        assert_false(sig_name_read(none[i], name));
        assert_string_equal(name, "");
    }
}

static void what_is_taken_away_does_not_count(void **state)
{
    (void)state;
    char given[4 * SIG_NAME_MAX] = "", name[SIG_NAME_MAX + 1];
    memset(given, 'a', SIG_NAME_MAX);
    g_strlcat(given, "\u202E\u202C", sizeof given);
    assert_true(sig_name_read(given, name));
    assert_int_equal(strlen(name), SIG_NAME_MAX);
    g_strlcat(given, "a", sizeof given);
    assert_false(sig_name_read(given, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_all_scripts_stay_as_they_are),
        cmocka_unit_test(what_turns_or_hides_text_goes),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(what_is_taken_away_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
