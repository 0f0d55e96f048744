/* Requests to a room process, kept while it starts. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/ipc.h"
#include "mcu/base/leg.h"
#include "mcu/base/status.h"
#include "signaling/room_private.h"

#define CALL_MS 5000
#define QUEUE_MAX 512

struct sig_call {
    sig_room *room;
    json_t *message; /* while it waits */
    int fds[MCU_IPC_FDS];
    unsigned n_fds; /* ours, while it waits */
    sig_room_request *request;
    struct event *deadline; /* while it waits; NULL for a message without reply */
    int64_t until_ns;
    sig_reply_fn fn;
    void *user;
    char seat[SIG_ID_MAX + 1]; /* that comes with it, or "" */
};

static void free_call(sig_call *c)
{
    if (*c->seat) {
        sig_recording_arrived(c->room->recording, c->seat);
    }
    if (c->deadline) {
        event_free(c->deadline);
    }
    mcu_leg_json_wipe(json_object_get(c->message, "leg"));
    json_decref(c->message);
    for (unsigned i = 0; i < c->n_fds; i++) {
        close(c->fds[i]);
    }
    g_free(c);
}

static void on_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_call *c = user;
    c->fn(c->user, reply, code, message);
    free_call(c);
}

static void fail(sig_call *c, const char *message)
{
    if (c->fn) {
        c->fn(c->user, NULL, mcu_error_name(MCU_ERROR_UNAVAILABLE), message);
    }
    free_call(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_call *c = user;
    g_queue_remove(&c->room->queue, c);
    fail(c, "the room did not start in time");
}

/* Sends what waited. False = it could not be sent and the call is still the caller's. */
static bool submit(sig_call *c)
{
    json_t *m = g_steal_pointer(&c->message), *leg = json_incref(json_object_get(m, "leg"));
    bool sent = true;
    if (!c->fn) {
        sig_room_link_send(c->room->link, m);
        free_call(c);
    } else {
        if (c->deadline) {
            event_del(c->deadline);
        }
        int64_t left_ms = (c->until_ns - mcu_now_ns()) / INT64_C(1000000);
        c->request =
            sig_room_link_request_fds(c->room->link, m, c->fds, c->n_fds, (int)CLAMP(left_ms, 200, CALL_MS), on_reply, c);
        sent = c->request != NULL;
    }
    mcu_leg_json_wipe(leg); /* its keys are on their way */
    json_decref(leg);
    return sent;
}

static sig_call *enqueue(sig_room *r, json_t *take_message, const int *fds, unsigned n_fds, sig_reply_fn fn, void *user)
{
    sig_call *c = g_new0(sig_call, 1);
    for (unsigned i = 0; i < MIN(n_fds, MCU_IPC_FDS); i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        if (copy >= 0) {
            c->fds[c->n_fds++] = copy;
        }
    }
    c->room = r;
    c->message = take_message;
    c->fn = fn;
    c->user = user;
    c->until_ns = mcu_now_ns() + CALL_MS * INT64_C(1000000);
    if (r->state == SIG_ROOM_OPEN) {
        if (!r->link || !submit(c)) { /* without a link: the process has just died */
            free_call(c);
            return NULL;
        }
        return c;
    }
    if (g_queue_get_length(&r->queue) >= QUEUE_MAX) {
        free_call(c);
        return NULL;
    }
    if (fn) {
        c->deadline = sig_timer_new(r->gateway->base, on_deadline, c);
        sig_timer_arm(c->deadline, CALL_MS);
    }
    g_queue_push_tail(&r->queue, c);
    return c;
}

/* Its media may flow as soon as the process hears of it. A check is heard by nobody else. */
static const char *who_comes(const json_t *m)
{
    const char *type = json_string_value(json_object_get(m, "type")), *kind = json_string_value(json_object_get(m, "kind"));
    bool offer = strcmp(type, "offer") == 0 && kind && strcmp(kind, "check") != 0;
    const char *seat = offer || strcmp(type, "leg") == 0 ? json_string_value(json_object_get(m, "seat")) : NULL;
    return seat ? seat : "";
}

sig_call *sig_room_call(sig_room *r, json_t *take_message, bool start, sig_reply_fn fn, void *user)
{
    return sig_room_call_fds(r, take_message, NULL, 0, start, fn, user);
}

sig_call *sig_room_call_fds(sig_room *r, json_t *take_message, const int *fds, unsigned n_fds, bool start, sig_reply_fn fn,
                            void *user)
{
    if (r->state == SIG_ROOM_ENDING || r->state == SIG_ROOM_GONE || !(start ? sig_room_takes_people(r) : sig_room_running(r))) {
        json_decref(take_message);
        return NULL;
    }
    char seat[SIG_ID_MAX + 1];
    g_strlcpy(seat, who_comes(take_message), sizeof seat);
    if (*seat) {
        sig_recording_expect(r->recording, seat);
    }
    sig_call *c = enqueue(r, take_message, fds, n_fds, fn, user);
    if (c) {
        g_strlcpy(c->seat, seat, sizeof c->seat);
    } else if (*seat) {
        sig_recording_arrived(r->recording, seat);
    }
    sig_room_start(r);
    return c;
}

void sig_call_cancel(sig_call *c)
{
    if (!c) {
        return;
    }
    if (c->request) {
        sig_room_request_cancel(c->request);
    } else {
        g_queue_remove(&c->room->queue, c);
    }
    free_call(c);
}

void sig_room_tell(sig_room *r, json_t *take_message)
{
    if (sig_room_running(r)) {
        enqueue(r, take_message, NULL, 0, NULL, NULL);
    } else {
        json_decref(take_message);
    }
}

void sig_room_flush_queue(sig_room *r)
{
    sig_call *c = NULL;
    while (r->state == SIG_ROOM_OPEN && (c = g_queue_pop_head(&r->queue))) {
        if (!submit(c)) {
            fail(c, "the room is busy");
        }
    }
}

void sig_room_fail_queue(sig_room *r)
{
    sig_call *c = NULL;
    while ((c = g_queue_pop_head(&r->queue))) {
        fail(c, "the room has ended");
    }
}
