#include "signaling/pool.h"

#include <inttypes.h>
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "signaling/launcher_link.h"

#define GREETING_MS 5000
#define BACKOFF_FIRST_MS 200
#define BACKOFF_LAST_MS 5000

typedef struct {
    sig_pool *pool;
    char *name; /* of the socket file */
    sig_room_link *link;
    struct event *deadline;
    bool spawning; /* the launcher has not answered: the member must stay */
    bool idle;     /* it has said hello and may be handed out */
} member;

typedef struct {
    sig_pool_fn fn;
    void *user;
} request;

struct sig_pool {
    sig_gateway *gateway;
    GPtrArray *members;  /* starting, greeting and idle */
    GQueue requests;     /* of request */
    struct event *retry; /* after a process that did not come up */
    unsigned failures;
    bool draining;
    mcu_counter *started, *failed;
};

static void fill(sig_pool *p);

static void free_member(void *value)
{
    member *m = value;
    if (m->deadline) {
        event_free(m->deadline);
    }
    sig_room_link_free(m->link);
    g_free(m->name);
    g_free(m);
}

static void drop(member *m)
{
    sig_pool *p = m->pool;
    bool failed = !m->idle && !p->draining;
    if (m->link) {
        sig_room_link_unlink(m->link);
    }
    g_ptr_array_remove_fast(p->members, m);
    if (failed) {
        mcu_counter_add(p->failed, 1);
        unsigned shift = p->failures < 6 ? p->failures++ : 6;
        int64_t delay = INT64_C(1) * BACKOFF_FIRST_MS << shift;
        sig_timer_arm(p->retry, MIN(delay, BACKOFF_LAST_MS));
    } else {
        fill(p);
    }
}

static void serve(sig_pool *p)
{
    for (guint i = 0; i < p->members->len && !g_queue_is_empty(&p->requests);) {
        member *m = g_ptr_array_index(p->members, i);
        if (!m->idle) {
            i++;
            continue;
        }
        request *r = g_queue_pop_head(&p->requests);
        sig_room_link *link = g_steal_pointer(&m->link);
        g_ptr_array_remove_index_fast(p->members, i);
        r->fn(r->user, link);
        g_free(r);
    }
    fill(p);
}

static void on_hello(void *user, const char *room, const char *build)
{
    member *m = user;
    (void)build;
    if (*room) { /* an idle process belongs to no room */
        drop(m);
        return;
    }
    m->idle = true;
    m->pool->failures = 0;
    event_del(m->deadline);
    serve(m->pool);
}

static void on_message(void *user, const char *type, const json_t *message)
{
    (void)user;
    (void)type;
    (void)message;
}

static void on_closed(void *user)
{
    drop(user);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    member *m = user;
    if (m->spawning) {
        sig_timer_arm(m->deadline, GREETING_MS);
        return;
    }
    mcu_warn("pool.silent", "socket=%s", m->name);
    if (m->link) {
        sig_launcher_kill(m->pool->gateway->launcher, sig_room_link_inode(m->link));
    }
    drop(m);
}

static const sig_room_link_events events = {on_hello, on_message, on_closed};

static void say_end(member *m)
{
    sig_room_link_send(m->link, json_pack("{s:s, s:s}", "type", "end", "reason", "draining"));
}

static void on_spawned(void *user, int64_t pid)
{
    member *m = user;
    sig_gateway *g = m->pool->gateway;
    g_autoptr(GError) error = NULL;
    m->spawning = false;
    if (pid > 0) {
        m->link = sig_room_link_connect(g->base, g->rooms_dir_fd, m->name, g->generation, &events, m, &error);
    }
    if (!m->link) {
        mcu_error_log("pool.start", "pid=%" PRId64 " error=%s", pid, error ? error->message : "not started");
        drop(m);
        return;
    }
    sig_room_link_set_pid(m->link, pid);
    if (m->pool->draining) {
        say_end(m);
    }
}

static bool start_one(sig_pool *p)
{
    char name[SIG_ID_MAX + 8];
    char id[SIG_ID_MAX + 1];
    sig_random_id("idle.", id); /* no room's id has a dot */
    g_snprintf(name, sizeof name, "%s.sock", id);
    member *m = g_new0(member, 1);
    m->pool = p;
    m->name = g_strdup(name);
    m->spawning = true;
    m->deadline = sig_timer_new(p->gateway->base, on_deadline, m);
    if (!sig_launcher_spawn_room(p->gateway->launcher, name, on_spawned, m)) {
        free_member(m);
        return false;
    }
    sig_timer_arm(m->deadline, GREETING_MS);
    g_ptr_array_add(p->members, m);
    mcu_counter_add(p->started, 1);
    return true;
}

static void fill(sig_pool *p)
{
    if (p->draining || event_pending(p->retry, EV_TIMEOUT, NULL)) {
        return;
    }
    while (p->members->len < p->gateway->settings->idle_rooms + g_queue_get_length(&p->requests) && start_one(p)) {
    }
}

static void on_retry(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    fill(user);
}

sig_pool *sig_pool_new(sig_gateway *g)
{
    sig_pool *p = g_new0(sig_pool, 1);
    p->gateway = g;
    p->members = g_ptr_array_new_with_free_func(free_member);
    g_queue_init(&p->requests);
    p->retry = sig_timer_new(g->base, on_retry, p);
    p->started = mcu_counter_get("tessera_room_processes_started_total", NULL, "Room processes started.");
    p->failed = mcu_counter_get("tessera_room_processes_failed_total", NULL, "Room processes that did not come up.");
    return p;
}

void sig_pool_free(sig_pool *p)
{
    if (p) {
        p->draining = true;
        event_free(p->retry);
        g_ptr_array_free(p->members, TRUE);
        g_queue_clear_full(&p->requests, g_free);
        g_free(p);
    }
}

void sig_pool_start(sig_pool *p)
{
    fill(p);
}

void sig_pool_request(sig_pool *p, sig_pool_fn fn, void *user)
{
    request *r = g_new0(request, 1);
    r->fn = fn;
    r->user = user;
    g_queue_push_tail(&p->requests, r);
    serve(p);
}

void sig_pool_cancel(sig_pool *p, const void *user)
{
    for (GList *i = p->requests.head; i; i = i->next) {
        request *r = i->data;
        if (r->user == user) {
            g_queue_delete_link(&p->requests, i);
            g_free(r);
            return;
        }
    }
}

void sig_pool_add(sig_pool *p, sig_room_link *take_link)
{
    member *m = g_new0(member, 1);
    m->pool = p;
    m->name = g_strdup(sig_room_link_name(take_link));
    m->deadline = sig_timer_new(p->gateway->base, on_deadline, m);
    m->link = take_link;
    m->idle = true;
    sig_room_link_set_events(take_link, &events, m);
    g_ptr_array_add(p->members, m);
    serve(p);
}

bool sig_pool_ready(const sig_pool *p)
{
    unsigned idle = 0;
    for (guint i = 0; i < p->members->len; i++) {
        idle += ((member *)g_ptr_array_index(p->members, i))->idle;
    }
    return idle >= MIN(1, p->gateway->settings->idle_rooms);
}

void sig_pool_drain(sig_pool *p)
{
    p->draining = true;
    for (guint i = 0; i < p->members->len; i++) {
        member *m = g_ptr_array_index(p->members, i);
        if (m->link) {
            say_end(m);
        }
    }
}

bool sig_pool_drained(const sig_pool *p)
{
    return p->members->len == 0;
}
