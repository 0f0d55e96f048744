/* leg_json.h - reading and writing the members of a leg's JSON.  Thread: any; private to leg*.c.
 * Readers leave the value alone when the member is absent; BAD_REQUEST names the one that is out of range. */
#ifndef MCU_BASE_LEG_JSON_H
#define MCU_BASE_LEG_JSON_H

#include "mcu/base/leg.h"

bool mcu_leg_bad(GError **error, const char *key); /* false */
bool mcu_leg_read_number(const json_t *j, const char *key, json_int_t min, json_int_t max, json_int_t *value, GError **error);
bool mcu_leg_read_flag(const json_t *j, const char *key, bool *value, GError **error);
bool mcu_leg_read_address(const json_t *j, const char *key, mcu_leg_address *value, GError **error);
bool mcu_leg_read_key(const json_t *j, const char *key, uint8_t value[MCU_LEG_KEY_SIZE], GError **error);
json_t *mcu_leg_key_json(const uint8_t key[MCU_LEG_KEY_SIZE]);
void mcu_leg_set_address(json_t *j, const char *key, const mcu_leg_address *a);

/* leg_video.c. `j` NULL: nothing changes. */
bool mcu_leg_video_read(mcu_leg_video *v, bool *has, const json_t *j, GError **error);

#endif
