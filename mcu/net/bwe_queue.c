#include "mcu/net/bwe_queue.h"

#include <glib.h>

#define MS INT64_C(1000000)
#define STEP_NS (10000 * MS)
#define MARK_NS (100 * MS)
#define JUMP_NS (10000 * MS)     /* the remote's clock was set */
#define STUCK_BELOW_NS (40 * MS) /* a queue that nothing is sent into falls by more */
#define STEADY_NS (4000 * MS)
#define STEADY_ABOVE_NS (40 * MS)
#define JITTERY_NS (5000 * MS)
#define JITTERY_ABOVE_NS (130 * MS)

void mcu_bwe_queue_forget(mcu_bwe_queue *q)
{
    for (unsigned i = 0; i < MCU_BWE_QUEUE_STEPS; i++) {
        q->least_ns[i] = INT64_MAX;
    }
    q->low_ns = q->path_ns = INT64_MAX;
    q->queue_ns = q->newest_ns = q->above_since_ns = 0;
    q->steady = q->jittery = (mcu_bwe_stuck){0};
    q->started = false;
}

void mcu_bwe_queue_init(mcu_bwe_queue *q)
{
    *q = (mcu_bwe_queue){0};
    mcu_bwe_queue_forget(q);
}

static int64_t base_ns(const mcu_bwe_queue *q)
{
    int64_t least = q->least_ns[0];
    for (unsigned i = 1; i < MCU_BWE_QUEUE_STEPS; i++) {
        least = MIN(least, q->least_ns[i]);
    }
    return least;
}

void mcu_bwe_queue_add(mcu_bwe_queue *q, int64_t sent_ns, int64_t arrival_ns, int64_t own_ns)
{
    int64_t delay_ns = arrival_ns - sent_ns, step = sent_ns / STEP_NS;
    if (q->started && ABS(delay_ns - q->last_ns) > JUMP_NS) {
        mcu_bwe_queue_forget(q);
    }
    if (!q->started) {
        q->started = true;
        q->step = step;
    }
    for (; q->step < step; q->step++) {
        q->least_ns[(q->step + 1) % MCU_BWE_QUEUE_STEPS] = INT64_MAX;
    }
    int64_t *least = &q->least_ns[q->step % MCU_BWE_QUEUE_STEPS];
    *least = MIN(*least, delay_ns);
    q->low_ns = MIN(q->low_ns, delay_ns - own_ns);
    q->path_ns = MIN(q->path_ns, delay_ns);
    q->last_ns = delay_ns;
    q->last_own_ns = own_ns;
}

static int64_t stays_ns(mcu_bwe_stuck *s, int64_t more_ns, int64_t above_ns, int64_t now_ns)
{
    bool moves = more_ns < s->ns - STUCK_BELOW_NS || more_ns > s->ns + above_ns;
    if (more_ns < MARK_NS / 2 || moves || s->since_ns == 0) {
        *s = (mcu_bwe_stuck){now_ns, more_ns};
    }
    return now_ns - s->since_ns;
}

/* A queue empties when little is sent; a longer path stays as it is. */
static bool is_longer_path(mcu_bwe_queue *q, int64_t more_ns, bool idle, int64_t now_ns)
{
    bool steady = stays_ns(&q->steady, more_ns, STEADY_ABOVE_NS, now_ns) >= STEADY_NS;
    bool jittery = stays_ns(&q->jittery, more_ns, JITTERY_ABOVE_NS, now_ns) >= JITTERY_NS;
    if (idle && (steady || jittery)) {
        int64_t delay_ns = q->last_ns, step = q->step;
        mcu_bwe_queue_forget(q);
        q->started = true;
        q->step = step;
        q->last_ns = delay_ns;
        q->least_ns[step % MCU_BWE_QUEUE_STEPS] = delay_ns;
        return true;
    }
    return false;
}

bool mcu_bwe_queue_end(mcu_bwe_queue *q, bool idle, int64_t now_ns)
{
    if (q->low_ns == INT64_MAX) {
        return false;
    }
    int64_t more_ns = q->path_ns - base_ns(q);
    q->queue_ns = MAX(q->low_ns - base_ns(q), 0);
    q->newest_ns = MAX(q->last_ns - q->last_own_ns - base_ns(q), 0);
    q->low_ns = q->path_ns = INT64_MAX;
    if (q->queue_ns <= MARK_NS) {
        q->above_since_ns = 0;
    } else if (q->above_since_ns == 0) {
        q->above_since_ns = now_ns;
    }
    return is_longer_path(q, more_ns, idle, now_ns);
}
