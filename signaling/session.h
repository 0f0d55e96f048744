/* session.h - a seat's WebSocket: join, then messages between the person's browser and the room.  Thread: the gateway's loop.
 * Messages: assets/api/messages.json. A session frees itself after its socket has closed. */
#ifndef SIGNALING_SESSION_H
#define SIGNALING_SESSION_H

#include <event2/http.h>
#include <jansson.h>

#include "signaling/permissions.h"
#include "signaling/room.h"
#include "signaling/roster.h"
#include "signaling/ws.h"

/* Takes over a checked WebSocket request. */
void sig_session_open(sig_gateway *g, sig_ws_set *sockets, struct evhttp_request *req);

const char *sig_session_id(const sig_session *s); /* the media session's id */
const char *sig_session_seat(const sig_session *s);
/* Which picture the client gets: a tier's name, and the view where it is not everybody's ("A patient"). */
#define SIG_CANVAS_MAX 31
#define SIG_MAX_CANVASES 32
const char *sig_session_canvas(const sig_session *s); /* "" = not known */
/* `kind`: what is other since the one before; some of that may wait. */
void sig_session_roster(sig_session *s, json_t *roster, sig_roster_kind kind);
void sig_session_set_canvas(sig_session *s, const char *canvas);
void sig_session_send(sig_session *s, json_t *take_message);

/* By the room: */
void sig_session_replaced(sig_session *s);                    /* the seat was joined elsewhere */
void sig_session_end(sig_session *s, const char *reason);     /* "room_ended", "removed", "draining" */
void sig_session_restart(sig_session *s, const char *reason); /* connect the media anew */
void sig_session_media_gone(sig_session *s, bool was_up, const char *why);
void sig_session_admitted(sig_session *s); /* the door was opened: it may join */
void sig_session_denied(sig_session *s);
void sig_session_ask(sig_session *s, const char *what,
                     const char *by);              /* "unmute", "camera"; `by` a host's seat, NULL = an operator */
bool sig_session_close_microphone(sig_session *s); /* until the person opens it; false = there is no mute, or it is doing so */
void sig_session_withdraw_ask(sig_session *s);     /* to speak: a host has muted again since */
bool sig_session_is_host(const sig_session *s);
void sig_session_facts_changed(sig_session *s, const sig_seat_facts *facts);

/* The order to a room's process for what `m` changes of a seat's sound; `first`: the operation of its first member, NONE = it has
 * none. */
json_t *sig_sound_order(const char *seat, const json_t *m, sig_permission *first);

#endif
