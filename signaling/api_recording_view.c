/* REST: what is in a recording: its manifest, whether it is as it was recorded, its first picture, its chapters. Each is made by
 * tessera-recording when it is asked for. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "signaling/api_recording.h"
#include "signaling/recording_tool.h"

const char *sig_api_recording_closed(const sig_recording_facts *r, const char **code, int *status)
{
    *code = r->shredded_ms ? "shredded" : mcu_error_name(MCU_ERROR_CONFLICT);
    *status = r->shredded_ms ? 410 : 409;
    return r->shredded_ms          ? "This recording has been shredded: nobody can read it any more."
           : !r->ended_ms          ? "This visit is still being recorded."
           : r->segments->len == 0 ? "Nothing was recorded."
                                   : NULL;
}

typedef struct {
    sig_request *q;
    char recording[SIG_ID_MAX + 1];
    const char *command; /* of the tool */
    char language[8];    /* of chapters */
    void (*reply)(sig_request *q, int status, struct evbuffer *output, const char *complaint);
} look;

static void on_end(void *user, int status, struct evbuffer *output, const char *complaint)
{
    look *l = user;
    l->reply(l->q, status, output, complaint);
    g_free(l);
}

/* What checks has the public key, what looks into it the private one. */
static bool opens(const char *command)
{
    return strcmp(command, "manifest") != 0 && strcmp(command, "verify") != 0;
}

static bool start(const look *l, GError **error)
{
    static const sig_tool_events events = {NULL, on_end};
    const sig_gateway *g = l->q->gateway;
    g_autofree char *folder = sig_recording_folder(g, l->recording), *key = sig_recording_private_key(g);
    g_autofree char *spare = sig_recording_spare_folder(g, l->recording);
    g_autofree char *public_key = g_build_filename(g->data, SIG_GATEWAY_KEY ".pub", NULL);
    g_autofree char *trail = g_build_filename(g->data, "audit.log", NULL);
    const char *manifest[] = {"manifest",    "--whole",    "--key", public_key, "--heads", trail,
                              "--recording", l->recording, folder,  spare,      NULL};
    const char *verify[] = {"verify",      "--json",     "--key", public_key, "--heads", trail,
                            "--recording", l->recording, folder,  spare,      NULL};
    const char *sealed[] = {l->command, "--private", key, "--language", l->language, folder, spare, NULL};
    if (opens(l->command) && !key) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFLICT, "%s", SIG_RECORDING_NO_KEY);
        return false;
    }
    const char *const *arguments = opens(l->command) ? sealed : strcmp(l->command, "verify") == 0 ? verify : manifest;
    if (!sig_tool_start(g, arguments, &events, (void *)(uintptr_t)l)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_FULL, "Too many recordings are being read: try again in a minute.");
        return false;
    }
    return true;
}

static void on_noted(sig_request *q, void *user)
{
    look *l = user;
    g_autoptr(GError) error = NULL;
    look *own = g_memdup2(l, sizeof *l);
    if (!start(own, &error)) {
        g_free(own);
        sig_reply_error(q, mcu_error_name(error->code), error->message);
    }
}

static void look_into(sig_request *q, const char *command, const char *operation, const char *language,
                      void (*reply)(sig_request *q, int status, struct evbuffer *output, const char *complaint))
{
    const sig_recording_facts *r = sig_api_recording(q);
    const char *code = NULL;
    int status = 0;
    const char *closed = r ? sig_api_recording_closed(r, &code, &status) : NULL;
    if (closed) {
        sig_reply_problem(q, status, code, closed);
    }
    if (!r || closed) {
        return;
    }
    look *l = g_new0(look, 1);
    *l = (look){.q = q, .command = command, .reply = reply};
    g_strlcpy(l->recording, r->id, sizeof l->recording);
    g_strlcpy(l->language, language, sizeof l->language);
    sig_audit_entry e = sig_api_recording_entry(q, r, operation);
    json_t *more = opens(command) ? json_pack("{s:s}", "key", SIG_RECORDING_KEY) : NULL;
    e.more = more;
    sig_api_commit(q, NULL, 0, &e, on_noted, l, g_free);
    json_decref(more);
}

/* ---- the four ---- */

static void reply_unreadable(sig_request *q, const char *complaint)
{
    sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), *complaint ? complaint : "The recording could not be read.");
}

static void reply_bytes(sig_request *q, struct evbuffer *output, const char *type)
{
    size_t length = evbuffer_get_length(output);
    sig_reply_body(q, 200, type, evbuffer_pullup(output, -1), length);
}

static json_t *parse(struct evbuffer *output)
{
    size_t length = evbuffer_get_length(output);
    const char *text = length ? (const char *)evbuffer_pullup(output, -1) : "";
    return json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
}

static void reply_manifest(sig_request *q, int status, struct evbuffer *output, const char *complaint)
{
    json_t *m = status == 0 ? parse(output) : NULL;
    if (m && mcu_json_sign(m, "gateway", q->gateway->key.private_key)) {
        sig_reply_json(q, 200, m);
    } else {
        json_decref(m);
        reply_unreadable(q, complaint);
    }
}

static void reply_verdict(sig_request *q, int status, struct evbuffer *output, const char *complaint)
{
    json_t *m = status >= 0 ? parse(output) : NULL;
    if (json_is_object(m)) {
        sig_reply_json(q, 200, m);
    } else {
        json_decref(m);
        reply_unreadable(q, complaint);
    }
}

static void reply_poster(sig_request *q, int status, struct evbuffer *output, const char *complaint)
{
    if (status == 0 && evbuffer_get_length(output) > 0) {
        reply_bytes(q, output, "image/jpeg");
    } else {
        reply_unreadable(q, complaint);
    }
}

static void reply_chapters(sig_request *q, int status, struct evbuffer *output, const char *complaint)
{
    if (status == 0 && evbuffer_get_length(output) > 0) {
        reply_bytes(q, output, "text/vtt; charset=utf-8");
    } else {
        reply_unreadable(q, complaint);
    }
}

void sig_api_recording_manifest(sig_request *q)
{
    look_into(q, "manifest", "manifest", "en", reply_manifest);
}

void sig_api_recording_verify(sig_request *q)
{
    look_into(q, "verify", "verify", "en", reply_verdict);
}

void sig_api_recording_poster(sig_request *q)
{
    look_into(q, "poster", "poster", "en", reply_poster);
}

void sig_api_recording_chapters(sig_request *q)
{
    struct evkeyvalq query;
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(q->ev));
    if (evhttp_parse_query_str(text ? text : "", &query) != 0) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "The query is malformed.");
        return;
    }
    const char *lang = evhttp_find_header(&query, "lang");
    char language[8] = "en";
    if (lang) {
        g_strlcpy(language, lang, sizeof language);
    }
    evhttp_clear_headers(&query);
    look_into(q, "chapters", "chapters", language, reply_chapters);
}
