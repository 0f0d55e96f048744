#include "mcu/net/call_video.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/net/call_video_priv.h"

#define READ_MAX 64
#define PACKET_MAX (MCU_RTP_MAX + MCU_SRTP_OVERHEAD)
#define TICK_NS (20 * MCU_NS_PER_MS)

/* ---- leaving ---- */

static void put(mcu_call_video *v, int fd, const mcu_leg_address *to, const uint8_t *packet, size_t size)
{
    ssize_t n = sendto(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any, mcu_leg_address_size(to));
    v->send_failed += n != (ssize_t)size && errno != ECONNREFUSED; /* news of an earlier packet: theirs may open again */
}

_Static_assert(MCU_SENDER_ROOM >= MCU_SRTP_OVERHEAD, "it is protected where it is");

static void transmit(void *user, uint8_t *packet, size_t size)
{
    mcu_call_video *v = user;
    if (v->srtp != NULL && mcu_srtp_protect_rtp(v->srtp, packet, &size) != MCU_OK) {
        v->send_failed++;
        return;
    }
    put(v, v->rtp_fd, &v->latch.remote, packet, size);
}

/* `packet` has room for the trailer of SRTCP. */
void mcu_call_video_send_rtcp(mcu_call_video *v, uint8_t *packet, size_t size)
{
    if (v->srtp != NULL && mcu_srtp_protect_rtcp(v->srtp, packet, &size) != MCU_OK) {
        v->send_failed++;
        return;
    }
    put(v, v->rtcp_fd, &v->rtcp_latch.remote, packet, size);
}

/* ---- state ---- */

static bool check_socket(int fd, const mcu_leg_video *s)
{
    mcu_leg_address own = {0};
    socklen_t size = sizeof own;
    int type = 0;
    socklen_t type_size = sizeof type;
    bool family =
        s->pt == 0 || (fd >= 0 && getsockname(fd, &own.any, &size) == 0 && own.any.sa_family == s->remote.any.sa_family);
    return fd >= 0 && family && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM &&
           fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

static bool open_srtp(mcu_call_video *v, GError **error)
{
    mcu_srtp_keys keys = {.profile = MCU_SRTP_AES128_CM_SHA1_80};
    memcpy(keys.local, v->state.key_out, MCU_LEG_KEY_SIZE);
    memcpy(keys.remote, v->state.key_in, MCU_LEG_KEY_SIZE);
    mcu_srtp_free(g_steal_pointer(&v->srtp));
    v->srtp = mcu_srtp_new(&keys, error);
    OPENSSL_cleanse(&keys, sizeof keys);
    return v->srtp != NULL;
}

static void open_latches(mcu_call_video *v, int64_t now_ns)
{
    mcu_leg_address rtcp = v->state.remote_rtcp;
    if (rtcp.any.sa_family == AF_UNSPEC) {
        rtcp = v->state.remote;
        in_port_t *port = rtcp.any.sa_family == AF_INET6 ? &rtcp.v6.sin6_port : &rtcp.v4.sin_port;
        *port = htons((uint16_t)(ntohs(*port) + 1)); /* RFC 3550 11 */
    }
    mcu_latch_init(&v->latch, &v->state.remote, false, now_ns);
    mcu_latch_init(&v->rtcp_latch, &rtcp, false, now_ns);
}

/* Another SSRC: a key stream that was used is not used again. */
static void restart_sender(mcu_call_video *v)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    if (v->send.pacer != NULL) {
        mcu_sender_clear(&v->send);
    }
    mcu_sender_init(&v->send, &callbacks, v);
    if (v->state.max_kbps != 0) {
        mcu_bwe_set_start(v->send.bwe, v->state.max_kbps * 1000);
    }
}

static bool same_keys(const mcu_leg_video *a, const mcu_leg_video *b)
{
    return a->secure == b->secure && CRYPTO_memcmp(a->key_out, b->key_out, MCU_LEG_KEY_SIZE) == 0 &&
           CRYPTO_memcmp(a->key_in, b->key_in, MCU_LEG_KEY_SIZE) == 0;
}

bool mcu_call_video_change(mcu_call_video *v, const mcu_leg_video *state, int64_t now_ns, GError **error)
{
    bool began = v->state.pt == 0 && state->pt != 0, keyed = state->pt != 0 && (began || !same_keys(&v->state, state));
    bool moved = !mcu_leg_address_same(&v->state.remote, &state->remote) ||
                 !mcu_leg_address_same(&v->state.remote_rtcp, &state->remote_rtcp);
    if (!check_socket(v->rtp_fd, state) || !check_socket(v->rtcp_fd, state)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "pictures need UDP sockets of their remote address's family");
        return false;
    }
    v->state = *state;
    if (keyed) {
        restart_sender(v);
        mcu_call_video_new_streams(v);
        if (!state->secure) {
            mcu_srtp_free(g_steal_pointer(&v->srtp));
        } else if (!open_srtp(v, error)) {
            return false;
        }
    }
    if (keyed || moved) {
        open_latches(v, now_ns);
    }
    return true;
}

