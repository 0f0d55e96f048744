/* REST: links to one recording, and what happens when somebody opens one: /r/TOKEN. The first client gets a cookie and may go on
 * asking for parts; everybody after it is refused. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api_recording.h"
#include "signaling/assets.h"
#include "signaling/permissions.h"
#include "signaling/recording_play.h"
#include "signaling/recording_tool.h"

#define COOKIE "tessera-recording"
#define NOT_HERE "The files of this recording are not on this server."

/* ---- making one ---- */

typedef struct {
    sig_link link;
    unsigned uses;
    int64_t seconds;
} wish;

static void on_noted(sig_request *q, void *user)
{
    wish *w = user;
    int64_t now_s = sig_now_s();
    if (!sig_links_add(q->gateway->links, &w->link, w->uses, w->seconds, now_s)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_FULL), "Too many links to recordings are open: try again later.");
        return;
    }
    g_autofree char *base = sig_api_base_url(q);
    sig_reply_json(q, 201,
                   json_pack("{s:o, s:s, s:I, s:i}", "url", json_sprintf("%s/r/%s", base, w->link.token), "what",
                             sig_link_what_name(w->link.what), "expires", (json_int_t)(now_s + w->seconds), "uses",
                             (int)w->uses));
}

static bool has_segment(const sig_recording_facts *r, int64_t segment)
{
    bool found = segment < 0;
    for (guint i = 0; i < r->segments->len; i++) {
        found = found || g_array_index(r->segments, sig_segment_facts, i).segment == segment;
    }
    return found;
}

/* True = why not has been answered. */
static bool refused(sig_request *q, const sig_recording_facts *r, const wish *w)
{
    const char *code = NULL;
    int status = 0;
    const char *closed = sig_api_recording_closed(r, &code, &status);
    g_autofree char *key = sig_recording_private_key(q->gateway);
    if (closed) {
        sig_reply_problem(q, status, code, closed);
    } else if (!key) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), SIG_RECORDING_NO_KEY);
    } else if (!has_segment(r, w->link.segment)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_NOT_FOUND), "segment: the recording has none of that number");
    } else if (!sig_recording_is_here(q->gateway, r->id)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), NOT_HERE);
    } else {
        return false;
    }
    return true;
}

static int64_t number(const json_t *m, const char *name, int64_t otherwise)
{
    const json_t *n = json_object_get(m, name);
    return n ? json_integer_value(n) : otherwise;
}

void sig_api_recording_link(sig_request *q)
{
    const sig_recording_facts *r = sig_api_recording(q);
    json_t *m = r ? sig_request_json(q, "RecordingLinkRequest") : NULL;
    if (!m) {
        return;
    }
    wish *w = g_new0(wish, 1);
    w->link.what = sig_link_what_of(json_string_value(json_object_get(m, "what")));
    w->link.segment = (int)number(m, "segment", -1);
    w->link.by = q->operator;
    w->uses = (unsigned)number(m, "uses", 1);
    w->seconds = number(m, "expires_in", SIG_LINK_SECONDS);
    g_strlcpy(w->link.recording, r->id, sizeof w->link.recording);
    g_strlcpy(w->link.room, r->room, sizeof w->link.room);
    json_decref(m);
    if (refused(q, r, w)) {
        g_free(w);
        return;
    }
    json_t *more = json_pack("{s:s, s:i}", "what", sig_link_what_name(w->link.what), "uses", (int)w->uses);
    sig_audit_entry e = sig_api_recording_entry(q, r, "recording_link");
    e.more = more;
    sig_api_commit(q, NULL, 0, &e, on_noted, w, g_free);
    json_decref(more);
}

/* ---- opening one ---- */

/* A page for who has clicked, a problem for a program. */
static void show_refusal(sig_request *q, int status, const char *code, const char *sentence)
{
    const char *accept = sig_request_header(q, "Accept");
    if (accept && strstr(accept, "text/html") && sig_assets_has(q->gateway->assets, "/web/recordings/link.html")) {
        sig_reply_header(q, "X-Tessera-Reason", code);
        sig_assets_serve(q, "/web/recordings/link.html", status);
    } else {
        sig_reply_problem(q, status, code, sentence);
    }
}

