#include "mcu/net/sdp_reader.h"

#include <string.h>

static bool same_fingerprint(const mcu_fingerprint *a, const mcu_fingerprint *b)
{
    return strcmp(a->hash, b->hash) == 0 && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool read_fingerprint(const char *v, mcu_fingerprint *f)
{
    *f = (mcu_fingerprint){0};
    if (!mcu_sdp_read_word(&v, f->hash, sizeof(f->hash))) {
        return false;
    }
    for (char *c = f->hash; *c != '\0'; c++) {
        *c = g_ascii_tolower(*c);
    }
    mcu_sdp_skip_space(&v);
    while (*v != '\0') {
        if (f->size == sizeof(f->bytes) || (f->size > 0 && *v++ != ':') || !g_ascii_isxdigit(v[0]) || !g_ascii_isxdigit(v[1])) {
            return false;
        }
        f->bytes[f->size++] = (uint8_t)(g_ascii_xdigit_value(v[0]) * 16 + g_ascii_xdigit_value(v[1]));
        v += 2;
    }
    return f->size > 0;
}

bool mcu_sdp_on_fingerprint(mcu_sdp_reader *p, const char *v)
{
    mcu_fingerprint f;
    mcu_sdp_transport *t = &p->cur->transport;
    if (!read_fingerprint(v, &f)) {
        return mcu_sdp_refuse(p, "a fingerprint is not a hash name and pairs of hexadecimal digits");
    }
    for (unsigned i = 0; i < t->n_fingerprints; i++) {
        if (same_fingerprint(&t->fingerprints[i], &f)) {
            return true;
        }
    }
    if (t->n_fingerprints == MCU_SDP_MAX_FINGERPRINTS) {
        return mcu_sdp_refuse(p, "too many fingerprints");
    }
    t->fingerprints[t->n_fingerprints++] = f;
    return true;
}

/* RFC 8839 5.4: ufrag 4..256, pwd 22..256 characters of ALPHA / DIGIT / "+" / "/" (aiortc and others stay inside it). */
static bool good_ice_text(const char *v, size_t min)
{
    const size_t n = strlen(v);
    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isalnum(v[i]) && v[i] != '+' && v[i] != '/') {
            return false;
        }
    }
    return n >= min && n <= 256;
}

bool mcu_sdp_on_ice_ufrag(mcu_sdp_reader *p, const char *v)
{
    if (!good_ice_text(v, 4)) {
        return mcu_sdp_refuse(p, "ice-ufrag must be 4 to 256 letters, digits, + or /");
    }
    p->cur->transport.ice_ufrag = mcu_sdp_keep(p->sdp, v);
    return true;
}

bool mcu_sdp_on_ice_pwd(mcu_sdp_reader *p, const char *v)
{
    if (!good_ice_text(v, 22)) {
        return mcu_sdp_refuse(p, "ice-pwd must be 22 to 256 letters, digits, + or /");
    }
    p->cur->transport.ice_pwd = mcu_sdp_keep(p->sdp, v);
    return true;
}

bool mcu_sdp_on_ice_options(mcu_sdp_reader *p, const char *v)
{
    char word[64];
    while (mcu_sdp_read_word(&v, word, sizeof(word))) {
        p->cur->transport.trickle = p->cur->transport.trickle || strcmp(word, "trickle") == 0;
    }
    return true;
}

bool mcu_sdp_on_setup(mcu_sdp_reader *p, const char *v)
{
    for (unsigned s = MCU_SETUP_ACTPASS; s <= MCU_SETUP_HOLDCONN; s++) {
        if (strcmp(v, mcu_setup_name((mcu_setup)s)) == 0) {
            p->cur->transport.setup = (mcu_setup)s;
            return true;
        }
    }
    return mcu_sdp_refuse(p, "setup is not actpass, active, passive or holdconn");
}

bool mcu_sdp_on_candidate(mcu_sdp_reader *p, const char *v)
{
    mcu_sdp_media *m = p->cur;
    /* more than we keep, or absurdly long, is as if it had not been sent: ICE works with the others */
    if (m == &p->session || m->n_candidates == MCU_SDP_MAX_CANDIDATES || strlen(v) > 240) {
        return true;
    }
    g_autofree char *text = g_strconcat("candidate:", v, NULL);
    m->candidates[m->n_candidates++] = mcu_sdp_keep(p->sdp, text);
    return true;
}

bool mcu_sdp_on_mid(mcu_sdp_reader *p, const char *v)
{
    if (p->cur == &p->session) {
        return true;
    }
    if (*v == '\0' || strlen(v) > 32 || strpbrk(v, " \t") != NULL) {
        return mcu_sdp_refuse(p, "a mid must be one word of at most 32 characters");
    }
    for (unsigned i = 0; i + 1 < p->sdp->n_media; i++) {
        if (strcmp(p->sdp->media[i].mid, v) == 0) {
            return mcu_sdp_refuse(p, "two m-lines have the same mid");
        }
    }
    p->cur->mid = mcu_sdp_keep(p->sdp, v);
    return true;
}

bool mcu_sdp_on_msid(mcu_sdp_reader *p, const char *v)
{
    if (p->cur->msid[0] == '\0' && strlen(v) <= 256) {
        p->cur->msid = mcu_sdp_keep(p->sdp, v);
    }
    return true;
}

bool mcu_sdp_on_group(mcu_sdp_reader *p, const char *v)
{
    if (p->cur != &p->session || g_ascii_strncasecmp(v, "BUNDLE", 6) != 0 || p->sdp->bundle[0] != '\0') {
        return true;
    }
    v += 6;
    mcu_sdp_skip_space(&v);
    p->sdp->bundle = mcu_sdp_keep(p->sdp, v);
    return true;
}
