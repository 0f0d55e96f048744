/* test_base_mailbox.c - bound, order, eventfd and GSource of the mailbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/mailbox.h"

static int dropped;

static void drop(void *message)
{
    (void)message;
    dropped++;
}

static bool readable(mcu_mailbox *m)
{
    struct pollfd p = {.fd = mcu_mailbox_fd(m), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void event_follows_content(void **state)
{
    (void)state;
    int v[3];
    dropped = 0;
    mcu_mailbox *m = mcu_mailbox_new(2, drop);
    assert_false(readable(m));
    assert_false(mcu_mailbox_wait(m, mcu_now_ns() - 1));
    assert_true(mcu_mailbox_push(m, &v[0]));
    assert_true(mcu_mailbox_push(m, &v[1]));
    assert_false(mcu_mailbox_push(m, &v[2]));
    assert_int_equal(dropped, 1);
    assert_int_equal(mcu_mailbox_depth(m), 2);
    assert_true(mcu_mailbox_wait(m, INT64_MAX));
    assert_ptr_equal(mcu_mailbox_pop(m), &v[0]);
    assert_true(readable(m));
    assert_ptr_equal(mcu_mailbox_pop(m), &v[1]);
    assert_false(readable(m));
    assert_null(mcu_mailbox_pop(m));
    mcu_mailbox_push(m, &v[0]);
    mcu_mailbox_free(m);
    assert_int_equal(dropped, 2);
    mcu_mailbox_free(NULL);
}

static void wait_ends_at_its_deadline(void **state)
{
    (void)state;
    mcu_mailbox *m = mcu_mailbox_new(1, NULL);
    int64_t deadline = mcu_now_ns() + 2000000;
    assert_false(mcu_mailbox_wait(m, deadline));
    assert_true(mcu_now_ns() >= deadline);
    mcu_mailbox_free(m);
}

#define PUSHERS 4
#define EACH 5000

typedef struct {
    mcu_mailbox *mailbox;
    uintptr_t id;
} push_job;

static void *pusher(void *arg)
{
    push_job *j = arg;
    for (uintptr_t i = 0; i < EACH;) {
        if (mcu_mailbox_push(j->mailbox, (void *)(j->id << 32 | (i + 1)))) {
            i++;
        } else {
            sched_yield();
        }
    }
    return NULL;
}

static void many_pushers_one_owner(void **state)
{
    (void)state;
    mcu_mailbox *m = mcu_mailbox_new(32, NULL);
    pthread_t t[PUSHERS];
    push_job job[PUSHERS];
    for (uintptr_t i = 0; i < PUSHERS; i++) {
        job[i] = (push_job){.mailbox = m, .id = i};
        assert_int_equal(pthread_create(&t[i], NULL, pusher, &job[i]), 0);
    }
    uintptr_t last[PUSHERS] = {0};
    for (int n = 0; n < PUSHERS * EACH; n++) {
        assert_true(mcu_mailbox_wait(m, INT64_MAX));
        uintptr_t v = (uintptr_t)mcu_mailbox_pop(m);
        assert_int_equal(v & 0xffffffff, ++last[v >> 32]);
    }
    for (int i = 0; i < PUSHERS; i++) {
        pthread_join(t[i], NULL);
    }
    assert_false(readable(m));
    mcu_mailbox_free(m);
}

typedef struct {
    int seen;
    int destroy_at;
    GSource *source;
} sink;

static void on_message(void *message, void *user)
{
    (void)message;
    sink *s = user;
    if (++s->seen == s->destroy_at) {
        g_source_destroy(s->source);
    }
}

static void source_takes_64_a_turn(void **state)
{
    (void)state;
    GMainContext *context = g_main_context_new();
    mcu_mailbox *m = mcu_mailbox_new(200, NULL);
    sink s = {0};
    s.source = mcu_mailbox_attach(m, context, on_message, &s);
    assert_false(g_main_context_iteration(context, FALSE));
    for (uintptr_t i = 1; i <= 100; i++) {
        mcu_mailbox_push(m, (void *)i);
    }
    assert_true(g_main_context_iteration(context, FALSE));
    assert_int_equal(s.seen, 64);
    assert_true(g_main_context_iteration(context, FALSE));
    assert_int_equal(s.seen, 100);
    assert_false(g_main_context_iteration(context, FALSE));

    s.destroy_at = 101;
    mcu_mailbox_push(m, (void *)1);
    mcu_mailbox_push(m, (void *)2);
    assert_true(g_main_context_iteration(context, FALSE));
    assert_int_equal(s.seen, 101);
    g_source_unref(s.source);
    mcu_mailbox_free(m);
    g_main_context_unref(context);
}

static struct {
    mcu_mailbox *mailbox; /* whose owner is faster than the event; NULL = none */
    void *taken;
} fast;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    mcu_mailbox *m = fast.mailbox;
    if (m && fd == mcu_mailbox_fd(m)) {
        fast.mailbox = NULL;
        fast.taken = mcu_mailbox_pop(m);
    }
    return __real_write(fd, data, size);
}

/* An owner that is awake takes the message before the event is written, for which the lock must be free. */
static void late_event_is_cleared(void **state)
{
    (void)state;
    int v[2];
    mcu_mailbox *m = mcu_mailbox_new(2, NULL);
    fast.mailbox = m;
    assert_true(mcu_mailbox_push(m, &v[0]));
    assert_ptr_equal(fast.taken, &v[0]);
    assert_true(readable(m));
    assert_null(mcu_mailbox_pop(m));
    assert_false(readable(m));
    fast.mailbox = m;
    assert_true(mcu_mailbox_push(m, &v[1]));
    assert_false(mcu_mailbox_wait(m, mcu_now_ns() + 1000000));
    assert_false(readable(m));
    assert_true(mcu_mailbox_push(m, &v[0]));
    assert_true(readable(m));
    mcu_mailbox_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_follows_content),  cmocka_unit_test(wait_ends_at_its_deadline),
        cmocka_unit_test(many_pushers_one_owner), cmocka_unit_test(source_takes_64_a_turn),
        cmocka_unit_test(late_event_is_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
