/* sender.h - between packets and the wire of one transport: pacing, numbers, what may go out again, probes, and the estimate that
 * all of it follows.  Thread: the peer's loop; stepped with now_ns, knows neither ICE nor keys: the same code runs in simulated
 * time. Bounded by its pacer and histories. Each packet's sequence numbers and send time are written when it leaves, so what is
 * dropped before leaves no gap. */
#ifndef MCU_NET_SENDER_H
#define MCU_NET_SENDER_H

#include "mcu/net/bwe.h"
#include "mcu/net/link.h"
#include "mcu/net/pacer.h"
#include "mcu/net/repair.h"
#include "mcu/net/rtpext.h"
#include "mcu/net/rtx.h"

/* Bytes per second over closed intervals of one second. */
typedef struct {
    uint64_t bytes; /* since the interval began */
    unsigned bps;   /* of the last closed one */
} mcu_rate;

/* One SSRC of ours. */
typedef struct {
    uint32_t ssrc;
    uint32_t ts_offset;
    uint16_t seq;
    uint32_t last_ts;     /* with the offset, of the newest packet, and the moment that it stands for */
    int64_t last_time_ns; /* 0 = there was none */
    unsigned clock_hz;
    uint64_t packets, bytes; /* payload bytes, as in sender reports */
    mcu_rate rate;
    mcu_rtpext_block ext;
    /* from their report blocks */
    double loss, jitter_ms;
    int64_t lost;
} mcu_out;

#define MCU_SENDER_ROOM 32 /* bytes behind a packet that leaves: it may be protected where it is */

typedef struct {
    void (*transmit)(void *user, uint8_t *packet, size_t size);         /* plain RTP, borrowed; may be written over */
    void (*picture_left)(void *user, int64_t media_ns, int64_t now_ns); /* its last packet is out */
} mcu_sender_callbacks;

typedef struct {
    mcu_out video, rtx, audio;
    uint8_t rtx_pt;  /* 0 = the same bytes go out again instead, and nothing is probed */
    bool fixed_rate; /* pictures are recorded and cannot become smaller: nothing holds them back */
    mcu_pacer *pacer;
    mcu_rtx_history *history;
    mcu_twcc_history *twcc;
    mcu_bwe *bwe;
    mcu_bwe_view view; /* newest */
    mcu_rate offered;  /* pictures, on the wire, also those that were refused */
    double wanted_bps; /* for the newest picture, */
    unsigned pace_bps; /* what the path allows of it */
    mcu_repair repair;
    double loss;                /* smoothed */
    unsigned copies_each;       /* of every packet of pictures, unasked; */
    unsigned copies_needed;     /* what a tier must have room for of these */
    bool twice;                 /* what is asked for goes out twice */
    unsigned playout_ms;        /* what pictures are kept back by at the far end, at least */
    unsigned playout_most_ms;   /* and at most, also to wait for their sound */
    bool thin;                  /* the path carries little */
    uint32_t picture;           /* counts those that were pushed */
    bool need_keyframe;         /* a picture was dropped: only a keyframe may follow */
    bool keyframe_asked;        /* the far end waits for one, and for nothing before it */
    int64_t audio_ns;           /* when audio left last */
    int64_t picture_ns;         /* the same of pictures, copies apart */
    int64_t sign_ns;            /* when a copy left in its place, during an outage */
    int64_t rates_ns;           /* when the rates were closed */
    int64_t rtt_ns;             /* of their reports, < 0 unknown */
    uint64_t admitted, refused; /* pictures; admitted: with somebody at the other end */
    uint64_t rtx_sent, copies;
    mcu_sender_callbacks callbacks;
    void *user;
} mcu_sender;

void mcu_sender_init(mcu_sender *s, const mcu_sender_callbacks *callbacks, void *user); /* callbacks are copied */
void mcu_sender_clear(mcu_sender *s);
/* The RTP time that `au` says or stands for, without the offset. */
uint32_t mcu_out_media_time(const mcu_out *o, const mcu_au *au);
/* The RTP time of a picture of `ts` (without the offset) that stands for `time_ns`, which is noted as the newest. Later than that
 * of every picture before it: a tier that is slower, or rests, takes over with pictures that are older than what was seen last,
 * and two tiers make theirs at the same moment. */
uint32_t mcu_out_picture_time(mcu_out *o, uint32_t ts, int64_t time_ns);
/* What is queued and kept was laid out for other extension ids: none of it may leave any more. */
void mcu_sender_forget(mcu_sender *s);

/* The far end asked for a keyframe: it gave up what was sent before. */
void mcu_sender_keyframe_asked(mcu_sender *s);

/* Is there room for a picture of so many packets and bytes? Ask once before its packets are pushed. MCU_EFULL: it is dropped, the
 * next one that may come is a keyframe. */
mcu_status mcu_sender_admit(mcu_sender *s, bool keyframe, unsigned packets, size_t bytes, int64_t now_ns);
/* False: an audio packet would only fill an outage; do not push it. */
bool mcu_sender_admits_audio(mcu_sender *s, int64_t now_ns);
/* NULL, where none could be made, is refused: MCU_EINVAL. */
mcu_status mcu_sender_push(mcu_sender *s, mcu_pkt *take_pkt, int64_t now_ns);
/* A whole picture: cut once for all who are sent it, asked for, numbered and pushed. `units`: each NAL unit a packet. MCU_EINVAL:
 * it cannot be cut so; MCU_EFULL as above. */
mcu_status mcu_sender_push_picture(mcu_sender *s, mcu_au *au, uint8_t pt, bool units, int64_t now_ns);
/* A request for packets of our video; unknown, old and too many ones are not answered. Returns how many are. */
unsigned mcu_sender_retransmit(mcu_sender *s, const uint16_t *seqs, unsigned n, int64_t now_ns);

/* Sends what may leave; returns when to call again, INT64_MAX = when there is something new. */
int64_t mcu_sender_pump(mcu_sender *s, int64_t now_ns);
void mcu_sender_tick(mcu_sender *s, int64_t now_ns); /* every 20 ms */
/* The queue has drained after a drop and the remote hears us: a keyframe would get through. */
bool mcu_sender_wants_keyframe(const mcu_sender *s);

/* For whoever chooses what is sent. */
void mcu_sender_link(const mcu_sender *s, int64_t now_ns, mcu_peer_link *out);

/* MCU_EINVAL: it did not parse, or speaks of packets that were never sent; nothing changed. */
mcu_status mcu_sender_on_feedback(mcu_sender *s, const mcu_rtcp_packet *twcc, int64_t now_ns);
void mcu_sender_on_report(mcu_sender *s, const mcu_bwe_block *block, int64_t now_ns);

#endif
