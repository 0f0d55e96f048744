#include "mcu/net/negotiate.h"

#include <string.h>

#include "mcu/base/status.h"

bool mcu_negotiate_refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, MCU_ERROR, MCU_ERROR_BAD_SDP, sentence);
    return false;
}

bool mcu_media_usable(const mcu_sdp_media *m, const char **why)
{
    static const char *const protocols[] = {
        "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP", NULL};
    const char *reason = NULL;
    if (m->kind != MCU_SDP_AUDIO && m->kind != MCU_SDP_VIDEO) {
        reason = "it is neither audio nor video";
    } else if (m->port == 0 && !m->bundle_only) {
        reason = "it is switched off";
    } else if (!g_strv_contains(protocols, m->protocol)) {
        reason = "its protocol is not RTP over DTLS-SRTP";
    } else if (!m->rtcp_mux && !m->bundle_only) {
        reason = "it has no rtcp-mux";
    }
    if (why != NULL) {
        *why = reason;
    }
    return reason == NULL;
}

const mcu_sdp_media *mcu_transport_media(const mcu_sdp *s, const mcu_sdp_media *tag)
{
    if (tag->transport.ice_ufrag[0] != '\0') {
        return tag;
    }
    for (unsigned i = 0; i < s->n_media; i++) {
        const mcu_sdp_media *m = &s->media[i];
        if (mcu_sdp_bundled(s, m->mid) && m->transport.ice_ufrag[0] != '\0') {
            return m;
        }
    }
    return tag;
}

static unsigned hash_strength(const mcu_fingerprint *f)
{
    static const struct {
        const char *name;
        size_t size;
    } known[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].name, f->hash) == 0 && known[i].size == f->size) {
            return i + 1;
        }
    }
    return 0;
}

static bool all_zero(const mcu_fingerprint *f)
{
    uint8_t any = 0;
    for (size_t i = 0; i < f->size; i++) {
        any |= f->bytes[i];
    }
    return any == 0;
}

static bool take_fingerprint(const mcu_fingerprint *f, mcu_fingerprint *best, GError **error)
{
    const unsigned strength = hash_strength(f);
    if (strength == 0) {
        return true;
    }
    if (all_zero(f)) {
        return mcu_negotiate_refuse(error, "The fingerprint is all zeros.");
    }
    if (strcmp(f->hash, best->hash) == 0 && memcmp(f->bytes, best->bytes, f->size) != 0) {
        return mcu_negotiate_refuse(error, "The description has more than one certificate fingerprint.");
    }
    if (strength > hash_strength(best)) {
        *best = *f;
    }
    return true;
}

/* One certificate for the whole BUNDLE: every m-line that is on must agree (one hash function, one value). */
static bool negotiate_fingerprint(const mcu_sdp *remote, const mcu_sdp_media *tag, mcu_fingerprint *out, GError **error)
{
    mcu_fingerprint by_strength[4] = {0};
    bool any = false;
    for (unsigned i = 0; i < remote->n_media; i++) {
        const mcu_sdp_media *m = &remote->media[i];
        if (m != tag && (m->port == 0 || !mcu_sdp_bundled(remote, m->mid))) {
            continue;
        }
        for (unsigned k = 0; k < m->transport.n_fingerprints; k++) {
            const mcu_fingerprint *f = &m->transport.fingerprints[k];
            any = true;
            if (!take_fingerprint(f, &by_strength[hash_strength(f)], error)) {
                return false;
            }
        }
    }
    for (unsigned s = 3; s > 0; s--) {
        if (by_strength[s].size > 0) {
            *out = by_strength[s];
            return true;
        }
    }
    return mcu_negotiate_refuse(error, any ? "The fingerprint must be made with sha-256, sha-384 or sha-512."
                                           : "The description has no certificate fingerprint.");
}

static bool component_one(const char *candidate)
{
    const char *at = strchr(candidate, ' ');
    return at != NULL && at[1] == '1' && at[2] == ' ';
}

static void take_candidates(const mcu_sdp_media *from, mcu_negotiated *out)
{
    out->n_candidates = 0;
    for (unsigned i = 0; i < from->n_candidates; i++) {
        if (component_one(from->candidates[i])) {
            g_strlcpy(out->candidates[out->n_candidates++], from->candidates[i], sizeof(out->candidates[0]));
        }
    }
}

static bool same_fingerprint(const mcu_fingerprint *a, const mcu_fingerprint *b)
{
    return strcmp(a->hash, b->hash) == 0 && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

bool mcu_negotiate_transport(const mcu_sdp *remote, const mcu_sdp_media *tag, const mcu_negotiated *previous, mcu_negotiated *out,
                             GError **error)
{
    const mcu_sdp_media *from = mcu_transport_media(remote, tag);
    const mcu_sdp_transport *t = &from->transport;
    if (t->ice_ufrag[0] == '\0' || t->ice_pwd[0] == '\0') {
        return mcu_negotiate_refuse(error, "The description has no ice-ufrag or no ice-pwd.");
    }
    if (!negotiate_fingerprint(remote, tag, &out->fingerprint, error)) {
        return false;
    }
    g_strlcpy(out->ice_ufrag, t->ice_ufrag, sizeof(out->ice_ufrag));
    g_strlcpy(out->ice_pwd, t->ice_pwd, sizeof(out->ice_pwd));
    g_strlcpy(out->bundle_mid, tag->mid, sizeof(out->bundle_mid));
    out->ice_lite = remote->ice_lite;
    out->trickle = t->trickle;
    out->end_of_candidates = t->end_of_candidates;
    take_candidates(from, out);
    if (previous != NULL) {
        out->ice_changed = strcmp(previous->ice_ufrag, out->ice_ufrag) != 0 || strcmp(previous->ice_pwd, out->ice_pwd) != 0;
        out->dtls_changed = !same_fingerprint(&previous->fingerprint, &out->fingerprint);
    }
    return true;
}
