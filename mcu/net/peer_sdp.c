#include <string.h>

#include "mcu/base/log.h"
#include "mcu/net/peer_priv.h"

/* ---- our side ---- */

static void fill_local(const mcu_peer *p, mcu_local *l)
{
    *l = (mcu_local){
        .prefer_h264 = p->policy.prefer_h264,
        .send_audio = p->policy.send_audio,
        .send_video = p->policy.send_video,
        .recv_audio = p->policy.recv_audio,
        .recv_video = p->policy.recv_video,
        .recv_content = p->policy.recv_content,
        .video_codecs = p->policy.video_codecs,
        .ice_ufrag = mcu_ice_ufrag(p->ice),
        .ice_pwd = mcu_ice_pwd(p->ice),
        .fingerprint = *mcu_certificate_fingerprint(p->net->certificate),
        .audio_ssrc = p->send.audio.ssrc,
        .video_ssrc = p->send.video.ssrc,
        .video_rtx_ssrc = p->send.rtx.ssrc,
        .cname = p->cname,
        .stream_id = p->stream_id,
        .session_id = p->session_id,
        .version = p->version,
        .candidates = mcu_ice_candidates(p->ice),
        .end_of_candidates = mcu_ice_gathered(p->ice),
    };
}

/* Gathers once; what is found inside the call goes into the description and not to on_candidate. */
static bool gather(mcu_peer *p, GError **error)
{
    p->quiet = true;
    bool ok = mcu_ice_gather(p->ice, error);
    p->quiet = false;
    if (p->tell_gathered) {
        mcu_peer_kick(p, mcu_net_now_ns(p->net));
    }
    return ok;
}

static bool usable(const mcu_peer *p, bool offering, GError **error)
{
    if (p->state == MCU_PEER_GONE) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "the connection has ended");
        return false;
    }
    if (p->ice != NULL && p->offering != offering) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_CONFLICT, "the other side makes the offers of this connection");
        return false;
    }
    return true;
}

/* ---- both are known ---- */

static void add_remote_candidate(mcu_peer *p, const char *text)
{
    if (mcu_ice_add_candidate(p->ice, text) == MCU_EINVAL) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
    }
}

static void apply_ice(mcu_peer *p, bool changed)
{
    if (!p->remote_known || changed) {
        mcu_ice_set_remote(p->ice, p->neg->ice_ufrag, p->neg->ice_pwd);
        p->remote_known = true;
    }
    for (unsigned k = 0; k < p->neg->n_candidates; k++) {
        add_remote_candidate(p, p->neg->candidates[k]);
    }
    for (guint k = 0; k < p->early_candidates->len; k++) {
        add_remote_candidate(p, g_ptr_array_index(p->early_candidates, k));
    }
    g_ptr_array_set_size(p->early_candidates, 0);
    if (p->neg->end_of_candidates) {
        mcu_ice_end_of_candidates(p->ice);
    }
}

/* Takes a finished negotiation. */
static bool apply(mcu_peer *p, mcu_negotiated *take_neg, GError **error)
{
    bool first = p->neg == NULL;
    g_free(p->neg);
    p->neg = take_neg;
    if ((first || p->neg->dtls_changed) && !mcu_peer_open_dtls(p, error)) {
        return false;
    }
    p->ice_restarts += !first && p->neg->ice_changed;
    mcu_peer_apply_recv(p);
    mcu_peer_apply_send(p);
    if (first) {
        p->since_ns = mcu_net_now_ns(p->net);
        mcu_peer_set_state(p, MCU_PEER_ICE, "described");
    }
    apply_ice(p, p->neg->ice_changed);
    mcu_peer_try_dtls(p);
    return true;
}

/* ---- answering role ---- */

static char *make_answer(mcu_peer *p, const mcu_sdp *offer, mcu_negotiated *out, GError **error)
{
    mcu_local local;
    fill_local(p, &local);
    return mcu_answer_make(offer, &local, p->neg, out, error);
}

