/* api.h - the handlers behind the route table.  Thread: the gateway's loop. Described for clients in assets/api/openapi.json. */
#ifndef SIGNALING_API_H
#define SIGNALING_API_H

#include "signaling/audit.h"
#include "signaling/http.h"
#include "signaling/room.h"

extern const sig_route sig_routes[];
extern const unsigned sig_n_routes;
void sig_page_fallback(sig_request *q); /* static files */

void sig_api_create_room(sig_request *q);
void sig_api_list_rooms(sig_request *q);
void sig_api_get_room(sig_request *q);
void sig_api_end_room(sig_request *q);
void sig_api_create_link(sig_request *q);
void sig_api_revoke_link(sig_request *q);
void sig_api_mute_all(sig_request *q);
void sig_api_lock(sig_request *q);
void sig_api_list_layouts(sig_request *q);
void sig_api_set_layout(sig_request *q);
void sig_api_caption(sig_request *q);
void sig_api_record(sig_request *q);
void sig_api_set_policy(sig_request *q);
void sig_api_consent(sig_request *q);
void sig_api_mute(sig_request *q);
void sig_api_tier(sig_request *q);
void sig_api_freeze(sig_request *q);
void sig_api_sound(sig_request *q);
void sig_api_admit(sig_request *q);
void sig_api_deny(sig_request *q);
void sig_api_remove(sig_request *q);

void sig_api_create_pin(sig_request *q);
void sig_api_dial(sig_request *q);
void sig_api_hang_up(sig_request *q);
void sig_api_transfer(sig_request *q);
void sig_api_list_calls(sig_request *q);

void sig_api_tier_picture(sig_request *q);

void sig_api_health(sig_request *q);
void sig_api_ready(sig_request *q);
void sig_api_metrics(sig_request *q);
void sig_api_openapi(sig_request *q);
void sig_api_messages(sig_request *q);

void sig_page_join(sig_request *q);
void sig_page_admin(sig_request *q);
void sig_page_websocket(sig_request *q);

void sig_whip_create(sig_request *q);
void sig_whip_options(sig_request *q);
void sig_whip_patch(sig_request *q);
void sig_whip_delete(sig_request *q);

/* ---- shared by the handlers ---- */

/* Answers 204, or why not: for what is done later. */
void sig_api_done(void *request, const char *code, const char *message);
/* The room of the route's first star that has not ended; NULL = 404 or 410 has been answered. */
const sig_room_facts *sig_api_room(sig_request *q);
/* The seat of the route's second star; NULL = 404 or 410 has been answered. */
const sig_seat_facts *sig_api_seat(sig_request *q);
/* Writes changes and the record of who did it, then calls `done` with the request, which answers. A failure is answered here. */
void sig_api_commit(sig_request *q, const sig_change *changes, unsigned n, const sig_audit_entry *entry,
                    void (*done)(sig_request *q, void *user), void *user, GDestroyNotify free_user);
/* `operation` on the route's room, and on its seat when it has one, by who sent the request. */
sig_audit_entry sig_api_entry(const sig_request *q, const char *operation);
/* Writes one change, recorded as `operation`, then answers 204. */
void sig_api_commit_one(sig_request *q, const sig_change *change, const char *operation);
/* "https://host[:port]" for links, by which people reach the server (base_url.c). Free with g_free. */
char *sig_api_base_url(const sig_request *q);
/* Makes a token for a seat as it will be after `change`, until its expires_ms. Free with g_free. */
char *sig_api_mint(const sig_gateway *g, const sig_change *change);

#endif
