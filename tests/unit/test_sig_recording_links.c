/* Links to recordings on a stepped clock, and the Range header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/http_range.h"
#include "signaling/recording_links.h"

static void a_range_is_read_or_not_heeded(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        sig_range expected;
    } rows[] = {
        {NULL, {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=0-", {SIG_RANGE_FROM, 0, -1}},
        {"Bytes=5-9", {SIG_RANGE_FROM, 5, 9}},
        {"bytes=-500", {SIG_RANGE_LAST, 0, 500}},
        {"bytes=999999999999999-", {SIG_RANGE_FROM, 999999999999999, -1}},
        {"bytes=9999999999999999-", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=9-5", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=0-1,5-6", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=-", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=x-5", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=5-x", {SIG_RANGE_WHOLE, 0, -1}},
        {"bytes=5", {SIG_RANGE_WHOLE, 0, -1}},
        {"pages=1-2", {SIG_RANGE_WHOLE, 0, -1}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sig_range r = sig_range_parse(rows[i].header);
        const sig_range *e = &rows[i].expected;
        if (r.kind != e->kind || r.first != e->first || r.last != e->last) {
            fail_msg("%s: %d %lld %lld", rows[i].header, (int)r.kind, (long long)r.first, (long long)r.last);
        }
    }
}

static sig_link made(sig_links *l, unsigned uses, int64_t now_s)
{
    sig_link link = {.recording = "rec1", .room = "room1", .what = SIG_LINK_PLAY, .segment = -1};
    assert_true(sig_links_add(l, &link, uses, 60, now_s));
    assert_int_equal(strlen(link.token), SIG_LINK_SECRET);
    return link;
}

static void the_first_client_has_it(void **state)
{
    (void)state;
    sig_links *l = sig_links_new();
    sig_link link = made(l, 1, 1000), out = {0};
    char cookie[SIG_LINK_SECRET + 1], other[SIG_LINK_SECRET + 1];
    assert_int_equal(sig_links_look(l, link.token, NULL, 1059, &out), SIG_LINK_OPENS);
    assert_string_equal(out.recording, "rec1");
    assert_true(sig_links_open(l, link.token, 1059, cookie));
    assert_false(sig_links_open(l, link.token, 1059, other));
    assert_int_equal(sig_links_look(l, link.token, NULL, 1059, NULL), SIG_LINK_USED);
    memset(other, 'a', SIG_LINK_SECRET);
    other[SIG_LINK_SECRET] = '\0';
    assert_int_equal(sig_links_look(l, link.token, other, 1059, NULL), SIG_LINK_USED);
    assert_int_equal(sig_links_look(l, link.token, "", 1059, NULL), SIG_LINK_USED);
    for (int64_t at = 1059; at < 1059 + SIG_LINK_OPEN_S; at += SIG_LINK_IDLE_S - 1) { /* as long as it is used */
        assert_int_equal(sig_links_look(l, link.token, cookie, at, NULL), SIG_LINK_OPENED);
    }
    assert_int_equal(sig_links_look(l, link.token, cookie, 1059 + SIG_LINK_OPEN_S, NULL), SIG_LINK_USED);
    sig_links_free(l);
}

static void one_that_is_not_opened_or_not_used_is_over(void **state)
{
    (void)state;
    sig_links *l = sig_links_new();
    sig_link link = made(l, 2, 1000), late = made(l, 1, 1000);
    char cookie[SIG_LINK_SECRET + 1];
    assert_int_equal(sig_links_look(l, late.token, NULL, 1060, NULL), SIG_LINK_EXPIRED);
    assert_false(sig_links_open(l, late.token, 1060, cookie));
    assert_true(sig_links_open(l, link.token, 1010, cookie));
    assert_int_equal(sig_links_look(l, link.token, NULL, 1010, NULL), SIG_LINK_OPENS);
    assert_int_equal(sig_links_look(l, link.token, cookie, 1010 + SIG_LINK_IDLE_S, NULL), SIG_LINK_EXPIRED);
    assert_int_equal(sig_links_look(l, "nothing", NULL, 1010, NULL), SIG_LINK_UNKNOWN);
    sig_link other = made(l, 1, 1000 + 100000); /* the old ones are forgotten */
    assert_int_equal(sig_links_look(l, late.token, NULL, 101000, NULL), SIG_LINK_UNKNOWN);
    sig_links_forget(l, "rec1");
    assert_int_equal(sig_links_look(l, other.token, NULL, 101000, NULL), SIG_LINK_UNKNOWN);
    sig_links_free(l);
}

static void there_are_only_so_many(void **state)
{
    (void)state;
    sig_links *l = sig_links_new();
    sig_link link = {.recording = "rec1", .what = SIG_LINK_PLAY};
    for (unsigned i = 0; i < SIG_LINKS_MAX; i++) {
        (void)made(l, 1, 1000);
    }
    assert_false(sig_links_add(l, &link, 1, 60, 1000));
    assert_true(sig_links_add(l, &link, 1, 60, 1000 + 100000));
    sig_links_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_read_or_not_heeded),
        cmocka_unit_test(the_first_client_has_it),
        cmocka_unit_test(one_that_is_not_opened_or_not_used_is_over),
        cmocka_unit_test(there_are_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
