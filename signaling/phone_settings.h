/* phone_settings.h - what an operator can set for telephones: [phone], [trunk1], [trunk2], [dial].  Thread: read once at start,
 * immutable afterwards. Strings belong to the configuration. */
#ifndef SIGNALING_PHONE_SETTINGS_H
#define SIGNALING_PHONE_SETTINGS_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/config.h"
#include "signaling/auth.h"

#define SIG_TRUNKS_MAX 2

typedef struct {
    const char *listen;         /* "" = no telephone */
    const char *const *numbers; /* "+15551234:en", or without a language */
    const char *const *languages;
    char clinic[SIG_NAME_MAX + 1]; /* that who is called hears; "" = none */
    unsigned pin_digits, pins_per_minute;
    int64_t pin_seconds;
    const char *const *prefixes, *const *refused, *const *emergency; /* of outgoing calls */
    unsigned dial_per_room, dial_per_day, dial_per_second;
    json_t *keypad; /* what rooms are told of keys; owned */
    json_t *config; /* what tessera-phone is told; owned, holds passwords */
} sig_phone_settings;

/* `nat_address` of [media] is how trunks see us unless [phone] says otherwise. False: MCU_ERROR_CONFIG. */
bool sig_phone_settings_read(sig_phone_settings *p, const mcu_config *c, GError **error);
/* Whether the files that [phone] needs for TLS are there. */
bool sig_phone_settings_check_files(const mcu_config *c, GError **error);
void sig_phone_settings_clear(sig_phone_settings *p);

/* Whether a called number is one of ours; *language NULL = it says none. */
bool sig_phone_settings_number(const sig_phone_settings *p, const char *number, char language[8]);

#endif
