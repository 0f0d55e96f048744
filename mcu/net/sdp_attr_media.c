#include "mcu/net/sdp_reader.h"

#include <string.h>

static mcu_sdp_format *format_of(mcu_sdp_reader *p, const char **at)
{
    uint64_t pt = 0;
    if (!mcu_sdp_read_number(at, 127, &pt)) {
        return NULL;
    }
    mcu_sdp_skip_space(at);
    for (unsigned i = 0; i < p->cur->n_formats; i++) {
        if (p->cur->formats[i].pt == pt) {
            return &p->cur->formats[i];
        }
    }
    return NULL;
}

bool mcu_sdp_on_rtpmap(mcu_sdp_reader *p, const char *v)
{
    mcu_sdp_format *f = format_of(p, &v);
    char name[64];
    if (f == NULL) {
        return true;
    }
    const size_t n = strcspn(v, "/");
    if (n == 0 || n >= sizeof(name) || v[n] != '/') {
        return mcu_sdp_refuse(p, "an rtpmap has no name or no clock rate");
    }
    memcpy(name, v, n);
    name[n] = '\0';
    v += n + 1;
    uint64_t clock = 0;
    uint64_t channels = 1;
    if (!mcu_sdp_read_number(&v, 1000000, &clock) || clock == 0) {
        return mcu_sdp_refuse(p, "an rtpmap has a bad clock rate");
    }
    if (*v == '/') {
        v++;
        if (!mcu_sdp_read_number(&v, 255, &channels)) {
            channels = 1;
        }
    }
    f->name = mcu_sdp_keep(p->sdp, name);
    f->clock_hz = (unsigned)clock;
    f->channels = channels == 0 ? 1 : (unsigned)channels;
    return true;
}

bool mcu_sdp_on_fmtp(mcu_sdp_reader *p, const char *v)
{
    mcu_sdp_format *f = format_of(p, &v);
    if (f != NULL) {
        f->fmtp = mcu_sdp_keep(p->sdp, v);
    }
    return true;
}

bool mcu_sdp_on_rtcp_fb(mcu_sdp_reader *p, const char *v)
{
    static const struct {
        const char *text;
        unsigned bit;
    } known[] = {{"nack", MCU_FB_NACK},
                 {"nack pli", MCU_FB_PLI},
                 {"ccm fir", MCU_FB_FIR},
                 {"goog-remb", MCU_FB_REMB},
                 {"transport-cc", MCU_FB_TWCC}};
    unsigned *into = &p->fb_all;
    if (*v == '*') {
        v++;
        mcu_sdp_skip_space(&v);
    } else {
        mcu_sdp_format *f = format_of(p, &v);
        if (f == NULL) {
            return true;
        }
        into = &f->fb;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(v, known[i].text) == 0) {
            *into |= known[i].bit;
        }
    }
    return true;
}

bool mcu_sdp_on_extmap(mcu_sdp_reader *p, const char *v)
{
    uint64_t id = 0;
    char uri[256];
    mcu_direction direction = MCU_DIR_SENDRECV;
    if (!mcu_sdp_read_number(&v, 65535, &id)) {
        return mcu_sdp_refuse(p, "an extmap has no number");
    }
    if (*v == '/') {
        v++;
        const size_t n = strcspn(v, " ");
        if (!mcu_sdp_read_direction(v, n, &direction)) {
            return mcu_sdp_refuse(p, "an extmap has a bad direction");
        }
        v += n;
    }
    /* 4096.. are placeholders of offers that ran out of numbers (RFC 8285 section 7) */
    if (id == 0 || id > 255 || !mcu_sdp_read_word(&v, uri, sizeof(uri))) {
        return true;
    }
    mcu_sdp_media *m = p->cur;
    for (unsigned i = 0; i < m->n_extmaps; i++) {
        if (m->extmaps[i].id == id && strcmp(m->extmaps[i].uri, uri) == 0) {
            return true;
        }
    }
    if (m->n_extmaps < MCU_SDP_MAX_EXTMAPS) {
        m->extmaps[m->n_extmaps++] = (mcu_sdp_extmap){(unsigned)id, direction, mcu_sdp_keep(p->sdp, uri)};
    }
    return true;
}

bool mcu_sdp_on_ssrc(mcu_sdp_reader *p, const char *v)
{
    uint64_t ssrc = 0;
    mcu_sdp_media *m = p->cur;
    if (!mcu_sdp_read_number(&v, UINT32_MAX, &ssrc)) {
        return mcu_sdp_refuse(p, "an ssrc is not a number");
    }
    mcu_sdp_skip_space(&v);
    unsigned i = 0;
    while (i < m->n_sources && m->sources[i].ssrc != ssrc) {
        i++;
    }
    if (i == MCU_SDP_MAX_SSRCS || ssrc == 0 || m == &p->session) {
        return true;
    }
    if (i == m->n_sources) {
        m->sources[m->n_sources++] = (mcu_sdp_source){(uint32_t)ssrc, 0, ""};
    }
    if (g_ascii_strncasecmp(v, "cname:", 6) == 0) {
        m->sources[i].cname = mcu_sdp_keep(p->sdp, v + 6);
    }
    return true;
}

bool mcu_sdp_on_ssrc_group(mcu_sdp_reader *p, const char *v)
{
    uint64_t main_ssrc = 0;
    uint64_t repair = 0;
    if (g_ascii_strncasecmp(v, "FID ", 4) != 0 || p->n_repairs == MCU_SDP_MAX_SSRCS || p->cur == &p->session) {
        return true;
    }
    v += 4;
    mcu_sdp_skip_space(&v);
    if (!mcu_sdp_read_number(&v, UINT32_MAX, &main_ssrc)) {
        return true;
    }
    mcu_sdp_skip_space(&v);
    if (!mcu_sdp_read_number(&v, UINT32_MAX, &repair) || main_ssrc == 0 || repair == 0 || main_ssrc == repair) {
        return true;
    }
    p->repairs[p->n_repairs][0] = (uint32_t)main_ssrc;
    p->repairs[p->n_repairs++][1] = (uint32_t)repair;
    return true;
}
