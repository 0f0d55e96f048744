#include <string.h>

#include "mcu/base/status.h"
#include "mcu/net/negotiate.h"
#include "mcu/net/offer_answer.h"

/* The payload types and extension ids of our own offers. */
enum { PT_OPUS = 111, PT_H264 = 102, PT_H264_RTX = 103, PT_VP8 = 96, PT_VP8_RTX = 97, PT_RED = 63 };
enum { EXT_AUDIO_LEVEL = 1, EXT_ABS_SEND_TIME = 2, EXT_TWCC = 3, EXT_MID = 4, EXT_PLAYOUT_DELAY = 5 };
static const char *const mids[] = {"0", "1"};

static mcu_direction direction(bool send, bool recv)
{
    return (mcu_direction)((send ? MCU_DIR_SENDONLY : 0) | (recv ? MCU_DIR_RECVONLY : 0));
}

static void offer_audio(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local)
{
    m->kind = MCU_SDP_AUDIO;
    m->kind_text = "audio";
    m->direction = direction(local->send_audio, local->recv_audio);
    mcu_sdp_format *opus = mcu_add_format(m, PT_OPUS, "opus", 48000, 2, MCU_OPUS_FMTP);
    opus->fb = MCU_FB_TWCC;
    mcu_add_red(s, m, PT_RED, opus);
    mcu_add_extmap(s, m, EXT_AUDIO_LEVEL, MCU_DIR_SENDRECV, MCU_URI_AUDIO_LEVEL);
}

static void offer_video(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local)
{
    const unsigned fb = MCU_FB_NACK | MCU_FB_PLI | MCU_FB_FIR | MCU_FB_REMB | MCU_FB_TWCC;
    m->kind = MCU_SDP_VIDEO;
    m->kind_text = "video";
    m->direction = direction(local->send_video, local->recv_video);
    m->rtcp_rsize = true;
    for (const mcu_codec *c = mcu_video_order(local); *c != MCU_CODEC_NONE; c++) {
        if (*c == MCU_CODEC_H264) {
            mcu_add_format(m, PT_H264, "H264", 90000, 1, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
                ->fb = fb;
            mcu_add_rtx(s, m, PT_H264_RTX, PT_H264);
        } else if (*c == MCU_CODEC_VP8) {
            mcu_add_format(m, PT_VP8, "VP8", 90000, 1, "")->fb = fb;
            mcu_add_rtx(s, m, PT_VP8_RTX, PT_VP8);
        }
    }
    mcu_add_extmap(s, m, EXT_PLAYOUT_DELAY, MCU_DIR_SENDRECV, MCU_URI_PLAYOUT_DELAY);
}

static mcu_sdp *build_offer(const mcu_local *local)
{
    mcu_sdp *s = mcu_local_session(local);
    offer_audio(s, &s->media[0], local);
    offer_video(s, &s->media[1], local);
    s->n_media = 2;
    s->bundle = "0 1";
    for (unsigned i = 0; i < 2; i++) {
        mcu_sdp_media *m = &s->media[i];
        m->port = 9;
        m->protocol = "UDP/TLS/RTP/SAVPF";
        m->mid = mids[i];
        mcu_add_extmap(s, m, EXT_ABS_SEND_TIME, MCU_DIR_SENDRECV, MCU_URI_ABS_SEND_TIME);
        mcu_add_extmap(s, m, EXT_TWCC, MCU_DIR_SENDRECV, MCU_URI_TWCC);
        mcu_add_extmap(s, m, EXT_MID, MCU_DIR_SENDRECV, MCU_URI_MID);
        /* RFC 8842 5.2: a later offer says actpass too; the answerer keeps the roles */
        mcu_local_transport(s, m, local, MCU_SETUP_ACTPASS);
        if ((m->direction & MCU_DIR_SENDONLY) != 0) {
            mcu_local_sources(s, m, local, true);
        }
    }
    mcu_local_candidates(s, &s->media[0], local->candidates, local->end_of_candidates);
    return s;
}

char *mcu_offer_make(const mcu_local *local)
{
    g_autoptr(mcu_sdp) s = build_offer(local);
    return mcu_sdp_print(s);
}

static bool refuse_m_line(GError **error, unsigned index, const char *why)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "M-line %u of the answer: %s.", index, why);
    return false;
}

/* An accepted m-line of the answer may only choose from what the offer had. */
static bool check_m_line(const mcu_sdp *answer, const mcu_sdp *offer, unsigned i, GError **error)
{
    const mcu_sdp_media *m = &answer->media[i];
    const mcu_sdp_media *ours = &offer->media[i];
    const char *why = NULL;
    if (m->kind != ours->kind || strcmp(m->mid, ours->mid) != 0) {
        return refuse_m_line(error, i, "it does not belong to the offer's");
    }
    if (m->port == 0) {
        return true;
    }
    if (m->crypto) {
        return refuse_m_line(error, i, "it carries keys in a=crypto (SDES)");
    }
    if (!mcu_media_usable(m, &why)) {
        return refuse_m_line(error, i, why);
    }
    if (!mcu_sdp_bundled(answer, m->mid)) {
        return refuse_m_line(error, i, "it is not in the BUNDLE group");
    }
    const unsigned theirs = (unsigned)m->direction;
    if (((theirs & MCU_DIR_SENDONLY) != 0 && (ours->direction & MCU_DIR_RECVONLY) == 0) ||
        ((theirs & MCU_DIR_RECVONLY) != 0 && (ours->direction & MCU_DIR_SENDONLY) == 0)) {
        return refuse_m_line(error, i, "its direction does not fit the offer's");
    }
    return true;
}

