#include "signaling/phone/video_sdp.h"

#include <stdlib.h>
#include <string.h>

#include "mcu/base/decode_limits.h"
#include "signaling/phone/sdp_line.h"

#define BASELINE 0x42
#define OUR_PROFILE "42e01f" /* constrained baseline, level 3.1 */
#define OUR_KBPS 1024        /* of what comes in */
#define LEVEL_1B_BIT 0x10    /* constraint_set3 with level_idc 11 (H.264 A.3.1) */
#define OFFER_PT 97

typedef struct {
    uint8_t pt;
    bool whole_units; /* packetization-mode 0 */
    unsigned profile, constraints, level;
    unsigned recv_level; /* what they decode, where that is more (RFC 6184 8.1); 0 = they do not say */
    unsigned max_fs, max_mbps, max_br;
    bool asymmetry;
} format;

static const char *parameter(const char *fmtp, const char *name)
{
    for (const char *at = fmtp; at && *at;) {
        at += strspn(at, " ;");
        size_t n = strlen(name);
        if (g_ascii_strncasecmp(at, name, n) == 0 && at[n] == '=') {
            return at + n + 1;
        }
        at = strchr(at, ';');
    }
    return NULL;
}

static unsigned number(const char *fmtp, const char *name)
{
    const char *v = parameter(fmtp, name);
    unsigned long n = v ? strtoul(v, NULL, 10) : 0;
    return n > 10000000 ? 0 : (unsigned)n;
}

/* "e01f": constraints and level. */
static unsigned level_to_receive(const char *fmtp)
{
    const char *v = parameter(fmtp, "max-recv-level");
    unsigned long both = v ? strtoul(v, NULL, 16) : 0;
    return both > 0xffff ? 0 : (unsigned)both & 0xff;
}

/* False: not ours to use. Without parameters it is baseline at level 1 in mode 0 (RFC 6184 8.1). */
static bool read_format(const sdp_rtpmap_t *r, format *out)
{
    const char *id = parameter(r->rm_fmtp, "profile-level-id");
    unsigned long all = id ? strtoul(id, NULL, 16) : 0x42000a;
    unsigned mode = number(r->rm_fmtp, "packetization-mode");
    if (g_ascii_strcasecmp(r->rm_encoding, "H264") != 0 || r->rm_rate != 90000 || r->rm_pt == 0 || mode > 1) {
        return false;
    }
    *out = (format){.pt = (uint8_t)r->rm_pt,
                    .whole_units = mode == 0,
                    .profile = (unsigned)(all >> 16) & 0xff,
                    .constraints = (unsigned)(all >> 8) & 0xff,
                    .level = (unsigned)all & 0xff,
                    .recv_level = level_to_receive(r->rm_fmtp),
                    .max_fs = number(r->rm_fmtp, "max-fs"),
                    .max_mbps = number(r->rm_fmtp, "max-mbps"),
                    .max_br = number(r->rm_fmtp, "max-br"),
                    .asymmetry = number(r->rm_fmtp, "level-asymmetry-allowed") == 1};
    return out->profile == BASELINE;
}

static bool pick_format(const sdp_media_t *m, uint8_t only_pt, format *best)
{
    format f;
    *best = (format){0};
    for (const sdp_rtpmap_t *r = m->m_rtpmaps; r; r = r->rm_next) {
        bool fits = read_format(r, &f) && (only_pt == 0 || f.pt == only_pt);
        bool better = best->pt == 0 || (best->whole_units && !f.whole_units) ||
                      (best->whole_units == f.whole_units && f.level > best->level);
        if (fits && better) {
            *best = f;
        }
    }
    return best->pt != 0;
}

/* kbit/s of the `line`-th m=, 0 = of the session; 0 = it says nothing. AS counts the headers, TIAS does not: neither is exceeded
 * by what we call a tier's rate. Read from the text: the parser of some libraries mixes the two up. */
static unsigned bandwidth(const char *text, size_t size, unsigned line)
{
    g_autofree char *copy = g_strndup(text, size);
    unsigned kbps = 0, at = 0;
    for (const char *l = copy; l; l = strchr(l, '\n')) {
        l += *l == '\n';
        at += strncmp(l, "m=", 2) == 0;
        unsigned long as = strncmp(l, "b=AS:", 5) == 0 ? strtoul(l + 5, NULL, 10) : 0;
        unsigned long tias = strncmp(l, "b=TIAS:", 7) == 0 ? strtoul(l + 7, NULL, 10) / 1000 : 0;
        unsigned here = at == line ? (unsigned)MIN(MAX(as, tias), 1000000ul) : 0;
        kbps = here > 0 && (kbps == 0 || here < kbps) ? here : kbps;
    }
    return kbps;
}

static void set_limits(const format *f, unsigned kbps, mcu_leg_video *out)
{
    unsigned level = f->level == 11 && (f->constraints & LEVEL_1B_BIT) ? 9 : f->level;
    mcu_decode_limits l = mcu_h264_level_limits((int)MAX(level, f->recv_level));
    out->max_mbs = MAX(l.max_mbs, f->max_fs);
    out->max_mbps = MAX(l.max_mbps, f->max_mbps);
    out->max_kbps = MAX(l.max_kbps, f->max_br);
    if (kbps > 0 && (out->max_kbps == 0 || kbps < out->max_kbps)) {
        out->max_kbps = kbps;
    }
}

