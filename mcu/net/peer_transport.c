#include <string.h>

#include "mcu/base/log.h"
#include "mcu/net/peer_priv.h"

/* ---- out ---- */

static mcu_status send_datagram(mcu_peer *p, mcu_demux_kind kind, const uint8_t *data, size_t size)
{
    if (p->ice == NULL) {
        return MCU_EAGAIN;
    }
    if (p->filter != NULL && !p->filter(p->filter_user, true, kind, data, size)) {
        return MCU_OK;
    }
    return mcu_ice_send(p->ice, data, size);
}

static void send_dtls(void *user, const uint8_t *datagram, size_t size)
{
    (void)send_datagram(user, MCU_DEMUX_DTLS, datagram, size);
}

mcu_status mcu_peer_send_rtp(mcu_peer *p, uint8_t *packet, size_t size)
{
    if (p->srtp == NULL) {
        return MCU_EAGAIN;
    }
    mcu_status s = mcu_srtp_protect_rtp(p->srtp, packet, &size);
    return s != MCU_OK ? s : send_datagram(p, MCU_DEMUX_RTP, packet, size);
}

mcu_status mcu_peer_send_rtcp(mcu_peer *p, uint8_t *packet, size_t size)
{
    if (p->srtp == NULL) {
        return MCU_EAGAIN;
    }
    mcu_status s = mcu_srtp_protect_rtcp(p->srtp, packet, &size);
    return s != MCU_OK ? s : send_datagram(p, MCU_DEMUX_RTCP, packet, size);
}

/* ---- DTLS ---- */

static void drop_early_dtls(mcu_peer *p)
{
    for (unsigned k = 0; k < p->n_early_dtls; k++) {
        g_bytes_unref(p->early_dtls[k]);
    }
    p->n_early_dtls = 0;
}

static void open_srtp(mcu_peer *p)
{
    mcu_srtp_keys keys;
    mcu_srtp *srtp = mcu_dtls_export_keys(p->dtls, &keys) ? mcu_srtp_new(&keys, NULL) : NULL;
    mcu_srtp_profile profile = keys.profile;
    OPENSSL_cleanse(&keys, sizeof keys);
    if (srtp == NULL) {
        mcu_peer_set_state(p, MCU_PEER_GONE, "no srtp keys");
        return;
    }
    mcu_debug("dtls.done", "profile=%s client=%d", mcu_srtp_profile_name(profile), mcu_dtls_is_client(p->dtls));
    mcu_srtp_free(p->srtp);
    p->srtp = srtp;
    int64_t now_ns = mcu_net_now_ns(p->net);
    p->last_in_ns = now_ns;
    if (p->connected_ns == 0) {
        p->connected_ns = now_ns;
    }
    mcu_report_clock_start(&p->reports, now_ns); /* an early report gives an early round-trip time */
    mcu_peer_set_state(p, MCU_PEER_UP, "connected");
}

/* What the association has become after a datagram, a timer or a start. */
static void after_dtls(mcu_peer *p, mcu_dtls_state before, mcu_dtls_state after)
{
    if (before == after) {
        return;
    }
    switch (after) {
    case MCU_DTLS_DONE:
        open_srtp(p);
        break;
    case MCU_DTLS_CLOSED:
        mcu_peer_set_state(p, MCU_PEER_GONE, "closed by the remote");
        break;
    case MCU_DTLS_FAILED:
        mcu_peer_set_state(p, MCU_PEER_GONE, mcu_dtls_why(p->dtls));
        break;
    case MCU_DTLS_NONE:
    case MCU_DTLS_NEW:
    case MCU_DTLS_HANDSHAKE:
        break;
    }
}

static void feed_dtls(mcu_peer *p, const uint8_t *data, size_t size)
{
    mcu_dtls_state before = mcu_dtls_get_state(p->dtls);
    after_dtls(p, before, mcu_dtls_feed(p->dtls, data, size));
    mcu_peer_kick(p, mcu_dtls_next_ns(p->dtls, mcu_net_now_ns(p->net)));
}

/* The remote may start before its answer has reached us, or before a pair is nominated: keep its first flight. */
static void on_dtls(mcu_peer *p, const uint8_t *data, size_t size)
{
    if (p->dtls != NULL && mcu_dtls_get_state(p->dtls) != MCU_DTLS_NEW) {
        feed_dtls(p, data, size);
    } else if (p->n_early_dtls < PEER_EARLY_DTLS && size <= MCU_RTP_MAX) {
        p->early_dtls[p->n_early_dtls++] = g_bytes_new(data, size);
    }
}

