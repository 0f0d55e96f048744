/* call_rtp.h - the RTP and RTCP of one phone call over UDP sockets that somebody else opened.  Thread: its owner's loop.
 * Knows no loop: the owner watches the descriptors and calls mcu_call_rtp_read(), has a 20 ms clock of its own that hands over
 * one coded packet a tick (mixer/penc.h makes them of PCM), and calls mcu_call_rtp_tick() with it. Used by the room for its legs
 * and by tessera-phone before a room knows the call; in between it travels as mcu_leg_state. Source: RFC 3550, RFC 3551, RFC
 * 3711, RFC 4733, RFC 5761. */
#ifndef MCU_NET_CALL_RTP_H
#define MCU_NET_CALL_RTP_H

#include <glib.h>

#include "mcu/base/leg.h"
#include "mcu/base/status.h"

typedef struct mcu_call_rtp mcu_call_rtp;

typedef struct {
    /* A packet of the negotiated codec as it arrives: may be late, double or out of order. seq is extended, time_ns its arrival.
     */
    void (*on_audio)(void *user, mcu_au *take_au);
    /* A key by telephone-event: '0'..'9', '*', '#', 'A'..'D'. down once a key; up when it ends or 200 ms after its last packet.
     */
    void (*on_key)(void *user, char key, bool down);
} mcu_call_rtp_callbacks; /* a NULL member is not called; none may free the call */

/* Takes both descriptors, also when it fails; rtcp -1 with rtcp_mux. They become non-blocking. `state` is copied. The sockets'
 * family must be that of `remote`. Where media may come from is open for MCU_LATCH_WINDOW_NS from now unless it is latched. */
mcu_call_rtp *mcu_call_rtp_new(const mcu_leg_state *state, int take_rtp, int take_rtcp, const mcu_call_rtp_callbacks *callbacks,
                               void *user, int64_t now_ns, GError **error);
void mcu_call_rtp_free(mcu_call_rtp *c); /* closes the sockets; sends nothing: the call may go on elsewhere. NULL is fine */

int mcu_call_rtp_fd(const mcu_call_rtp *c);      /* readable -> mcu_call_rtp_read() */
int mcu_call_rtp_rtcp_fd(const mcu_call_rtp *c); /* the same; -1 with rtcp_mux */
/* Takes what waits in both sockets, at most 64 packets of each. */
void mcu_call_rtp_read(mcu_call_rtp *c, int64_t now_ns);
/* For an owner that reads every 20 ms instead of watching: from now on the kernel notes when a packet came. Reports are then
 * looked for five times a second. */
void mcu_call_rtp_stamp(mcu_call_rtp *c);

/* 20 ms of sound, coded as state.codec; au->ts counts 48 kHz of the sender's clock, whose gaps stay gaps. Packets of a longer
 * ptime go out when they are full. MCU_ENOSUP another codec; MCU_EAGAIN on hold, or the socket is full (dropped, counted). */
mcu_status mcu_call_rtp_send(mcu_call_rtp *c, const mcu_au *au);
/* Reports every 5 s, and keys whose end was lost. Every 20 ms. */
void mcu_call_rtp_tick(mcu_call_rtp *c, int64_t now_ns);

/* What signalling changed: codec and payload types, hold, another remote address (the window opens again), other keys. Our SSRC,
 * sequence and time stamps go on whatever `state` says. */
bool mcu_call_rtp_change(mcu_call_rtp *c, const mcu_leg_state *state, int64_t now_ns, GError **error);
/* For a hand-over: as it is now. Nothing may be sent or read after it by whoever hands over. mcu_leg_wipe() it. */
void mcu_call_rtp_export(const mcu_call_rtp *c, mcu_leg_state *out);

typedef struct {
    uint64_t packets_in, bytes_in, packets_out, send_failed;
    uint64_t lost;      /* theirs that never came */
    double loss;        /* of theirs, 0..1, of the last report's interval */
    double remote_loss; /* of ours, as they report; 0 without a report */
    double jitter_ms;
    double rtt_ms;          /* < 0 unknown */
    uint64_t refused;       /* from an address that is not the call's */
    uint64_t auth_failures; /* SRTP, SRTCP */
    uint64_t bad;           /* did not parse, or of no payload type that was agreed */
    uint64_t keys;
    int64_t last_in_ns;     /* newest audio packet or key; 0 = none */
    int64_t last_report_ns; /* newest RTCP packet; 0 = none */
} mcu_call_rtp_stats;
void mcu_call_rtp_get_stats(const mcu_call_rtp *c, mcu_call_rtp_stats *out);
bool mcu_call_rtp_held(const mcu_call_rtp *c);
mcu_codec mcu_call_rtp_codec(const mcu_call_rtp *c);
bool mcu_call_rtp_secure(const mcu_call_rtp *c);

#endif
