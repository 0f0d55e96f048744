#include "signaling/recording_play.h"

#include <event2/bufferevent.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/http_range.h"
#include "signaling/recording_tool.h"

#define PIECE (128u * 1024)
#define LINE_MAX_BYTES 4096
#define STALL_MS 120000 /* a client that takes nothing for so long is let go: a paused player asks again */

typedef struct {
    sig_request *q;
    sig_tool *tool; /* NULL = it has ended */
    sig_link link;
    char *etag;
    bool ranged, head;
    bool started;          /* the answer's head is out */
    bool waiting;          /* for the client to take a piece */
    bool failed;           /* the tool */
    struct evbuffer *rest; /* of a tool that has ended */
    struct event *stall;
} play;

static GHashTable *playing; /* of play */

static void free_play(play *p)
{
    g_hash_table_remove(playing, p);
    sig_tool_stop(p->tool);
    evbuffer_free(p->rest);
    event_free(p->stall);
    g_free(p->etag);
    g_free(p);
}

/* The connection is gone. Its request is ours to free when libevent has taken it out of the connection before. */
static void on_close(struct evhttp_connection *connection, void *user)
{
    (void)connection;
    play *p = user;
    if (!evhttp_request_get_connection(p->q->ev)) {
        evhttp_send_reply_end(p->q->ev);
    }
    sig_reply_release(p->q);
    free_play(p);
}

/* What is missing of the answer must be seen to be missing: the connection breaks, then on_close(). */
static void abort_answer(const play *p)
{
    struct bufferevent *b = evhttp_connection_get_bufferevent(evhttp_request_get_connection(p->q->ev));
    shutdown(bufferevent_getfd(b), SHUT_RDWR);
}

static void on_stall(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    abort_answer(user);
}

static void finish(play *p)
{
    sig_request *q = p->q;
    if (p->failed) {
        abort_answer(p);
        return;
    }
    evhttp_connection_set_closecb(evhttp_request_get_connection(q->ev), NULL, NULL);
    sig_reply_watched(q, true);
    evhttp_send_reply_end(q->ev);
    sig_reply_release(q);
    free_play(p);
}

static void send_piece(play *p, struct evbuffer *from);

static void on_taken(struct evhttp_connection *connection, void *user)
{
    (void)connection;
    play *p = user;
    p->waiting = false;
    event_del(p->stall);
    if (p->tool) {
        sig_tool_pause(p->tool, false);
    } else if (evbuffer_get_length(p->rest) > 0) {
        send_piece(p, p->rest);
    } else {
        finish(p);
    }
}

static void send_piece(play *p, struct evbuffer *from)
{
    struct evbuffer *piece = evbuffer_new();
    evbuffer_remove_buffer(from, piece, PIECE);
    p->waiting = true;
    sig_timer_arm(p->stall, STALL_MS);
    evhttp_send_reply_chunk_with_cb(p->q->ev, piece, on_taken, p);
    evbuffer_free(piece);
}

/* ---- the answer's head ---- */

