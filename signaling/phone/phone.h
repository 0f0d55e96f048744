/* phone.h - what the parts of tessera-phone share.  Thread: the one GLib loop.  Private to signaling/phone. */
#ifndef SIGNALING_PHONE_PHONE_H
#define SIGNALING_PHONE_PHONE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "signaling/phone/config.h"

typedef struct tel_call tel_call;
typedef struct tel_link tel_link;
typedef struct tel_prompts tel_prompts;
typedef struct tel_trunk tel_trunk;
typedef struct tel_ua tel_ua;

typedef struct tel_phone {
    tel_config *config;
    tel_link *link;
    tel_prompts *prompts;
    tel_ua *ua;
    GHashTable *calls;  /* id -> tel_call, owned */
    unsigned next_port; /* of RTP, where to look first */
    int64_t rate_ns;    /* new calls: when the next one may come, of TEL_BURST ahead */
    GMainLoop *loop;
} tel_phone;

#endif
