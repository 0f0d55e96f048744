/* Answers: JSON, problem details, bodies; security headers on each. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/http_private.h"

const char *sig_reply_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {{200, "OK"},
                 {201, "Created"},
                 {204, "No Content"},
                 {206, "Partial Content"},
                 {304, "Not Modified"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {409, "Conflict"},
                 {410, "Gone"},
                 {412, "Precondition Failed"},
                 {413, "Content Too Large"},
                 {415, "Unsupported Media Type"},
                 {416, "Range Not Satisfiable"},
                 {417, "Expectation Failed"},
                 {422, "Unprocessable Content"},
                 {426, "Upgrade Required"},
                 {428, "Precondition Required"},
                 {429, "Too Many Requests"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].status == status) {
            return table[i].reason;
        }
    }
    return "Internal Server Error";
}

void sig_reply_count(int status)
{
    char label[24];
    g_snprintf(label, sizeof label, "class=\"%dxx\"", status / 100);
    mcu_counter_add(mcu_counter_get("tessera_http_replies_total", label, "HTTP replies by class."), 1);
}

void sig_reply_header(sig_request *q, const char *name, const char *value)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(q->ev);
    evhttp_remove_header(out, name);
    evhttp_add_header(out, name, value); /* refuses line breaks */
}

void sig_reply_release(sig_request *q)
{
    g_free(q->path);
    g_free(q->storage);
    g_free(q);
}

static void common_headers(sig_request *q)
{
    sig_reply_header(q, "X-Content-Type-Options", "nosniff");
    sig_reply_header(q, "Referrer-Policy", "no-referrer");
    if (!evhttp_find_header(evhttp_request_get_output_headers(q->ev), "Cache-Control")) {
        sig_reply_header(q, "Cache-Control", "no-store");
    }
}

void sig_reply_start(sig_request *q, int status)
{
    common_headers(q);
    sig_reply_count(status);
    evhttp_send_reply_start(q->ev, status, sig_reply_reason(status));
}

/* To HEAD the length alone (RFC 9110 9.3.2): libevent would send the body without one, and a client that keeps the connection
 * would take it for the next answer. */
static void send_whole(struct evhttp_request *ev, int status, const void *body, size_t length)
{
    struct evbuffer *out = evbuffer_new();
    if (evhttp_request_get_command(ev) == EVHTTP_REQ_HEAD && status != 204 && status != 304) {
        char text[24];
        g_snprintf(text, sizeof text, "%zu", length);
        evhttp_add_header(evhttp_request_get_output_headers(ev), "Content-Length", text);
    } else if (length > 0) {
        evbuffer_add(out, body, length);
    }
    sig_reply_count(status);
    evhttp_send_reply(ev, status, sig_reply_reason(status), out);
    evbuffer_free(out);
}

void sig_reply_body(sig_request *q, int status, const char *type, const void *body, size_t length)
{
    if (length > 0) {
        sig_reply_header(q, "Content-Type", type);
    }
    common_headers(q);
    send_whole(q->ev, status, body, length);
    sig_reply_release(q);
}

void sig_reply_empty(sig_request *q, int status)
{
    sig_reply_body(q, status, "", NULL, 0);
}

static void reply_json_as(sig_request *q, int status, const char *type, json_t *take_body)
{
    char *text = json_dumps(take_body, JSON_COMPACT);
    json_decref(take_body);
    sig_reply_body(q, text ? status : 500, type, text ? text : "{}", text ? strlen(text) : 2);
    free(text);
}

void sig_reply_json(sig_request *q, int status, json_t *take_body)
{
    reply_json_as(q, status, "application/json", take_body);
}

json_t *sig_reply_problem_json(int status, const char *code, const char *detail)
{
    return json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title", sig_reply_reason(status), "status", status,
                     "code", code, "detail", detail);
}

void sig_reply_problem(sig_request *q, int status, const char *code, const char *detail)
{
    json_t *body = sig_reply_problem_json(status, code, detail);
    if (status == 401) {
        sig_reply_header(q, "WWW-Authenticate", "Bearer");
    } else if (status == 503) {
        sig_reply_header(q, "Retry-After", strcmp(code, mcu_error_name(MCU_ERROR_FULL)) == 0 ? "60" : "1");
    }
    reply_json_as(q, status, "application/problem+json", body);
}

void sig_reply_error(sig_request *q, const char *code, const char *detail)
{
    static const struct {
        mcu_error error;
        int status;
    } table[] = {{MCU_ERROR_BAD_REQUEST, 400}, {MCU_ERROR_BAD_SDP, 400},    {MCU_ERROR_UNAUTHORIZED, 401},
                 {MCU_ERROR_FORBIDDEN, 403},   {MCU_ERROR_NOT_FOUND, 404},  {MCU_ERROR_CONFLICT, 409},
                 {MCU_ERROR_FULL, 503},        {MCU_ERROR_UNAVAILABLE, 503}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(code, mcu_error_name((int)table[i].error)) == 0) {
            sig_reply_problem(q, table[i].status, code, detail);
            return;
        }
    }
    sig_reply_problem(q, 500, code, detail);
}
