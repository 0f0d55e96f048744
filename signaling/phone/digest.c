#include "signaling/phone/digest.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <sofia-sip/auth_digest.h>
#include <sofia-sip/msg_header.h>
#include <string.h>

#include "mcu/base/clock.h"

#define NONCE_S 60
#define STAMP_TEXT 16
#define MARK_BYTES 16
#define NONCE_TEXT (STAMP_TEXT + 2 * MARK_BYTES)

/* The time, and a mark that only this process can make: nothing has to be remembered. */
static void make_nonce(int64_t now_s, char out[NONCE_TEXT + 1])
{
    static uint8_t key[32];
    static bool made;
    uint8_t mark[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!made) {
        mcu_random(key, sizeof key);
        made = true;
    }
    g_snprintf(out, STAMP_TEXT + 1, "%016" G_GINT64_MODIFIER "x", (guint64)now_s);
    HMAC(EVP_sha256(), key, sizeof key, (const uint8_t *)out, STAMP_TEXT, mark, &size);
    for (unsigned i = 0; i < MARK_BYTES; i++) {
        g_snprintf(out + STAMP_TEXT + 2 * i, 3, "%02x", mark[i]);
    }
}

static bool is_ours(const char *nonce, int64_t now_s)
{
    char expected[NONCE_TEXT + 1];
    if (!nonce || strlen(nonce) != NONCE_TEXT) {
        return false;
    }
    g_autofree char *stamp = g_strndup(nonce, STAMP_TEXT);
    int64_t at_s = (int64_t)g_ascii_strtoull(stamp, NULL, 16);
    make_nonce(at_s, expected);
    return CRYPTO_memcmp(expected, nonce, NONCE_TEXT) == 0 && at_s <= now_s && now_s - at_s <= NONCE_S;
}

char *tel_digest_challenge(const tel_trunk_config *t, int64_t now_s)
{
    char nonce[NONCE_TEXT + 1];
    make_nonce(now_s, nonce);
    return g_strdup_printf("Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"", t->realm, nonce);
}

/* Quoted strings as they came; plain ones are the parser's. */
static char *plain(const char *quoted)
{
    size_t n = quoted ? strlen(quoted) : 0;
    return n >= 2 && quoted[0] == '"' && quoted[n - 1] == '"' ? g_strndup(quoted + 1, n - 2) : g_strdup(quoted ? quoted : "");
}

static bool right(const tel_trunk_config *t, auth_response_t *r, const sip_t *sip, int64_t now_s)
{
    auth_hexmd5_t a1, wanted;
    g_autofree char *nonce = plain(r->ar_nonce), *given = plain(r->ar_response);
    if (!r->ar_username || !r->ar_uri || !r->ar_realm || !r->ar_auth || !is_ours(nonce, now_s) ||
        auth_strcmp(r->ar_username, t->user) != 0 || auth_strcmp(r->ar_realm, t->realm) != 0) {
        return false;
    }
    auth_digest_a1(r, a1, t->password);
    auth_digest_response(r, wanted, a1, sip->sip_request->rq_method_name, NULL, 0);
    bool same = strlen(given) == 32 && CRYPTO_memcmp(given, wanted, 32) == 0;
    OPENSSL_cleanse(a1, sizeof a1);
    OPENSSL_cleanse(wanted, sizeof wanted);
    return same;
}

bool tel_digest_shown(const tel_trunk_config *t, const sip_t *sip, int64_t now_s)
{
    bool shown = false;
    for (const sip_authorization_t *a = sip->sip_authorization; a && !shown; a = a->au_next) {
        su_home_t home[1] = {SU_HOME_INIT(home)};
        auth_response_t r = {.ar_size = sizeof r};
        su_home_init(home);
        if (g_ascii_strcasecmp(a->au_scheme, "Digest") == 0 &&
            auth_digest_response_get(home, &r, (const char *const *)a->au_params) > 0) {
            shown = right(t, &r, sip, now_s);
        }
        su_home_deinit(home);
    }
    return shown;
}
