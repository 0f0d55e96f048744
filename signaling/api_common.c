/* What the REST handlers share. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api.h"

void sig_api_done(void *request, const char *code, const char *message)
{
    if (code) {
        sig_reply_error(request, code, message);
    } else {
        sig_reply_empty(request, 204);
    }
}

const sig_room_facts *sig_api_room(sig_request *q)
{
    const sig_room_facts *r = sig_facts_room(q->gateway->facts, q->part[0]);
    if (!r) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such room.");
        return NULL;
    }
    if (r->ended) {
        sig_reply_problem(q, 410, "room_ended", "This room has ended.");
        return NULL;
    }
    return r;
}

const sig_seat_facts *sig_api_seat(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    if (!r) {
        return NULL;
    }
    const sig_seat_facts *s = g_hash_table_lookup(r->seats, q->part[1]);
    if (!s) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such seat in this room.");
    }
    return s;
}

typedef struct {
    sig_request *q;
    void (*done)(sig_request *q, void *user);
    void *user;
    GDestroyNotify free_user;
} commit;

static void on_commit(void *user, bool ok)
{
    commit *c = user;
    if (ok) {
        c->done(c->q, c->user);
    } else {
        sig_reply_error(c->q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be written down.");
    }
    if (c->free_user) {
        c->free_user(c->user);
    }
    g_free(c);
}

void sig_api_commit(sig_request *q, const sig_change *changes, unsigned n, const sig_audit_entry *entry,
                    void (*done)(sig_request *q, void *user), void *user, GDestroyNotify free_user)
{
    commit *c = g_new0(commit, 1);
    *c = (commit){q, done, user, free_user};
    if (!sig_commit(q->gateway, changes, n, entry, on_commit, c)) {
        on_commit(c, false);
    }
}

static void done_one(sig_request *q, void *user)
{
    (void)user;
    sig_reply_empty(q, 204);
}

sig_audit_entry sig_api_entry(const sig_request *q, const char *operation)
{
    return (sig_audit_entry){.room = q->n_parts > 0 ? q->part[0] : NULL,
                             .actor = q->operator.actor,
                             .operation = operation,
                             .target = q->n_parts > 1 ? q->part[1] : NULL};
}

void sig_api_commit_one(sig_request *q, const sig_change *change, const char *operation)
{
    const sig_audit_entry e = sig_api_entry(q, operation);
    sig_api_commit(q, change, 1, &e, done_one, NULL, NULL);
}

char *sig_api_mint(const sig_gateway *g, const sig_change *c)
{
    sig_token t = {.host = c->host, .language = c->language};
    g_strlcpy(t.room, c->room, sizeof t.room);
    g_strlcpy(t.seat, c->seat, sizeof t.seat);
    g_strlcpy(t.role, c->role, sizeof t.role);
    g_strlcpy(t.name, c->name, sizeof t.name);
    t.expires_s = c->expires_ms / 1000;
    t.generation = sig_facts_generation(g->facts, c->room, c->seat);
    return sig_auth_mint(g->auth, &t, sig_now_s());
}