void mcu_peer_try_dtls(mcu_peer *p)
{
    if (p->ice_state != MCU_ICE_CONNECTED || p->dtls == NULL || mcu_dtls_get_state(p->dtls) != MCU_DTLS_NEW) {
        return;
    }
    mcu_peer_set_state(p, MCU_PEER_DTLS, "path found");
    after_dtls(p, MCU_DTLS_HANDSHAKE, mcu_dtls_start(p->dtls));
    mcu_peer_kick(p, mcu_dtls_next_ns(p->dtls, mcu_net_now_ns(p->net)));
    for (unsigned k = 0; k < p->n_early_dtls && p->state != MCU_PEER_GONE; k++) {
        size_t size;
        const uint8_t *data = g_bytes_get_data(p->early_dtls[k], &size);
        feed_dtls(p, data, size);
    }
    drop_early_dtls(p);
}

bool mcu_peer_open_dtls(mcu_peer *p, GError **error)
{
    mcu_dtls *d = mcu_dtls_new(p->net->certificate, p->neg->dtls_client, &p->neg->fingerprint, send_dtls, p, error);
    if (d == NULL) {
        return false;
    }
    if (p->dtls != NULL) {
        drop_early_dtls(p);
    }
    mcu_dtls_free(p->dtls);
    mcu_srtp_free(p->srtp);
    p->dtls = d;
    p->srtp = NULL;
    return true;
}

void mcu_peer_tick_dtls(mcu_peer *p, int64_t now_ns)
{
    if (p->dtls == NULL || mcu_dtls_get_state(p->dtls) != MCU_DTLS_HANDSHAKE) {
        return;
    }
    if (mcu_dtls_next_ns(p->dtls, now_ns) <= now_ns) {
        after_dtls(p, MCU_DTLS_HANDSHAKE, mcu_dtls_timeout(p->dtls));
    }
    mcu_peer_kick(p, mcu_dtls_next_ns(p->dtls, now_ns));
}

/* ---- in ---- */

static void on_srtp(mcu_peer *p, mcu_demux_kind kind, uint8_t *data, size_t size)
{
    if (p->srtp == NULL || !mcu_peer_is_up(p)) {
        return;
    }
    mcu_status s =
        kind == MCU_DEMUX_RTP ? mcu_srtp_unprotect_rtp(p->srtp, data, &size) : mcu_srtp_unprotect_rtcp(p->srtp, data, &size);
    if (s != MCU_OK) {
        mcu_peer_count(&p->auth_failures, p->net->auth_failures);
        return;
    }
    int64_t now_ns = mcu_net_now_ns(p->net);
    p->last_in_ns = now_ns;
    if (p->state == MCU_PEER_STALLED) {
        mcu_peer_set_state(p, MCU_PEER_UP, "heard again");
    }
    if (kind == MCU_DEMUX_RTP) {
        mcu_peer_on_rtp(p, data, size, now_ns);
    } else {
        mcu_peer_on_rtcp(p, data, size, now_ns);
    }
}

void mcu_peer_on_datagram(mcu_peer *p, uint8_t *data, size_t size)
{
    if (p->state == MCU_PEER_GONE) {
        return;
    }
    mcu_demux_kind kind = mcu_demux(data, size);
    if (p->filter != NULL && !p->filter(p->filter_user, false, kind, data, size)) {
        return;
    }
    switch (kind) {
    case MCU_DEMUX_DTLS:
        on_dtls(p, data, size);
        break;
    case MCU_DEMUX_RTP:
    case MCU_DEMUX_RTCP:
        on_srtp(p, kind, data, size);
        break;
    case MCU_DEMUX_NONE:
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        break;
    case MCU_DEMUX_STUN: /* what the agent did not want: answers to checks that it has given up */
        break;
    }
}

/* ---- ICE ---- */

static void on_ice_data(void *user, uint8_t *data, size_t size)
{
    mcu_peer_on_datagram(user, data, size);
}

static void on_ice_state(void *user, mcu_ice_state state)
{
    mcu_peer *p = user;
    p->ice_state = state;
    if (p->state == MCU_PEER_GONE) {
        return;
    }
    mcu_peer_try_dtls(p);
}

static void on_ice_candidate(void *user, const char *text)
{
    mcu_peer *p = user;
    if (p->quiet) {
        p->tell_gathered |= text == NULL;
    } else if (p->callbacks.on_candidate != NULL && p->state != MCU_PEER_GONE) {
        p->callbacks.on_candidate(p->user, text, p->neg != NULL ? p->neg->bundle_mid : "0");
    }
}

bool mcu_peer_open_ice(mcu_peer *p, bool controlling, GError **error)
{
    static const mcu_ice_callbacks callbacks = {
        .on_state = on_ice_state, .on_candidate = on_ice_candidate, .on_data = on_ice_data};
    if (p->ice != NULL) {
        return true;
    }
    p->ice = mcu_ice_new(&p->net->ice, controlling, &callbacks, p, error);
    return p->ice != NULL;
}

void mcu_peer_close_transport(mcu_peer *p)
{
    drop_early_dtls(p);
    mcu_dtls_free(p->dtls);
    mcu_srtp_free(p->srtp);
    mcu_ice_free(p->ice);
    p->dtls = NULL;
    p->srtp = NULL;
    p->ice = NULL;
}
