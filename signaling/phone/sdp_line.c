#include "signaling/phone/sdp_line.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mcu/net/sdes.h"

#define SUITE "AES_CM_128_HMAC_SHA1_80"

bool tel_line_bad(GError **error, const char *why)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "%s", why);
    return false;
}

const char *tel_line_attribute(const sdp_media_t *m, const char *name)
{
    const sdp_attribute_t *a = sdp_attribute_find2(m->m_attributes, m->m_session->sdp_attributes, name);
    return a ? (a->a_value ? a->a_value : "") : NULL;
}

static bool set_address(mcu_leg_address *out, const char *host, unsigned long port)
{
    memset(out, 0, sizeof *out);
    if (port == 0 || port > 65535) {
        return false;
    }
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        return true;
    }
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        return true;
    }
    return false;
}

static bool is_nowhere(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0; /* hold as of RFC 2543 */
}

bool tel_line_addresses(const sdp_media_t *m, bool mux, mcu_leg_address *remote, mcu_leg_address *rtcp, GError **error)
{
    const sdp_connection_t *c = sdp_media_connections(m);
    const char *port = tel_line_attribute(m, "rtcp");
    memset(remote, 0, sizeof *remote);
    memset(rtcp, 0, sizeof *rtcp);
    if (!c || !c->c_address) {
        return tel_line_bad(error, "there is no address for the sound or pictures");
    }
    if (is_nowhere(c->c_address)) {
        return true;
    }
    if (c->c_mcast || !set_address(remote, c->c_address, m->m_port)) {
        return tel_line_bad(error, "the address of the sound or pictures is not a plain one");
    }
    if (!mux && port && !set_address(rtcp, c->c_address, strtoul(port, NULL, 10))) {
        return tel_line_bad(error, "a=rtcp is no port");
    }
    return true;
}

/* Its tag, 0 = not ours to use. */
static unsigned read_crypto(const char *value, uint8_t key[MCU_LEG_KEY_SIZE])
{
    mcu_sdes sdes;
    unsigned tag = mcu_sdes_parse(value, strlen(value), &sdes) == MCU_OK ? sdes.tag : 0;
    if (tag > 0) {
        memcpy(key, sdes.key, MCU_LEG_KEY_SIZE);
    }
    mcu_sdes_wipe(&sdes);
    return tag;
}

static unsigned find_crypto(const sdp_media_t *m, uint8_t key[MCU_LEG_KEY_SIZE])
{
    for (const sdp_attribute_t *a = m->m_attributes; a; a = a->a_next) {
        unsigned tag = g_ascii_strcasecmp(a->a_name, "crypto") == 0 && a->a_value ? read_crypto(a->a_value, key) : 0;
        if (tag > 0) {
            return tag;
        }
    }
    return 0;
}

bool tel_line_is_secure(const sdp_media_t *m)
{
    return g_ascii_strcasecmp(m->m_proto_name, "RTP/SAVP") == 0 || g_ascii_strcasecmp(m->m_proto_name, "RTP/SAVPF") == 0;
}

bool tel_line_is_rtp(const sdp_media_t *m)
{
    return tel_line_is_secure(m) || g_ascii_strcasecmp(m->m_proto_name, "RTP/AVP") == 0 ||
           g_ascii_strcasecmp(m->m_proto_name, "RTP/AVPF") == 0;
}

bool tel_line_security(tel_srtp_policy policy, const sdp_media_t *m, unsigned *tag, uint8_t key[MCU_LEG_KEY_SIZE], GError **error)
{
    *tag = find_crypto(m, key);
    if (!tel_line_is_secure(m) && policy == TEL_SRTP_CLEAR) {
        *tag = 0; /* what was configured clear stays clear, unless the other side insists */
    }
    if (*tag == 0) {
        OPENSSL_cleanse(key, MCU_LEG_KEY_SIZE);
    }
    return *tag > 0 || (policy == TEL_SRTP_CLEAR && !tel_line_is_secure(m)) ||
           tel_line_bad(error, "SRTP with " SUITE " is required");
}

