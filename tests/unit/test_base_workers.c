/* test_base_workers.c - strands keep their order, pools keep them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "mcu/base/workers.h"

/* A gate that a job waits at, so that the test decides when it goes on. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool open;
    bool reached;
} gate;

#define GATE_INIT                                                                                                                \
    {                                                                                                                            \
        .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER                                                      \
    }

static void wait_at(void *arg)
{
    gate *g = arg;
    pthread_mutex_lock(&g->lock);
    g->reached = true;
    pthread_cond_broadcast(&g->cond);
    while (!g->open) {
        pthread_cond_wait(&g->cond, &g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

static void await_reached(gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (!g->reached) {
        pthread_cond_wait(&g->cond, &g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

static void open_gate(void *arg)
{
    gate *g = arg;
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->cond);
    pthread_mutex_unlock(&g->lock);
}

typedef struct {
    int count; /* not atomic on purpose: the strand alone keeps jobs apart, TSan would tell */
    int *seen;
    bool done;
} tally;

typedef struct {
    tally *tally;
    int number;
} ticket;

static void punch(void *arg)
{
    ticket *t = arg;
    assert_int_equal(t->number, t->tally->count);
    t->tally->count++;
}

static void finished(void *arg)
{
    ((tally *)arg)->done = true;
}

static void strands_are_ordered(void **state)
{
    (void)state;
    enum { STRANDS = 5, JOBS = 300 };
    static ticket tickets[STRANDS][JOBS];
    tally tallies[STRANDS] = {0};
    mcu_workers *w = mcu_workers_new(3, "test-pool-with-a-long-name");
    mcu_strand *s[STRANDS];
    for (int i = 0; i < STRANDS; i++) {
        s[i] = mcu_strand_new(w, 16);
    }
    for (int j = 0; j < JOBS; j++) {
        for (int i = 0; i < STRANDS; i++) {
            tickets[i][j] = (ticket){.tally = &tallies[i], .number = j};
            while (!mcu_strand_post(s[i], punch, &tickets[i][j])) {
                sched_yield();
            }
        }
    }
    for (int i = 0; i < STRANDS; i++) {
        mcu_strand_close(s[i], finished, &tallies[i]);
    }
    mcu_workers_free(w);
    for (int i = 0; i < STRANDS; i++) {
        assert_int_equal(tallies[i].count, JOBS);
        assert_true(tallies[i].done);
    }
    mcu_workers_free(NULL);
}

static void bound_counts_what_waits(void **state)
{
    (void)state;
    gate g = GATE_INIT;
    mcu_workers *w = mcu_workers_new(1, NULL);
    mcu_strand *s = mcu_strand_new(w, 2);
    tally t = {0};
    ticket tickets[2] = {{.tally = &t, .number = 0}, {.tally = &t, .number = 1}};
    assert_true(mcu_strand_post(s, wait_at, &g));
    await_reached(&g);
    assert_int_equal(mcu_strand_depth(s), 0);
    assert_true(mcu_strand_post(s, punch, &tickets[0]));
    assert_true(mcu_strand_post(s, punch, &tickets[1]));
    assert_false(mcu_strand_post(s, punch, &tickets[1]));
    assert_int_equal(mcu_strand_depth(s), 2);
    open_gate(&g);
    mcu_strand_close(s, finished, &t);
    mcu_workers_free(w);
    assert_int_equal(t.count, 2);
    assert_true(t.done);
}

static void a_slow_strand_does_not_hold_up_another(void **state)
{
    (void)state;
    gate slow = GATE_INIT;
    mcu_workers *w = mcu_workers_new(2, "pool");
    mcu_strand *a = mcu_strand_new(w, 2);
    mcu_strand *b = mcu_strand_new(w, 2);
    assert_true(mcu_strand_post(a, wait_at, &slow));
    await_reached(&slow);
    assert_true(mcu_strand_post(b, open_gate, &slow)); /* without parallel strands this never ends */
    mcu_strand_close(a, NULL, NULL);
    mcu_strand_close(b, NULL, NULL);
    mcu_workers_free(w);
    assert_true(slow.open);
}

/* ---- rounds ---- */

#define LONG_NS (1000 * MCU_NS_PER_SEC)

static void note_time(void *arg)
{
    *(int64_t *)arg = mcu_now_ns();
}

static void what_is_patient_waits_for_a_round(void **state)
{
    (void)state;
    gate g = GATE_INIT;
    mcu_workers *w = mcu_workers_new(1, "pool");
    mcu_strand *patient[6], *other = mcu_strand_new(w, 1);
    int64_t ran_ns[6] = {0}, other_ns = 0;
    const int64_t begins_ns = mcu_now_ns() + 50 * MCU_NS_PER_MS;
    (void)mcu_workers_rounds(w, begins_ns + LONG_NS, 2 * LONG_NS, LONG_NS);
    for (int i = 0; i < 6; i++) {
        patient[i] = mcu_strand_new(w, 2);
        mcu_strand_set_patient(patient[i]);
        assert_true(mcu_strand_post(patient[i], note_time, &ran_ns[i]));
    }
    assert_true(mcu_strand_post(patient[5], wait_at, &g));
    assert_true(mcu_strand_post(other, note_time, &other_ns));
    await_reached(&g);
    for (int i = 0; i < 6; i++) {
        assert_true(ran_ns[i] >= begins_ns);
    }
    assert_true(other_ns < ran_ns[0]);
    open_gate(&g);
    for (int i = 0; i < 6; i++) {
        mcu_strand_close(patient[i], NULL, NULL);
    }
    mcu_strand_close(other, NULL, NULL);
    mcu_workers_free(w);
}

