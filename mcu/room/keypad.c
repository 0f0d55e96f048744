#include "mcu/room/keypad.h"

#include <string.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"

#define AWAIT_NS (4 * MCU_NS_PER_SEC)

static const struct {
    const char *name;
    char second;
} defaults[MCU_KEYPAD_COMMANDS] = {
    [MCU_KEYPAD_MUTE] = {"mute", '6'},
    [MCU_KEYPAD_HAND] = {"hand", '9'},
    [MCU_KEYPAD_QUIETER] = {"quieter", '4'},
    [MCU_KEYPAD_LOUDER] = {"louder", '7'},
    [MCU_KEYPAD_CONSENT_YES] = {"consent_yes", '1'},
    [MCU_KEYPAD_CONSENT_NO] = {"consent_no", '2'},
    [MCU_KEYPAD_LEAVE] = {"leave", '#'},
};

bool mcu_keypad_is_key(char key)
{
    return key != '\0' && strchr("0123456789*#ABCD", key) != NULL;
}

static mcu_keypad_command command_by_name(const char *name)
{
    for (mcu_keypad_command c = MCU_KEYPAD_MUTE; c < MCU_KEYPAD_COMMANDS; c++) {
        if (strcmp(defaults[c].name, name) == 0) {
            return c;
        }
    }
    return MCU_KEYPAD_NONE;
}

static bool set(mcu_keypad_map *m, const char *name, const char *keys, GError **error)
{
    mcu_keypad_command c = command_by_name(name);
    bool none = keys != NULL && keys[0] == '\0';
    bool pair = keys != NULL && strlen(keys) == 2 && keys[0] == '*' && keys[1] != '*' && mcu_keypad_is_key(keys[1]);
    if (c == MCU_KEYPAD_NONE || (!none && !pair)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "keypad.%s is no command, or its keys are not a star and another", name);
        return false;
    }
    m->second[c] = none ? '\0' : keys[1];
    return true;
}

static bool check_distinct(const mcu_keypad_map *m, GError **error)
{
    for (int a = MCU_KEYPAD_MUTE; a < MCU_KEYPAD_COMMANDS; a++) {
        for (int b = a + 1; b < MCU_KEYPAD_COMMANDS; b++) {
            if (m->second[a] != '\0' && m->second[a] == m->second[b]) {
                g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "keypad.%s and keypad.%s have the same keys", defaults[a].name,
                            defaults[b].name);
                return false;
            }
        }
    }
    return true;
}

bool mcu_keypad_map_init(mcu_keypad_map *m, const json_t *config, GError **error)
{
    for (int c = 0; c < MCU_KEYPAD_COMMANDS; c++) {
        m->second[c] = defaults[c].second;
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)config, name, value)
    {
        if (!set(m, name, json_string_value(value), error)) {
            return false;
        }
    }
    return check_distinct(m, error);
}

mcu_keypad_command mcu_keypad_push(mcu_keypad *k, const mcu_keypad_map *m, char key, int64_t now_ns, char plain[3])
{
    unsigned n = 0;
    if (mcu_keypad_expired(k, now_ns)) {
        plain[n++] = '*';
    }
    bool second = k->star;
    k->star = false;
    for (mcu_keypad_command c = MCU_KEYPAD_MUTE; second && c < MCU_KEYPAD_COMMANDS; c++) {
        if (m->second[c] == key) {
            plain[n] = '\0';
            return c;
        }
    }
    if (second) {
        plain[n++] = '*';
    }
    if (key == '*') {
        k->star = true;
        k->star_ns = now_ns;
    } else {
        plain[n++] = key;
    }
    plain[n] = '\0';
    return MCU_KEYPAD_NONE;
}

bool mcu_keypad_expired(mcu_keypad *k, int64_t now_ns)
{
    bool expired = k->star && now_ns - k->star_ns >= AWAIT_NS;
    k->star = k->star && !expired;
    return expired;
}
