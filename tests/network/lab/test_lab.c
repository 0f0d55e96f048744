/* The link of the laboratory does what is asked of it: rate, queue, delay, jitter, order, loss, bursts, policing, stalls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/network/lab/schedule.h"
#include "tests/network/lab/way.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

enum { MOST = 20000 };

typedef struct {
    unsigned sent, came;
    int64_t sent_ns[MOST], came_ns[MOST];
    unsigned order[MOST]; /* numbers as they came */
    bool there[MOST];
} journey;

static void shape_of(lab_shape ways[LAB_WAYS], const char *text)
{
    char why[200] = "";
    lab_shape_clear(&ways[LAB_DOWN]);
    lab_shape_clear(&ways[LAB_UP]);
    if (!lab_shape_read(ways, text, why, sizeof why)) {
        fail_msg("%s: %s", text, why);
    }
}

static lab_way *way_of(const char *text, uint64_t seed)
{
    lab_shape ways[LAB_WAYS];
    shape_of(ways, text);
    lab_way *w = lab_way_new(seed);
    assert_non_null(w);
    lab_way_set(w, &ways[LAB_DOWN], 0);
    return w;
}

static void gather(lab_way *w, journey *j, int64_t now_ns)
{
    for (lab_packet *p; (p = lab_way_take(w, now_ns)) != NULL; free(p)) {
        uint32_t number;
        memcpy(&number, p->data, sizeof number);
        j->order[j->came++] = number;
        j->came_ns[number] = now_ns;
        j->there[number] = true;
    }
}

/* Steps to each moment at which something can happen, up to `until_ns`. */
static void pass_time(lab_way *w, journey *j, int64_t until_ns)
{
    for (int64_t next; (next = lab_way_next_ns(w)) <= until_ns;) {
        gather(w, j, next);
    }
    gather(w, j, until_ns);
}

static void send_one(lab_way *w, journey *j, size_t size, int64_t now_ns)
{
    uint8_t data[1500] = {0};
    uint32_t number = j->sent++;
    memcpy(data, &number, sizeof number);
    j->sent_ns[number] = now_ns;
    lab_way_put(w, data, size, now_ns);
}

/* `n` packets of `size` bytes, one every `step_ns` from 0 on, and the time until all have come. */
static journey *travel(lab_way *w, unsigned n, size_t size, int64_t step_ns)
{
    journey *j = calloc(1, sizeof *j);
    assert_non_null(j);
    for (unsigned i = 0; i < n; i++) {
        pass_time(w, j, i * step_ns);
        send_one(w, j, size, i * step_ns);
    }
    pass_time(w, j, n * step_ns + 60 * SECOND);
    return j;
}

static void test_a_perfect_link_passes_all_at_once(void **state)
{
    (void)state;
    lab_way *w = way_of("", 1);
    journey *j = travel(w, 1000, 1200, MS);
    assert_int_equal(j->came, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(j->order[i], i);
        assert_int_equal(j->came_ns[i], j->sent_ns[i]);
    }
    lab_way_free(w);
    free(j);
}

static void test_rate_and_queue(void **state)
{
    (void)state;
    /* 128 kbit/s offered to 64: half is dropped, the queue is full, and what comes comes at the rate. */
    lab_way *w = way_of("rate=64 queue=1000 delay=50", 1);
    journey *j = travel(w, 1000, 800, 50 * MS);
    assert_in_range(j->came, 500, 515);
    assert_int_equal(j->came + w->figures.full, 1000);
    assert_int_equal(j->came_ns[0], 100 * MS + 50 * MS); /* 800 bytes are 100 ms of the rate */
    unsigned last = j->order[j->came - 1];
    double bps = (j->came - 1) * 800 * 8 / ((double)(j->came_ns[last] - j->came_ns[0]) / 1e9);
    assert_true(fabs(bps - 64000) < 100);
    assert_in_range(lab_way_wait_ms(w, 0.95), 850, 1000);
    lab_way_clear_waits(w);
    assert_int_equal(lab_way_wait_ms(w, 0.95), 0);
    lab_way_free(w);
    free(j);
}

