/* peer.h - one participant's connection: ICE, DTLS, SRTP, RTP/RTCP, repair; pictures and packets in and out.
 * Thread: all calls and callbacks on the thread that runs the GMainContext given to mcu_net_new().
 * One BUNDLE transport, rtcp-mux, at most one audio and one video m-line that carry media, and a second video m-line for a screen
 * that they share; other m-lines are rejected (port 0). Source: RFC 8834, RFC 9429, RFC 8445, RFC 5764, RFC 4585, RFC 4588. */
#ifndef MCU_NET_PEER_H
#define MCU_NET_PEER_H

#include <gio/gio.h>

#include "mcu/base/decode_limits.h"
#include "mcu/base/media.h"
#include "mcu/base/status.h"
#include "mcu/net/link.h"

/* ---- what all peers of a process share ---- */

typedef struct {
    const char *host; /* IP address: names are resolved by the gateway */
    uint16_t port;
    const char *transport; /* "udp", "tcp" or "tls" */
    const char *username, *password;
} mcu_turn_server;

typedef struct {
    const char *const
        *addresses; /* local addresses to gather on; NULL or empty = all but loopback (loopback when nothing else exists) */
    bool loopback;  /* also loopback, ours and theirs: the other end may be on this host */
    const char *nat_address;     /* 1:1 NAT: replaces host candidates' address; NULL = none */
    uint16_t port_min, port_max; /* 0 = any */
    bool ice_tcp;
    const char *stun_host; /* IP address or NULL */
    uint16_t stun_port;
    const mcu_turn_server *turn;
    unsigned n_turn;
} mcu_net_config;

typedef struct mcu_net mcu_net;
/* Makes the DTLS certificate (ECDSA P-256, this process only) and warms SRTP. Call before the sandbox closes. Borrowed config is
 * copied. */
mcu_net *mcu_net_new(GMainContext *context, const mcu_net_config *config, GError **error);
void mcu_net_free(mcu_net *n); /* after every peer has been freed */

/* ---- one peer ---- */

typedef enum {
    MCU_PEER_NONE = 0,
    MCU_PEER_NEW,     /* nothing negotiated */
    MCU_PEER_ICE,     /* checks under way */
    MCU_PEER_DTLS,    /* handshake under way */
    MCU_PEER_UP,      /* keys in place, media flows */
    MCU_PEER_STALLED, /* was UP, no authenticated packet for 5 s; returns to UP by itself */
    MCU_PEER_GONE,    /* failed, consent expired (30 s, RFC 7675), closed by the remote or by us; final */
} mcu_peer_state;
const char *mcu_peer_state_name(mcu_peer_state s);

typedef struct mcu_peer mcu_peer;
typedef struct {
    void (*on_state)(void *user, mcu_peer_state state, const char *why); /* why: short fixed words, never NULL */
    /* A local candidate: the text after "a=" ("candidate:..."), NULL = gathering is complete. May fire inside mcu_peer_answer().
     */
    void (*on_candidate)(void *user, const char *candidate, const char *mid);
    void (*on_picture)(void *user, mcu_au *take_au); /* complete picture, in decoding order */
    void (*on_audio)(void *user, mcu_au *take_au);   /* every packet as it arrives: may be late, double or out of order */
    void (*on_keyframe_request)(void *user);         /* the remote sent PLI or FIR for our video (merged, at most 4 a second) */
    void (*on_picture_left)(void *user, int64_t time_ns,
                            int64_t now_ns);         /* the last packet of the picture of that time_ns is out */
    void (*on_content)(void *user, mcu_au *take_au); /* like on_picture, of the screen that they share */
} mcu_peer_callbacks;                                /* a NULL member is not called */

typedef struct {
    bool prefer_h264;              /* H.264 wherever both have it, else VP8 first; default true in the room */
    bool send_video, send_audio;   /* we have something to send (false: answer recvonly) */
    bool recv_video, recv_audio;   /* we want theirs */
    bool recv_content;             /* and a screen beside it; answering role */
    unsigned max_video_bps;        /* ceiling we tell the sender by REMB; 0 = none */
    bool fixed_rate;               /* our video is recorded and cannot follow a REMB: nor does the pace */
    const mcu_codec *video_codecs; /* offering role: order of preference, MCU_CODEC_NONE-terminated; NULL = H264, VP8 */
} mcu_peer_policy;

mcu_peer *mcu_peer_new(mcu_net *net, const mcu_peer_policy *policy, const mcu_peer_callbacks *callbacks, void *user,
                       GError **error);
/* Frees at once: sends RTCP BYE and close_notify first when UP. No callback fires during or after. NULL is fine; not inside a
 * callback of the same peer (post an idle source instead). */
void mcu_peer_free(mcu_peer *p);

/* Answering role (the room): first offer, or a later one (ICE restart, direction change) on the same transport. Returns the
 * answer with the candidates gathered so far; free with g_free. MCU_ERROR_BAD_SDP names what is wrong with the offer; the peer is
 * unchanged. */