/* "* nack pli", "97 ccm fir": of this payload type or of all. */
static bool takes_feedback(const sdp_media_t *m, uint8_t pt, const char *what)
{
    for (const sdp_attribute_t *a = m->m_attributes; a; a = a->a_next) {
        const char *v = g_ascii_strcasecmp(a->a_name, "rtcp-fb") == 0 && a->a_value ? a->a_value : "";
        const char *rest = strchr(v, ' ');
        bool ours = v[0] == '*' || strtoul(v, NULL, 10) == pt;
        if (rest && ours && strcmp(rest + strspn(rest, " "), what) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_line(const tel_local *l, const sdp_media_t *m, unsigned kbps, mcu_leg_video *out)
{
    unsigned tag = 0;
    format f;
    memset(out, 0, sizeof *out);
    if (m->m_type != sdp_media_video || m->m_port == 0 || !tel_line_is_rtp(m) || !pick_format(m, 0, &f) ||
        !tel_line_security(l->srtp, m, &tag, out->key_in, NULL) ||
        !tel_line_addresses(m, false, &out->remote, &out->remote_rtcp, NULL) || out->remote.any.sa_family == AF_UNSPEC) {
        memset(out, 0, sizeof *out);
        return false;
    }
    out->pt = f.pt;
    out->whole_units = f.whole_units;
    out->send = (m->m_mode & sdp_recvonly) != 0; /* seen from them, what they receive */
    out->recv = (m->m_mode & sdp_sendonly) != 0;
    out->pli = takes_feedback(m, f.pt, "nack pli");
    out->fir = takes_feedback(m, f.pt, "ccm fir");
    out->secure = tag > 0;
    if (out->secure) {
        memcpy(out->key_out, l->video_key, MCU_LEG_KEY_SIZE);
    }
    set_limits(&f, kbps, out);
    return true;
}

const sdp_media_t *tel_video_read(const tel_local *l, const sdp_session_t *s, const char *text, size_t size, mcu_leg_video *out)
{
    unsigned line = 0;
    memset(out, 0, sizeof *out);
    for (const sdp_media_t *m = l->video_port > 0 ? s->sdp_media : NULL; m; m = m->m_next) {
        unsigned of_line = bandwidth(text, size, ++line);
        if (read_line(l, m, of_line > 0 ? of_line : bandwidth(text, size, 0), out)) {
            return m;
        }
    }
    return NULL;
}

static void add_format(GString *s, unsigned pt, const char *profile, bool whole_units, bool asymmetry)
{
    g_string_append_printf(s, "a=rtpmap:%u H264/90000\r\na=fmtp:%u profile-level-id=%s;packetization-mode=%d%s\r\n", pt, pt,
                           profile, !whole_units, asymmetry ? ";level-asymmetry-allowed=1" : "");
}

void tel_video_answer(GString *s, const tel_local *l, const sdp_media_t *m, const mcu_leg_video *v)
{
    unsigned tag = 0;
    uint8_t key[MCU_LEG_KEY_SIZE];
    format f;
    char theirs[7];
    pick_format(m, v->pt, &f);
    tel_line_security(l->srtp, m, &tag, key, NULL);
    memset(key, 0, sizeof key);
    g_snprintf(theirs, sizeof theirs, "%02x%02x%02x", f.profile, f.constraints, f.level); /* one level for both ways, unless */
    g_string_append_printf(s, "m=video %u %s %u\r\nb=AS:%d\r\n", l->video_port, m->m_proto_name, v->pt, OUR_KBPS);
    add_format(s, v->pt, f.asymmetry ? OUR_PROFILE : theirs, v->whole_units, f.asymmetry);
    if (v->pli) {
        g_string_append_printf(s, "a=rtcp-fb:%u nack pli\r\n", v->pt);
    }
    if (v->fir) {
        g_string_append_printf(s, "a=rtcp-fb:%u ccm fir\r\n", v->pt);
    }
    if (v->secure) {
        tel_line_add_crypto(s, l->video_key, tag);
    }
    g_string_append_printf(s, "a=%s\r\n", tel_line_answer_mode(m, false));
}

void tel_video_offer(GString *s, const tel_local *l)
{
    bool secure = l->srtp != TEL_SRTP_CLEAR;
    g_string_append_printf(s, "m=video %u %s %d %d\r\nb=AS:%d\r\n", l->video_port, secure ? "RTP/SAVP" : "RTP/AVP", OFFER_PT,
                           OFFER_PT + 1, OUR_KBPS);
    add_format(s, OFFER_PT, OUR_PROFILE, false, true);
    add_format(s, OFFER_PT + 1, OUR_PROFILE, true, true);
    g_string_append(s, "a=rtcp-fb:* nack pli\r\na=rtcp-fb:* ccm fir\r\n");
    if (secure) {
        tel_line_add_crypto(s, l->video_key, 1);
    }
    g_string_append(s, "a=sendrecv\r\n");
}
