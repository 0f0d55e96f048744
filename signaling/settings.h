/* settings.h - what an operator can set for the gateway: the key table and its checked values.  Thread: read once at start,
 * immutable afterwards. The launcher reads the same table, so a bad file stops the start before anything listens. */
#ifndef SIGNALING_SETTINGS_H
#define SIGNALING_SETTINGS_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mcu/base/config.h"
#include "signaling/networks.h"
#include "signaling/phone_settings.h"

#define SIG_MAX_TIERS 8

typedef struct {
    const char *name; /* "A" ... */
    int width_px, height_px, fps;
    int every_s; /* > 0: stills, one in so many seconds, and fps is 1 */
    int bitrate_kbps;
} sig_tier;

typedef struct {
    mcu_config *config; /* owns every string below */
    const char *const *listen;
    uint16_t port;
    const char *certificate, *key; /* both empty = self-signed */
    const char *public_url;        /* "" = from the request */
    const char *const *origins;
    const char *const *frame_ancestors;
    sig_networks *trusted_proxies; /* owned */

    const char *const *admin_listen;
    uint16_t admin_port;       /* 0 = no listener of its own */
    sig_networks *admin_allow; /* owned */

    const char *oidc_issuer, *oidc_audience, *oidc_keys; /* all empty = operators have the admin key alone */
    const char *oidc_require;                            /* "claim=value" or "" */

    const char *assets; /* "" = looked for beside the program */
    unsigned max_connections;

    const char *const *addresses;
    const char *nat_address;
    uint16_t port_min, port_max;
    bool ice_tcp;
    const char *denoise; /* "nobody", "phones", "everybody" */
    const char *stun;    /* "host:port" or "" */

    const char *const *turn_urls;
    const char *turn_secret;
    int64_t turn_ttl_s;
    bool turn_in_rooms;

    sig_tier tiers[SIG_MAX_TIERS];
    unsigned n_tiers;
    const char *preset;
    const char *logo; /* file; "" = none */

    const char *recording_key;  /* file, "" = in the data folder */
    const char *recording_tier; /* "" = the first */
    const char *recording_view;
    int64_t recording_reserve_mib;
    bool recording_caption, video_clock, video_visit;
    int64_t recording_retention_days; /* 0 = for ever */
    const char *recording_spare;      /* "" = none */
    const char *recording_slate;
    const char *s3_endpoint, *s3_bucket, *s3_region, *s3_prefix, *s3_credentials, *s3_authority; /* endpoint "" = no store */

    unsigned max_rooms, max_seats, idle_rooms;
    unsigned messages_per_second, offers_per_minute;
    int64_t empty_seconds, link_seconds, drain_seconds;
    const char *log_level;
    sig_phone_settings phone;
} sig_settings;

extern const mcu_config_key sig_settings_keys[];

/* `path` NULL = defaults and environment. `port` > 0 overrides the file. MCU_ERROR_CONFIG names file, line or key, and reason. */
sig_settings *sig_settings_load(const char *path, int port, GError **error);
bool sig_settings_check(const sig_settings *s,
                        GError **error); /* of what is read, as sig_settings_load() does; settings_check.c */
void sig_settings_free(sig_settings *s);

/* "1280x720@25:1200" = width x height @ frames a second : kilobits a second; "320x180@1/3:8": one frame in 3 seconds. False = not
 * of that form or out of range. */
bool sig_tier_parse(const char *text, sig_tier *out);
bool sig_settings_has_tier(const sig_settings *s, const char *name);
json_t *sig_settings_tier_names(const sig_settings *s); /* ["A", ...]; the caller's */

void sig_settings_print_help(FILE *out); /* every key with default and meaning, as a commented INI file */

#endif