char *mcu_peer_answer(mcu_peer *p, const char *offer_sdp, GError **error);
/* Offering role (tessera-bot). */
char *mcu_peer_offer(mcu_peer *p, bool ice_restart, GError **error);
bool mcu_peer_accept(mcu_peer *p, const char *answer_sdp, GError **error);
/* "candidate:..." or "" / NULL for end-of-candidates. A .local name or an unusable address is skipped and true is returned. */
bool mcu_peer_add_candidate(mcu_peer *p, const char *candidate, const char *mid, GError **error);
/* Our current description with every candidate gathered so far (WHIP answers after gathering). NULL before an answer/offer. */
char *mcu_peer_local_description(mcu_peer *p);
bool mcu_peer_gathered(const mcu_peer *p);

mcu_peer_state mcu_peer_get_state(const mcu_peer *p);
mcu_codec mcu_peer_send_codec(const mcu_peer *p); /* what our video must be coded in; NONE = they take no video from us */
bool mcu_peer_takes_audio(const mcu_peer *p);     /* they receive our audio */
bool mcu_peer_gives_video(const mcu_peer *p);     /* they negotiated sending video */
bool mcu_peer_gives_content(const mcu_peer *p);   /* a screen beside it */
bool mcu_peer_gives_audio(const mcu_peer *p);
mcu_decode_limits mcu_peer_decode_limits(const mcu_peer *p); /* of what we send them; none before an answer */
unsigned mcu_peer_ice_restarts(const mcu_peer *p);

/* Sends one picture / audio packet; `au` is borrowed, and a picture is held while it may be asked for again. Timestamps are the
 * shared media clock (90 kHz / 48 kHz of au->time_ns); the peer adds its own offsets. MCU_EAGAIN before UP; MCU_ENOSUP wrong
 * codec; MCU_EFULL the pacer is over its bound: the picture was dropped and the next one must be a keyframe (on_keyframe_request
 * fires). */
mcu_status mcu_peer_send_picture(mcu_peer *p, mcu_au *au);
mcu_status mcu_peer_send_audio(mcu_peer *p, const mcu_au *au);
/* From now on each packet of our audio repeats `copies` earlier ones, every `stride`-th of those before it (RFC 2198); without
 * effect where the remote does not take red. 0 = none. */
void mcu_peer_set_audio_copies(mcu_peer *p, unsigned copies, unsigned stride);
bool mcu_peer_takes_copies(const mcu_peer *p);
/* Asks the remote for a keyframe by PLI (FIR where only that was negotiated); merged, at most one a second, retried until one
 * comes. */
void mcu_peer_request_keyframe(mcu_peer *p);
void mcu_peer_request_content_keyframe(mcu_peer *p); /* the same for the screen that they share */
/* New ceiling for all pictures that they send us (REMB, repeated every second); 0 = none. */
void mcu_peer_set_max_video_bps(mcu_peer *p, unsigned bps);

/* What is believed of the path before anything is heard of it, bit/s on the wire. */
void mcu_peer_set_start_bps(mcu_peer *p, unsigned bps);
/* What it would be good to know to pass: it is tried now and then with copies of what is sent anyway. 0 = nothing more. */
void mcu_peer_set_goal(mcu_peer *p, unsigned bps);
/* The camera's pictures are given out when their voice is played, which waits so long; 0 = at once. */
void mcu_peer_follow_voice(mcu_peer *p, double voice_ms);
/* What their voice has to wait to be played so that it does not come before them; 0 = it need not. */
int64_t mcu_peer_voice_wait_ns(const mcu_peer *p);

typedef struct {
    uint64_t packets, bytes; /* media, without RTX */
    uint64_t lost; /* cumulative, before repair: in = our view of theirs, out = what their RR says (may be 0 on silence) */
    double loss;   /* fraction 0..1 of the last second or report */
    double jitter_ms;
    uint64_t rtx_packets;         /* out: retransmissions we sent; in: retransmissions that came */
    uint64_t nacks, plis, firs;   /* out: feedback they sent about our stream; in: feedback we sent about theirs */
    uint64_t pictures, keyframes; /* video */
    uint64_t copies;              /* audio: earlier packets repeated inside others; in: only those that were missing */
    uint64_t dropped;             /* in: bad or unwanted packets; out: pictures the pacer refused */
    unsigned bitrate_bps;         /* over the last second, on the wire incl. RTX */
    mcu_codec codec;
} mcu_stream_stats;

typedef struct {
    mcu_peer_state state;
    mcu_peer_link link;
    double rtt_ms;     /* from RTCP, <0 unknown */
    unsigned remb_bps; /* newest REMB from them, 0 = none in the last 10 s */
    uint64_t filled;   /* packets sent once more, unasked */
    double burst;      /* lost packets of our sound in a row, on average over the last second; 0 = none was lost */
    double twcc_loss;  /* fraction of our packets of the last second that TWCC reports lost, <0 unknown */
    mcu_stream_stats audio_in, video_in, content_in, audio_out, video_out;
    uint64_t auth_failures;                         /* SRTP/SRTCP that failed or was too short */
    uint64_t bad_packets;                           /* demux, RTP, RTCP or payload that did not parse or cannot be true */
    char local_candidate[16], remote_candidate[16]; /* "host/udp", "srflx/udp", "relay/udp", "host/tcp" ... */
    int64_t connected_ns, last_in_ns;
} mcu_peer_stats;
void mcu_peer_get_link(mcu_peer *p, mcu_peer_link *out);
void mcu_peer_get_stats(mcu_peer *p, mcu_peer_stats *out);

#endif
