#include "mcu/net/negotiate.h"

mcu_sdp *mcu_local_session(const mcu_local *local)
{
    mcu_sdp *s = mcu_sdp_new();
    s->session_id = local->session_id;
    s->version = local->version;
    return s;
}

void mcu_local_candidates(mcu_sdp *s, mcu_sdp_media *m, const char *const *candidates, bool end_of_candidates)
{
    m->n_candidates = 0;
    for (; candidates != NULL && *candidates != NULL && m->n_candidates < MCU_SDP_MAX_CANDIDATES; candidates++) {
        m->candidates[m->n_candidates++] = mcu_sdp_keep(s, *candidates);
    }
    m->transport.end_of_candidates = end_of_candidates;
}

void mcu_local_transport(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local, mcu_setup setup)
{
    m->transport.ice_ufrag = mcu_sdp_keep(s, local->ice_ufrag);
    m->transport.ice_pwd = mcu_sdp_keep(s, local->ice_pwd);
    m->transport.trickle = true;
    m->transport.fingerprints[0] = local->fingerprint;
    m->transport.n_fingerprints = 1;
    m->transport.setup = setup;
    m->rtcp_mux = true;
}

void mcu_local_sources(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local, bool rtx)
{
    const bool video = m->kind == MCU_SDP_VIDEO;
    g_autofree char *msid = g_strdup_printf("%s %s-%s", local->stream_id, local->stream_id, video ? "video" : "audio");
    m->msid = mcu_sdp_keep(s, msid);
    m->n_sources = 1;
    m->sources[0] = (mcu_sdp_source){
        .ssrc = video ? local->video_ssrc : local->audio_ssrc,
        .rtx_ssrc = video && rtx ? local->video_rtx_ssrc : 0,
        .cname = mcu_sdp_keep(s, local->cname),
    };
}

void mcu_add_extmap(mcu_sdp *s, mcu_sdp_media *m, unsigned id, mcu_direction direction, const char *uri)
{
    g_assert(m->n_extmaps < MCU_SDP_MAX_EXTMAPS);
    m->extmaps[m->n_extmaps++] = (mcu_sdp_extmap){id, direction, mcu_sdp_keep(s, uri)};
}

mcu_sdp_format *mcu_add_format(mcu_sdp_media *m, unsigned pt, const char *name, unsigned clock_hz, unsigned channels,
                               const char *fmtp)
{
    g_assert(m->n_formats < MCU_SDP_MAX_FORMATS);
    mcu_sdp_format *f = &m->formats[m->n_formats++];
    *f = (mcu_sdp_format){.pt = (uint8_t)pt, .name = name, .clock_hz = clock_hz, .channels = channels, .fmtp = fmtp, .apt = -1};
    return f;
}

void mcu_add_red(mcu_sdp *s, mcu_sdp_media *m, unsigned pt, const mcu_sdp_format *of)
{
    g_autofree char *fmtp = g_strdup_printf("%u/%u", of->pt, of->pt);
    mcu_add_format(m, pt, "red", of->clock_hz, of->channels, mcu_sdp_keep(s, fmtp));
}

void mcu_add_rtx(mcu_sdp *s, mcu_sdp_media *m, unsigned pt, unsigned apt)
{
    g_autofree char *fmtp = g_strdup_printf("apt=%u", apt);
    mcu_add_format(m, pt, "rtx", 90000, 1, mcu_sdp_keep(s, fmtp))->apt = (int)apt;
}

char *mcu_description_with_candidates(const char *ours, const char *const *candidates, bool end_of_candidates)
{
    g_autoptr(mcu_sdp) s = mcu_sdp_parse(ours, NULL);
    if (s == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < s->n_media; i++) {
        if (s->media[i].port != 0) {
            mcu_local_candidates(s, &s->media[i], candidates, end_of_candidates);
            break;
        }
    }
    return mcu_sdp_print(s);
}
