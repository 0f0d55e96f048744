/* call_socket.c - see call_rtp_priv.h. */
#include <errno.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/scratch.h"
#include "mcu/net/call_rtp_priv.h"

#define READ_MAX 64
#define AT_ONCE 4 /* packets of one call: mostly one waits */
#define FIRST_AGE_MAX_NS (200 * MCU_NS_PER_MS)

int64_t mcu_call_arrival_ns(int64_t stamp_wall_ns, int64_t wall_ns, int64_t now_ns, int64_t last_read_ns)
{
    int64_t age_max_ns = last_read_ns != 0 ? now_ns - last_read_ns : FIRST_AGE_MAX_NS;
    int64_t age_ns = wall_ns - stamp_wall_ns;
    return now_ns - (age_ns < 0 ? 0 : age_ns > age_max_ns ? age_max_ns : age_ns);
}

static int64_t arrival_ns(struct msghdr *m, int64_t wall_ns, int64_t now_ns, int64_t last_read_ns)
{
    const struct cmsghdr *h = CMSG_FIRSTHDR(m);
    if (h == NULL || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_TIMESTAMPNS) {
        return now_ns;
    }
    struct timespec t;
    memcpy(&t, CMSG_DATA(h), sizeof t);
    return mcu_call_arrival_ns(t.tv_sec * MCU_NS_PER_SEC + t.tv_nsec, wall_ns, now_ns, last_read_ns);
}

static void take(mcu_call_rtp *c, uint8_t *packet, size_t size, const mcu_leg_address *from, bool rtcp, int64_t at_ns)
{
    if (size < 2) {
        c->bad++;
        return;
    }
    bool report = rtcp || (c->state.rtcp_mux && packet[1] >= 192 && packet[1] <= 223); /* RFC 5761 4 */
    (report ? mcu_call_on_rtcp : mcu_call_on_packet)(c, packet, size, from, at_ns);
}

void mcu_call_read_socket(mcu_call_rtp *c, bool rtcp, int64_t now_ns)
{
    int fd = rtcp ? c->rtcp_fd : c->rtp_fd;
    int64_t *read_ns = rtcp ? &c->rtcp_read_ns : &c->rtp_read_ns, last_read_ns = *read_ns;
    *read_ns = now_ns;
    MCU_SCRATCH uint8_t packet[AT_ONCE][CALL_PACKET_MAX];
    mcu_leg_address from[AT_ONCE];
    MCU_SCRATCH _Alignas(struct cmsghdr) uint8_t notes[AT_ONCE][CMSG_SPACE(sizeof(struct timespec))];
    struct iovec parts[AT_ONCE];
    struct mmsghdr m[AT_ONCE];
    for (unsigned done = 0; done < READ_MAX;) {
        for (unsigned i = 0; i < AT_ONCE; i++) {
            parts[i] = (struct iovec){packet[i], CALL_PACKET_MAX};
            m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                           .msg_namelen = sizeof from[i],
                                           .msg_iov = &parts[i],
                                           .msg_iovlen = 1,
                                           .msg_control = notes[i],
                                           .msg_controllen = sizeof notes[i]};
        }
        int n = recvmmsg(fd, m, AT_ONCE, MSG_DONTWAIT, NULL);
        if (n < 0 && errno != EINTR && errno != ECONNREFUSED) { /* refused: news of a packet that we sent */
            return;
        }
        int64_t wall_ns = mcu_wall_ns();
        for (int i = 0; i < n; i++) {
            take(c, packet[i], m[i].msg_len, &from[i], rtcp, arrival_ns(&m[i].msg_hdr, wall_ns, now_ns, last_read_ns));
        }
        if (n >= 0 && n < AT_ONCE) {
            return;
        }
        done += n > 0 ? (unsigned)n : 1;
    }
}

void mcu_call_connect(mcu_call_rtp *c)
{
    const mcu_leg_address *to = &c->latch.remote;
    c->connected = connect(c->rtp_fd, &to->any, mcu_leg_address_size(to)) == 0;
}

void mcu_call_disconnect(mcu_call_rtp *c)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    mcu_leg_address own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    c->connected = false;
    if (getpeername(c->rtp_fd, &peer.any, &peer_size) == 0 && getsockname(c->rtp_fd, &own.any, &own_size) == 0) {
        (void)connect(c->rtp_fd, &none, sizeof none);
        (void)bind(c->rtp_fd, &own.any, own_size); /* a port that the kernel chose has been given up by that; others stay bound */
    }
}

bool mcu_call_send_to(mcu_call_rtp *c, int fd, const mcu_leg_address *to, const uint8_t *packet, size_t size)
{
    bool connected = c->connected && fd == c->rtp_fd;
    ssize_t n = connected ? send(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                          : sendto(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any, mcu_leg_address_size(to));
    bool ok = n == (ssize_t)size || (n < 0 && errno == ECONNREFUSED); /* news of an earlier packet: theirs may open again */
    c->send_failed += !ok;
    return ok;
}
