#include "signaling/operator.h"

#include "mcu/base/metrics.h"
#include "signaling/issuer.h"

struct sig_operators {
    const sig_settings *settings;
    const sig_auth *auth;
    sig_issuer *issuer; /* NULL = none is configured */
};

typedef enum { NOT_MINE = 0, IDENTIFIED, REFUSED } verdict;

static verdict by_admin_key(const sig_operators *o, const char *bearer, int64_t now_s, sig_operator *out)
{
    (void)now_s;
    if (!sig_auth_is_admin(o->auth, bearer)) {
        return NOT_MINE;
    }
    g_strlcpy(out->actor, "operator", sizeof out->actor);
    return IDENTIFIED;
}

_Static_assert(SIG_ACTOR_MAX + 1 >= sizeof "operator:" - 1 + SIG_SUBJECT_SIZE, "an actor holds every subject");

static verdict by_issuer(const sig_operators *o, const char *bearer, int64_t now_s, sig_operator *out)
{
    char subject[SIG_SUBJECT_SIZE];
    sig_token_status status = o->issuer ? sig_issuer_verify(o->issuer, bearer, now_s, subject) : SIG_TOKEN_NONE;
    if (status == SIG_TOKEN_OK) {
        g_snprintf(out->actor, sizeof out->actor, "operator:%s", subject);
        return IDENTIFIED;
    }
    return status == SIG_TOKEN_EXPIRED ? REFUSED : NOT_MINE;
}

static const struct {
    verdict (*identify)(const sig_operators *o, const char *bearer, int64_t now_s, sig_operator *out);
    const char *refusal; /* of a credential that is known and no longer good */
} ways[] = {{by_admin_key, ""}, {by_issuer, "The sign-in has expired."}};

static const char *refuse(const char *reason, const char *sentence)
{
    g_autofree char *label = g_strdup_printf("reason=\"%s\"", reason);
    mcu_counter_add(mcu_counter_get("tessera_operators_refused_total", label, "Requests to REST that no operator sent."), 1);
    return sentence;
}

const char *sig_operators_identify(const sig_operators *o, const char *authorization, int64_t now_s, sig_operator *out)
{
    const char *bearer = sig_auth_bearer(authorization);
    for (size_t i = 0; bearer && i < G_N_ELEMENTS(ways); i++) {
        verdict v = ways[i].identify(o, bearer, now_s, out);
        if (v == IDENTIFIED) {
            return NULL;
        }
        if (v == REFUSED) {
            return refuse("expired", ways[i].refusal);
        }
    }
    return refuse(bearer ? "unknown" : "absent", "This needs the operator's bearer key.");
}

sig_operators *sig_operators_new(const sig_settings *s, const sig_auth *auth)
{
    sig_operators *o = g_new0(sig_operators, 1);
    o->settings = s;
    o->auth = auth;
    return o;
}

bool sig_operators_check(const sig_settings *s, GError **error)
{
    sig_operators *o = sig_operators_new(s, NULL);
    bool good = sig_operators_reload(o, error);
    sig_operators_free(o);
    return good;
}

bool sig_operators_reload(sig_operators *o, GError **error)
{
    const sig_settings *s = o->settings;
    if (!*s->oidc_issuer) {
        return true;
    }
    sig_issuer *newer = sig_issuer_new(s->oidc_issuer, s->oidc_audience, s->oidc_require, s->oidc_keys, error);
    if (!newer) {
        return false;
    }
    sig_issuer_free(o->issuer);
    o->issuer = newer;
    return true;
}

void sig_operators_free(sig_operators *o)
{
    if (o) {
        sig_issuer_free(o->issuer);
        g_free(o);
    }
}
