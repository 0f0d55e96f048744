/* peer_priv.h - inside of mcu_peer, shared by the peer_*.c files.  Thread: the loop.
 *   peer.c            life, states, the 20 ms tick
 *   peer_sdp.c        offers, answers, candidates -> what was negotiated
 *   peer_transport.c  ICE -> first byte -> DTLS, SRTP; what leaves goes the other way
 *   peer_recv.c       RTP in: which m-line, repair, pictures and audio packets out
 *   peer_recv_audio.c  audio packets and the copies inside them
 *   peer_feedback.c   RTCP that we send: reports, NACK, PLI, REMB, transport-wide feedback
 *   peer_rtcp.c       RTCP that they send
 *   peer_send.c       pictures and audio -> packets -> sender -> wire
 *   peer_stats.c      figures */
#ifndef MCU_NET_PEER_PRIV_H
#define MCU_NET_PEER_PRIV_H

#include <openssl/crypto.h>

#include "mcu/net/demux.h"
#include "mcu/net/dtls.h"
#include "mcu/net/nack.h"
#include "mcu/net/net.h"
#include "mcu/net/offer_answer.h"
#include "mcu/net/peer.h"
#include "mcu/net/peer_test.h"
#include "mcu/net/red.h"
#include "mcu/net/report_clock.h"
#include "mcu/net/rtcp.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/net/rtpext.h"
#include "mcu/net/rtx.h"
#include "mcu/net/sender.h"
#include "mcu/net/srtp.h"
#include "mcu/net/twcc.h"
#include "mcu/net/vjitter.h"
#include "mcu/net/vplayout.h"

#define PEER_TICK_NS (20 * MCU_NS_PER_MS)
#define PEER_PACE_NS MCU_NS_PER_MS          /* between looks at the pacer, at least */
#define PEER_SETUP_NS (30 * MCU_NS_PER_SEC) /* from the descriptions to UP */
#define PEER_STALL_NS (5 * MCU_NS_PER_SEC)
#define PEER_CONSENT_NS (30 * MCU_NS_PER_SEC) /* RFC 7675 5.1 */
#define PEER_EARLY_DTLS 8                     /* datagrams of one flight */
#define PEER_EARLY_CANDIDATES 32
#define PEER_RTCP_MAX 1200
#define PEER_AUDIO_SEEN 64

/* One m-line in our direction. */
typedef struct {
    uint32_t ssrc; /* 0 = not known yet */
    uint32_t rtx_ssrc;
    int64_t last_ns; /* newest packet of `ssrc` */
    mcu_rtp_stats stats;
    mcu_rate rate;
    uint64_t rtx_packets, dropped;
} peer_in;

typedef struct {
    peer_in base;
    mcu_codec codec;
    mcu_vjitter *jitter;
    mcu_nack *nack;
    mcu_vplayout playout;
    uint64_t pictures, keyframes;
    uint64_t nacks_sent, plis_sent, firs_sent;
    bool wants_keyframe;   /* asked for, or the jitter buffer cannot go on without */
    int64_t wants_from_ns; /* do not ask before */
    int64_t asked_ns;      /* newest PLI */
    uint8_t fir_seq;
} peer_video_in;

typedef struct {
    peer_in base;
    mcu_codec codec;
    mcu_unwrap seq;
    uint32_t had[PEER_AUDIO_SEEN]; /* seq + 1 of what was handed on, by seq */
    uint64_t copies;
    mcu_nack *nack; /* of what no copy brings; NULL until something came */
    uint64_t nacks_sent;
} peer_audio_in;

struct mcu_peer {
    mcu_net *net;
    mcu_peer_policy policy;
    mcu_codec video_codecs[8]; /* policy.video_codecs points here */
    mcu_peer_callbacks callbacks;
    void *user;
    mcu_peer_state state;
    mcu_timer *tick, *pace;
    int64_t tick_ns, pace_ns; /* when they are armed for; INT64_MAX = not */
    int64_t late_ns;          /* how late the loop has been lately: what waits in the sockets is not lost */
    int64_t since_ns;         /* descriptions were exchanged */
    int64_t connected_ns, last_in_ns;
    char cname[17], stream_id[33];

    /* descriptions */
    bool offering;
    uint64_t session_id;
    unsigned version;
    char *description;   /* ours, newest */
    mcu_negotiated *neg; /* NULL until both are known */
    bool remote_known;   /* credentials were given to ICE */
    bool quiet;          /* inside answer() or offer(): what is gathered goes into the text */
    bool tell_gathered;  /* gathering ended while quiet */
    GPtrArray *early_candidates;
    unsigned ice_restarts;

