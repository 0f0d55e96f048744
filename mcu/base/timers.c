/* timers.c - binary heap of timers, earliest first, first armed first among
 * equals.  Thread: its owner's. */
#include "mcu/base/timers.h"

#include <glib.h>
#include <stdbool.h>

#define NOT_ARMED G_MAXUINT

struct mcu_timer {
    mcu_timers *owner;
    mcu_timer_fn fn;
    void *user;
    int64_t at_ns;
    uint64_t order;
    unsigned index; /* in the heap, or NOT_ARMED */
};

struct mcu_timers {
    GPtrArray *heap;
    uint64_t order;
    unsigned alive;
};

mcu_timers *mcu_timers_new(void)
{
    mcu_timers *t = g_new0(mcu_timers, 1);
    t->heap = g_ptr_array_new();
    return t;
}

void mcu_timers_free(mcu_timers *t)
{
    if (!t) {
        return;
    }
    g_assert(t->alive == 0);
    g_ptr_array_free(t->heap, TRUE);
    g_free(t);
}

static mcu_timer *at(const mcu_timers *t, unsigned i)
{
    return g_ptr_array_index(t->heap, i);
}

static bool before(const mcu_timer *a, const mcu_timer *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void place(mcu_timers *t, unsigned i, mcu_timer *timer)
{
    g_ptr_array_index(t->heap, i) = timer;
    timer->index = i;
}

static void sift(mcu_timers *t, unsigned i, mcu_timer *timer)
{
    while (i > 0 && before(timer, at(t, (i - 1) / 2))) {
        place(t, i, at(t, (i - 1) / 2));
        i = (i - 1) / 2;
    }
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= t->heap->len) {
            break;
        }
        if (child + 1 < t->heap->len && before(at(t, child + 1), at(t, child))) {
            child++;
        }
        if (!before(at(t, child), timer)) {
            break;
        }
        place(t, i, at(t, child));
        i = child;
    }
    place(t, i, timer);
}

int64_t mcu_timers_next_ns(const mcu_timers *t)
{
    return t->heap->len > 0 ? at(t, 0)->at_ns : INT64_MAX;
}

void mcu_timers_run(mcu_timers *t, int64_t now_ns)
{
    /* A callback may arm itself for a moment that has passed: it then runs at the
     * next call, or this one would never end. */
    for (unsigned left = t->heap->len; left > 0 && mcu_timers_next_ns(t) <= now_ns; left--) {
        mcu_timer *timer = at(t, 0);
        mcu_timer_disarm(timer);
        timer->fn(timer->user, now_ns);
    }
}

mcu_timer *mcu_timer_new(mcu_timers *t, mcu_timer_fn fn, void *user)
{
    mcu_timer *timer = g_new0(mcu_timer, 1);
    timer->owner = t;
    timer->fn = fn;
    timer->user = user;
    timer->index = NOT_ARMED;
    t->alive++;
    return timer;
}

void mcu_timer_free(mcu_timer *timer)
{
    if (!timer) {
        return;
    }
    mcu_timer_disarm(timer);
    timer->owner->alive--;
    g_free(timer);
}

void mcu_timer_arm(mcu_timer *timer, int64_t at_ns)
{
    mcu_timers *t = timer->owner;
    timer->at_ns = at_ns;
    timer->order = t->order++;
    if (timer->index == NOT_ARMED) {
        timer->index = t->heap->len;
        g_ptr_array_add(t->heap, timer);
    }
    sift(t, timer->index, timer);
}

void mcu_timer_disarm(mcu_timer *timer)
{
    if (timer->index == NOT_ARMED) {
        return;
    }
    mcu_timers *t = timer->owner;
    unsigned hole = timer->index;
    mcu_timer *last = at(t, t->heap->len - 1);
    g_ptr_array_set_size(t->heap, (int)t->heap->len - 1);
    timer->index = NOT_ARMED;
    if (last != timer) {
        sift(t, hole, last);
    }
}
