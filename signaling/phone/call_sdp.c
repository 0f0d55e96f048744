#include "signaling/phone/call_sdp.h"

#include <sofia-sip/sdp.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/phone/sdp_line.h"
#include "signaling/phone/video_sdp.h"

#define OPUS_PT 96
#define EVENT_PT 101

static const struct {
    mcu_codec codec;
    const char *name;
    unsigned long clock_hz;
    uint8_t pt;
} codecs[] = {{MCU_CODEC_PCMU, "PCMU", 8000, 0},
              {MCU_CODEC_PCMA, "PCMA", 8000, 8},
              {MCU_CODEC_G722, "G722", 8000, 9},
              {MCU_CODEC_OPUS, "opus", 48000, OPUS_PT}};

/* ---- reading ---- */

static mcu_codec codec_of(const sdp_rtpmap_t *r)
{
    for (size_t i = 0; i < G_N_ELEMENTS(codecs); i++) {
        if (g_ascii_strcasecmp(r->rm_encoding, codecs[i].name) == 0 && r->rm_rate == codecs[i].clock_hz) {
            return codecs[i].codec;
        }
    }
    return MCU_CODEC_NONE;
}

static const sdp_rtpmap_t *find_codec(const sdp_media_t *m, mcu_codec codec)
{
    for (const sdp_rtpmap_t *r = m->m_rtpmaps; r; r = r->rm_next) {
        if (codec_of(r) == codec) {
            return r;
        }
    }
    return NULL;
}

static const sdp_rtpmap_t *pick_codec(const tel_local *l, const sdp_media_t *m, mcu_codec present)
{
    const sdp_rtpmap_t *r = present ? find_codec(m, present) : NULL;
    for (unsigned i = 0; !r && i < TEL_CODECS_MAX && l->codecs[i]; i++) {
        r = find_codec(m, l->codecs[i]);
    }
    return r;
}

/* Events run on the clock of the audio (RFC 4733 2.1); 8 kHz beside Opus is what some send all the same. */
static uint8_t pick_events(const sdp_media_t *m, unsigned long clock_hz)
{
    uint8_t other = 0;
    for (const sdp_rtpmap_t *r = m->m_rtpmaps; r; r = r->rm_next) {
        if (g_ascii_strcasecmp(r->rm_encoding, "telephone-event") != 0) {
            continue;
        }
        if (r->rm_rate == clock_hz) {
            return (uint8_t)r->rm_pt;
        }
        other = (uint8_t)r->rm_pt;
    }
    return other;
}

static bool read_media(const tel_local *l, const sdp_media_t *m, mcu_codec present, unsigned *tag, tel_agreed *out,
                       GError **error)
{
    const sdp_rtpmap_t *r = pick_codec(l, m, present);
    const char *ptime = tel_line_attribute(m, "ptime");
    if (!r) {
        return tel_line_bad(error, "none of the codecs is one of ours");
    }
    out->codec = codec_of(r);
    out->pt_in = out->pt_out = (uint8_t)r->rm_pt;
    out->event_pt = pick_events(m, r->rm_rate);
    out->ptime_ms =
        ptime && (strtoul(ptime, NULL, 10) == 40 || strtoul(ptime, NULL, 10) == 60) ? (unsigned)strtoul(ptime, NULL, 10) : 20;
    out->rtcp_mux = tel_line_attribute(m, "rtcp-mux") != NULL;
    out->hold = (m->m_mode & sdp_recvonly) == 0; /* what they do not receive; seen from them */
    bool good = tel_line_security(l->srtp, m, tag, out->key_in, error) &&
                tel_line_addresses(m, out->rtcp_mux, &out->remote, &out->remote_rtcp, error);
    out->secure = *tag > 0;
    out->hold = out->hold || out->remote.any.sa_family == AF_UNSPEC;
    return good;
}

static sdp_parser_t *parse(su_home_t *home, const char *text, size_t size, GError **error)
{
    if (size == 0 || size > TEL_SDP_MAX || memchr(text, '\0', size)) {
        tel_line_bad(error, "the description is empty or too long");
        return NULL;
    }
    sdp_parser_t *p = tel_line_parse(home, text, size);
    if (!p) {
        tel_line_bad(error, "the description cannot be read");
    }
    return p;
}

static const sdp_media_t *find_audio(const sdp_session_t *s)
{
    for (const sdp_media_t *m = s->sdp_media; m; m = m->m_next) {
        if (m->m_type == sdp_media_audio && m->m_port != 0 && tel_line_is_rtp(m)) {
            return m;
        }
    }
    return NULL;
}

/* ---- writing ---- */

static GString *begin(tel_local *l)
{
    const char *family = strchr(l->address, ':') ? "IP6" : "IP4";
    GString *s = g_string_new(NULL);
    l->version++;
    g_string_printf(s, "v=0\r\no=- %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
                    l->session, l->version, family, l->address, family, l->address);
    return s;
}

