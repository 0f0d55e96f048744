/* ice_servers.h - STUN and TURN servers for clients and rooms, with time-limited credentials.  Thread: the gateway's loop.
 * The REST credentials of coturn: username "expiry:seat", password base64(HMAC-SHA1(secret, username)). */
#ifndef SIGNALING_ICE_SERVERS_H
#define SIGNALING_ICE_SERVERS_H

#include <event2/event.h>
#include <jansson.h>

#include "signaling/settings.h"

typedef struct sig_ice sig_ice;

/* Resolves the servers' names for the rooms, again every five minutes. */
sig_ice *sig_ice_new(struct event_base *base, const sig_settings *s);
void sig_ice_free(sig_ice *i);

/* RTCIceServer objects for one seat. */
json_t *sig_ice_for_seat(const sig_ice *i, const char *seat, int64_t now_s);
/* The same as Link header values (RFC 9725 4.4): an array of strings. */
json_t *sig_ice_links(const sig_ice *i, const char *seat, int64_t now_s);
/* Members "stun" and "turn" of a room's media configuration, as addresses. Names that are not resolved yet are left out. */
void sig_ice_add_to_room(const sig_ice *i, json_t *media, const char *room, int64_t now_s);

/* Pure: the password for a username. 28 characters and the zero. */
void sig_turn_password(const char *secret, const char *username, char out[29]);

#endif
