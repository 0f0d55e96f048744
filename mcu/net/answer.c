#include <string.h>

#include "mcu/base/status.h"
#include "mcu/net/negotiate.h"
#include "mcu/net/offer_answer.h"

typedef struct {
    const mcu_sdp_media *media; /* NULL = rejected */
    mcu_pick picks[MCU_MAX_PICKS];
    unsigned n_picks;
} slot;

typedef struct {
    const mcu_sdp *offer;
    const mcu_local *local;
    const mcu_negotiated *previous;
    slot audio, video, content;
    const mcu_sdp_media *tag; /* the first m-line that we accept: its transport is the BUNDLE's */
    const char *why_not;      /* of the last m-line that could not be used */
} answering;

static bool acceptable(answering *a, const mcu_sdp_media *m, slot *out)
{
    const bool video = m->kind == MCU_SDP_VIDEO;
    if (!mcu_media_usable(m, &a->why_not)) {
        return false;
    }
    out->n_picks = mcu_pick_formats(m, video ? mcu_video_order(a->local) : mcu_audio_order, out->picks);
    if (out->n_picks == 0) {
        a->why_not = video ? "it has neither VP8 nor H.264 (constrained baseline, packetization-mode=1)" : "it has no Opus";
        return false;
    }
    out->media = m;
    return true;
}

static const mcu_neg_media *previous_of(const answering *a, bool video)
{
    static const mcu_neg_media none;
    if (a->previous == NULL) {
        return &none;
    }
    return video ? &a->previous->video : &a->previous->audio;
}

static void choose_kind(answering *a, bool video)
{
    slot *s = video ? &a->video : &a->audio;
    const mcu_neg_media *before = previous_of(a, video);
    if (before->accepted && before->index < a->offer->n_media && acceptable(a, &a->offer->media[before->index], s)) {
        return;
    }
    for (unsigned i = 0; i < a->offer->n_media; i++) {
        const mcu_sdp_media *m = &a->offer->media[i];
        if (m->kind == (video ? MCU_SDP_VIDEO : MCU_SDP_AUDIO) && acceptable(a, m, s)) {
            return;
        }
    }
}

/* A second video m-line, of who shares a screen beside the camera. It keeps its place once it was taken. */
static void choose_content(answering *a)
{
    if (!a->local->recv_content || a->video.media == NULL) {
        return;
    }
    const mcu_neg_media *before = a->previous != NULL ? &a->previous->content : NULL;
    const char *why_not = a->why_not;
    for (unsigned i = 0; i < a->offer->n_media && a->content.media == NULL; i++) {
        const mcu_sdp_media *m = &a->offer->media[i];
        const bool known = before != NULL && before->accepted && before->index == i;
        const bool sends = (m->direction & MCU_DIR_SENDONLY) != 0;
        if (m != a->video.media && m->kind == MCU_SDP_VIDEO && (known || sends) && mcu_sdp_bundled(a->offer, m->mid)) {
            (void)acceptable(a, m, &a->content);
        }
    }
    a->why_not = why_not;
}

/* Everything goes over one transport: what is not in the BUNDLE group of the first accepted m-line is rejected (RFC 9429 5.3.1).
 */
static void choose_tag(answering *a)
{
    slot *first = &a->audio;
    slot *second = &a->video;
    if (first->media == NULL || (second->media != NULL && second->media < first->media)) {
        first = &a->video;
        second = &a->audio;
    }
    a->tag = first->media;
    if (second->media != NULL &&
        (!mcu_sdp_bundled(a->offer, first->media->mid) || !mcu_sdp_bundled(a->offer, second->media->mid))) {
        second->media = NULL;
    }
    if (a->video.media == NULL || !mcu_sdp_bundled(a->offer, a->tag->mid)) {
        a->content.media = NULL;
    }
}

static bool check_offer(const mcu_sdp *offer, GError **error)
{
    if (offer->n_media == 0) {
        return mcu_negotiate_refuse(error, "The offer has no m-line.");
    }
    for (unsigned i = 0; i < offer->n_media; i++) {
        if (offer->media[i].crypto) {
            return mcu_negotiate_refuse(error, "The offer carries keys in a=crypto (SDES); only DTLS-SRTP is spoken.");
        }
    }
    return true;
}

static bool choose_media(answering *a, GError **error)
{
    choose_kind(a, false);
    choose_kind(a, true);
    choose_content(a);
    if (a->audio.media == NULL && a->video.media == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "No m-line of the offer can be used: %s.",
                    a->why_not != NULL ? a->why_not : "there is no audio and no video");
        return false;
    }
    choose_tag(a);
    return true;
}

