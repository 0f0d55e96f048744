#include "mcu/net/call_rtp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/scratch.h"
#include "mcu/net/call_rtp_priv.h"

#define RTCP_EVERY_NS (200 * MCU_NS_PER_MS)
#define FIRST_REPORT_NS (2 * MCU_NS_PER_SEC)

/* ---- life ---- */

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static bool check_socket(int fd, const mcu_leg_state *s, GError **error)
{
    mcu_leg_address own = {0};
    socklen_t size = sizeof own;
    int type = 0;
    socklen_t type_size = sizeof type;
    if (fd < 0 || getsockname(fd, &own.any, &size) != 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 ||
        type != SOCK_DGRAM || own.any.sa_family != s->remote.any.sa_family) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "a leg needs UDP sockets of its remote address's family");
        return false;
    }
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

static bool check_sockets(int rtp, int rtcp, const mcu_leg_state *s, GError **error)
{
    return check_socket(rtp, s, error) && (s->rtcp_mux || check_socket(rtcp, s, error));
}

static mcu_srtp *open_srtp(const mcu_leg_state *s, GError **error)
{
    mcu_srtp_keys keys = {.profile = MCU_SRTP_AES128_CM_SHA1_80};
    memcpy(keys.local, s->key_out, MCU_LEG_KEY_SIZE);
    memcpy(keys.remote, s->key_in, MCU_LEG_KEY_SIZE);
    mcu_srtp_position at = {
        .ssrc_out = s->ssrc,
        .roc_out = s->roc_out,
        .srtcp_index = s->srtcp_index,
        .ssrc_in = s->remote_ssrc,
        .roc_in = s->roc_in,
        .seq_in = s->remote_seq,
    };
    mcu_srtp *srtp = mcu_srtp_new_at(&keys, &at, error);
    OPENSSL_cleanse(&keys, sizeof keys);
    return srtp;
}

void mcu_call_rtcp_address(const mcu_leg_state *s, mcu_leg_address *out)
{
    *out = s->remote_rtcp.any.sa_family != AF_UNSPEC && !s->rtcp_mux ? s->remote_rtcp : s->remote;
    if (s->rtcp_mux || s->remote_rtcp.any.sa_family != AF_UNSPEC) {
        return;
    }
    in_port_t *port = out->any.sa_family == AF_INET6 ? &out->v6.sin6_port : &out->v4.sin_port;
    *port = htons((uint16_t)(ntohs(*port) + 1)); /* RFC 3550 11 */
}

static void open_latches(mcu_call_rtp *c, int64_t now_ns)
{
    mcu_leg_address rtcp;
    mcu_call_rtcp_address(&c->state, &rtcp);
    mcu_latch_init(&c->latch, &c->state.remote, c->state.latched, now_ns);
    mcu_latch_init(&c->rtcp_latch, &rtcp, false, now_ns);
}

static void make_cname(char *out, size_t size)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345";
    mcu_random(out, size - 1);
    for (size_t i = 0; i < size - 1; i++) {
        out[i] = alphabet[(uint8_t)out[i] % 32];
    }
    out[size - 1] = '\0';
}

mcu_call_rtp *mcu_call_rtp_new(const mcu_leg_state *state, int take_rtp, int take_rtcp, const mcu_call_rtp_callbacks *callbacks,
                               void *user, int64_t now_ns, GError **error)
{
    mcu_srtp *srtp = NULL;
    bool ok = check_sockets(take_rtp, take_rtcp, state, error);
    if (ok && state->secure) {
        srtp = open_srtp(state, error);
        ok = srtp != NULL;
    }
    if (!ok) {
        close_fd(take_rtp);
        close_fd(take_rtcp);
        return NULL;
    }
    mcu_call_rtp *c = g_new0(mcu_call_rtp, 1);
    c->state = *state;
    c->rtp_fd = take_rtp;
    c->rtcp_fd = take_rtcp;
    c->callbacks = *callbacks;
    c->user = user;
    c->srtp = srtp;
    c->index = (uint64_t)state->roc_out << 16 | state->seq;
    c->ts = state->ts;
    c->ssrc = state->remote_ssrc;
    c->newest_seq = state->remote_seq;
    c->srtcp_index = state->srtcp_index;
    c->rtt_ms = -1;
    c->started_ns = now_ns;
    c->started_wall_ns = mcu_wall_ns();
    c->report_ns = now_ns + FIRST_REPORT_NS;
    mcu_rtp_stats_init(&c->stats, mcu_leg_clock_hz(state->codec));
    make_cname(c->cname, sizeof c->cname);
    open_latches(c, now_ns);
    mcu_call_disconnect(c);
    return c;
}