/* Their formats in their order; each with the payload type under which we offered its codec. */
static unsigned pick_answered(const mcu_sdp_media *m, const mcu_sdp_media *ours, mcu_pick picks[MCU_MAX_PICKS],
                              mcu_neg_media *out)
{
    mcu_codec order[MCU_MAX_PICKS + 1] = {MCU_CODEC_NONE};
    unsigned n = 0;
    for (unsigned i = 0; i < m->n_formats && n < MCU_MAX_PICKS; i++) {
        const mcu_codec codec = mcu_format_codec(&m->formats[i]);
        if (codec == MCU_CODEC_NONE || (n > 0 && order[0] == codec)) {
            continue;
        }
        for (unsigned k = 0; k < ours->n_formats; k++) {
            const mcu_sdp_format *f = &ours->formats[k];
            if (mcu_format_codec(f) == codec) {
                order[n++] = codec;
                mcu_neg_add_recv(out, f->pt, codec, -1, false);
                if (codec == MCU_CODEC_H264 || codec == MCU_CODEC_VP8) {
                    mcu_neg_add_recv(out, codec == MCU_CODEC_H264 ? PT_H264_RTX : PT_VP8_RTX, MCU_CODEC_NONE, f->pt, false);
                }
            }
        }
    }
    order[n] = MCU_CODEC_NONE;
    return mcu_pick_formats(m, order, picks);
}

static void keep_offered_extensions(const mcu_sdp_media *ours, mcu_ext_ids *ext)
{
    mcu_ext_ids offered = mcu_negotiate_extensions(ours, NULL);
    ext->mid = ext->mid == offered.mid ? ext->mid : 0;
    ext->twcc = ext->twcc == offered.twcc ? ext->twcc : 0;
    ext->audio_level = ext->audio_level == offered.audio_level ? ext->audio_level : 0;
    ext->abs_send_time = ext->abs_send_time == offered.abs_send_time ? ext->abs_send_time : 0;
    ext->playout_delay = ext->playout_delay == offered.playout_delay ? ext->playout_delay : 0;
}

static bool accept_m_line(const mcu_sdp *answer, const mcu_sdp *offer, unsigned i, mcu_neg_media *out, GError **error)
{
    const mcu_sdp_media *m = &answer->media[i];
    mcu_pick picks[MCU_MAX_PICKS];
    if (m->port == 0) {
        return true;
    }
    const unsigned n = pick_answered(m, &offer->media[i], picks, out);
    if (n == 0) {
        return refuse_m_line(error, i, "it has no codec of the offer");
    }
    out->index = i;
    out->send = (m->direction & MCU_DIR_RECVONLY) != 0;
    out->recv = (m->direction & MCU_DIR_SENDONLY) != 0;
    out->ext = mcu_negotiate_extensions(m, NULL);
    keep_offered_extensions(&offer->media[i], &out->ext);
    mcu_negotiate_media(m, picks, n, out);
    if (out->red_pt != 0) {
        mcu_neg_add_recv(out, PT_RED, MCU_CODEC_NONE, PT_OPUS, false);
    }
    return true;
}

static bool accept_setup(const mcu_sdp *answer, const mcu_sdp_media *tag, mcu_negotiated *n, GError **error)
{
    switch (mcu_transport_media(answer, tag)->transport.setup) {
    case MCU_SETUP_ACTIVE:
        n->dtls_client = false;
        return true;
    case MCU_SETUP_PASSIVE:
        n->dtls_client = true;
        return true;
    case MCU_SETUP_NONE:
    case MCU_SETUP_ACTPASS:
    case MCU_SETUP_HOLDCONN:
    default:
        return mcu_negotiate_refuse(error, "The answer's setup is neither active nor passive.");
    }
}

bool mcu_answer_accept(const mcu_sdp *answer, const mcu_local *local, const mcu_negotiated *previous, mcu_negotiated *out,
                       GError **error)
{
    g_autoptr(mcu_sdp) offer = build_offer(local);
    g_autofree mcu_negotiated *n = g_new0(mcu_negotiated, 1);
    if (answer->n_media != offer->n_media) {
        return mcu_negotiate_refuse(error, "The answer has another number of m-lines than the offer.");
    }
    if (!check_m_line(answer, offer, 0, error) || !check_m_line(answer, offer, 1, error)) {
        return false;
    }
    const mcu_sdp_media *tag = answer->media[0].port != 0 ? &answer->media[0] : &answer->media[1];
    if (tag->port == 0) {
        return mcu_negotiate_refuse(error, "The answer rejects every m-line.");
    }
    if (!mcu_negotiate_transport(answer, tag, previous, n, error) || !accept_setup(answer, tag, n, error) ||
        !accept_m_line(answer, offer, 0, &n->audio, error) || !accept_m_line(answer, offer, 1, &n->video, error)) {
        return false;
    }
    *out = *n;
    return true;
}
