/* leg.h - the state of a call's RTP, as it is handed from process to process with its sockets.  Thread: any; a plain struct.
 * The same bytes go on: next sequence number and time stamp of ours, SRTP keys with their roll-over counters, the address that
 * was latched to. It holds keys: mcu_leg_wipe() it, and mcu_leg_json_wipe() its JSON, as soon as it has been used.
 * JSON: the members of the table in mcu/ROOM-PROTOCOL.md. */
#ifndef MCU_BASE_LEG_H
#define MCU_BASE_LEG_H

#include <glib.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "mcu/base/media.h"

#define MCU_LEG_KEY_SIZE 30      /* AES_CM_128_HMAC_SHA1_80: master key 16, salt 14 (RFC 4568 6.2.1) */
#define MCU_LEG_ADDRESS_TEXT 64  /* "[v6]:port" */
#define MCU_LEG_SRTCP_MAX 65535u /* reports of days on end; a larger index is refused */

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} mcu_leg_address; /* any.sa_family AF_UNSPEC = none */

/* The pictures of a call with a video endpoint: H.264, on sockets of their own. They begin with the room: nothing of them is
 * under way when a call is handed over. */
typedef struct {
    uint8_t pt;                           /* both ways; 0 = no pictures now, only the sockets are there */
    bool whole_units;                     /* packetization-mode 0 (RFC 6184 6.2): a NAL unit a packet */
    bool send, recv;                      /* seen from us */
    bool pli, fir;                        /* what they take by RTCP to send a keyframe; neither: signalling asks */
    unsigned max_mbs, max_mbps, max_kbps; /* what they can decode: macroblocks a picture, a second; 0 = no limit is known */
    mcu_leg_address remote, remote_rtcp;  /* remote_rtcp none = the port after remote's */
    bool secure;
    uint8_t key_out[MCU_LEG_KEY_SIZE], key_in[MCU_LEG_KEY_SIZE];
} mcu_leg_video;

typedef struct {
    mcu_codec codec;       /* PCMU, PCMA, G722, OPUS */
    uint8_t pt_in, pt_out; /* payload types of it: what they send, what we send */
    uint8_t event_pt;      /* telephone-event that they send, RFC 4733; 0 = not negotiated */
    unsigned ptime_ms;     /* of a packet of ours: 20 (others are made of whole 20 ms: 40, 60) */
    uint32_t ssrc;         /* ours */
    uint16_t seq;          /* of our next packet */
    uint32_t ts;
    mcu_leg_address remote, remote_rtcp; /* where we send; remote_rtcp none = the port after remote's, or remote with mux */
    bool latched;                        /* media came from `remote`: it is not only what SDP said */
    bool rtcp_mux;                       /* RFC 5761: one socket */
    bool hold;                           /* the far end holds the call: it expects no media, what it sends is not heard */
    uint32_t remote_ssrc;                /* newest; 0 = nothing came yet */
    uint16_t remote_seq;                 /* its newest sequence number */
    bool secure;                         /* SRTP with the keys below; false = a clear leg */
    uint8_t key_out[MCU_LEG_KEY_SIZE], key_in[MCU_LEG_KEY_SIZE];
    uint32_t roc_out, roc_in; /* of `seq` and of `remote_seq` (RFC 3711 3.3.1) */
    uint32_t srtcp_index;     /* of our next SRTCP packet */
    bool has_video;           /* two more sockets */
    mcu_leg_video video;
} mcu_leg_state;

json_t *mcu_leg_to_json(const mcu_leg_state *s);    /* a new reference */
json_t *mcu_leg_video_json(const mcu_leg_video *v); /* its member `video`, for a change */
/* Reads all of it; BAD_REQUEST names the member that is missing or out of range, `out` is zero then. */
bool mcu_leg_from_json(const json_t *j, mcu_leg_state *out, GError **error);
/* Changes `s` by the members that are there (leg_update); unchanged when it fails. New keys begin at the counters that come with
 * them, zero without. */
bool mcu_leg_state_change(mcu_leg_state *s, const json_t *j, GError **error);

/* What the state will have become after another process has sent with it for `elapsed_ns` and died unheard: never behind, so that
 * no sequence number and no key stream is used twice. */
void mcu_leg_advance(mcu_leg_state *s, int64_t elapsed_ns);

unsigned mcu_leg_clock_hz(mcu_codec codec); /* of RTP: 48000 Opus, 8000 the others (also G.722: RFC 3551 4.5.2) */
bool mcu_leg_address_parse(const char *text, mcu_leg_address *out); /* "1.2.3.4:5", "[2001:db8::1]:5"; port 0 is refused */
void mcu_leg_address_text(const mcu_leg_address *a, char out[MCU_LEG_ADDRESS_TEXT]); /* "" = none */
bool mcu_leg_address_same(const mcu_leg_address *a, const mcu_leg_address *b);
bool mcu_leg_address_same_host(const mcu_leg_address *a, const mcu_leg_address *b);
socklen_t mcu_leg_address_size(const mcu_leg_address *a);

void mcu_leg_wipe(mcu_leg_state *s);
void mcu_leg_json_wipe(json_t *j); /* overwrites the keys in its strings; NULL is fine */

#endif