/* RFC 8842 5.3: actpass lets us choose, and a later offer keeps the roles of a DTLS association that goes on. */
static bool choose_setup(const answering *a, mcu_negotiated *out, GError **error)
{
    switch (mcu_transport_media(a->offer, a->tag)->transport.setup) {
    case MCU_SETUP_ACTPASS:
        out->dtls_client = a->previous != NULL && !out->dtls_changed ? a->previous->dtls_client : true;
        return true;
    case MCU_SETUP_ACTIVE:
        out->dtls_client = false;
        return true;
    case MCU_SETUP_PASSIVE:
        out->dtls_client = true;
        return true;
    case MCU_SETUP_HOLDCONN:
        return mcu_negotiate_refuse(error, "The offer says setup:holdconn.");
    case MCU_SETUP_NONE:
    default:
        return mcu_negotiate_refuse(error, "The offer has no a=setup.");
    }
}

static void agree_directions(const answering *a, const slot *s, mcu_neg_media *out)
{
    const mcu_local *l = a->local;
    const bool video = s == &a->video, content = s == &a->content;
    const bool send = content ? false : video ? l->send_video : l->send_audio;
    const bool recv = content ? l->recv_content : video ? l->recv_video : l->recv_audio;
    out->send = (s->media->direction & MCU_DIR_RECVONLY) != 0 && send;
    out->recv = (s->media->direction & MCU_DIR_SENDONLY) != 0 && recv;
}

static void agree(const answering *a, const slot *s, const slot *other, mcu_neg_media *out)
{
    const mcu_sdp_media *m = s->media;
    if (m == NULL) {
        return;
    }
    out->index = (unsigned)(m - a->offer->media);
    agree_directions(a, s, out);
    out->ext = mcu_negotiate_extensions(m, m == a->tag ? NULL : other->media);
    mcu_negotiate_media(m, s->picks, s->n_picks, out);
    for (unsigned i = 0; i < s->n_picks; i++) {
        const mcu_pick *p = &s->picks[i];
        mcu_neg_add_recv(out, p->format->pt, p->codec, -1, false);
        if (p->rtx != NULL) {
            mcu_neg_add_recv(out, p->rtx->pt, MCU_CODEC_NONE, p->format->pt, false);
        }
    }
    if (out->red_pt != 0) {
        mcu_neg_add_recv(out, out->red_pt, MCU_CODEC_NONE, s->picks[0].format->pt, false);
    }
    if (out->dtmf_pt >= 0) {
        mcu_neg_add_recv(out, (unsigned)out->dtmf_pt, MCU_CODEC_NONE, -1, true);
    }
}

static void write_rejected(mcu_sdp *s, mcu_sdp_media *to, const mcu_sdp_media *theirs)
{
    to->port = 0;
    to->direction = MCU_DIR_INACTIVE;
    to->formats_text = mcu_sdp_keep(s, theirs->formats_text);
    for (unsigned i = 0; i < theirs->n_formats; i++) {
        mcu_add_format(to, theirs->formats[i].pt, "", 0, 1, "");
    }
}

static void write_formats(mcu_sdp *s, mcu_sdp_media *to, const slot *from, const mcu_neg_media *n)
{
    for (unsigned i = 0; i < from->n_picks; i++) {
        const mcu_pick *p = &from->picks[i];
        const char *fmtp = "";
        if (p->codec == MCU_CODEC_OPUS) {
            fmtp = MCU_OPUS_FMTP;
        } else if (p->codec == MCU_CODEC_H264) {
            g_autofree char *text =
                g_strdup_printf("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%s", n->h264_profile);
            fmtp = mcu_sdp_keep(s, text);
        }
        mcu_sdp_format *f =
            mcu_add_format(to, p->format->pt, mcu_sdp_keep(s, p->format->name), p->format->clock_hz, p->format->channels, fmtp);
        f->fb = mcu_agreed_feedback(to->kind, p->format->fb, &n->ext);
        if (p->rtx != NULL) {
            mcu_add_rtx(s, to, p->rtx->pt, p->format->pt);
        }
    }
    if (n->red_pt != 0) {
        mcu_add_red(s, to, n->red_pt, from->picks[0].format);
    }
    if (n->dtmf_pt >= 0) {
        mcu_add_format(to, (unsigned)n->dtmf_pt, "telephone-event", n->dtmf_clock_hz, 1, "0-15");
    }
}