/* False = the client has gone meanwhile; all is freed. */
static bool begin(play *p, int status)
{
    sig_request *q = p->q;
    if (!evhttp_request_get_connection(q->ev)) {
        on_close(NULL, p);
        return false;
    }
    bool keeps = p->link.what != SIG_LINK_PLAY;
    g_autofree char *name =
        g_strdup_printf("%s; filename=\"recording-%s.mp4\"", keeps ? "attachment" : "inline", p->link.recording);
    sig_reply_header(q, "Content-Type", "video/mp4");
    sig_reply_header(q, "Content-Disposition", name);
    sig_reply_header(q, "Cross-Origin-Resource-Policy", "same-origin");
    sig_reply_header(q, "Content-Security-Policy",
                     "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    sig_reply_header(q, "Cache-Control", "private, no-store");
    if (p->etag) {
        sig_reply_header(q, "Accept-Ranges", "bytes");
        sig_reply_header(q, "ETag", p->etag);
    }
    p->started = true;
    evhttp_connection_set_closecb(evhttp_request_get_connection(q->ev), on_close, p);
    sig_reply_watched(q, false);
    sig_reply_start(q, status);
    return true;
}

static void refuse(play *p, const char *code, const char *detail)
{
    sig_reply_error(p->q, code, detail);
    free_play(p);
}

static int64_t member(const json_t *m, const char *name)
{
    return json_integer_value(json_object_get(m, name));
}

/* By the tool's first line. False = answered whole. */
static bool begin_by(play *p, const json_t *m)
{
    int64_t size = member(m, "size"), from = member(m, "from"), to = member(m, "to");
    g_autofree char *length = g_strdup_printf("%" PRId64, to - from);
    if (p->ranged && from >= to) {
        g_autofree char *all = g_strdup_printf("bytes */%" PRId64, size);
        sig_reply_header(p->q, "Content-Range", all);
        sig_reply_problem(p->q, 416, "range", "The recording is shorter than that.");
        free_play(p);
        return false;
    }
    if (p->ranged) {
        g_autofree char *part = g_strdup_printf("bytes %" PRId64 "-%" PRId64 "/%" PRId64, from, to - 1, size);
        sig_reply_header(p->q, "Content-Range", part);
    }
    sig_reply_header(p->q, "Content-Length", length);
    if (!begin(p, p->ranged ? 206 : 200)) {
        return false;
    }
    if (p->head) {
        sig_tool_stop(g_steal_pointer(&p->tool));
        finish(p);
        return false;
    }
    return true;
}

static bool read_line(play *p, struct evbuffer *output)
{
    size_t length = 0;
    char *line = evbuffer_readln(output, &length, EVBUFFER_EOL_LF);
    json_t *m = line ? json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool going = false;
    free(line);
    if (m) {
        going = begin_by(p, m);
    } else if (line || evbuffer_get_length(output) > LINE_MAX_BYTES) {
        refuse(p, mcu_error_name(MCU_ERROR_INTERNAL), "The recording could not be read.");
    }
    json_decref(m);
    return going;
}

/* ---- the tool ---- */

static void on_output(void *user, struct evbuffer *output)
{
    play *p = user;
    if (p->waiting || evbuffer_get_length(output) == 0) {
        return;
    }
    bool exports = p->link.what == SIG_LINK_EXPORT;
    if (!p->started && !(exports ? begin(p, 200) : read_line(p, output))) {
        return;
    }
    if (evbuffer_get_length(output) > 0) {
        sig_tool_pause(p->tool, true);
        send_piece(p, output);
    }
}

static void on_end(void *user, int status, struct evbuffer *output, const char *complaint)
{
    play *p = user;
    p->tool = NULL;
    if (!p->started) {
        refuse(p, mcu_error_name(MCU_ERROR_CONFLICT), *complaint ? complaint : "The recording could not be read.");
        return;
    }
    bool interrupted = p->link.what == SIG_LINK_EXPORT && status == SIG_TOOL_PARTLY; /* with --whole: all there ever was */
    p->failed = status != 0 && !interrupted;
    if (interrupted) {
        mcu_info("recording.play", "recording=%s interrupted=1", p->link.recording);
    } else if (p->failed) {
        mcu_error_log("recording.play", "recording=%s status=%d error=\"%s\"", p->link.recording, status, complaint);
    }
    evbuffer_add_buffer(p->rest, output);
    if (p->waiting) {
        return;
    }
    if (evbuffer_get_length(p->rest) > 0) {
        send_piece(p, p->rest);
    } else {
        finish(p);
    }
}

/* How long each segment is that was told of: what is gone or cut is not played as if it were whole. */
static char *ends_of(const sig_gateway *g, const sig_link *link)
{
    const sig_recording_facts *r = sig_facts_recording(g->facts, link->recording);
    GString *ends = g_string_new("");
    for (guint i = 0; r && i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        if (*s->hash && (link->segment < 0 || link->segment == s->segment)) {
            g_string_append_printf(ends, "%s%" PRId64 ":%" PRId64, ends->len > 0 ? "," : "", s->segment, s->media_ms);
        }
    }
    return g_string_free(ends, FALSE);
}

static void add(GPtrArray *words, const char *option, char *take_value)
{
    g_ptr_array_add(words, g_strdup(option));
    if (take_value) {
        g_ptr_array_add(words, take_value);
    }
}

static char *number(int64_t n)
{
    return g_strdup_printf("%" PRId64, n);
}

/* Held against the trail before its first byte. */
static void add_export(GPtrArray *words, const sig_gateway *g, const play *p)
{
    add(words, "--out", g_strdup("-"));
    add(words, "--whole", NULL);
    add(words, "--key", g_build_filename(g->data, SIG_GATEWAY_KEY ".pub", NULL));
    add(words, "--heads", g_build_filename(g->data, "audit.log", NULL));
    add(words, "--recording", g_strdup(p->link.recording));
}

static void add_part(GPtrArray *words, const sig_gateway *g, const play *p, const sig_range *r)
{
    add(words, "--ends", ends_of(g, &p->link));
    if (r->kind == SIG_RANGE_LAST) {
        add(words, "--last", number(r->last));
    } else if (r->kind == SIG_RANGE_FROM) {
        add(words, "--from", number(r->first));
    }
    if (r->kind == SIG_RANGE_FROM && r->last >= 0) {
        add(words, "--to", number(r->last));
    }
    if (p->head) {
        add(words, "--info", NULL);
    }
}

static GPtrArray *command(const sig_gateway *g, const play *p, const char *key, const sig_range *r)
{
    bool exports = p->link.what == SIG_LINK_EXPORT;
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    char *spare = sig_recording_spare_folder(g, p->link.recording);
    add(words, exports ? "export" : "serve", NULL);
    add(words, "--private", g_strdup(key));
    if (p->link.segment >= 0) {
        add(words, "--segment", number(p->link.segment));
    }
    if (exports) {
        add_export(words, g, p);
    } else {
        add_part(words, g, p, r);
    }
    g_ptr_array_add(words, sig_recording_folder(g, p->link.recording));
    if (spare) {
        g_ptr_array_add(words, spare);
    }
    g_ptr_array_add(words, NULL);
    return words;
}

void sig_recording_play_end(const char *recording)
{
    g_autoptr(GList) all = playing ? g_hash_table_get_keys(playing) : NULL;
    for (GList *i = all; i; i = i->next) {
        play *p = i->data;
        if (strcmp(p->link.recording, recording) != 0) {
            continue;
        }
        sig_tool_stop(g_steal_pointer(&p->tool)); /* it has the key */
        p->failed = true;
        if (p->started) {
            abort_answer(p);
        } else {
            sig_reply_problem(p->q, 410, "shredded", "This recording has been shredded: nobody can read it any more.");
            free_play(p);
        }
    }
}

void sig_recording_play(sig_request *q, const sig_link *link, const char *etag)
{
    static const sig_tool_events events = {on_output, on_end};
    const char *condition = sig_request_header(q, "If-Range"), *header = sig_request_header(q, "Range");
    bool current = !condition || strcmp(condition, etag) == 0, ranges = link->what != SIG_LINK_EXPORT;
    sig_range range = sig_range_parse(current && ranges ? header : NULL);
    g_autofree char *key = sig_recording_private_key(q->gateway);
    if (!key) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), SIG_RECORDING_NO_KEY);
        return;
    }
    if (evhttp_request_get_command(q->ev) == EVHTTP_REQ_HEAD && !ranges) { /* how long it will be is known when it is made */
        sig_reply_header(q, "Content-Type", "video/mp4");
        sig_reply_empty(q, 200);
        return;
    }
    play *p = g_new0(play, 1);
    *p = (play){.q = q, .link = *link, .ranged = range.kind != SIG_RANGE_WHOLE, .etag = ranges ? g_strdup(etag) : NULL};
    playing = playing ? playing : g_hash_table_new(NULL, NULL);
    g_hash_table_add(playing, p);
    p->head = evhttp_request_get_command(q->ev) == EVHTTP_REQ_HEAD;
    p->rest = evbuffer_new();
    p->stall = sig_timer_new(q->gateway->base, on_stall, p);
    g_autoptr(GPtrArray) arguments = command(q->gateway, p, key, &range);
    p->tool = sig_tool_start(q->gateway, (const char *const *)arguments->pdata, &events, p);
    if (!p->tool) {
        refuse(p, mcu_error_name(MCU_ERROR_FULL), "Too many recordings are being read: try again in a minute.");
        return;
    }
    g_autofree char *label = g_strdup_printf("what=\"%s\"", sig_link_what_name(link->what));
    mcu_counter_add(mcu_counter_get("tessera_recording_reads_total", label, "Requests that recordings were decrypted for."), 1);
}
