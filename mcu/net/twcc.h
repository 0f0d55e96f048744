/* twcc.h - transport-wide congestion control: feedback about what arrived, and the sender's view of what arrived.
 * Thread: the peer's loop.  Source: draft-holmer-rmcat-transport-wide-cc-extensions-01. Bounded; no allocation after new. */
#ifndef MCU_NET_TWCC_H
#define MCU_NET_TWCC_H

#include "mcu/net/rtcp.h"

/* ---- receiving: one recorder per transport (all SSRCs share the sequence) ---- */
#define MCU_TWCC_INTERVAL_NS (INT64_C(100) * 1000 * 1000)     /* between feedbacks, at least */
#define MCU_TWCC_INTERVAL_MAX_NS (INT64_C(250) * 1000 * 1000) /* where they would fill the line */

typedef struct mcu_twcc_recorder mcu_twcc_recorder;
mcu_twcc_recorder *mcu_twcc_recorder_new(void);
void mcu_twcc_recorder_free(mcu_twcc_recorder *r);
void mcu_twcc_recorder_push(mcu_twcc_recorder *r, uint16_t seq, int64_t now_ns);
/* What the path back carries: feedback takes 3 % of it, more where that would be told later than MCU_TWCC_INTERVAL_MAX_NS. */
void mcu_twcc_recorder_path(mcu_twcc_recorder *r, unsigned bps);
int64_t mcu_twcc_recorder_next_ns(const mcu_twcc_recorder *r); /* INT64_MAX = nothing to tell */
/* Writes one RTCP packet about what arrived since the last one. Call until 0 (nothing more to tell, or room < 64) whenever
 * next_ns() has passed. An older packet that comes after its feedback was sent is told in the next one. */
size_t mcu_twcc_recorder_feedback(mcu_twcc_recorder *r, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_ns, uint8_t *out,
                                  size_t room);

/* ---- sending: gives the sequence numbers, reads the feedback ---- */
#define MCU_TWCC_HISTORY 8192 /* packets; older ones are forgotten */
#define MCU_TWCC_KINDS 8      /* of packets, whose bursts are told apart; those of others are not known */

typedef struct {
    uint16_t seq;
    uint16_t size; /* as given to sent() */
    uint8_t kind;  /* as given to sent() */
    bool received;
    int64_t sent_ns;
    int64_t arrival_ns; /* remote clock, arbitrary zero, unwrapped over feedbacks, anew where it races; when received */
} mcu_twcc_result;
typedef void (*mcu_twcc_result_fn)(void *user, const mcu_twcc_result *result);

typedef struct mcu_twcc_history mcu_twcc_history;
mcu_twcc_history *mcu_twcc_history_new(void);
void mcu_twcc_history_free(mcu_twcc_history *h);
/* Call at pacer exit; returns the sequence to patch into the packet. `size` on the wire; `kind` is the caller's. */
uint16_t mcu_twcc_history_sent(mcu_twcc_history *h, size_t size, uint8_t kind, int64_t now_ns);
/* Reads one MCU_RTCP_TWCC packet and calls `fn` (may be NULL) for each packet it speaks of that is still known, in sequence
 * order; a later "received" overrides an earlier "lost" (fn is called again), the other way round is ignored. MCU_EINVAL:
 * malformed, or about packets that were never sent; fn was not called. */
mcu_status mcu_twcc_history_feedback(mcu_twcc_history *h, const mcu_rtcp_packet *p, int64_t now_ns, mcu_twcc_result_fn fn,
                                     void *user);
/* Fraction lost of the packets that feedback of the last second spoke of; < 0 = none. */
double mcu_twcc_history_loss(const mcu_twcc_history *h, int64_t now_ns);
/* How many packets of `kind` were lost in a row, on average over the last second; 0 = none was. */
double mcu_twcc_history_burst(const mcu_twcc_history *h, uint8_t kind, int64_t now_ns);
/* Bits per second that reached the remote over the last second, from feedback; 0 = none. */
unsigned mcu_twcc_history_acked_bps(const mcu_twcc_history *h, int64_t now_ns);

#endif