void mcu_call_rtp_free(mcu_call_rtp *c)
{
    if (c == NULL) {
        return;
    }
    mcu_srtp_free(c->srtp);
    close_fd(c->rtp_fd);
    close_fd(c->rtcp_fd);
    mcu_leg_wipe(&c->state);
    g_free(c);
}

int mcu_call_rtp_fd(const mcu_call_rtp *c)
{
    return c->rtp_fd;
}

int mcu_call_rtp_rtcp_fd(const mcu_call_rtp *c)
{
    return c->state.rtcp_mux ? -1 : c->rtcp_fd;
}

/* ---- in ---- */

void mcu_call_rtp_stamp(mcu_call_rtp *c)
{
    int on = 1;
    bool rtp = setsockopt(c->rtp_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0;
    c->stamped = rtp && (c->state.rtcp_mux || setsockopt(c->rtcp_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0);
}

void mcu_call_rtp_read(mcu_call_rtp *c, int64_t now_ns)
{
    mcu_call_read_socket(c, false, now_ns);
    if (!c->state.rtcp_mux && (!c->stamped || now_ns - c->rtcp_read_ns >= RTCP_EVERY_NS)) {
        mcu_call_read_socket(c, true, now_ns);
    }
}

/* ---- out ---- */

static mcu_status send_packet(mcu_call_rtp *c, uint32_t ts, int64_t time_ns)
{
    MCU_SCRATCH uint8_t packet[CALL_PACKET_MAX];
    mcu_rtp r = {
        .marker = c->packets == 0,
        .pt = c->state.pt_out,
        .seq = (uint16_t)c->index,
        .ts = ts,
        .ssrc = c->state.ssrc,
        .payload = c->payload,
        .payload_size = c->payload_size,
    };
    size_t size = mcu_rtp_write(packet, MCU_RTP_MAX, &r);
    c->index++;
    c->ts_sent = ts;
    c->sent_ns = time_ns;
    if (size == 0 || (c->srtp != NULL && mcu_srtp_protect_rtp(c->srtp, packet, &size) != MCU_OK)) {
        c->send_failed++;
        return MCU_EINVAL;
    }
    c->packets++;
    c->octets += c->payload_size;
    return mcu_call_send_to(c, c->rtp_fd, &c->latch.remote, packet, size) ? MCU_OK : MCU_EAGAIN;
}

/* Our time stamps follow the sender's clock: what it left out is left out here. */
static void follow_clock(mcu_call_rtp *c, uint32_t clock_ts)
{
    if (c->clock_started) {
        uint32_t factor = 48000 / mcu_leg_clock_hz(c->state.codec);
        c->ts += (clock_ts - c->clock_ts) / factor;
    }
    c->clock_ts = clock_ts;
    c->clock_started = true;
}

mcu_status mcu_call_rtp_send(mcu_call_rtp *c, const mcu_au *au)
{
    if (au->codec != c->state.codec) {
        return MCU_ENOSUP;
    }
    if (c->payload_size + au->size > sizeof c->payload || au->size == 0) {
        c->payload_size = c->filled = 0;
        return MCU_EINVAL;
    }
    follow_clock(c, au->ts);
    if (c->state.hold) {
        c->payload_size = c->filled = 0;
        return MCU_EAGAIN;
    }
    memcpy(c->payload + c->payload_size, au->data, au->size);
    c->payload_size += au->size;
    c->filled++;
    if (c->filled * CALL_FRAME_MS < c->state.ptime_ms) {
        return MCU_OK;
    }
    uint32_t frame = mcu_leg_clock_hz(c->state.codec) / 1000 * CALL_FRAME_MS;
    mcu_status s = send_packet(c, c->ts - (c->filled - 1) * frame, au->time_ns);
    c->payload_size = c->filled = 0;
    return s;
}

void mcu_call_rtp_tick(mcu_call_rtp *c, int64_t now_ns)
{
    if (c->key != 0 && !mcu_telephone_event_down(&c->event, now_ns)) {
        mcu_call_key_up(c);
    }
    mcu_call_tick_rtcp(c, now_ns);
}

/* ---- state ---- */

static bool same_key(const uint8_t a[MCU_LEG_KEY_SIZE], const uint8_t b[MCU_LEG_KEY_SIZE])
{
    return CRYPTO_memcmp(a, b, MCU_LEG_KEY_SIZE) == 0;
}

static bool same_keys(const mcu_leg_state *a, const mcu_leg_state *b)
{
    return a->secure == b->secure && same_key(a->key_out, b->key_out) && same_key(a->key_in, b->key_in);
}

/* A key that is new begins where `s` says. One that stays goes on from here: no key stream is used twice. */
static void keep_counters(const mcu_call_rtp *c, mcu_leg_state *s)
{
    s->ssrc = c->state.ssrc;
    s->remote_ssrc = c->ssrc;
    s->remote_seq = c->newest_seq;
    if (c->srtp == NULL) {
        return;
    }
    if (same_key(s->key_out, c->state.key_out)) {
        s->roc_out = (uint32_t)(c->index >> 16);
        s->srtcp_index = c->srtcp_index;
    }
    if (same_key(s->key_in, c->state.key_in)) {
        s->roc_in = c->heard ? mcu_srtp_roc_in(c->srtp, c->ssrc) : c->state.roc_in;
    }
}

static bool change_keys(mcu_call_rtp *c, const mcu_leg_state *state, GError **error)
{
    mcu_leg_state at = *state;
    keep_counters(c, &at);
    mcu_srtp *srtp = at.secure ? open_srtp(&at, error) : NULL;
    bool ok = srtp != NULL || !at.secure;
    if (ok) {
        mcu_srtp_free(c->srtp);
        c->srtp = srtp;
        c->index = (uint64_t)at.roc_out << 16 | (uint16_t)c->index;
        c->srtcp_index = at.srtcp_index;
    }
    mcu_leg_wipe(&at);
    return ok;
}

bool mcu_call_rtp_change(mcu_call_rtp *c, const mcu_leg_state *state, int64_t now_ns, GError **error)
{
    if (state->rtcp_mux != c->state.rtcp_mux || state->remote.any.sa_family != c->state.remote.any.sa_family) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "rtcp_mux and the address family of a leg cannot change");
        return false;
    }
    if (!same_keys(state, &c->state) && !change_keys(c, state, error)) {
        return false;
    }
    bool moved = !mcu_leg_address_same(&state->remote, &c->latch.announced) ||
                 !mcu_leg_address_same(&state->remote_rtcp, &c->state.remote_rtcp);
    if (state->codec != c->state.codec) {
        c->payload_size = c->filled = 0;
        c->stats.clock_hz = mcu_leg_clock_hz(state->codec);
    }
    uint32_t ssrc = c->state.ssrc;
    c->state = *state;
    c->state.ssrc = ssrc;
    if (moved) {
        c->state.latched = false;
        c->ssrc_ns = 0; /* what comes from there may be another stream */
        open_latches(c, now_ns);
    }
    if (moved || c->srtp != NULL) {
        mcu_call_disconnect(c);
    }
    return true;
}

