#include "mcu/net/sdp.h"

#define LINE(out, ...) (g_string_append_printf(out, __VA_ARGS__), g_string_append(out, "\r\n"))

static void print_fingerprint(GString *out, const mcu_fingerprint *f)
{
    g_string_append_printf(out, "a=fingerprint:%s ", f->hash);
    for (size_t i = 0; i < f->size; i++) {
        g_string_append_printf(out, i == 0 ? "%02X" : ":%02X", (unsigned)f->bytes[i]);
    }
    g_string_append(out, "\r\n");
}

static void print_transport(GString *out, const mcu_sdp_transport *t)
{
    if (t->ice_ufrag[0] != '\0') {
        LINE(out, "a=ice-ufrag:%s", t->ice_ufrag);
    }
    if (t->ice_pwd[0] != '\0') {
        LINE(out, "a=ice-pwd:%s", t->ice_pwd);
    }
    if (t->trickle) {
        LINE(out, "a=ice-options:trickle");
    }
    for (unsigned i = 0; i < t->n_fingerprints; i++) {
        print_fingerprint(out, &t->fingerprints[i]);
    }
    if (t->setup != MCU_SETUP_NONE) {
        LINE(out, "a=setup:%s", mcu_setup_name(t->setup));
    }
}

static void print_format(GString *out, const mcu_sdp_format *f)
{
    static const struct {
        unsigned bit;
        const char *text;
    } feedback[] = {{MCU_FB_REMB, "goog-remb"},
                    {MCU_FB_TWCC, "transport-cc"},
                    {MCU_FB_FIR, "ccm fir"},
                    {MCU_FB_NACK, "nack"},
                    {MCU_FB_PLI, "nack pli"}};
    if (f->name[0] != '\0') {
        g_string_append_printf(out, "a=rtpmap:%u %s/%u", (unsigned)f->pt, f->name, f->clock_hz);
        if (f->channels > 1) {
            g_string_append_printf(out, "/%u", f->channels);
        }
        g_string_append(out, "\r\n");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(feedback); i++) {
        if ((f->fb & feedback[i].bit) != 0) {
            LINE(out, "a=rtcp-fb:%u %s", (unsigned)f->pt, feedback[i].text);
        }
    }
    if (f->fmtp[0] != '\0') {
        LINE(out, "a=fmtp:%u %s", (unsigned)f->pt, f->fmtp);
    }
}

static void print_ssrc(GString *out, uint32_t ssrc, const char *cname)
{
    if (cname[0] != '\0') {
        LINE(out, "a=ssrc:%u cname:%s", ssrc, cname);
    } else {
        LINE(out, "a=ssrc:%u", ssrc);
    }
}

static void print_sources(GString *out, const mcu_sdp_media *m)
{
    for (unsigned i = 0; i < m->n_sources; i++) {
        const mcu_sdp_source *s = &m->sources[i];
        if (s->rtx_ssrc != 0) {
            LINE(out, "a=ssrc-group:FID %u %u", s->ssrc, s->rtx_ssrc);
        }
        print_ssrc(out, s->ssrc, s->cname);
        if (s->rtx_ssrc != 0) {
            print_ssrc(out, s->rtx_ssrc, s->cname);
        }
    }
}

static void print_m_line(GString *out, const mcu_sdp_media *m)
{
    g_string_append_printf(out, "m=%s %u %s", m->kind_text, m->port, m->protocol);
    if (m->n_formats == 0) {
        g_string_append_printf(out, " %s", m->formats_text[0] != '\0' ? m->formats_text : "0");
    }
    for (unsigned i = 0; i < m->n_formats; i++) {
        g_string_append_printf(out, " %u", (unsigned)m->formats[i].pt);
    }
    g_string_append(out, "\r\nc=IN IP4 0.0.0.0\r\n");
}

static void print_media(GString *out, const mcu_sdp_media *m)
{
    print_m_line(out, m);
    for (unsigned i = 0; i < m->n_candidates; i++) {
        LINE(out, "a=%s", m->candidates[i]);
    }
    if (m->transport.end_of_candidates) {
        LINE(out, "a=end-of-candidates");
    }
    print_transport(out, &m->transport);
    if (m->mid[0] != '\0') {
        LINE(out, "a=mid:%s", m->mid);
    }
    if (m->bundle_only) {
        LINE(out, "a=bundle-only");
    }
    for (unsigned i = 0; i < m->n_extmaps; i++) {
        const mcu_sdp_extmap *e = &m->extmaps[i];
        if (e->direction == MCU_DIR_SENDRECV) {
            LINE(out, "a=extmap:%u %s", e->id, e->uri);
        } else {
            LINE(out, "a=extmap:%u/%s %s", e->id, mcu_direction_name(e->direction), e->uri);
        }
    }
    LINE(out, "a=%s", mcu_direction_name(m->direction));
    if (m->msid[0] != '\0') {
        LINE(out, "a=msid:%s", m->msid);
    }
    if (m->rtcp_mux) {
        LINE(out, "a=rtcp-mux");
    }
    if (m->rtcp_rsize) {
        LINE(out, "a=rtcp-rsize");
    }
    for (unsigned i = 0; i < m->n_formats; i++) {
        print_format(out, &m->formats[i]);
    }
    print_sources(out, m);
}

char *mcu_sdp_print(const mcu_sdp *s)
{
    GString *out = g_string_sized_new(4096);
    LINE(out, "v=0");
    LINE(out, "o=- %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " IN IP4 127.0.0.1", s->session_id, s->version);
    g_string_append(out, "s=-\r\nt=0 0\r\n");
    if (s->ice_lite) {
        LINE(out, "a=ice-lite");
    }
    if (s->bundle[0] != '\0') {
        LINE(out, "a=group:BUNDLE %s", s->bundle);
    }
    if (s->extmap_allow_mixed) {
        LINE(out, "a=extmap-allow-mixed");
    }
    LINE(out, "a=msid-semantic: WMS *");
    for (unsigned i = 0; i < s->n_media; i++) {
        print_media(out, &s->media[i]);
    }
    return g_string_free(out, FALSE);
}
