/* call_video_priv.h - inside of mcu_call_video, shared by call_video*.c.  Thread: the owner's loop.
 *   call_video.c       life, state, what is sent
 *   call_video_recv.c  what comes: packets, pictures, RTCP; keyframes that are asked for */
#ifndef MCU_NET_CALL_VIDEO_PRIV_H
#define MCU_NET_CALL_VIDEO_PRIV_H

#include "mcu/net/call_video.h"
#include "mcu/net/latch.h"
#include "mcu/net/rtcp.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/net/sender.h"
#include "mcu/net/srtp.h"
#include "mcu/net/vjitter.h"

struct mcu_call_video {
    mcu_leg_video state;
    int rtp_fd, rtcp_fd;
    mcu_call_video_callbacks callbacks;
    void *user;
    mcu_srtp *srtp; /* NULL = clear, or no pictures yet */
    char cname[17];
    mcu_latch latch, rtcp_latch;
    int64_t started_ns, started_wall_ns;

    /* out */
    mcu_sender send;
    int64_t tick_ns, report_ns; /* next ones */
    int64_t told_ns;            /* on_keyframe_request, last */
    bool asked;                 /* again, meanwhile */
    uint8_t fir_seen;
    uint64_t pictures_out, send_failed;

    /* in */
    uint32_t ssrc; /* theirs, 0 = none yet */
    int64_t ssrc_ns;
    mcu_rtp_stats stats;
    mcu_vjitter *jitter;
    bool wants_keyframe;
    int64_t wanted_ns; /* asked for, last; 0 = not yet */
    uint8_t fir_seq;
    uint64_t pictures_in, refused, auth_failures, bad, asked_in, asked_out;
    int64_t last_in_ns;
};

void mcu_call_video_on_rtp(mcu_call_video *v, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns);
void mcu_call_video_on_rtcp(mcu_call_video *v, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns);
void mcu_call_video_pop(mcu_call_video *v, int64_t now_ns);      /* pictures that are whole, or waited long enough */
void mcu_call_video_ask_due(mcu_call_video *v, int64_t now_ns);  /* for a keyframe, if it is time */
void mcu_call_video_tell_due(mcu_call_video *v, int64_t now_ns); /* that they want one */
void mcu_call_video_report(mcu_call_video *v, int64_t now_ns);   /* if it is time */
void mcu_call_video_new_streams(mcu_call_video *v);              /* of theirs: what came is forgotten */
void mcu_call_video_send_rtcp(mcu_call_video *v, uint8_t *packet, size_t size);

#endif
