#include "mcu/net/negotiate.h"

#include <string.h>

static const mcu_sdp_extmap *extmap_by_uri(const mcu_sdp_media *m, const char *uri)
{
    for (unsigned i = 0; i < m->n_extmaps; i++) {
        /* ids above 14 need two-byte headers (RFC 8285 4.3), which we do not agree to */
        if (m->extmaps[i].id <= 14 && strcmp(m->extmaps[i].uri, uri) == 0) {
            return &m->extmaps[i];
        }
    }
    return NULL;
}

enum { N_KNOWN = 5 };

/* In the order of mcu_ext_ids; which kinds of m-line use it. */
static const struct {
    const char *uri;
    bool audio, video;
} known[N_KNOWN] = {
    {MCU_URI_MID, true, true},           {MCU_URI_TWCC, true, true},           {MCU_URI_AUDIO_LEVEL, true, false},
    {MCU_URI_ABS_SEND_TIME, true, true}, {MCU_URI_PLAYOUT_DELAY, false, true},
};

static void known_ids(const mcu_sdp_media *m, uint8_t ids[N_KNOWN])
{
    for (unsigned i = 0; i < N_KNOWN; i++) {
        const bool wanted = m->kind == MCU_SDP_VIDEO ? known[i].video : known[i].audio;
        const mcu_sdp_extmap *e = wanted ? extmap_by_uri(m, known[i].uri) : NULL;
        ids[i] = e != NULL && e->direction != MCU_DIR_INACTIVE ? (uint8_t)e->id : 0;
    }
}

mcu_ext_ids mcu_negotiate_extensions(const mcu_sdp_media *m, const mcu_sdp_media *other)
{
    uint8_t ids[N_KNOWN];
    uint8_t taken[N_KNOWN] = {0};
    known_ids(m, ids);
    if (other != NULL) {
        known_ids(other, taken);
    }
    for (unsigned i = 0; i < N_KNOWN; i++) {
        for (unsigned k = 0; k < N_KNOWN; k++) {
            if (k != i && taken[k] == ids[i]) {
                ids[i] = 0;
            }
        }
    }
    return (mcu_ext_ids){ids[0], ids[1], ids[2], ids[3], ids[4]};
}

unsigned mcu_agreed_feedback(mcu_sdp_kind kind, unsigned theirs, const mcu_ext_ids *ext)
{
    const unsigned ours = kind == MCU_SDP_VIDEO ? MCU_FB_NACK | MCU_FB_PLI | MCU_FB_FIR | MCU_FB_REMB | MCU_FB_TWCC : MCU_FB_TWCC;
    return theirs & ours & (ext->twcc != 0 ? ~0u : ~(unsigned)MCU_FB_TWCC);
}

void mcu_neg_add_recv(mcu_neg_media *out, unsigned pt, mcu_codec codec, int apt, bool dtmf)
{
    if (out->n_recv_pts < MCU_MAX_RECV_PTS) {
        out->recv_pts[out->n_recv_pts++] = (mcu_recv_pt){(uint8_t)pt, codec, apt, dtmf};
    }
}

static bool fmtp_is(const char *fmtp, const char *key, const char *value)
{
    char found[8];
    return mcu_sdp_fmtp_get(fmtp, key, found, sizeof(found)) && strcmp(found, value) == 0;
}

void mcu_negotiate_media(const mcu_sdp_media *theirs, const mcu_pick *picks, unsigned n_picks, mcu_neg_media *out)
{
    g_assert(n_picks > 0);
    const mcu_sdp_format *first = picks[0].format;
    out->accepted = true;
    g_strlcpy(out->mid, theirs->mid, sizeof(out->mid));
    out->rtcp_rsize = theirs->rtcp_rsize;
    out->fb = mcu_agreed_feedback(theirs->kind, first->fb, &out->ext);
    if (out->send) {
        out->send_codec = picks[0].codec;
        out->send_pt = first->pt;
        out->limits = mcu_format_limits(first);
        out->send_rtx_pt = picks[0].rtx != NULL ? picks[0].rtx->pt : 0;
    }
    if (theirs->n_sources > 0) {
        out->remote_ssrc = theirs->sources[0].ssrc;
        out->remote_rtx_ssrc = theirs->sources[0].rtx_ssrc;
        g_strlcpy(out->remote_cname, theirs->sources[0].cname, sizeof(out->remote_cname));
    }
    for (unsigned i = 0; i < n_picks; i++) {
        if (picks[i].codec == MCU_CODEC_H264) {
            const mcu_h264_params p = mcu_h264_params_read(picks[i].format->fmtp);
            mcu_h264_answer_profile(&p, out->h264_profile);
        }
    }
    const mcu_sdp_format *dtmf = mcu_pick_dtmf(theirs);
    out->dtmf_pt = -1;
    if (theirs->kind == MCU_SDP_AUDIO) {
        const mcu_sdp_format *red = mcu_pick_red(theirs, first->pt);
        out->red_pt = red != NULL ? red->pt : 0;
        out->opus_fec = fmtp_is(first->fmtp, "useinbandfec", "1");
        out->opus_stereo = fmtp_is(first->fmtp, "stereo", "1");
        if (dtmf != NULL) {
            out->dtmf_pt = dtmf->pt;
            out->dtmf_clock_hz = dtmf->clock_hz;
        }
    }
}