void mcu_call_rtp_export(const mcu_call_rtp *c, mcu_leg_state *out)
{
    *out = c->state;
    out->seq = (uint16_t)c->index;
    out->roc_out = (uint32_t)(c->index >> 16);
    uint32_t frame = mcu_leg_clock_hz(c->state.codec) / 1000 * CALL_FRAME_MS;
    out->ts = c->clock_started ? c->ts + frame : c->ts;
    out->remote = c->latch.remote;
    out->latched = c->latch.latched;
    if (c->rtcp_latch.latched) {
        out->remote_rtcp = c->rtcp_latch.remote;
    }
    out->remote_ssrc = c->ssrc;
    out->remote_seq = c->newest_seq;
    out->srtcp_index = c->srtcp_index;
    if (c->srtp != NULL && c->heard) {
        out->roc_in = mcu_srtp_roc_in(c->srtp, c->ssrc);
    }
}

void mcu_call_rtp_get_stats(const mcu_call_rtp *c, mcu_call_rtp_stats *out)
{
    *out = (mcu_call_rtp_stats){
        .packets_in = c->stats.packets,
        .bytes_in = c->stats.bytes,
        .packets_out = c->packets,
        .send_failed = c->send_failed,
        .lost = mcu_rtp_stats_lost(&c->stats),
        .loss = c->stats.loss,
        .remote_loss = c->remote_loss,
        .jitter_ms = mcu_rtp_stats_jitter_ms(&c->stats),
        .rtt_ms = c->rtt_ms,
        .refused = c->refused,
        .auth_failures = c->auth_failures,
        .bad = c->bad,
        .keys = c->keys,
        .last_in_ns = c->last_in_ns,
        .last_report_ns = c->last_report_ns,
    };
}

bool mcu_call_rtp_held(const mcu_call_rtp *c)
{
    return c->state.hold;
}

mcu_codec mcu_call_rtp_codec(const mcu_call_rtp *c)
{
    return c->state.codec;
}

bool mcu_call_rtp_secure(const mcu_call_rtp *c)
{
    return c->srtp != NULL;
}
