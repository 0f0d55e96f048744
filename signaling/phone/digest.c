#include "signaling/phone/digest.h"

#include <openssl/crypto.h>
#include <sofia-sip/auth_digest.h>
#include <sofia-sip/msg_header.h>
#include <string.h>

char *tel_digest_challenge(const tel_trunk_config *t, tel_nonces *n, bool stale, int64_t now_s)
{
    char nonce[TEL_NONCE_TEXT + 1];
    tel_nonces_make(n, now_s, nonce);
    return g_strdup_printf("Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"%s", t->realm, nonce,
                           stale ? ", stale=true" : "");
}

/* Quoted strings as they came; plain ones are the parser's. */
static char *plain(const char *quoted)
{
    size_t n = quoted ? strlen(quoted) : 0;
    return n >= 2 && quoted[0] == '"' && quoted[n - 1] == '"' ? g_strndup(quoted + 1, n - 2) : g_strdup(quoted ? quoted : "");
}

static tel_digest_verdict judge(const tel_trunk_config *t, tel_nonces *n, auth_response_t *r, const sip_t *sip, int64_t now_s)
{
    auth_hexmd5_t a1, wanted;
    g_autofree char *nonce = plain(r->ar_nonce), *given = plain(r->ar_response), *nc = plain(r->ar_nc);
    if (!r->ar_username || !r->ar_uri || !r->ar_realm || !r->ar_auth || !tel_nonces_ours(n, nonce) ||
        auth_strcmp(r->ar_username, t->user) != 0 || auth_strcmp(r->ar_realm, t->realm) != 0) {
        return TEL_DIGEST_NONE;
    }
    auth_digest_a1(r, a1, t->password);
    auth_digest_response(r, wanted, a1, sip->sip_request->rq_method_name, NULL, 0);
    bool same = strlen(given) == 32 && CRYPTO_memcmp(given, wanted, 32) == 0;
    OPENSSL_cleanse(a1, sizeof a1);
    OPENSSL_cleanse(wanted, sizeof wanted);
    if (!same) {
        return TEL_DIGEST_NONE;
    }
    return tel_nonces_use(n, nonce, (uint32_t)g_ascii_strtoull(nc, NULL, 16), now_s) ? TEL_DIGEST_SHOWN : TEL_DIGEST_STALE;
}

tel_digest_verdict tel_digest_judge(const tel_trunk_config *t, tel_nonces *n, const sip_t *sip, int64_t now_s)
{
    tel_digest_verdict best = TEL_DIGEST_NONE;
    for (const sip_authorization_t *a = sip->sip_authorization; a && best != TEL_DIGEST_SHOWN; a = a->au_next) {
        su_home_t home[1] = {SU_HOME_INIT(home)};
        auth_response_t r = {.ar_size = sizeof r};
        su_home_init(home);
        if (g_ascii_strcasecmp(a->au_scheme, "Digest") == 0 &&
            auth_digest_response_get(home, &r, (const char *const *)a->au_params) > 0) {
            tel_digest_verdict v = judge(t, n, &r, sip, now_s);
            best = MAX(best, v);
        }
        su_home_deinit(home);
    }
    return best;
}
