/* ws.h - one WebSocket (RFC 6455) on a connection that evhttp has accepted.  Thread: the gateway's loop.
 * Text messages up to 64 KiB; a peer that stays silent for 40 s or reads too slowly is dropped. */
#ifndef SIGNALING_WS_H
#define SIGNALING_WS_H

#include <event2/event.h>
#include <event2/http.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SIG_WS_MESSAGE_MAX 65536

enum { SIG_WS_NORMAL = 1000, SIG_WS_GOING_AWAY = 1001, SIG_WS_LOST = 1006, SIG_WS_POLICY = 1008 };

typedef struct sig_ws sig_ws;
typedef struct {
    void (*on_text)(void *user, const char *text, size_t length);
    void (*on_closed)(void *user, unsigned code); /* last, exactly once; the sig_ws is gone afterwards */
} sig_ws_events;

/* All of a server's sockets, so that they can be closed at the end. */
typedef struct {
    GQueue all; /* of sig_ws */
} sig_ws_set;
void sig_ws_set_init(sig_ws_set *set);
void sig_ws_set_abort(sig_ws_set *set); /* frees every socket at once, with on_closed */

/* The Sec-WebSocket-Accept of a key: 28 characters and the zero. */
void sig_ws_accept_key(const char *key, char out[29]);
/* NULL = the request may become a WebSocket; else what is wrong with its headers. Origin is the caller's question. */
const char *sig_ws_check_request(struct evhttp_request *req);

/* Takes the connection of a checked request: answers 101 and never gives it back to evhttp. Nothing is read before start. */
sig_ws *sig_ws_take(sig_ws_set *set, struct event_base *base, struct evhttp_request *req, const sig_ws_events *events,
                    void *user);
void sig_ws_start(sig_ws *w); /* once the owner can take callbacks: early frames may be there already */
void sig_ws_send(sig_ws *w, const char *text, size_t length); /* after close: ignored */
/* Sends what waits and a close frame; on_closed follows later. */
void sig_ws_close(sig_ws *w, unsigned code, const char *reason);

#endif
