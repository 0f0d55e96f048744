/* call_rtp_priv.h - inside of mcu_call_rtp, shared by call_rtp*.c.  Thread: the owner's loop.
 *   call_rtp.c       life, state, what is sent
 *   call_socket.c    packets from and to the sockets
 *   call_rtp_recv.c  what comes: whose it is, audio and keys
 *   call_rtcp.c      reports, both ways */
#ifndef MCU_NET_CALL_RTP_PRIV_H
#define MCU_NET_CALL_RTP_PRIV_H

#include "mcu/net/call_rtp.h"
#include "mcu/net/latch.h"
#include "mcu/net/rtp.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/net/srtp.h"
#include "mcu/net/telephone_event.h"

#define CALL_PACKET_MAX (MCU_RTP_MAX + MCU_SRTP_OVERHEAD)
#define CALL_FRAME_MS 20

struct mcu_call_rtp {
    mcu_leg_state state; /* as it came; seq, ts, remotes and counters are current below */
    int rtp_fd, rtcp_fd;
    bool stamped;                      /* packets say when they came */
    bool connected;                    /* rtp_fd, to latch.remote */
    int64_t rtp_read_ns, rtcp_read_ns; /* last; 0 = never */
    mcu_call_rtp_callbacks callbacks;
    void *user;
    mcu_srtp *srtp; /* NULL = a clear leg */
    char cname[17];

    /* out */
    uint64_t index;    /* of our next packet: roll-over counter and sequence number */
    uint32_t ts;       /* of the next 20 ms */
    uint32_t clock_ts; /* of the sender's clock, 48 kHz, that stands for ts */
    bool clock_started;
    uint32_t ts_sent; /* newest, and the moment that it stands for */
    int64_t sent_ns;  /* 0 = nothing sent */
    unsigned filled;  /* 20 ms that wait in `payload` for a longer packet */
    uint8_t payload[MCU_RTP_PAYLOAD];
    size_t payload_size;
    uint64_t packets, octets, send_failed;

    /* in */
    mcu_latch latch, rtcp_latch;
    uint32_t ssrc; /* theirs, 0 = none yet */
    bool heard;    /* of `ssrc`, by this process */
    int64_t ssrc_ns;
    mcu_unwrap seq;
    uint16_t newest_seq;
    mcu_rtp_stats stats;
    mcu_telephone_event event;
    char key; /* down, 0 = none */
    uint64_t refused, auth_failures, bad, keys;
    int64_t last_in_ns, last_report_ns;

    /* reports */
    int64_t report_ns;    /* next */
    uint32_t srtcp_index; /* of our next one */
    int64_t started_ns, started_wall_ns;
    double remote_loss, rtt_ms;
};

void mcu_call_on_packet(mcu_call_rtp *c, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns);
void mcu_call_key_up(mcu_call_rtp *c);
void mcu_call_on_rtcp(mcu_call_rtp *c, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns);
void mcu_call_tick_rtcp(mcu_call_rtp *c, int64_t now_ns);
/* The address that reports go to and come from, when signalling did not name one. */
void mcu_call_rtcp_address(const mcu_leg_state *s, mcu_leg_address *out);
/* Hands what waits to mcu_call_on_packet() and mcu_call_on_rtcp(). */
void mcu_call_read_socket(mcu_call_rtp *c, bool rtcp, int64_t now_ns);
/* When a packet came: `stamp_wall_ns` by the kernel, `wall_ns` and `now_ns` are both now. Its socket was empty at `last_read_ns`
 * (0 = nobody has read it), so that a wall clock that jumps moves it no further than that. */
int64_t mcu_call_arrival_ns(int64_t stamp_wall_ns, int64_t wall_ns, int64_t now_ns, int64_t last_read_ns);
/* When a clear call's other end is certain: the kernel then finds the way to it once, and not for each packet. */
void mcu_call_connect(mcu_call_rtp *c);
void mcu_call_disconnect(mcu_call_rtp *c); /* also what an earlier owner of the socket did */
bool mcu_call_send_to(mcu_call_rtp *c, int fd, const mcu_leg_address *to, const uint8_t *packet, size_t size);

#endif