/* ---- life ---- */

static void make_cname(char *out, size_t size)
{
    mcu_random(out, size - 1);
    for (size_t i = 0; i < size - 1; i++) {
        out[i] = (char)('a' + (uint8_t)out[i] % 26);
    }
    out[size - 1] = '\0';
}

mcu_call_video *mcu_call_video_new(const mcu_leg_video *state, int take_rtp, int take_rtcp,
                                   const mcu_call_video_callbacks *callbacks, void *user, int64_t now_ns, GError **error)
{
    mcu_call_video *v = g_new0(mcu_call_video, 1);
    v->rtp_fd = take_rtp;
    v->rtcp_fd = take_rtcp;
    v->callbacks = *callbacks;
    v->user = user;
    v->started_ns = v->tick_ns = v->report_ns = now_ns;
    v->started_wall_ns = mcu_wall_ns();
    make_cname(v->cname, sizeof v->cname);
    restart_sender(v);
    if (!mcu_call_video_change(v, state, now_ns, error)) {
        mcu_call_video_free(v);
        return NULL;
    }
    return v;
}

void mcu_call_video_free(mcu_call_video *v)
{
    if (v == NULL) {
        return;
    }
    mcu_sender_clear(&v->send);
    mcu_vjitter_free(v->jitter);
    mcu_srtp_free(v->srtp);
    const int fds[] = {v->rtp_fd, v->rtcp_fd};
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    OPENSSL_cleanse(&v->state, sizeof v->state);
    g_free(v);
}

int mcu_call_video_fd(const mcu_call_video *v)
{
    return v->rtp_fd;
}

int mcu_call_video_rtcp_fd(const mcu_call_video *v)
{
    return v->rtcp_fd;
}

/* ---- coming ---- */

static void read_socket(mcu_call_video *v, int fd, int64_t now_ns)
{
    for (unsigned i = 0; i < READ_MAX; i++) {
        uint8_t packet[PACKET_MAX];
        mcu_leg_address from = {0};
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, &from.any, &size);
        if (n < 0 && errno != EINTR && errno != ECONNREFUSED) {
            return;
        }
        if (n > 0 && v->state.pt != 0) {
            (fd == v->rtcp_fd ? mcu_call_video_on_rtcp : mcu_call_video_on_rtp)(v, packet, (size_t)n, &from, now_ns);
        }
    }
}

void mcu_call_video_read(mcu_call_video *v, int64_t now_ns)
{
    read_socket(v, v->rtp_fd, now_ns);
    read_socket(v, v->rtcp_fd, now_ns);
    mcu_call_video_pop(v, now_ns);
}

void mcu_call_video_step(mcu_call_video *v, int64_t now_ns)
{
    if (v->state.pt == 0) {
        return;
    }
    mcu_call_video_pop(v, now_ns);
    mcu_call_video_ask_due(v, now_ns);
    mcu_call_video_tell_due(v, now_ns);
    mcu_call_video_report(v, now_ns);
    if (now_ns >= v->tick_ns) {
        v->tick_ns = MAX(v->tick_ns + TICK_NS, now_ns);
        mcu_sender_tick(&v->send, now_ns);
        if (mcu_sender_wants_keyframe(&v->send)) {
            v->asked = true;
        }
    }
    (void)mcu_sender_pump(&v->send, now_ns);
}

/* ---- pictures ---- */

mcu_status mcu_call_video_send(mcu_call_video *v, mcu_au *au, int64_t now_ns)
{
    if (!mcu_call_video_sends(v)) {
        return MCU_EAGAIN;
    }
    mcu_status s = mcu_sender_push_picture(&v->send, au, v->state.pt, v->state.whole_units, now_ns);
    if (s == MCU_OK) {
        v->pictures_out++;
        (void)mcu_sender_pump(&v->send, now_ns);
    }
    return s;
}

/* ---- figures ---- */

bool mcu_call_video_sends(const mcu_call_video *v)
{
    return v->state.pt != 0 && v->state.send;
}

bool mcu_call_video_receives(const mcu_call_video *v)
{
    return v->state.pt != 0 && v->state.recv;
}

void mcu_call_video_get_link(const mcu_call_video *v, int64_t now_ns, mcu_peer_link *out)
{
    mcu_sender_link(&v->send, now_ns, out);
}

void mcu_call_video_get_stats(const mcu_call_video *v, mcu_call_video_stats *out)
{
    *out = (mcu_call_video_stats){
        .pictures_in = v->pictures_in,
        .pictures_out = v->pictures_out,
        .packets_in = v->stats.packets,
        .packets_out = v->send.video.packets,
        .refused = v->refused,
        .auth_failures = v->auth_failures,
        .bad = v->bad,
        .asked_in = v->asked_in,
        .asked_out = v->asked_out,
        .last_in_ns = v->last_in_ns,
    };
}