/* ---- the whole ---- */

static const char *profile_of(const char *line)
{
    static const char *const names[] = {"RTP/AVPF", "RTP/SAVPF"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *at = g_strstr_len(line, (gssize)strcspn(line, "\r\n"), names[i]);
        if (at && at[-1] == ' ' && at[strlen(names[i])] == ' ') {
            return names[i];
        }
    }
    return NULL;
}

/* Lines end as the parser sees it: at CR, LF or both. */
static const char *next_media(const char *at)
{
    while (at && strncmp(at, "m=", 2) != 0) {
        at = strpbrk(at, "\r\n");
        at = at ? at + 1 : NULL;
    }
    return at;
}

/* The library's parser never comes back from a line in which something is no token where one should be (RFC 4566 9): it takes
 * memory for nothing, for ever. */
static bool lines_are_tokens(const char *text)
{
    static const char formats[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._*+ \t";
    static const char field[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._*+/"; /* media, port, profile */
    for (const char *line = next_media(text); line; line = next_media(line + 1)) {
        const char *at = line + strlen("m=");
        for (unsigned i = 0; i < 3; i++) {
            at += strspn(at, field);
            at += strspn(at, " \t");
        }
        at += strspn(at, formats);
        if (*at != '\0' && *at != '\r' && *at != '\n') {
            return false;
        }
    }
    return true;
}

/* The parser reads the formats of AVP and SAVP alone: profiles with feedback (RFC 4585, RFC 5124) are shown to it as these. */
sdp_parser_t *tel_line_parse(su_home_t *home, const char *text, size_t size)
{
    GString *plain = g_string_new_len(text, (gssize)size);
    g_autofree char *original = g_strdup(plain->str);
    g_string_replace(plain, " RTP/AVPF ", " RTP/AVP ", 0);
    g_string_replace(plain, " RTP/SAVPF ", " RTP/SAVP ", 0);
    sdp_parser_t *p = lines_are_tokens(plain->str) ? sdp_parse(home, plain->str, (issize_t)plain->len, sdp_f_c_missing) : NULL;
    g_string_free(plain, TRUE);
    sdp_session_t *s = p ? sdp_session(p) : NULL;
    const char *line = next_media(original);
    for (sdp_media_t *m = s ? s->sdp_media : NULL; m && line; m = m->m_next, line = next_media(line + 1)) {
        const char *profile = profile_of(line);
        m->m_proto_name = profile ? profile : m->m_proto_name;
    }
    if (p && !s) {
        sdp_parser_free(p);
        p = NULL;
    }
    return p;
}

/* ---- writing ---- */

void tel_line_add_crypto(GString *s, const uint8_t key[MCU_LEG_KEY_SIZE], unsigned tag)
{
    char text[MCU_SDES_TEXT];
    mcu_sdes sdes = {.tag = tag};
    memcpy(sdes.key, key, MCU_LEG_KEY_SIZE);
    mcu_sdes_write(&sdes, text);
    mcu_sdes_wipe(&sdes);
    g_string_append_printf(s, "a=crypto:%s\r\n", text);
    OPENSSL_cleanse(text, sizeof text);
}

void tel_line_refuse(GString *s, const sdp_media_t *m)
{
    g_string_append_printf(s, "m=%s 0 %s", m->m_type_name, m->m_proto_name);
    if (m->m_rtpmaps) {
        g_string_append_printf(s, " %u\r\n", m->m_rtpmaps->rm_pt);
    } else {
        g_string_append_printf(s, " %s\r\n", m->m_format ? m->m_format->l_text : "0");
    }
}

const char *tel_line_answer_mode(const sdp_media_t *m, bool nowhere)
{
    static const char *const answers[] = {"inactive", "recvonly", "sendonly",
                                          "sendrecv"}; /* by what they do: bit 0 send, 1 receive */
    unsigned theirs = ((m->m_mode & sdp_sendonly) ? 1u : 0u) | ((m->m_mode & sdp_recvonly) && !nowhere ? 2u : 0u);
    return answers[theirs];
}