static void test_a_new_rate_counts_for_what_waits(void **state)
{
    (void)state;
    lab_way *w = way_of("rate=1000 queue=1000", 1);
    journey j = {0};
    for (int i = 0; i < 100; i++) {
        send_one(w, &j, 1000, 0); /* 100 kB: 0.8 s at 1 Mbit/s */
    }
    pass_time(w, &j, 400 * MS);
    assert_int_equal(j.came, 50);
    lab_shape ways[LAB_WAYS];
    shape_of(ways, "rate=100 queue=1000");
    lab_way_set(w, &ways[LAB_DOWN], 400 * MS);
    assert_in_range(lab_way_queue_ms(w, 400 * MS), 3900, 4000);
    pass_time(w, &j, 4300 * MS);
    assert_int_equal(j.came, 50 + 48);
    assert_in_range(lab_way_queue_ms(w, 4300 * MS), 80, 100);
    pass_time(w, &j, 5000 * MS);
    assert_int_equal(lab_way_queue_ms(w, 5000 * MS), 0);
    lab_way_free(w);
}

static void test_jitter_keeps_order_and_reordering_does_not(void **state)
{
    (void)state;
    lab_way *w = way_of("delay=20 jitter=150", 3);
    journey *j = travel(w, 5000, 100, 20 * MS);
    double sum = 0;
    int64_t most = 0;
    assert_int_equal(j->came, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        assert_int_equal(j->order[i], i);
        int64_t took = j->came_ns[i] - j->sent_ns[i];
        assert_in_range(took, 20 * MS, 170 * MS);
        sum += (double)took;
        most = took > most ? took : most;
    }
    assert_true(sum / 5000 > 80e6 && most > 160 * MS);
    lab_way_free(w);
    free(j);

    w = way_of("delay=20 reorder=10", 3);
    j = travel(w, 5000, 100, 5 * MS);
    unsigned overtaken = 0;
    for (unsigned i = 1; i < j->came; i++) {
        overtaken += j->order[i] < j->order[i - 1];
    }
    assert_int_equal(j->came, 5000);
    assert_in_range(w->figures.reordered, 400, 600);
    assert_in_range(overtaken, 250, 500); /* those that were late by less than one step were not overtaken */
    lab_way_free(w);
    free(j);
}

/* Share lost, and the mean length of a run. */
static double lost_share(const journey *j, double *run)
{
    unsigned lost = 0, runs = 0;
    for (unsigned i = 0; i < j->sent; i++) {
        lost += !j->there[i];
        runs += !j->there[i] && (i == 0 || j->there[i - 1]);
    }
    *run = runs > 0 ? (double)lost / runs : 0;
    return (double)lost / j->sent;
}

static void test_loss(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double share, run;
    } rows[] = {
        {"loss=5", 0.05, 1.05},       {"loss=30", 0.30, 1.43}, {"loss=50", 0.50, 2.0},         {"loss=10 burst=4", 0.10, 4},
        {"loss=28 burst=4", 0.28, 4}, {"off=1", 1, MOST},      {"ge=5,20,10,99", 0.188, 3.26}, {"loss=100 burst=4", 1, MOST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lab_way *w = way_of(rows[i].text, 7 + i);
        journey *j = travel(w, MOST, 100, MS);
        double run, share = lost_share(j, &run);
        if (fabs(share - rows[i].share) > 0.015 || fabs(run / rows[i].run - 1) > 0.12) {
            fail_msg("%s: %.3f lost in runs of %.2f", rows[i].text, share, run);
        }
        assert_int_equal(w->figures.lost + j->came, MOST);
        lab_way_free(w);
        free(j);
    }
}

static void test_the_same_seed_is_the_same_luck(void **state)
{
    (void)state;
    lab_way *w[3] = {way_of("loss=20 jitter=30", 5), way_of("loss=20 jitter=30", 5), way_of("loss=20 jitter=30", 6)};
    journey *j[3];
    for (int i = 0; i < 3; i++) {
        j[i] = travel(w[i], 2000, 100, 10 * MS);
        lab_way_free(w[i]);
    }
    assert_memory_equal(j[0], j[1], sizeof *j[0]);
    assert_memory_not_equal(j[0], j[2], sizeof *j[0]);
    for (int i = 0; i < 3; i++) {
        free(j[i]);
    }
}

