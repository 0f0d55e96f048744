#include "signaling/access.h"

#include <string.h>

#include "mcu/base/metrics.h"
#include "signaling/audit.h"
#include "signaling/permissions.h"
#include "signaling/supervisor.h"

static void count_refusal(sig_token_status status)
{
    g_autofree char *label = g_strdup_printf("reason=\"%s\"", sig_token_status_code(status));
    mcu_counter_add(mcu_counter_get("tessera_tokens_refused_total", label, "Join tokens that were refused."), 1);
}

sig_token_status sig_access_check(const sig_gateway *g, const char *token, const char *room, sig_token *out)
{
    sig_token_status s = sig_auth_verify(g->auth, token, sig_now_s(), out);
    if (s == SIG_TOKEN_OK && room && strcmp(room, out->room) != 0) {
        s = SIG_TOKEN_FOREIGN;
    }
    if (s == SIG_TOKEN_OK) {
        s = sig_facts_admit(g->facts, out);
    }
    if (s != SIG_TOKEN_OK) {
        count_refusal(s);
        const sig_audit_entry e = {
            .room = room && sig_id_valid(room) ? room : NULL, .operation = "join", .reason = sig_token_status_code(s)};
        sig_audit_refused(g, &e);
    }
    return s;
}

static void note_refusal(const sig_gateway *g, const sig_token *t, const char *role, const char *operation)
{
    const sig_audit_entry e = {.room = t->room, .actor = t->seat, .role = role, .operation = operation};
    sig_audit_refused(g, &e);
}

const char *sig_access_refusal(const sig_gateway *g, const sig_token *t, bool publishes)
{
    const sig_seat_facts *f = sig_facts_seat(g->facts, t->room, t->seat);
    const sig_room *room = sig_supervisor_room(g->supervisor, t->room);
    sig_role role = f ? sig_role_of(f->role) : SIG_ROLE_NONE;
    if (publishes && f && !sig_may(SIG_MAY_AUDIO, role, f->host) && !sig_may(SIG_MAY_VIDEO, role, f->host)) {
        note_refusal(g, t, f->role, sig_permission_name(SIG_MAY_AUDIO));
        return sig_permission_refusal(SIG_MAY_AUDIO);
    }
    if (room && !sig_room_lets_in(room, t->seat)) {
        note_refusal(g, t, f ? f->role : "none", "join");
        return "This visit is locked: a host has to unlock it first.";
    }
    return NULL;
}

/* A seat is forgotten when its visit ends; then its token says what it was. */
static const char *role_of(const sig_gateway *g, const sig_token *t)
{
    const sig_seat_facts *f = sig_facts_seat(g->facts, t->room, t->seat);
    sig_token_status s = sig_facts_admit(g->facts, t);
    bool ended = s == SIG_TOKEN_ENDED && t->generation >= sig_facts_generation(g->facts, t->room, t->seat);
    return s == SIG_TOKEN_OK && f ? f->role : ended ? t->role : NULL;
}

/* Its role, if it is good. */
static const char *look(const sig_gateway *g, const char *bearer, sig_token *t)
{
    return bearer && sig_auth_verify(g->auth, bearer, sig_now_s(), t) == SIG_TOKEN_OK ? role_of(g, t) : NULL;
}

bool sig_access_reviews(const sig_gateway *g, const char *token, sig_operator *out)
{
    sig_token t;
    const char *role = look(g, token, &t);
    bool may = role && sig_may(SIG_MAY_REVIEW, sig_role_of(role), false);
    if (may) {
        g_strlcpy(out->actor, t.seat, sizeof out->actor);
        g_strlcpy(out->room, t.room, sizeof out->room);
    }
    return may;
}

sig_review sig_access_review(const sig_gateway *g, const char *bearer, sig_operator *out)
{
    sig_token t;
    const char *role = look(g, bearer, &t);
    if (!role) {
        return SIG_REVIEW_NO_LINK;
    }
    if (sig_access_reviews(g, bearer, out)) {
        return SIG_REVIEW_ALLOWED;
    }
    note_refusal(g, &t, role, sig_permission_name(SIG_MAY_REVIEW));
    return SIG_REVIEW_REFUSED;
}

bool sig_access_tier_known(const sig_gateway *g, const char *tier)
{
    return strcmp(tier, "auto") == 0 || strcmp(tier, "audio") == 0 || sig_settings_has_tier(g->settings, tier);
}

/* `url` begins with "https://" or is empty. */
static bool is_origin_of(const char *url, const char *origin)
{
    if (!*url) {
        return false;
    }
    size_t n = strlen("https://") + strcspn(url + strlen("https://"), "/?#");
    return strlen(origin) == n && g_ascii_strncasecmp(url, origin, n) == 0;
}

bool sig_access_origin_allowed(const sig_settings *s, const char *origin, const char *host)
{
    if (!origin) {
        return true;
    }
    if (host && *host && g_str_has_prefix(origin, "https://") && g_ascii_strcasecmp(origin + strlen("https://"), host) == 0) {
        return true;
    }
    if (is_origin_of(s->public_url, origin)) {
        return true;
    }
    for (const char *const *o = s->origins; *o; o++) {
        if (g_ascii_strcasecmp(*o, origin) == 0) {
            return true;
        }
    }
    return false;
}
