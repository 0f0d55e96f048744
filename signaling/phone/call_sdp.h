/* call_sdp.h - offers and answers of a telephone call: text in, text and the state of its RTP out.  Thread: any; pure functions.
 * One audio line is taken, and one of H.264 where pictures are allowed; everything else is refused by port 0. Source: RFC 3264,
 * RFC 4568 (SDES), RFC 4733, RFC 8643. */
#ifndef SIGNALING_PHONE_CALL_SDP_H
#define SIGNALING_PHONE_CALL_SDP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/leg.h"

#define TEL_SDP_MAX (16u * 1024)
#define TEL_CODECS_MAX 4

typedef enum {
    TEL_SRTP_NONE = 0,
    TEL_SRTP_REQUIRED, /* a description without a key that we can use is refused */
    TEL_SRTP_CLEAR,    /* offered clear, answered as the offer has it */
} tel_srtp_policy;

/* Our side of one call; it lives as long as the call does. */
typedef struct {
    const char *address;              /* in c=: ours, as the other side sees it */
    uint16_t port;                    /* of RTP; RTCP is the next one, or the same with rtcp-mux */
    mcu_codec codecs[TEL_CODECS_MAX]; /* best first, MCU_CODEC_NONE ends it early */
    tel_srtp_policy srtp;
    uint8_t key[MCU_LEG_KEY_SIZE]; /* what we send with, if it is SRTP */
    uint16_t video_port;           /* of RTP; RTCP is the next one. 0 = no pictures: they are refused */
    uint8_t video_key[MCU_LEG_KEY_SIZE];
    uint64_t session, version; /* of o=: version goes up by one with each text that we write */
} tel_local;

/* What was agreed. Members of RTP's progress (ssrc, seq, counters) are not touched. */
typedef struct {
    mcu_codec codec;
    uint8_t pt_in, pt_out, event_pt;
    unsigned ptime_ms;
    mcu_leg_address remote, remote_rtcp;
    bool rtcp_mux, hold, secure;
    uint8_t key_in[MCU_LEG_KEY_SIZE];
    mcu_leg_video video; /* pt 0 = no pictures */
} tel_agreed;

char *tel_sdp_offer(tel_local *l); /* g_free */

/* Answers an offer; `present` is the codec in use, kept if it is still offered, NONE = a new call. NULL: BAD_SDP with the reason
 * when nothing fits (488). The text is g_free()d by the caller. */
char *tel_sdp_answer(tel_local *l, const char *offer, size_t size, mcu_codec present, tel_agreed *out, GError **error);
/* The answer to our offer. False: BAD_SDP. */
bool tel_sdp_take_answer(const tel_local *l, const char *answer, size_t size, tel_agreed *out, GError **error);

#endif
