/* Nonces of digest: ours alone, each count once, for a minute, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signaling/phone/nonces.h"

#define NOW 1700000000

static void each_count_is_good_once_and_only_upwards(void **state)
{
    (void)state;
    tel_nonces *n = tel_nonces_new();
    char a[TEL_NONCE_TEXT + 1], b[TEL_NONCE_TEXT + 1];
    tel_nonces_make(n, NOW, a);
    tel_nonces_make(n, NOW, b);
    assert_string_not_equal(a, b); /* two callers of one second */
    assert_true(tel_nonces_use(n, a, 1, NOW));
    assert_false(tel_nonces_use(n, a, 1, NOW + 1)); /* a replay */
    assert_true(tel_nonces_use(n, b, 1, NOW + 1));
    assert_true(tel_nonces_use(n, a, 5, NOW + 2)); /* some in between were lost */
    assert_false(tel_nonces_use(n, a, 4, NOW + 2));
    assert_false(tel_nonces_use(n, a, 0, NOW + 2));
    assert_true(tel_nonces_use(n, b, 2, NOW + TEL_NONCE_S));
    assert_false(tel_nonces_use(n, b, 3, NOW + TEL_NONCE_S + 1));
    tel_nonces_free(n);
}

static void others_cannot_make_one(void **state)
{
    (void)state;
    tel_nonces *n = tel_nonces_new(), *other = tel_nonces_new();
    char own[TEL_NONCE_TEXT + 1], theirs[TEL_NONCE_TEXT + 1];
    tel_nonces_make(n, NOW, own);
    tel_nonces_make(other, NOW, theirs);
    assert_true(tel_nonces_ours(n, own));
    assert_false(tel_nonces_ours(n, theirs));
    assert_false(tel_nonces_ours(n, ""));
    for (unsigned i = 0; i < TEL_NONCE_TEXT; i++) {
        char changed[TEL_NONCE_TEXT + 1];
        memcpy(changed, own, sizeof changed);
        changed[i] = changed[i] == '0' ? '1' : '0';
        assert_false(tel_nonces_ours(n, changed));
    }
    tel_nonces_free(n);
    tel_nonces_free(other);
}

static void what_is_forgotten_is_not_good_again(void **state)
{
    (void)state;
    tel_nonces *n = tel_nonces_new();
    char first[TEL_NONCE_TEXT + 1], one[TEL_NONCE_TEXT + 1];
    tel_nonces_make(n, NOW, first);
    assert_true(tel_nonces_use(n, first, 1, NOW));
    for (unsigned i = 0; i < TEL_NONCES_MAX; i++) {
        tel_nonces_make(n, NOW + 1, one);
        assert_true(tel_nonces_use(n, one, 1, NOW + 1));
    }
    assert_false(tel_nonces_use(n, first, 1, NOW + 1));
    tel_nonces_make(n, NOW + 1, one);
    assert_true(tel_nonces_use(n, one, 1, NOW + 1));
    tel_nonces_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_count_is_good_once_and_only_upwards),
        cmocka_unit_test(others_cannot_make_one),
        cmocka_unit_test(what_is_forgotten_is_not_good_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
