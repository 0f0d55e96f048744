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
