/* auth.h - who may do what: join tokens (JWT, HS256 only) and the operator's bearer key.  Thread: the gateway's loop.
 * Says only what the token itself says; whether the room and the seat still want it is access.h's question. */
#ifndef SIGNALING_AUTH_H
#define SIGNALING_AUTH_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SIG_ID_MAX 32      /* room, seat and role ids: [a-z0-9_-] */
#define SIG_NAME_MAX 256   /* bytes of a person's or room's name */
#define SIG_TOKEN_MAX 2048 /* bytes of a token */

typedef enum {
    SIG_TOKEN_NONE = 0,
    SIG_TOKEN_OK,
    SIG_TOKEN_EXPIRED,
    SIG_TOKEN_FORGED,  /* malformed, or names our key and the signature is not ours */
    SIG_TOKEN_FOREIGN, /* made by another server, or for another room */
    SIG_TOKEN_REVOKED, /* the seat was removed after it was made */
    SIG_TOKEN_ENDED,   /* its room has ended */
} sig_token_status;
const char *sig_token_status_code(sig_token_status s); /* "token_expired" ...: what clients see */
const char *sig_token_status_text(sig_token_status s); /* one sentence for a person */

typedef struct {
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], role[SIG_ID_MAX + 1];
    char name[SIG_NAME_MAX + 1];
    const char *language; /* for the page before it has joined; borrowed by mint, NULL or "" = none; not read back */
    bool host;
    int64_t expires_s;  /* since 1970 */
    int64_t generation; /* of the seat when the token was made: removal revokes everything below */
} sig_token;

typedef struct sig_auth sig_auth;
/* Both secrets are copied and wiped again by free. */
sig_auth *sig_auth_new(const char *token_secret, const char *admin_secret);
void sig_auth_free(sig_auth *a);

char *sig_auth_mint(const sig_auth *a, const sig_token *t, int64_t now_s); /* free with g_free */
/* Fills `out` on OK only (FOREIGN and EXPIRED leave it empty). `text` is any remote string. */
sig_token_status sig_auth_verify(const sig_auth *a, const char *text, int64_t now_s, sig_token *out);

/* Compared in constant time. */
bool sig_auth_is_admin(const sig_auth *a, const char *bearer);
/* What follows "Bearer " in an Authorization header; NULL = there is none. Points into the argument. */
const char *sig_auth_bearer(const char *authorization);

bool sig_id_valid(const char *id); /* 1..SIG_ID_MAX of [a-z0-9_-] */

#endif