char *mcu_peer_answer(mcu_peer *p, const char *offer_sdp, GError **error)
{
    if (!usable(p, false, error)) {
        return NULL;
    }
    g_autoptr(mcu_sdp) offer = mcu_sdp_parse(offer_sdp, error);
    /* RFC 8445 6.1.1: the full agent controls when the other one is lite. */
    if (offer == NULL || !mcu_peer_open_ice(p, offer->ice_lite, error)) {
        return NULL;
    }
    g_autofree mcu_negotiated *neg = g_new0(mcu_negotiated, 1);
    g_autofree char *trial = make_answer(p, offer, neg, error); /* a refused offer must change nothing */
    if (trial == NULL || !gather(p, error)) {
        return NULL;
    }
    if (p->neg != NULL && mcu_offer_restarts_ice(offer, p->neg) && !mcu_ice_restart(p->ice)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "ICE cannot restart");
        return NULL;
    }
    p->version++;
    memset(neg, 0, sizeof *neg);
    g_autofree char *answer = make_answer(p, offer, neg, error);
    if (answer == NULL || !apply(p, g_steal_pointer(&neg), error)) {
        return NULL;
    }
    g_free(p->description);
    p->description = g_strdup(answer);
    return g_steal_pointer(&answer);
}

/* ---- offering role ---- */

char *mcu_peer_offer(mcu_peer *p, bool ice_restart, GError **error)
{
    if (!usable(p, true, error)) {
        return NULL;
    }
    p->offering = true;
    bool fresh = p->ice == NULL;
    if (!mcu_peer_open_ice(p, true, error) || !gather(p, error)) {
        return NULL;
    }
    if (ice_restart && !fresh && !mcu_ice_restart(p->ice)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "ICE cannot restart");
        return NULL;
    }
    p->version++;
    mcu_local local;
    fill_local(p, &local);
    g_free(p->description);
    p->description = mcu_offer_make(&local);
    return g_strdup(p->description);
}

bool mcu_peer_accept(mcu_peer *p, const char *answer_sdp, GError **error)
{
    if (!usable(p, true, error)) {
        return false;
    }
    if (p->ice == NULL) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_CONFLICT, "an answer without an offer");
        return false;
    }
    g_autoptr(mcu_sdp) answer = mcu_sdp_parse(answer_sdp, error);
    if (answer == NULL) {
        return false;
    }
    mcu_local local;
    fill_local(p, &local);
    g_autofree mcu_negotiated *neg = g_new0(mcu_negotiated, 1);
    return mcu_answer_accept(answer, &local, p->neg, neg, error) && apply(p, g_steal_pointer(&neg), error);
}

/* ---- trickle ---- */

static bool keep_early(mcu_peer *p, const char *candidate, GError **error)
{
    if (p->early_candidates->len >= PEER_EARLY_CANDIDATES) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_FULL, "too many candidates before the description");
        return false;
    }
    g_ptr_array_add(p->early_candidates, g_strdup(candidate));
    return true;
}

bool mcu_peer_add_candidate(mcu_peer *p, const char *candidate, const char *mid, GError **error)
{
    if (!usable(p, p->offering, error)) {
        return false;
    }
    bool end = candidate == NULL || candidate[0] == '\0';
    if (!end && strnlen(candidate, 1024) >= 1024) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "a candidate is too long");
        return false;
    }
    if (!p->remote_known) {
        return end || keep_early(p, candidate, error);
    }
    /* Until it knows our answer a browser gathers for each m-line: only those of the BUNDLE transport will be served. */
    if (mid != NULL && mid[0] != '\0' && strcmp(mid, p->neg->bundle_mid) != 0) {
        return true;
    }
    if (end) {
        mcu_ice_end_of_candidates(p->ice);
        return true;
    }
    mcu_status s = mcu_ice_add_candidate(p->ice, candidate);
    if (s == MCU_EINVAL) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "a candidate line does not parse");
    } else if (s == MCU_EFULL) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_FULL, "too many candidates");
    }
    return s == MCU_OK;
}

char *mcu_peer_local_description(mcu_peer *p)
{
    if (p->description == NULL) {
        return NULL;
    }
    if (p->ice == NULL) {
        return g_strdup(p->description);
    }
    return mcu_description_with_candidates(p->description, mcu_ice_candidates(p->ice), mcu_ice_gathered(p->ice));
}

bool mcu_peer_gathered(const mcu_peer *p)
{
    return p->ice != NULL && mcu_ice_gathered(p->ice);
}
