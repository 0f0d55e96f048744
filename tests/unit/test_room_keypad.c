/* Keys as they are pressed, and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"
#include "mcu/room/keypad.h"

#define S MCU_NS_PER_SEC

static void two_keys_make_a_command(void **state)
{
    (void)state;
    static const struct {
        char key;
        int64_t at_ns;
        mcu_keypad_command command;
        const char *plain;
    } rows[] = {
        {'*', 0, MCU_KEYPAD_NONE, ""},      {'6', 1 * S, MCU_KEYPAD_MUTE, ""},         {'6', 2 * S, MCU_KEYPAD_NONE, "6"},
        {'*', 3 * S, MCU_KEYPAD_NONE, ""},  {'*', 4 * S, MCU_KEYPAD_NONE, "*"}, /* the second star begins anew */
        {'#', 5 * S, MCU_KEYPAD_LEAVE, ""}, {'*', 6 * S, MCU_KEYPAD_NONE, ""},         {'3', 7 * S, MCU_KEYPAD_NONE, "*3"},
        {'*', 8 * S, MCU_KEYPAD_NONE, ""},  {'9', 12 * S, MCU_KEYPAD_NONE, "*9"}, /* too late to belong together */
        {'*', 13 * S, MCU_KEYPAD_NONE, ""}, {'1', 13 * S, MCU_KEYPAD_CONSENT_YES, ""},
    };
    mcu_keypad k = {0};
    mcu_keypad_map m;
    assert_true(mcu_keypad_map_init(&m, NULL, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char plain[3];
        mcu_keypad_command c = mcu_keypad_push(&k, &m, rows[i].key, rows[i].at_ns, plain);
        if (c != rows[i].command || strcmp(plain, rows[i].plain) != 0) {
            fail_msg("row %zu: %d \"%s\"", i, (int)c, plain);
        }
    }
    char plain[3];
    mcu_keypad_push(&k, &m, '*', 20 * S, plain);
    assert_false(mcu_keypad_expired(&k, 23 * S));
    assert_true(mcu_keypad_expired(&k, 24 * S));
    assert_false(mcu_keypad_expired(&k, 25 * S));
}

static void the_keys_are_configurable_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool good;
    } rows[] = {
        {"{}", true},
        {"{\"mute\":\"*0\",\"leave\":\"\"}", true},
        {"{\"mute\":\"*9\",\"hand\":\"*6\"}", true}, /* changed places */
        {"{\"mute\":\"*9\"}", false},                /* twice the same */
        {"{\"mute\":\"66\"}", false},
        {"{\"mute\":\"*\"}", false},
        {"{\"mute\":\"**\"}", false},
        {"{\"mute\":6}", false},
        {"{\"mute\":\"*66\"}", false},
        {"{\"mute\":\"*x\"}", false},
        {"{\"sing\":\"*3\"}", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        mcu_keypad_map m;
        g_autoptr(GError) error = NULL;
        json_t *j = json_loads(rows[i].json, 0, NULL);
        if (mcu_keypad_map_init(&m, j, &error) != rows[i].good) {
            fail_msg("%s", rows[i].json);
        }
        assert_int_equal(error == NULL, rows[i].good);
        json_decref(j);
    }
    mcu_keypad_map m;
    mcu_keypad k = {0};
    char plain[3];
    json_t *j = json_loads("{\"mute\":\"*0\",\"leave\":\"\"}", 0, NULL);
    assert_true(mcu_keypad_map_init(&m, j, NULL));
    json_decref(j);
    mcu_keypad_push(&k, &m, '*', 0, plain);
    assert_int_equal(mcu_keypad_push(&k, &m, '0', 0, plain), MCU_KEYPAD_MUTE);
    mcu_keypad_push(&k, &m, '*', 0, plain);
    assert_int_equal(mcu_keypad_push(&k, &m, '#', 0, plain), MCU_KEYPAD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_keys_make_a_command),
        cmocka_unit_test(the_keys_are_configurable_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