    /* transport */
    mcu_ice *ice;
    mcu_ice_state ice_state;
    mcu_dtls *dtls;
    mcu_srtp *srtp;
    GBytes *early_dtls[PEER_EARLY_DTLS];
    unsigned n_early_dtls;
    uint64_t auth_failures, bad_packets;
    mcu_peer_test_filter filter;
    void *filter_user;

    /* media in */
    peer_video_in vin, cin; /* their camera, their screen */
    peer_audio_in ain;
    mcu_twcc_recorder *twcc_in;
    mcu_report_clock reports;
    unsigned max_video_bps;
    int64_t rates_ns; /* when the rates were closed */

    /* media out */
    mcu_red_sender red;
    uint64_t copies_out;
    mcu_sender send;
    bool keyframe_asked; /* a request waits to be told */
    int64_t keyframe_told_ns;
    int fir_seen; /* newest FIR sequence, -1 = none */
    uint64_t pictures_out, keyframes_out, nacks_in, plis_in, firs_in;
    unsigned remb_bps;
    int64_t remb_ns;
};

/* peer.c */
void mcu_peer_set_state(mcu_peer *p, mcu_peer_state state, const char *why);
void mcu_peer_kick(mcu_peer *p, int64_t at_ns); /* the tick runs no later than this */
bool mcu_peer_is_up(const mcu_peer *p);         /* UP or STALLED */
/* One more of what this peer and the process count alike. */
static inline void mcu_peer_count(uint64_t *own, mcu_counter *all)
{
    (*own)++;
    mcu_counter_add(all, 1);
}

/* peer_transport.c */
void mcu_peer_on_datagram(mcu_peer *p, uint8_t *data, size_t size); /* from a validated address */
bool mcu_peer_open_ice(mcu_peer *p, bool controlling, GError **error);
bool mcu_peer_open_dtls(mcu_peer *p, GError **error); /* anew: the old association and its keys are dropped */
void mcu_peer_try_dtls(mcu_peer *p);                  /* starts the handshake once both descriptions and a path are there */
void mcu_peer_tick_dtls(mcu_peer *p, int64_t now_ns);
void mcu_peer_close_transport(mcu_peer *p);
/* Protects a packet that has MCU_SRTP_OVERHEAD bytes of room behind it, and sends it. */
mcu_status mcu_peer_send_rtp(mcu_peer *p, uint8_t *packet, size_t size);
mcu_status mcu_peer_send_rtcp(mcu_peer *p, uint8_t *packet, size_t size);

/* peer_recv.c */
/* What was agreed for `v`, one of the peer's own. */
static inline const mcu_neg_media *mcu_peer_video_media(const mcu_peer *p, const peer_video_in *v)
{
    return v == &p->cin ? &p->neg->content : &p->neg->video;
}
int64_t mcu_peer_rtt_ns(const mcu_peer *p);                              /* best known, 0 = none */
const mcu_recv_pt *mcu_peer_find_pt(const mcu_neg_media *m, uint8_t pt); /* NULL = not agreed */
/* False: a second SSRC while the first still sends. */
bool mcu_peer_take_ssrc(peer_in *in, uint32_t ssrc, unsigned clock_hz, int64_t now_ns, bool *changed);
void mcu_peer_on_rtp(mcu_peer *p, const uint8_t *packet, size_t size, int64_t now_ns);
void mcu_peer_pop_pictures(mcu_peer *p, int64_t now_ns);
void mcu_peer_apply_recv(mcu_peer *p); /* after a negotiation */
void mcu_peer_clear_recv(mcu_peer *p);

/* peer_recv_audio.c */
void mcu_peer_clear_audio(peer_audio_in *a);
void mcu_peer_on_audio(mcu_peer *p, const mcu_recv_pt *pt, const mcu_rtp *r, size_t wire, int64_t now_ns);

/* peer_rtcp.c */
void mcu_peer_on_rtcp(mcu_peer *p, const uint8_t *packet, size_t size, int64_t now_ns);

/* peer_feedback.c */
void mcu_peer_tick_feedback(mcu_peer *p, int64_t now_ns);
void mcu_peer_send_bye(mcu_peer *p);

/* peer_send.c */
void mcu_peer_apply_send(mcu_peer *p);                       /* after a negotiation */
extern const mcu_sender_callbacks mcu_peer_sender_callbacks; /* user: the peer */
void mcu_peer_pump(mcu_peer *p, int64_t now_ns);
void mcu_peer_ask_keyframe(mcu_peer *p, int64_t now_ns); /* on_keyframe_request, merged */
void mcu_peer_tick_send(mcu_peer *p, int64_t now_ns);
uint32_t mcu_peer_out_ts(const mcu_out *o, int64_t now_ns);

/* peer_stats.c */
void mcu_peer_roll_rates(mcu_peer *p, int64_t now_ns); /* once a second */

#endif
