/* A link that becomes another one: from each to each of those below, in simulated time. What was learnt of the first must not
 * keep the picture away on the second, nor anybody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/weak_room.h"

enum { A, B, C, D, E, S, AUDIO };

#define BEFORE_S 20.0
#define AFTER_S 25.0
#define DRAINED_S 6.0 /* after so long a queue has gone */
#define STEP_S 0.05
#define SEED 1
#define NEAR_S 4.0
#define FAR_S 8.0
#define SWITCHES 10
#define QUEUE_MS 600 /* the longest after that */

typedef struct {
    const char *name;
    link_profile down, up;
    unsigned sends_bps;  /* of the person's own, or somebody else's, on the way up */
    unsigned beside_bps; /* what else comes down */
    bool moves;          /* it carries pictures that move */
    bool thin;           /* hardly more than sound */
    bool far;            /* what comes from a nearer one looks like a queue at first */
    double gap_ms;       /* most between two pictures, between links that have one */
} place;

#define BOTH(...) .down = {__VA_ARGS__}, .up = {__VA_ARGS__}
static const place links[] = {
    {"clean", BOTH(.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25), .moves = true, .gap_ms = 2000},
    {"5 %", BOTH(.delay_ms = 50, .loss = 0.05), .moves = true, .gap_ms = 2000},
    {"10 %", BOTH(.delay_ms = 50, .loss = 0.1), .moves = true, .gap_ms = 2000},
    {"20 %", BOTH(.delay_ms = 50, .loss = 0.2), .moves = true, .gap_ms = 2500},
    {"30 %", BOTH(.delay_ms = 50, .loss = 0.3), .moves = true, .gap_ms = 3000},
    {"50 %", BOTH(.delay_ms = 50, .loss = 0.5), .moves = true},
    {"10 % in fours", BOTH(.delay_ms = 50, .loss = 0.1, .burst = 4), .moves = true, .gap_ms = 2000},
    {"1 M", BOTH(.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 25), .moves = true, .gap_ms = 2000},
    {"256 k", BOTH(.rate_bps = 256000, .queue_ms = 2000, .delay_ms = 25), .beside_bps = 18000, .moves = true, .gap_ms = 2000},
    {"128 k", BOTH(.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25), .moves = true, .gap_ms = 2000},
    {"100 k", BOTH(.rate_bps = 100000, .queue_ms = 300, .delay_ms = 25), .moves = true, .gap_ms = 3000},
    {"64 k", BOTH(.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25), .moves = true, .gap_ms = 4000},
    {"2G", BOTH(.rate_bps = 32000, .queue_ms = 2000, .delay_ms = 250, .jitter_ms = 100), .thin = true, .far = true},
    {"upload beside", .down = {.rate_bps = 512000, .queue_ms = 1000, .delay_ms = 25},
     .up = {.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25}, .sends_bps = 90000, .moves = true, .gap_ms = 4000},
    {"satellite", BOTH(.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 300, .loss = 0.02, .jitter_ms = 20), .moves = true,
     .far = true},
    {"policer", BOTH(.delay_ms = 25, .policer_bps = 150000, .policer_bytes = 10000), .moves = true},
    {"jitter", BOTH(.delay_ms = 25, .jitter_ms = 150), .moves = true, .gap_ms = 2000},
    {"starved", .down = {.rate_bps = 512000, .queue_ms = 1000, .delay_ms = 25},
     .up = {.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25}, .sends_bps = 300000},
    {"away", BOTH(.down = true)},
};
#define LINKS (sizeof links / sizeof links[0])

static void become(weak_receiver *v, const place *l)
{
    weak_room_link(v, &l->down, &l->up);
    weak_room_sends(v, l->sends_bps);
    weak_room_beside(v, l->beside_bps);
}

typedef struct {
    double silent_s, still_s; /* longest without a picture; without one that moves */
    weak_view weak, good;
    double queue_ms; /* the longest, after DRAINED_S */
    unsigned tier;
} change;

static change from_to(const place *from, const place *to, unsigned seed)
{
    weak_room *r = weak_room_new(seed);
    weak_receiver *v = weak_room_join(r, &links[0].down, &links[0].up, B);
    weak_receiver *good = weak_room_join(r, &links[0].down, &links[0].up, B);
    weak_room_run(r, 10);
    weak_room_begin(good);
    become(v, from);
    weak_room_run(r, from->down.down ? 10 : BEFORE_S);
    become(v, to);
    weak_room_begin(v);
    change c = {0};
    double silent_s = 0, still_s = 0;
    for (double t = 0; t < AFTER_S; t += STEP_S) {
        weak_room_run(r, STEP_S);
        silent_s = weak_room_tier(v) >= AUDIO ? silent_s + STEP_S : 0;
        still_s = weak_room_tier(v) >= S ? still_s + STEP_S : 0;
        c.silent_s = MAX(c.silent_s, silent_s);
        c.still_s = MAX(c.still_s, still_s);
        c.queue_ms = t > DRAINED_S ? MAX(c.queue_ms, weak_room_queue_ms(v)) : 0;
    }
    c.weak = weak_room_end(v);
    c.good = weak_room_end(good);
    c.tier = weak_room_tier(v);
    weak_room_free(r);
    return c;
}

static unsigned miss(const char *what, double got, double most)
{
    if (got > most) {
        printf("%*s missed: %s %.2f, at most %.2f\n", 24, "", what, got, most);
    }
    return got > most;
}

/* Seconds without a picture that moves. */
static double patience_s(const place *from, const place *to)
{
    return from->far || to->far ? FAR_S : NEAR_S;
}

static unsigned judge(const place *from, const place *to, const change *c)
{
    unsigned missed = miss("others' gap", c->good.longest_gap_ms, 200);
    if (to->moves && !(from->thin && to->down.loss > 0.4)) { /* the little that comes tells too little for longer */
        missed += miss("without a picture", c->silent_s, patience_s(from, to));
        missed += miss("without one that moves", c->still_s, patience_s(from, to));
        missed += miss("switches", c->weak.switches, SWITCHES);
        missed += miss("queue", c->queue_ms, QUEUE_MS);
    }
    return missed + (to->gap_ms > 0 && from->gap_ms > 0 ? miss("gap", c->weak.longest_gap_ms, to->gap_ms) : 0);
}

static void test_each_link_becomes_each_other(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < LINKS * LINKS; i++) {
        const place *from = &links[i % LINKS], *to = &links[i / LINKS];
        if (from == to || to->down.down) {
            continue;
        }
        change c = from_to(from, to, (unsigned)i + SEED);
        printf("%14s -> %-14s tier %c silent %.1f s still %.1f s gap %.0f ms queue %.0f ms switches %u others' gap %.0f ms\n",
               from->name, to->name, "ABCDES-"[c.tier], c.silent_s, c.still_s, c.weak.longest_gap_ms, c.queue_ms, c.weak.switches,
               c.good.longest_gap_ms);
        missed += judge(from, to, &c);
    }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_link_becomes_each_other)};
    return cmocka_run_group_tests_name("room_link_change", tests, NULL, NULL);
}
