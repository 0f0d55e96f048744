#include "mcu/base/status.h"
#include "mcu/net/sdp_reader.h"

#include <string.h>

bool mcu_sdp_refuse(const mcu_sdp_reader *p, const char *what)
{
    g_set_error(p->error, MCU_ERROR, MCU_ERROR_BAD_SDP, "Line %u of the description: %s.", p->line, what);
    return false;
}

void mcu_sdp_skip_space(const char **at)
{
    while (**at == ' ' || **at == '\t') {
        (*at)++;
    }
}

bool mcu_sdp_read_number(const char **at, uint64_t max, uint64_t *out)
{
    const char *c = *at;
    uint64_t n = 0;
    if (!g_ascii_isdigit(*c)) {
        return false;
    }
    for (; g_ascii_isdigit(*c); c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        if (n > (max - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    *at = c;
    *out = n;
    return true;
}

bool mcu_sdp_read_word(const char **at, char *out, size_t out_size)
{
    mcu_sdp_skip_space(at);
    const size_t n = strcspn(*at, " \t");
    if (n == 0 || n >= out_size) {
        return false;
    }
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n;
    return true;
}

bool mcu_sdp_read_direction(const char *text, size_t size, mcu_direction *out)
{
    for (unsigned d = 0; d < 4; d++) {
        const char *name = mcu_direction_name((mcu_direction)d);
        if (strlen(name) == size && g_ascii_strncasecmp(name, text, size) == 0) {
            *out = (mcu_direction)d;
            return true;
        }
    }
    return false;
}

typedef enum {
    FLAG_NONE = 0,
    FLAG_RTCP_MUX,
    FLAG_RTCP_RSIZE,
    FLAG_BUNDLE_ONLY,
    FLAG_CRYPTO,
    FLAG_SIMULCAST,
    FLAG_EOC,
    FLAG_LITE,
    FLAG_MIXED
} flag;

static void set_flag(mcu_sdp_reader *p, flag f)
{
    mcu_sdp_media *m = p->cur;
    bool *const to[] = {
        [FLAG_RTCP_MUX] = &m->rtcp_mux,  [FLAG_RTCP_RSIZE] = &m->rtcp_rsize,        [FLAG_BUNDLE_ONLY] = &m->bundle_only,
        [FLAG_CRYPTO] = &m->crypto,      [FLAG_SIMULCAST] = &m->simulcast,          [FLAG_EOC] = &m->transport.end_of_candidates,
        [FLAG_LITE] = &p->sdp->ice_lite, [FLAG_MIXED] = &p->sdp->extmap_allow_mixed};
    *to[f] = true;
}

static bool on_attribute(mcu_sdp_reader *p, const char *text)
{
    static const struct {
        const char *name;
        bool (*read)(mcu_sdp_reader *p, const char *value);
        flag flag;
    } known[] = {
        {"rtpmap", mcu_sdp_on_rtpmap, FLAG_NONE},
        {"fmtp", mcu_sdp_on_fmtp, FLAG_NONE},
        {"rtcp-fb", mcu_sdp_on_rtcp_fb, FLAG_NONE},
        {"extmap", mcu_sdp_on_extmap, FLAG_NONE},
        {"ssrc", mcu_sdp_on_ssrc, FLAG_NONE},
        {"ssrc-group", mcu_sdp_on_ssrc_group, FLAG_NONE},
        {"fingerprint", mcu_sdp_on_fingerprint, FLAG_NONE},
        {"ice-ufrag", mcu_sdp_on_ice_ufrag, FLAG_NONE},
        {"ice-pwd", mcu_sdp_on_ice_pwd, FLAG_NONE},
        {"ice-options", mcu_sdp_on_ice_options, FLAG_NONE},
        {"setup", mcu_sdp_on_setup, FLAG_NONE},
        {"candidate", mcu_sdp_on_candidate, FLAG_NONE},
        {"mid", mcu_sdp_on_mid, FLAG_NONE},
        {"msid", mcu_sdp_on_msid, FLAG_NONE},
        {"group", mcu_sdp_on_group, FLAG_NONE},
        {"rtcp-mux", NULL, FLAG_RTCP_MUX},
        {"rtcp-rsize", NULL, FLAG_RTCP_RSIZE},
        {"bundle-only", NULL, FLAG_BUNDLE_ONLY},
        {"crypto", NULL, FLAG_CRYPTO},
        {"simulcast", NULL, FLAG_SIMULCAST},
        {"rid", NULL, FLAG_SIMULCAST},
        {"end-of-candidates", NULL, FLAG_EOC},
        {"ice-lite", NULL, FLAG_LITE},
        {"extmap-allow-mixed", NULL, FLAG_MIXED},
    };
    const size_t n = strcspn(text, ":");
    const char *value = text[n] == ':' ? text + n + 1 : text + n;
    if (mcu_sdp_read_direction(text, strlen(text), &p->cur->direction)) {
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strlen(known[i].name) == n && strncmp(known[i].name, text, n) == 0) {
            if (known[i].read != NULL) {
                return known[i].read(p, value);
            }
            set_flag(p, known[i].flag);
            return true;
        }
    }
    return true;
}

/* Static payload types need no rtpmap (RFC 3551 table 4). */
static void name_static_format(mcu_sdp_format *f)
{
    static const struct {
        uint8_t pt;
        const char *name;
    } known[] = {{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}, {13, "CN"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].pt == f->pt) {
            f->name = known[i].name;
            f->clock_hz = 8000;
        }
    }
}

static void drop_repairs(mcu_sdp_media *m, const mcu_sdp_reader *p)
{
    for (unsigned r = 0; r < p->n_repairs; r++) {
        unsigned keep = 0;
        for (unsigned i = 0; i < m->n_sources; i++) {
            if (m->sources[i].ssrc == p->repairs[r][0]) {
                m->sources[i].rtx_ssrc = p->repairs[r][1];
            }
            if (m->sources[i].ssrc != p->repairs[r][1]) {
                m->sources[keep++] = m->sources[i];
            }
        }
        m->n_sources = keep;
    }
}

/* What can only be known when the whole section has been seen: attributes come in any order. */
static void end_section(mcu_sdp_reader *p)
{
    mcu_sdp_media *m = p->cur;
    for (unsigned i = 0; i < m->n_formats; i++) {
        mcu_sdp_format *f = &m->formats[i];
        char apt[8];
        f->fb |= p->fb_all;
        if (g_ascii_strcasecmp(f->name, "rtx") == 0 && mcu_sdp_fmtp_get(f->fmtp, "apt", apt, sizeof(apt))) {
            const char *at = apt;
            uint64_t pt = 0;
            f->apt = mcu_sdp_read_number(&at, 127, &pt) && *at == '\0' ? (int)pt : -1;
        }
    }
    drop_repairs(m, p);
    p->n_repairs = 0;
    p->fb_all = 0;
    p->section_lines = 0;
}

static bool read_formats(mcu_sdp_reader *p, const char *v)
{
    mcu_sdp_media *m = p->cur;
    for (mcu_sdp_skip_space(&v); *v != '\0'; mcu_sdp_skip_space(&v)) {
        uint64_t pt = 0;
        if (!mcu_sdp_read_number(&v, 127, &pt) || (*v != ' ' && *v != '\0')) {
            return mcu_sdp_refuse(p, "a payload type is not a number up to 127");
        }
        if (mcu_sdp_format_by_pt(m, (unsigned)pt) != NULL) {
            continue;
        }
        if (m->n_formats == MCU_SDP_MAX_FORMATS) {
            return mcu_sdp_refuse(p, "too many payload types");
        }
        mcu_sdp_format *f = &m->formats[m->n_formats++];
        *f = (mcu_sdp_format){.pt = (uint8_t)pt, .name = "", .channels = 1, .fmtp = "", .apt = -1};
        name_static_format(f);
    }
    return m->n_formats > 0 || mcu_sdp_refuse(p, "an m-line has no payload types");
}

static bool on_m_line(mcu_sdp_reader *p, const char *v)
{
    char kind[32];
    char protocol[32];
    uint64_t port = 0;
    end_section(p);
    if (p->sdp->n_media == MCU_SDP_MAX_MEDIA) {
        return mcu_sdp_refuse(p, "more than 8 m-lines");
    }
    mcu_sdp_media *m = &p->sdp->media[p->sdp->n_media++];
    *m = p->session;
    p->cur = m;
    if (!mcu_sdp_read_word(&v, kind, sizeof(kind))) {
        return mcu_sdp_refuse(p, "an m-line has no kind");
    }
    mcu_sdp_skip_space(&v);
    if (!mcu_sdp_read_number(&v, 65535, &port)) {
        return mcu_sdp_refuse(p, "an m-line has a bad port");
    }
    v += strcspn(v, " ");
    if (!mcu_sdp_read_word(&v, protocol, sizeof(protocol))) {
        return mcu_sdp_refuse(p, "an m-line has no protocol");
    }
    mcu_sdp_skip_space(&v);
    m->kind_text = mcu_sdp_keep(p->sdp, kind);
    m->protocol = mcu_sdp_keep(p->sdp, protocol);
    m->port = (unsigned)port;
    m->kind = strcmp(kind, "audio") == 0         ? MCU_SDP_AUDIO
              : strcmp(kind, "video") == 0       ? MCU_SDP_VIDEO
              : strcmp(kind, "application") == 0 ? MCU_SDP_APPLICATION
                                                 : MCU_SDP_OTHER;
    if (m->kind == MCU_SDP_AUDIO || m->kind == MCU_SDP_VIDEO) {
        return read_formats(p, v);
    }
    m->formats_text = mcu_sdp_keep(p->sdp, v);
    return true;
}

static bool on_origin(mcu_sdp_reader *p, const char *v)
{
    char word[256];
    if (!mcu_sdp_read_word(&v, word, sizeof(word))) {
        return mcu_sdp_refuse(p, "the o= line has no user name");
    }
    mcu_sdp_skip_space(&v);
    if (!mcu_sdp_read_number(&v, UINT64_MAX, &p->sdp->session_id)) {
        return mcu_sdp_refuse(p, "the o= line has no session number");
    }
    mcu_sdp_skip_space(&v);
    return mcu_sdp_read_number(&v, UINT64_MAX, &p->sdp->version) || mcu_sdp_refuse(p, "the o= line has no version");
}

static bool on_line(mcu_sdp_reader *p, const char *text)
{
    p->line++;
    if (p->line == 1) {
        return strcmp(text, "v=0") == 0 || mcu_sdp_refuse(p, "it does not begin with v=0");
    }
    if (!g_ascii_islower(text[0]) || text[1] != '=') {
        return mcu_sdp_refuse(p, "not of the form letter=value");
    }
    if (++p->section_lines > MCU_SDP_MAX_LINES) {
        return mcu_sdp_refuse(p, "too many lines in one section");
    }
    switch (text[0]) {
    case 'a':
        return on_attribute(p, text + 2);
    case 'm':
        return on_m_line(p, text + 2);
    case 'o':
        return p->cur != &p->session || on_origin(p, text + 2);
    default:
        return true;
    }
}

static bool on_text(mcu_sdp_reader *p, const char *text)
{
    g_autoptr(GString) line = g_string_sized_new(256);
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        const char *next = at[n] == '\n' ? at + n + 1 : at + n;
        if (n > 0 && at[n - 1] == '\r') {
            n--;
        }
        g_string_truncate(line, 0);
        g_string_append_len(line, at, (gssize)n);
        if (strpbrk(line->str, "\r\v\f\b\x1b") != NULL) {
            p->line++;
            return mcu_sdp_refuse(p, "it has a control character");
        }
        if (n > 0 && !on_line(p, line->str)) {
            return false;
        }
        at = next;
    }
    end_section(p);
    return true;
}

mcu_sdp *mcu_sdp_parse(const char *text, GError **error)
{
    if (strnlen(text, MCU_SDP_MAX_BYTES + 1) > MCU_SDP_MAX_BYTES) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "The description is longer than %u bytes.", MCU_SDP_MAX_BYTES);
        return NULL;
    }
    if (text[0] == '\0') {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "The description is empty.");
        return NULL;
    }
    g_autoptr(mcu_sdp) s = mcu_sdp_new();
    g_autofree mcu_sdp_reader *p = g_new0(mcu_sdp_reader, 1);
    p->sdp = s;
    p->session = s->media[0];
    p->cur = &p->session;
    p->error = error;
    return on_text(p, text) ? g_steal_pointer(&s) : NULL;
}