static void refuse_link(sig_request *q, sig_link_state state, const sig_link *link)
{
    static const struct {
        int status;
        const char *code, *sentence;
    } table[] = {[SIG_LINK_UNKNOWN] = {404, "link_unknown", "There is no such link. Ask for a new one."},
                 [SIG_LINK_EXPIRED] = {410, "link_expired", "This link was not opened in time. Ask for a new one."},
                 [SIG_LINK_USED] = {403, "link_used", "Somebody has opened this link before. Ask for one of your own."}};
    bool known = state != SIG_LINK_UNKNOWN;
    const sig_audit_entry e = {.room = known ? link->room : NULL,
                               .operation = known ? sig_link_what_name(link->what) : "recording_link",
                               .target = known ? link->recording : NULL,
                               .reason = table[state].code};
    sig_audit_refused(q->gateway, &e);
    show_refusal(q, table[state].status, table[state].code, table[state].sentence);
}

static char *cookie_of(const sig_request *q)
{
    const char *all = sig_request_header(q, "Cookie"), *at = all ? strstr(all, COOKIE "=") : NULL;
    const char *value = at ? at + strlen(COOKIE "=") : NULL;
    return value ? g_strndup(value, strspn(value, "0123456789abcdef")) : NULL;
}

static void send_bytes(sig_request *q, const sig_link *link)
{
    const sig_recording_facts *r = sig_facts_recording(q->gateway->facts, link->recording);
    const sig_segment_facts *last = &g_array_index(r->segments, sig_segment_facts, r->segments->len - 1);
    g_autofree char *etag = g_strdup_printf("\"%.32s-%d\"", last->hash, link->segment);
    sig_recording_play(q, link, etag);
}

static void on_opened(sig_request *q, void *user)
{
    const sig_link *link = user;
    char cookie[SIG_LINK_SECRET + 1];
    if (!sig_links_open(q->gateway->links, link->token, sig_now_s(), cookie)) { /* two came at the same time */
        refuse_link(q, SIG_LINK_USED, link);
        return;
    }
    g_autofree char *text = g_strdup_printf(COOKIE "=%s; Path=/r/%s; Secure; HttpOnly; SameSite=Strict", cookie, link->token);
    sig_reply_header(q, "Set-Cookie", text);
    send_bytes(q, link);
}

/* Durable first: while the trail's disk hangs nobody opens a link. */
static void open_link(sig_request *q, const sig_link *link)
{
    json_t *more = json_pack("{s:s}", "key", SIG_RECORDING_KEY);
    const sig_audit_entry e = {.room = link->room,
                               .actor = link->by.actor,
                               .role = *link->by.room ? sig_role_name(SIG_ROLE_COMPLIANCE) : NULL,
                               .operation = sig_link_what_name(link->what),
                               .target = link->recording,
                               .more = more};
    sig_api_commit(q, NULL, 0, &e, on_opened, g_memdup2(link, sizeof *link), g_free);
    json_decref(more);
}

/* Who only asks whether it is there has not opened it: programs that preview links ask so. */
static void say_it_opens(sig_request *q)
{
    sig_reply_header(q, "Content-Type", "video/mp4");
    sig_reply_header(q, "Cache-Control", "private, no-store");
    sig_reply_empty(q, 200);
}

static void open_or_go_on(sig_request *q, const sig_link *link, sig_link_state state)
{
    bool opens = state == SIG_LINK_OPENS, head = evhttp_request_get_command(q->ev) == EVHTTP_REQ_HEAD;
    if (!sig_recording_is_here(q->gateway, link->recording)) {
        show_refusal(q, 409, mcu_error_name(MCU_ERROR_CONFLICT), NOT_HERE);
    } else if (opens && head) {
        say_it_opens(q);
    } else if (opens) {
        open_link(q, link);
    } else if (sig_store_stalled(q->gateway->store)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The disk of the audit trail hangs.");
    } else {
        send_bytes(q, link);
    }
}

void sig_page_recording(sig_request *q)
{
    sig_link link = {0};
    g_autofree char *cookie = cookie_of(q);
    sig_link_state state = sig_links_look(q->gateway->links, q->part[0], cookie, sig_now_s(), &link);
    if (state != SIG_LINK_OPENS && state != SIG_LINK_OPENED) {
        refuse_link(q, state, &link);
        return;
    }
    const sig_recording_facts *r = sig_facts_recording(q->gateway->facts, link.recording);
    const char *code = NULL;
    int status = 0;
    const char *closed = r ? sig_api_recording_closed(r, &code, &status) : "There is no such recording.";
    if (closed) {
        show_refusal(q, r ? status : 404, r ? code : mcu_error_name(MCU_ERROR_NOT_FOUND), closed);
    } else {
        open_or_go_on(q, &link, state);
    }
}
