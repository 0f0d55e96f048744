/* gateway.h - the parts of the gateway that know each other, introduced by main.c.  Thread: the gateway's loop. */
#ifndef SIGNALING_GATEWAY_H
#define SIGNALING_GATEWAY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/layout.h"
#include "signaling/auth.h"
#include "signaling/facts.h"
#include "signaling/ice_servers.h"
#include "signaling/key_file.h"
#include "signaling/rate.h"
#include "signaling/schema.h"
#include "signaling/settings.h"
#include "signaling/store.h"

typedef struct sig_operators sig_operators;
typedef struct sig_supervisor sig_supervisor;
typedef struct sig_launcher sig_launcher;
typedef struct sig_http sig_http;
typedef struct sig_assets sig_assets;
typedef struct sig_tls sig_tls;
typedef struct sig_audit sig_audit;
typedef struct sig_audit_entry sig_audit_entry;
typedef struct sig_phone sig_phone;
typedef struct sig_links sig_links;
typedef struct sig_upload sig_upload;

typedef struct sig_gateway {
    struct event_base *base;
    const sig_settings *settings;
    sig_auth *auth;
    sig_operators *operators;
    uint8_t recording_key[SIG_KEY_BYTES]; /* public half of SIG_RECORDING_KEY; the private one is for tessera-recording alone */
    int recordings_dir_fd;
    sig_links *links; /* to recordings */
    sig_key_pair key; /* the server's own: SIG_GATEWAY_KEY */
    sig_store *store;
    sig_audit *audit;
    GHashTable *commits; /* those on their way to the disk */
    sig_facts *facts;
    sig_schema *messages; /* assets/api/messages.json */
    sig_schema *api;      /* assets/api/openapi.json */
    sig_ice *ice;
    sig_assets *assets;
    mcu_layouts *layouts;
    char *layouts_folder;
    char *logo; /* of every picture, in base64; NULL = none */
    sig_tls *tls;
    sig_http *http, *admin_http; /* admin_http NULL = no listener of its own */
    sig_launcher *launcher;
    sig_supervisor *supervisor;
    sig_phone *phone;                       /* NULL = the server has no telephone */
    sig_upload *upload;                     /* NULL = recordings stay here */
    const char *data;                       /* folder */
    sig_rate *offers_of_seat, *offers_from; /* WHIP and WHEP, by seat and by address */
    int rooms_dir_fd;
    int64_t generation; /* of this start, for the rooms */
    bool closing;       /* no new visits; those that run go on */
    bool draining;      /* everything ends */
} sig_gateway;

/* Writes a group of changes (0..4) and the record of who did it (NULL = nobody's doing), then makes them true: facts, running
 * rooms, connected clients; then calls `fn`. After 2 s without the disk's answer `fn` hears false; what is written later becomes
 * true later. False = too much is waiting or the disk hangs, nothing happens. */
bool sig_commit(sig_gateway *g, const sig_change *changes, unsigned n, const sig_audit_entry *entry, sig_commit_fn fn,
                void *user);

void sig_commits_init(sig_gateway *g);
void sig_commits_clear(sig_gateway *g); /* after the store is closed: those that nobody will hear of */

int64_t sig_now_s(void); /* wall clock, since 1970 */
/* A random id of `prefix` and 12 characters [a-z0-9], e.g. for sessions. */
void sig_random_id(const char *prefix, char out[SIG_ID_MAX + 1]);
/* Runs `fn` once after `delay_ms` on the loop; free the event to cancel or after it ran. */
struct event *sig_timer_new(struct event_base *base, event_callback_fn fn, void *user);
void sig_timer_arm(struct event *timer, int64_t delay_ms);

#endif
