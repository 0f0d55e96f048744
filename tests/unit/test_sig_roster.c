/* What is other of a list of people, and how little of it has to be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/roster.h"

static json_t *parse(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(j);
    return j;
}

static const char BEFORE[] = "{\"revision\":1,\"participants\":["
                             "{\"seat\":\"a\",\"role\":\"guest\",\"tier\":\"A\",\"talking\":false,\"hand\":false},"
                             "{\"seat\":\"b\",\"role\":\"guest\",\"tier\":\"B\",\"talking\":false,\"frozen\":\"x\"}]}";

/* What `now` (the participants) is against BEFORE: which kind, and the changes beyond the type. */
static void expect(const char *now, sig_roster_kind kind, const char *changes)
{
    json_t *before = parse(BEFORE), *after = json_pack("{s:i, s:o}", "revision", 2, "participants", parse(now)), *said = NULL;
    assert_int_equal(sig_roster_compare(before, after, &said), kind);
    assert_string_equal(json_string_value(json_object_get(said, "type")), "roster_changes");
    json_object_del(said, "type");
    json_t *wanted = parse(changes);
    assert_true(json_equal(said, wanted));
    assert_int_equal(sig_roster_compare(before, after, NULL), kind);
    json_decref(wanted);
    json_decref(said);
    json_decref(after);
    json_decref(before);
}

static void each_kind_of_change(void **state)
{
    (void)state;
#define A "{\"seat\":\"a\",\"role\":\"guest\",\"tier\":\"A\",\"talking\":false,\"hand\":false}"
#define B "{\"seat\":\"b\",\"role\":\"guest\",\"tier\":\"B\",\"talking\":false,\"frozen\":\"x\"}"
#define C "{\"seat\":\"c\",\"role\":\"guest\",\"tier\":\"C\"}"
#define A_TALKS "{\"seat\":\"a\",\"role\":\"guest\",\"tier\":\"C\",\"talking\":true,\"hand\":false}"
#define A_HAND "{\"seat\":\"a\",\"role\":\"guest\",\"tier\":\"C\",\"talking\":false,\"hand\":true}"
#define B_THAWED "{\"seat\":\"b\",\"role\":\"guest\",\"tier\":\"B\",\"talking\":false}"
    expect("[" A "," B "]", SIG_ROSTER_NONE, "{\"participants\":[]}");
    expect("[" B "," A "]", SIG_ROSTER_NONE, "{\"participants\":[]}");
    expect("[" A_TALKS "," B "]", SIG_ROSTER_PASSING, "{\"participants\":[{\"seat\":\"a\",\"tier\":\"C\",\"talking\":true}]}");
    expect("[" A_HAND "," B "]", SIG_ROSTER_LASTING, "{\"participants\":[" A_HAND "]}");
    expect("[" A "," B_THAWED "]", SIG_ROSTER_LASTING, "{\"participants\":[" B_THAWED "]}");
    expect("[" A_TALKS "," B "," C "]", SIG_ROSTER_PEOPLE,
           "{\"participants\":[{\"seat\":\"a\",\"tier\":\"C\",\"talking\":true}," C "]}");
    expect("[" A_HAND "]", SIG_ROSTER_PEOPLE, "{\"participants\":[" A_HAND ",{\"seat\":\"b\",\"role\":\"\"}]}");
    expect("[]", SIG_ROSTER_PEOPLE, "{\"participants\":[{\"seat\":\"a\",\"role\":\"\"},{\"seat\":\"b\",\"role\":\"\"}]}");
}

static void the_first_is_of_other_people(void **state)
{
    (void)state;
    json_t *now = parse(BEFORE);
    assert_int_equal(sig_roster_compare(NULL, now, NULL), SIG_ROSTER_PEOPLE);
    json_decref(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_of_change), cmocka_unit_test(the_first_is_of_other_people)};
    return cmocka_run_group_tests_name("sig_roster", tests, NULL, NULL);
}
