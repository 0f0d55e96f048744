/* operator.h - who an operator's request is from: the one place where a credential becomes an identity.  Thread: the gateway's
 * loop. Ways in: the admin key, and, when [oidc] names an issuer, that issuer's signed tokens (issuer.h). Another way is one more
 * row in operator.c. */
#ifndef SIGNALING_OPERATOR_H
#define SIGNALING_OPERATOR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "signaling/auth.h"
#include "signaling/settings.h"

#define SIG_ACTOR_MAX 774

/* As the audit trail names it: "operator" for who has the admin key, "operator:SUBJECT" for who has signed in elsewhere; or the
 * seat whose link shows recordings (access.h). */
typedef struct {
    char actor[SIG_ACTOR_MAX + 1];
    char room[SIG_ID_MAX + 1]; /* what he may do ends there; "" = everywhere */
} sig_operator;

typedef struct sig_operators sig_operators;
/* Knows the admin key alone until the first reload. Both arguments must live longer. */
sig_operators *sig_operators_new(const sig_settings *s, const sig_auth *auth);
void sig_operators_free(sig_operators *o);
/* Reads the issuer's keys; the former ones stay when that fails, with MCU_ERROR_CONFIG. */
bool sig_operators_reload(sig_operators *o, GError **error);
bool sig_operators_check(const sig_settings *s, GError **error); /* whether those keys can be used */

/* `authorization` is the header's value or NULL. NULL = it is an operator, `out` says which; else a sentence for who was refused.
 */
const char *sig_operators_identify(const sig_operators *o, const char *authorization, int64_t now_s, sig_operator *out);

#endif
