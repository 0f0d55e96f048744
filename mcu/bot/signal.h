/* signal.h - how a participant reaches the room: the WebSocket of a join link, or WHIP.  Thread: the loop's.
 * Callbacks never come from inside a call into this interface, but for mcu_signal_free(), after which there is none. */
#ifndef MCU_BOT_SIGNAL_H
#define MCU_BOT_SIGNAL_H

#include <jansson.h>
#include <libsoup/soup.h>
#include <stdbool.h>

typedef struct {
    /* We are let in. `resumed`: the session of before still stands, the connection goes on; else a new one is wanted. */
    void (*on_joined)(void *user, const char *seat, bool resumed);
    void (*on_answer)(void *user, const char *sdp);
    void (*on_candidate)(void *user, const char *candidate, const char *mid);
    void (*on_layout)(void *user, const json_t *message);
    void (*on_restart)(void *user);                  /* make a new connection and offer again */
    void (*on_down)(void *user, const char *why);    /* signaling is gone and is being reached again; media is another matter */
    void (*on_refused)(void *user, const char *why); /* our offer was not taken; try again with a fresh join */
    void (*on_ended)(void *user, const char *why);   /* final */
} mcu_signal_callbacks;

typedef struct mcu_signal mcu_signal;
/* base: "https://host:port". `soup` is shared and borrowed. */
mcu_signal *mcu_signal_ws_new(SoupSession *soup, const char *base, const char *token, bool insecure,
                              const mcu_signal_callbacks *callbacks, void *user);
/* room is part of the address. Offers must be complete: there is no trickle this way round. */
mcu_signal *mcu_signal_whip_new(SoupSession *soup, const char *base, const char *room, const char *token, bool insecure,
                                const mcu_signal_callbacks *callbacks, void *user);
void mcu_signal_free(mcu_signal *s);

void mcu_signal_start(mcu_signal *s);
void mcu_signal_rejoin(mcu_signal *s); /* the connection is lost for good: a fresh session on the same seat */
void mcu_signal_offer(mcu_signal *s, const char *sdp);
void mcu_signal_candidate(mcu_signal *s, const char *candidate, const char *mid); /* NULL = end */
void mcu_signal_state(mcu_signal *s, bool audio, bool video);
void mcu_signal_tier(mcu_signal *s, const char *tier);
void mcu_signal_leave(mcu_signal *s); /* on_ended follows */
bool mcu_signal_trickles(const mcu_signal *s);

/* ---- for the two kinds ---- */

typedef struct {
    void (*start)(mcu_signal *s);
    void (*rejoin)(mcu_signal *s);
    void (*offer)(mcu_signal *s, const char *sdp);
    void (*candidate)(mcu_signal *s, const char *candidate, const char *mid);
    void (*state)(mcu_signal *s, bool audio, bool video);
    void (*tier)(mcu_signal *s, const char *tier);
    void (*leave)(mcu_signal *s);
    void (*free)(mcu_signal *s);
    bool trickles;
} mcu_signal_kind;

struct mcu_signal {
    const mcu_signal_kind *kind;
    SoupSession *soup;
    const mcu_signal_callbacks *callbacks;
    void *user;
    bool insecure;
    bool ended;
};

/* A request to the server; with `insecure` its certificate is taken as it is. */
SoupMessage *mcu_signal_request(const char *method, const char *url, bool insecure);
/* on_ended, once. */
void mcu_signal_end(mcu_signal *s, const char *why);

#endif