static void test_a_policer_lets_the_bucket_and_the_rate_pass(void **state)
{
    (void)state;
    lab_way *w = way_of("police=150 bucket=10000", 1);
    journey *j = travel(w, 1000, 1000, 20 * MS); /* 400 kbit/s for 20 s */
    assert_in_range(j->came, 10 + 370, 10 + 376);
    for (unsigned i = 0; i < j->came; i++) {
        assert_int_equal(j->came_ns[j->order[i]], j->sent_ns[j->order[i]]); /* no queue */
    }
    lab_way_free(w);
    free(j);
}

static void test_a_stall_ends_in_a_burst(void **state)
{
    (void)state;
    lab_way *w = way_of("delay=10 hold=1", 1);
    journey j = {0};
    for (int i = 0; i < 75; i++) {
        send_one(w, &j, 100, i * 20 * MS);
        pass_time(w, &j, i * 20 * MS);
    }
    assert_int_equal(j.came, 0);
    lab_shape ways[LAB_WAYS];
    shape_of(ways, "delay=10");
    lab_way_set(w, &ways[LAB_DOWN], 1500 * MS);
    pass_time(w, &j, 1510 * MS);
    assert_int_equal(j.came, 75);
    lab_way_free(w);
}

static void test_what_cannot_be_read_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"rate",
                                        "rate=",
                                        "rate=x",
                                        "speed=3",
                                        "rate=-1",
                                        "loss=101",
                                        "ge=1,2,3",
                                        "ge=1,2,3,400",
                                        "hold=2",
                                        "rate=64 up.loss=200",
                                        "sideways.rate=3",
                                        "rate=nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lab_shape ways[LAB_WAYS], before[LAB_WAYS];
        char why[200] = "";
        shape_of(ways, "rate=10");
        memcpy(before, ways, sizeof ways);
        assert_false(lab_shape_read(ways, wrong[i], why, sizeof why));
        assert_memory_equal(ways, before, sizeof ways);
        assert_non_null(strstr(why, "not a setting"));
    }
}

static void test_directions(void **state)
{
    (void)state;
    lab_shape ways[LAB_WAYS];
    shape_of(ways, "rate=100 up.rate=64 down.loss=5 off=1 up.off=0");
    assert_int_equal(ways[LAB_DOWN].rate_bps, 100000);
    assert_int_equal(ways[LAB_UP].rate_bps, 64000);
    assert_true(ways[LAB_DOWN].pass_good < 0.96 && ways[LAB_UP].pass_good > 0.999);
    assert_true(ways[LAB_DOWN].off && !ways[LAB_UP].off);
    char why[100];
    assert_true(lab_shape_read(ways, "clear delay=3", why, sizeof why));
    assert_int_equal(ways[LAB_UP].rate_bps, 0);
    assert_int_equal(ways[LAB_UP].delay_ns, 3 * MS);
}

static void test_schedules(void **state)
{
    (void)state;
    lab_schedule s;
    char why[200];
    assert_true(lab_schedule_read(&s, "# on and off\n\n2 off=1\n 5.5 off=0\n7 again\n", why, sizeof why));
    lab_schedule_begin(&s, 100 * SECOND);
    assert_null(lab_schedule_take(&s, 101 * SECOND));
    const struct {
        int64_t at_ms;
        const char *text;
    } rows[] = {{102000, "off=1"}, {105500, "off=0"}, {107000, "off=1"}, {110500, "off=0"}, {112000, "off=1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(lab_schedule_next_ns(&s), rows[i].at_ms * MS);
        assert_string_equal(lab_schedule_take(&s, rows[i].at_ms * MS), rows[i].text);
    }
    static const char *const wrong[] = {"5 off=1\n3 off=0", "x off=1", "1 speed=3", "3", "1 again", "-1 off=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(lab_schedule_read(&s, wrong[i], why, sizeof why));
        assert_non_null(strstr(why, "line "));
        assert_int_equal(lab_schedule_next_ns(&s), INT64_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_perfect_link_passes_all_at_once),
        cmocka_unit_test(test_rate_and_queue),
        cmocka_unit_test(test_a_new_rate_counts_for_what_waits),
        cmocka_unit_test(test_jitter_keeps_order_and_reordering_does_not),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_the_same_seed_is_the_same_luck),
        cmocka_unit_test(test_a_policer_lets_the_bucket_and_the_rate_pass),
        cmocka_unit_test(test_a_stall_ends_in_a_burst),
        cmocka_unit_test(test_what_cannot_be_read_changes_nothing),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
