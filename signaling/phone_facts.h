/* phone_facts.h - PINs, numbers on file and records of calls in memory, as the store has them.  Thread: the gateway's loop.
 * Part of facts.h, which applies the changes. */
#ifndef SIGNALING_PHONE_FACTS_H
#define SIGNALING_PHONE_FACTS_H

#include <glib.h>
#include <jansson.h>

#include "signaling/store.h"

#define SIG_CALLS_KEPT 1000 /* the newest */

typedef struct {
    char key[SIG_KEY_MAX + 1];
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], role[SIG_ID_MAX + 1];
    char name[SIG_NAME_MAX + 1];
    char language[SIG_LANGUAGE_MAX + 1];
    bool host, once;
    int64_t until_ms;
} sig_pin_facts;

typedef struct sig_phone_facts sig_phone_facts;
sig_phone_facts *sig_phone_facts_new(void);
void sig_phone_facts_free(sig_phone_facts *f);
void sig_phone_facts_apply(sig_phone_facts *f, const sig_change *c); /* any change */

/* NULL = there is no such PIN, or not any more. Borrowed until the next apply. */
const sig_pin_facts *sig_phone_facts_pin(const sig_phone_facts *f, const char *key, int64_t now_ms);
unsigned sig_phone_facts_pins(const sig_phone_facts *f, const char *room);
const char *sig_phone_facts_number(const sig_phone_facts *f, const char *room, const char *seat); /* sealed; NULL = none */
json_t *sig_phone_facts_calls(const sig_phone_facts *f, const char *room); /* newest first; `room` NULL = all. The caller's */

#endif
