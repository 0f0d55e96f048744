/* keypad.h - what a caller's keys mean: two keys, the first a star.  Thread: loop; pure, stepped by `now_ns`. */
#ifndef MCU_ROOM_KEYPAD_H
#define MCU_ROOM_KEYPAD_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MCU_KEYPAD_NONE = 0,
    MCU_KEYPAD_MUTE,
    MCU_KEYPAD_HAND,
    MCU_KEYPAD_QUIETER,
    MCU_KEYPAD_LOUDER,
    MCU_KEYPAD_CONSENT_YES,
    MCU_KEYPAD_CONSENT_NO,
    MCU_KEYPAD_LEAVE,
    MCU_KEYPAD_COMMANDS,
} mcu_keypad_command;

typedef struct {
    char second[MCU_KEYPAD_COMMANDS]; /* the key after the star; 0 = not to be had */
} mcu_keypad_map;

/* `config`: {"mute":"*6", "hand":"*9", "quieter":"*4", "louder":"*7", "consent_yes":"*1", "consent_no":"*2", "leave":"*#"}, any
 * of them, NULL = all of these; "" takes one away. CONFIG: not two keys that begin with a star, twice the same, or an unknown
 * name. */
bool mcu_keypad_map_init(mcu_keypad_map *m, const json_t *config, GError **error);

typedef struct {
    bool star; /* pressed, its second key is awaited */
    int64_t star_ns;
} mcu_keypad; /* zero-initialise */

bool mcu_keypad_is_key(char key); /* 0-9 * # A-D */
/* The command that this key completes. `plain` gets the keys that belong to none, as a string of at most two. */
mcu_keypad_command mcu_keypad_push(mcu_keypad *k, const mcu_keypad_map *m, char key, int64_t now_ns, char plain[3]);
/* A star that nothing followed for 4 s is a plain key. */
bool mcu_keypad_expired(mcu_keypad *k, int64_t now_ns);

#endif
