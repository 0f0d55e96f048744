/* Numbers are masked and sealed, PINs are kept as marks; what the store's changes make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/phone_calls.h"
#include "signaling/phone_facts.h"

static sig_seal *open_seal(char **folder)
{
    if (!*folder) {
        *folder = g_dir_make_tmp("tessera-seal-XXXXXX", NULL);
    }
    sig_seal *s = sig_seal_new(*folder, NULL);
    assert_non_null(s);
    return s;
}

static void remove_folder(char *folder)
{
    g_autofree char *key = g_build_filename(folder, "phone.key", NULL);
    g_unlink(key);
    g_rmdir(folder);
    g_free(folder);
}

static void a_number_is_opened_only_with_its_key(void **state)
{
    char *folder = NULL, *other_folder = NULL, one[SIG_SEALED_MAX + 1], two[SIG_SEALED_MAX + 1], number[SIG_NUMBER_MAX + 1];
    (void)state;
    sig_seal *s = open_seal(&folder), *other = open_seal(&other_folder);
    assert_true(sig_seal_number(s, "+15550100199", one));
    assert_true(sig_seal_number(s, "+15550100199", two));
    assert_null(strstr(one, "5550100"));
    assert_string_not_equal(one, two); /* two calls of one person are not seen to be that */
    assert_true(sig_seal_open(s, one, number));
    assert_string_equal(number, "+15550100199");
    assert_false(sig_seal_open(other, one, number));
    assert_string_equal(number, "");
    one[20] = one[20] == 'A' ? 'B' : 'A';
    assert_false(sig_seal_open(s, one, number));
    assert_false(sig_seal_open(s, "", number));
    assert_false(sig_seal_number(s, "+155501001991234567890123", one));
    sig_seal_free(s);
    s = open_seal(&folder); /* a later start has the same key */
    assert_true(sig_seal_open(s, two, number));
    sig_seal_free(s);
    sig_seal_free(other);
    remove_folder(folder);
    remove_folder(other_folder);
}

static void numbers_are_masked(void **state)
{
    char out[32];
    (void)state;
    sig_phone_mask("+15557003121", out);
    assert_string_equal(out, "Phone ...3121");
    sig_phone_mask("911", out);
    assert_string_equal(out, "Phone");
    sig_phone_mask("", out);
    assert_string_equal(out, "Phone");
}

static sig_change pin_of(const char *key, const char *room, const char *seat)
{
    sig_change c = {.kind = SIG_PIN_PUT, .at_ms = 1000};
    g_strlcpy(c.key, key, sizeof c.key);
    g_strlcpy(c.room, room, sizeof c.room);
    g_strlcpy(c.seat, seat, sizeof c.seat);
    return c;
}

static void pins_end_with_time_seat_and_room(void **state)
{
    sig_phone_facts *f = sig_phone_facts_new();
    sig_change changes[] = {pin_of("a", "one", ""), pin_of("b", "one", "ana"), pin_of("c", "two", "ana")};
    sig_change gone = {.kind = SIG_SEAT_DROP, .room = "one", .seat = "ana"}, end = {.kind = SIG_ROOM_END, .room = "one"};
    sig_change dropped = {.kind = SIG_PIN_DROP, .key = "c"};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        sig_phone_facts_apply(f, &changes[i]);
    }
    assert_non_null(sig_phone_facts_pin(f, "a", 999));
    assert_null(sig_phone_facts_pin(f, "a", 1000));
    assert_int_equal(sig_phone_facts_pins(f, "one"), 2);
    sig_phone_facts_apply(f, &gone);
    assert_null(sig_phone_facts_pin(f, "b", 0));
    assert_non_null(sig_phone_facts_pin(f, "a", 0));
    sig_phone_facts_apply(f, &end);
    assert_null(sig_phone_facts_pin(f, "a", 0));
    assert_non_null(sig_phone_facts_pin(f, "c", 0));
    sig_phone_facts_apply(f, &dropped);
    assert_null(sig_phone_facts_pin(f, "c", 0));
    sig_phone_facts_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_opened_only_with_its_key),
        cmocka_unit_test(numbers_are_masked),
        cmocka_unit_test(pins_end_with_time_seat_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