typedef struct {
    const char *name;
    int64_t begins_ns, lead_ns; /* from now */
} at_once;

/* Else this takes a quarter of an hour. */
static void nothing_waits_within_a_round_or_without_any(void **state)
{
    (void)state;
    static const at_once rows[] = {{"a round is running", -1, LONG_NS}, {"rounds as long as their period", 1, 2 * LONG_NS}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gate g = GATE_INIT;
        mcu_workers *w = mcu_workers_new(2, "pool");
        mcu_strand *s = mcu_strand_new(w, 1);
        mcu_strand_set_patient(s);
        (void)mcu_workers_rounds(w, mcu_now_ns() + rows[i].begins_ns + rows[i].lead_ns, 2 * LONG_NS, rows[i].lead_ns);
        assert_true(mcu_strand_post(s, wait_at, &g));
        await_reached(&g);
        assert_int_equal(mcu_workers_rounds(w, 0, 0, 0), 0); /* it did not wait */
        open_gate(&g);
        mcu_strand_close(s, NULL, NULL);
        mcu_workers_free(w);
    }
}

static void what_waits_runs_when_rounds_end(void **state)
{
    (void)state;
    gate g = GATE_INIT, goes_on = GATE_INIT;
    mcu_workers *w = mcu_workers_new(2, "pool");
    mcu_strand *s = mcu_strand_new(w, 1);
    tally t = {0};
    goes_on.open = true;
    mcu_strand_set_patient(s);
    (void)mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, LONG_NS, 1);
    assert_true(mcu_strand_post(s, wait_at, &g));
    assert_int_equal(mcu_workers_rounds(w, 0, 0, 0), 0); /* its round has not begun */
    await_reached(&g);
    assert_int_equal(mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, LONG_NS, 1), 1);
    assert_true(mcu_strand_post(s, wait_at, &goes_on));
    open_gate(&g);
    await_reached(&goes_on); /* a strand that runs goes on */
    mcu_strand_close(s, finished, &t);
    mcu_workers_free(w);
    assert_true(t.done);
}

static void a_round_that_nobody_begins_is_not_finished(void **state)
{
    (void)state;
    gate g = GATE_INIT;
    int64_t ran_ns = 0;
    mcu_workers *w = mcu_workers_new(1, "pool");
    mcu_strand *busy = mcu_strand_new(w, 1), *patient = mcu_strand_new(w, 1);
    mcu_strand_set_patient(patient);
    assert_true(mcu_strand_post(busy, wait_at, &g));
    await_reached(&g);
    (void)mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, LONG_NS, 1);
    assert_true(mcu_strand_post(patient, note_time, &ran_ns));
    assert_int_equal(mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, 2 * LONG_NS, LONG_NS),
                     0); /* it waits for the one from here on */
    assert_int_equal(mcu_workers_rounds(w, 0, 0, 0), 1);
    open_gate(&g);
    mcu_strand_close(patient, NULL, NULL);
    mcu_strand_close(busy, NULL, NULL);
    mcu_workers_free(w);
}

/* Of one pool with one thread: nothing here is used by two at once. */
typedef struct {
    mcu_strand *strand;
    int64_t until_ns;
    bool enough, in_time;
    gate end;
} restless;

static void again(void *arg)
{
    restless *r = arg;
    if (r->enough || mcu_now_ns() >= r->until_ns) {
        r->in_time = r->enough;
        wait_at(&r->end);
        return;
    }
    assert_true(mcu_strand_post(r->strand, again, r));
    sched_yield();
}

static void say_enough(void *arg)
{
    ((restless *)arg)->enough = true;
}

static void a_round_begins_also_while_others_are_always_ready(void **state)
{
    (void)state;
    mcu_workers *w = mcu_workers_new(1, "pool");
    mcu_strand *patient = mcu_strand_new(w, 1);
    restless r = {.strand = mcu_strand_new(w, 1), .until_ns = mcu_now_ns() + 10 * MCU_NS_PER_SEC, .end = GATE_INIT};
    r.end.open = true;
    mcu_strand_set_patient(patient);
    assert_true(mcu_strand_post(r.strand, again, &r));
    (void)mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, LONG_NS, 1);
    assert_true(mcu_strand_post(patient, say_enough, &r));
    (void)mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, 2 * LONG_NS, LONG_NS); /* one runs */
    await_reached(&r.end);
    assert_true(r.in_time);
    mcu_strand_close(patient, NULL, NULL);
    mcu_strand_close(r.strand, NULL, NULL);
    mcu_workers_free(w);
}

static void the_end_waits_for_no_round(void **state)
{
    (void)state;
    gate g = GATE_INIT;
    tally t = {0};
    mcu_workers *w = mcu_workers_new(1, "pool");
    mcu_strand *s = mcu_strand_new(w, 1);
    mcu_strand_set_patient(s);
    (void)mcu_workers_rounds(w, mcu_now_ns() + LONG_NS, LONG_NS, 1);
    assert_true(mcu_strand_post(s, open_gate, &g));
    mcu_strand_close(s, finished, &t);
    mcu_workers_free(w);
    assert_true(g.open && t.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strands_are_ordered),
        cmocka_unit_test(bound_counts_what_waits),
        cmocka_unit_test(a_slow_strand_does_not_hold_up_another),
        cmocka_unit_test(what_is_patient_waits_for_a_round),
        cmocka_unit_test(nothing_waits_within_a_round_or_without_any),
        cmocka_unit_test(what_waits_runs_when_rounds_end),
        cmocka_unit_test(a_round_that_nobody_begins_is_not_finished),
        cmocka_unit_test(a_round_begins_also_while_others_are_always_ready),
        cmocka_unit_test(the_end_waits_for_no_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
