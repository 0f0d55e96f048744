/* REST: the keys of a recording wrapped to another public key. Media stays as it is; in the store of recordings the key pages are
 * replaced. */
#include <string.h>

#include "mcu/base/hex.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/status.h"
#include "signaling/api_recording.h"
#include "signaling/recording_shred.h"
#include "signaling/recording_tool.h"
#include "signaling/upload.h"

typedef struct {
    sig_request *q;
    char recording[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1];
    char to[2 * SIG_KEY_BYTES + 1], kid[SIG_ID_MAX + 1];
    bool running;
} rotation;

/* The recording's keys are free again for who comes next. */
static void free_rotation(void *value)
{
    rotation *r = value;
    if (!r->running) {
        sig_recording_keys_give(r->recording);
        g_free(r);
    }
}

/* ---- the store of recordings ---- */

static void store_again(sig_gateway *g, const char *recording)
{
    const sig_recording_facts *r = sig_facts_recording(g->facts, recording);
    for (guint i = 0; r && i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        sig_change c = {.kind = SIG_SEGMENT_STORED, .segment = s->segment, .stored = SIG_STORED_STALE};
        g_strlcpy(c.recording, r->id, sizeof c.recording);
        g_strlcpy(c.room, r->room, sizeof c.room);
        if (*s->stored) {
            sig_commit(g, &c, 1, NULL, NULL, NULL);
        }
    }
}

/* ---- the tool ---- */

static void note_end(const rotation *r, bool ok)
{
    const sig_audit_entry e = {
        .event = "recording", .room = r->room, .operation = ok ? "rewrapped" : "rewrap_failed", .target = r->recording};
    sig_audit_note(r->q->gateway, &e);
}

static void on_end(void *user, int status, struct evbuffer *output, const char *complaint)
{
    (void)output;
    rotation *r = user;
    note_end(r, status == 0);
    store_again(r->q->gateway, r->recording); /* some may be done when not all could be */
    if (status == 0) {
        sig_reply_empty(r->q, 204);
    } else {
        sig_reply_error(r->q, mcu_error_name(MCU_ERROR_CONFLICT), *complaint ? complaint : "The keys could not be changed.");
    }
    r->running = false;
    free_rotation(r);
}

static void on_noted(sig_request *q, void *user)
{
    static const sig_tool_events events = {NULL, on_end};
    rotation *r = user;
    const sig_gateway *g = q->gateway;
    g_autofree char *folder = sig_recording_folder(g, r->recording), *key = sig_recording_private_key(g);
    g_autofree char *spare = sig_recording_spare_folder(g, r->recording);
    const char *arguments[] = {"rewrap", "--private", key, "--to", r->to, "--kid", r->kid, folder, spare, NULL};
    if (!key) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), SIG_RECORDING_NO_KEY);
        return;
    }
    r->running = sig_tool_start(g, arguments, &events, r) != NULL;
    if (!r->running) {
        note_end(r, false);
        sig_reply_error(q, mcu_error_name(MCU_ERROR_FULL), "Too many recordings are being read: try again in a minute.");
    }
}

/* ---- the request ---- */

/* Why nobody could read the recording again; NULL = perhaps somebody has the private half. */
static const char *wrong_key(const sig_gateway *g, const uint8_t key[SIG_KEY_BYTES])
{
    mcu_wrapped_key tried;
    uint8_t nothing[SIG_KEY_BYTES] = {0};
    return memcmp(key, g->key.public_key, SIG_KEY_BYTES) == 0
               ? "to: this is the gateway's key (Ed25519), nobody can open anything with it; an X25519 key is wanted"
           : !mcu_key_wrap(&tried, key, "", "", nothing) ? "to: this is no public key (X25519) that anything can be sealed to"
                                                         : NULL;
}

/* True = why not has been answered. If not, the recording's keys are ours now. */
static bool refused(sig_request *q, const sig_recording_facts *r, const char *to, const char *kid)
{
    uint8_t key_bytes[SIG_KEY_BYTES];
    const char *code = NULL;
    int status = 0;
    const char *closed = sig_api_recording_closed(r, &code, &status);
    const char *wrong = NULL;
    g_autofree char *key = sig_recording_private_key(q->gateway);
    if (!mcu_unhex(to, key_bytes, sizeof key_bytes) || !sig_id_valid(kid)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST),
                        "to: a public key of 64 hexadecimal digits; kid: its name, of a-z, 0-9, _ and -");
    } else if ((wrong = wrong_key(q->gateway, key_bytes)) != NULL) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), wrong);
    } else if (closed) {
        sig_reply_problem(q, status, code, closed);
    } else if (!key) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), SIG_RECORDING_NO_KEY);
    } else if (!sig_recording_keys_take(r->id)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), "The keys of this recording are being changed or overwritten.");
    } else {
        return false;
    }
    return true;
}

void sig_api_recording_rewrap(sig_request *q)
{
    const sig_recording_facts *r = sig_api_recording(q);
    json_t *m = r ? sig_request_json(q, "RewrapRequest") : NULL;
    const char *to = json_string_value(json_object_get(m, "to")), *kid = json_string_value(json_object_get(m, "kid"));
    if (!m || refused(q, r, to, kid)) {
        json_decref(m);
        return;
    }
    rotation *w = g_new0(rotation, 1);
    w->q = q;
    g_strlcpy(w->recording, r->id, sizeof w->recording);
    g_strlcpy(w->room, r->room, sizeof w->room);
    g_strlcpy(w->to, to, sizeof w->to);
    g_strlcpy(w->kid, kid, sizeof w->kid);
    json_decref(m);
    json_t *more = json_pack("{s:s, s:s, s:s}", "key", SIG_RECORDING_KEY, "to", w->to, "kid", w->kid);
    sig_audit_entry e = sig_api_recording_entry(q, r, "rewrap");
    e.more = more;
    sig_api_commit(q, NULL, 0, &e, on_noted, w, free_rotation);
    json_decref(more);
}