static void add_format(GString *s, const char *name, unsigned long clock_hz, unsigned pt)
{
    bool opus = clock_hz == 48000 && strcmp(name, "opus") == 0;
    g_string_append_printf(s, "a=rtpmap:%u %s/%lu%s\r\n", pt, name, clock_hz, opus ? "/2" : "");
    if (opus) {
        g_string_append_printf(s, "a=fmtp:%u useinbandfec=1\r\n", pt);
    }
}

static void add_events(GString *s, unsigned pt, unsigned long clock_hz)
{
    g_string_append_printf(s, "a=rtpmap:%u telephone-event/%lu\r\na=fmtp:%u 0-15\r\n", pt, clock_hz, pt);
}

static unsigned long clock_of(const tel_local *l)
{
    for (unsigned i = 0; i < TEL_CODECS_MAX && l->codecs[i]; i++) {
        if (l->codecs[i] != MCU_CODEC_OPUS) {
            return 8000;
        }
    }
    return 48000;
}

char *tel_sdp_offer(tel_local *l)
{
    GString *s = begin(l), *formats = g_string_new(NULL);
    bool secure = l->srtp != TEL_SRTP_CLEAR;
    g_string_append_printf(s, "m=audio %u %s", l->port, secure ? "RTP/SAVP" : "RTP/AVP");
    for (unsigned i = 0; i < TEL_CODECS_MAX && l->codecs[i]; i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(codecs); k++) {
            if (codecs[k].codec == l->codecs[i]) {
                g_string_append_printf(s, " %u", codecs[k].pt);
                add_format(formats, codecs[k].name, codecs[k].clock_hz, codecs[k].pt);
            }
        }
    }
    g_string_append_printf(s, " %d\r\n%s", EVENT_PT, formats->str);
    add_events(s, EVENT_PT, clock_of(l));
    if (secure) {
        tel_line_add_crypto(s, l->key, 1);
    }
    g_string_append(s, "a=rtcp-mux\r\na=ptime:20\r\na=sendrecv\r\n");
    if (l->video_port > 0) {
        tel_video_offer(s, l);
    }
    g_string_free(formats, TRUE);
    return g_string_free(s, FALSE);
}

static void answer_line(GString *s, const tel_local *l, const sdp_media_t *m, unsigned tag, const tel_agreed *a)
{
    const sdp_rtpmap_t *r = find_codec(m, a->codec);
    g_string_append_printf(s, "m=audio %u %s %u", l->port, m->m_proto_name, a->pt_in);
    if (a->event_pt) {
        g_string_append_printf(s, " %u", a->event_pt);
    }
    g_string_append(s, "\r\n");
    add_format(s, r->rm_encoding, r->rm_rate, a->pt_in);
    for (const sdp_rtpmap_t *e = m->m_rtpmaps; a->event_pt && e; e = e->rm_next) {
        if (e->rm_pt == a->event_pt) {
            add_events(s, a->event_pt, e->rm_rate);
        }
    }
    if (a->secure) {
        tel_line_add_crypto(s, l->key, tag);
    }
    g_string_append_printf(s, "%sa=ptime:%u\r\na=%s\r\n", a->rtcp_mux ? "a=rtcp-mux\r\n" : "", a->ptime_ms,
                           tel_line_answer_mode(m, a->remote.any.sa_family == AF_UNSPEC));
}

char *tel_sdp_answer(tel_local *l, const char *offer, size_t size, mcu_codec present, tel_agreed *out, GError **error)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    char *text = NULL;
    unsigned tag = 0;
    su_home_init(home);
    memset(out, 0, sizeof *out);
    sdp_parser_t *p = parse(home, offer, size, error);
    const sdp_media_t *audio = p ? find_audio(sdp_session(p)) : NULL;
    if (p && !audio) {
        tel_line_bad(error, "there is no audio over RTP");
    } else if (audio && read_media(l, audio, present, &tag, out, error)) {
        GString *s = begin(l);
        const sdp_media_t *video = tel_video_read(l, sdp_session(p), offer, size, &out->video);
        for (const sdp_media_t *m = sdp_session(p)->sdp_media; m; m = m->m_next) {
            if (m == audio) {
                answer_line(s, l, m, tag, out);
            } else if (m == video) {
                tel_video_answer(s, l, m, &out->video);
            } else {
                tel_line_refuse(s, m);
            }
        }
        text = g_string_free(s, FALSE);
    }
    if (p) {
        sdp_parser_free(p);
    }
    su_home_deinit(home);
    return text;
}

bool tel_sdp_take_answer(const tel_local *l, const char *answer, size_t size, tel_agreed *out, GError **error)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    unsigned tag = 0;
    su_home_init(home);
    memset(out, 0, sizeof *out);
    sdp_parser_t *p = parse(home, answer, size, error);
    const sdp_media_t *audio = p ? find_audio(sdp_session(p)) : NULL;
    bool good = audio && read_media(l, audio, MCU_CODEC_NONE, &tag, out, error);
    if (good) {
        tel_video_read(l, sdp_session(p), answer, size, &out->video);
    }
    if (p && !audio) {
        tel_line_bad(error, "the audio was refused");
    }
    if (p) {
        sdp_parser_free(p);
    }
    su_home_deinit(home);
    return good;
}
