#include "mcu/net/sdp.h"

#include <string.h>

const char *mcu_direction_name(mcu_direction d)
{
    static const char *const names[] = {"inactive", "sendonly", "recvonly", "sendrecv"};
    return names[(unsigned)d & 3u];
}

const char *mcu_setup_name(mcu_setup s)
{
    static const char *const names[] = {"none", "actpass", "active", "passive", "holdconn"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

mcu_sdp *mcu_sdp_new(void)
{
    mcu_sdp *s = g_new0(mcu_sdp, 1);
    s->text = g_string_chunk_new(4096);
    s->bundle = "";
    for (unsigned i = 0; i < MCU_SDP_MAX_MEDIA; i++) {
        mcu_sdp_media *m = &s->media[i];
        m->kind_text = m->protocol = m->formats_text = m->mid = m->msid = "";
        m->transport.ice_ufrag = m->transport.ice_pwd = "";
        m->direction = MCU_DIR_SENDRECV;
    }
    return s;
}

void mcu_sdp_free(mcu_sdp *s)
{
    if (s == NULL) {
        return;
    }
    g_string_chunk_free(s->text);
    g_free(s);
}

const char *mcu_sdp_keep(mcu_sdp *s, const char *text)
{
    return g_string_chunk_insert(s->text, text);
}

bool mcu_sdp_fmtp_get(const char *fmtp, const char *key, char *out, size_t out_size)
{
    const size_t key_size = strlen(key);
    for (const char *p = fmtp; *p != '\0';) {
        p += strspn(p, " \t;");
        const size_t size = strcspn(p, ";");
        if (size > key_size && p[key_size] == '=' && g_ascii_strncasecmp(p, key, key_size) == 0) {
            const char *value = p + key_size + 1;
            size_t n = size - key_size - 1;
            while (n > 0 && g_ascii_isspace(value[n - 1])) {
                n--;
            }
            if (n >= out_size) {
                return false;
            }
            memcpy(out, value, n);
            out[n] = '\0';
            return true;
        }
        p += size;
    }
    return false;
}

const mcu_sdp_format *mcu_sdp_format_by_pt(const mcu_sdp_media *m, unsigned pt)
{
    for (unsigned i = 0; i < m->n_formats; i++) {
        if (m->formats[i].pt == pt) {
            return &m->formats[i];
        }
    }
    return NULL;
}

bool mcu_sdp_bundled(const mcu_sdp *s, const char *mid)
{
    const size_t size = strlen(mid);
    if (size == 0) {
        return false;
    }
    for (const char *p = s->bundle; *p != '\0';) {
        const size_t n = strcspn(p, " ");
        if (n == size && memcmp(p, mid, n) == 0) {
            return true;
        }
        p += n;
        p += strspn(p, " ");
    }
    return false;
}