static void write_extmaps(mcu_sdp *s, mcu_sdp_media *to, const mcu_sdp_media *theirs, const mcu_ext_ids *ext)
{
    const struct {
        unsigned id;
        const char *uri;
    } agreed[] = {{ext->audio_level, MCU_URI_AUDIO_LEVEL},
                  {ext->abs_send_time, MCU_URI_ABS_SEND_TIME},
                  {ext->twcc, MCU_URI_TWCC},
                  {ext->mid, MCU_URI_MID},
                  {ext->playout_delay, MCU_URI_PLAYOUT_DELAY}};
    for (unsigned i = 0; i < G_N_ELEMENTS(agreed); i++) {
        for (unsigned k = 0; agreed[i].id != 0 && k < theirs->n_extmaps; k++) {
            const mcu_sdp_extmap *e = &theirs->extmaps[k];
            if (e->id == agreed[i].id && strcmp(e->uri, agreed[i].uri) == 0) {
                const mcu_direction turned[] = {MCU_DIR_INACTIVE, MCU_DIR_RECVONLY, MCU_DIR_SENDONLY, MCU_DIR_SENDRECV};
                mcu_add_extmap(s, to, e->id, turned[e->direction], e->uri);
            }
        }
    }
}

static void write_accepted(mcu_sdp *s, mcu_sdp_media *to, const answering *a, const slot *from, const mcu_neg_media *n,
                           bool client)
{
    to->port = 9;
    to->direction = (mcu_direction)((n->send ? MCU_DIR_SENDONLY : 0) | (n->recv ? MCU_DIR_RECVONLY : 0));
    to->rtcp_rsize = n->rtcp_rsize;
    write_formats(s, to, from, n);
    write_extmaps(s, to, from->media, &n->ext);
    mcu_local_transport(s, to, a->local, client ? MCU_SETUP_ACTIVE : MCU_SETUP_PASSIVE);
    if (from->media == a->tag) {
        mcu_local_candidates(s, to, a->local->candidates, a->local->end_of_candidates);
    }
    if (n->send) {
        mcu_local_sources(s, to, a->local, n->send_rtx_pt != 0);
    }
}

static char *write_answer(const answering *a, const mcu_negotiated *n)
{
    g_autoptr(mcu_sdp) s = mcu_local_session(a->local);
    g_autoptr(GString) bundle = g_string_new(NULL);
    for (unsigned i = 0; i < a->offer->n_media; i++) {
        const mcu_sdp_media *theirs = &a->offer->media[i];
        mcu_sdp_media *to = &s->media[s->n_media++];
        to->kind = theirs->kind;
        to->kind_text = mcu_sdp_keep(s, theirs->kind_text);
        to->protocol = mcu_sdp_keep(s, theirs->protocol);
        to->mid = mcu_sdp_keep(s, theirs->mid);
        if (theirs == a->audio.media) {
            write_accepted(s, to, a, &a->audio, &n->audio, n->dtls_client);
        } else if (theirs == a->video.media) {
            write_accepted(s, to, a, &a->video, &n->video, n->dtls_client);
        } else if (theirs == a->content.media) {
            write_accepted(s, to, a, &a->content, &n->content, n->dtls_client);
        } else {
            write_rejected(s, to, theirs);
            continue;
        }
        if (mcu_sdp_bundled(a->offer, theirs->mid)) {
            g_string_append_printf(bundle, "%s%s", bundle->len > 0 ? " " : "", theirs->mid);
        }
    }
    s->bundle = mcu_sdp_keep(s, bundle->str);
    return mcu_sdp_print(s);
}

char *mcu_answer_make(const mcu_sdp *offer, const mcu_local *local, const mcu_negotiated *previous, mcu_negotiated *out,
                      GError **error)
{
    answering a = {.offer = offer, .local = local, .previous = previous};
    g_autofree mcu_negotiated *n = g_new0(mcu_negotiated, 1);
    if (!check_offer(offer, error) || !choose_media(&a, error) || !mcu_negotiate_transport(offer, a.tag, previous, n, error) ||
        !choose_setup(&a, n, error)) {
        return NULL;
    }
    agree(&a, &a.audio, &a.video, &n->audio);
    agree(&a, &a.video, &a.audio, &n->video);
    agree(&a, &a.content, &a.video, &n->content);
    char *text = write_answer(&a, n);
    *out = *n;
    return text;
}

bool mcu_offer_restarts_ice(const mcu_sdp *offer, const mcu_negotiated *previous)
{
    static const mcu_local any_codec;
    answering a = {.offer = offer, .local = &any_codec, .previous = previous};
    if (!choose_media(&a, NULL)) {
        return false;
    }
    const mcu_sdp_transport *t = &mcu_transport_media(offer, a.tag)->transport;
    return strcmp(t->ice_ufrag, previous->ice_ufrag) != 0 || strcmp(t->ice_pwd, previous->ice_pwd) != 0;
}
