/* call_video.h - the pictures of one call with a video endpoint: H.264 over RTP and RTCP on two UDP sockets of their own (no
 * rtcp-mux, no BUNDLE).  Thread: its owner's loop. Knows no loop: the owner watches the descriptors and calls
 * mcu_call_video_read(), and mcu_call_video_step() every 10 ms. What is sent goes through net/sender (pacing, repair, estimate).
 * Source: RFC 6184, RFC 3550, RFC 3711, RFC 4585, RFC 5104. */
#ifndef MCU_NET_CALL_VIDEO_H
#define MCU_NET_CALL_VIDEO_H

#include <glib.h>

#include "mcu/base/leg.h"
#include "mcu/base/status.h"
#include "mcu/net/peer.h"

typedef struct mcu_call_video mcu_call_video;

typedef struct {
    void (*on_picture)(void *user, mcu_au *take_au); /* whole, in order */
    void (*on_keyframe_request)(void *user);         /* they want one of us; at most four a second */
    void (*on_ask)(void *user);                      /* they take no RTCP for it: signalling is to ask for a keyframe of theirs */
} mcu_call_video_callbacks;                          /* none may free the call */

/* Takes both descriptors, also when it fails: BAD_REQUEST. `state` is copied; with pt 0 nothing goes until it changes. */
mcu_call_video *mcu_call_video_new(const mcu_leg_video *state, int take_rtp, int take_rtcp,
                                   const mcu_call_video_callbacks *callbacks, void *user, int64_t now_ns, GError **error);
void mcu_call_video_free(mcu_call_video *v); /* NULL is fine */
/* What signalling changed. New keys begin new streams. */
bool mcu_call_video_change(mcu_call_video *v, const mcu_leg_video *state, int64_t now_ns, GError **error);

int mcu_call_video_fd(const mcu_call_video *v); /* both readable -> mcu_call_video_read() */
int mcu_call_video_rtcp_fd(const mcu_call_video *v);
void mcu_call_video_read(mcu_call_video *v, int64_t now_ns); /* at most 64 packets of each */
void mcu_call_video_step(mcu_call_video *v, int64_t now_ns);

/* MCU_EFULL: refused, only a keyframe may follow; MCU_EAGAIN: they take none now. */
mcu_status mcu_call_video_send(mcu_call_video *v, mcu_au *au, int64_t now_ns);
/* One a second at most leaves, again and again until a keyframe has come. */
void mcu_call_video_want_keyframe(mcu_call_video *v, int64_t now_ns);
/* They asked by signalling (RFC 5168). */
void mcu_call_video_asked(mcu_call_video *v, int64_t now_ns);

bool mcu_call_video_sends(const mcu_call_video *v); /* agreed upon, seen from us */
bool mcu_call_video_receives(const mcu_call_video *v);
void mcu_call_video_get_link(const mcu_call_video *v, int64_t now_ns, mcu_peer_link *out);

typedef struct {
    uint64_t pictures_in, pictures_out, packets_in, packets_out;
    uint64_t refused, auth_failures, bad;
    uint64_t asked_in, asked_out; /* for keyframes */
    int64_t last_in_ns;
} mcu_call_video_stats;
void mcu_call_video_get_stats(const mcu_call_video *v, mcu_call_video_stats *out);

#endif
