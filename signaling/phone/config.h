/* config.h - what the gateway tells tessera-phone to be: listening addresses, trunks, limits.  Thread: any; immutable.
 * It comes as JSON with the gateway's hello (signaling/PHONE-PROTOCOL.md) and holds passwords: nothing of it is logged. */
#ifndef SIGNALING_PHONE_CONFIG_H
#define SIGNALING_PHONE_CONFIG_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "signaling/phone/call_sdp.h"
#include "signaling/phone/sources.h"

#define TEL_TRUNKS_MAX 2
#define TEL_LANGUAGES_MAX 3

typedef struct {
    const char *name;
    const char *proxy;  /* "sip:host:port;transport=tcp", where calls and registrations go */
    const char *domain; /* in From and To; "" = the proxy's host */
    const char *user, *password;
    const char *realm; /* the password is shown to nobody else; "" = the domain */
    bool registers;
    bool challenges; /* callers must show the password too */
    unsigned expires_s, keepalive_s, session_s;
    const char *caller_id; /* number that calls show; "" = the user */
    tel_srtp_policy srtp;
    bool video; /* H.264 is taken and offered */
    mcu_codec codecs[TEL_CODECS_MAX];
    tel_sources *peers; /* owned */
} tel_trunk_config;

typedef struct {
    json_t *json;              /* owns every string */
    const char *listen;        /* address of SIP and RTP */
    const char *address;       /* the same as others see it */
    unsigned port, tls_port;   /* tls_port 0 = no TLS */
    const char *certificates;  /* folder with agent.pem; "" = none */
    const char *prompts;       /* folder with a folder for each language */
    const char *clinic;        /* the name that callees hear; "" = that of a recording, if there is one */
    unsigned rtp_min, rtp_max; /* even ports of RTP; RTCP is the next */
    unsigned calls_max, calls_per_second;
    const char *languages[TEL_LANGUAGES_MAX + 1]; /* there are prompts for; NULL-terminated */
    tel_trunk_config trunks[TEL_TRUNKS_MAX];
    unsigned n_trunks;
    tel_sources *peers; /* of all trunks; owned */
} tel_config;

/* NULL: MCU_ERROR_CONFIG that names the member. Borrows `json` and keeps a reference. */
tel_config *tel_config_new(json_t *json, GError **error);
void tel_config_free(tel_config *c);

#endif
