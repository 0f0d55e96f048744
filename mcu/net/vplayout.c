#include "mcu/net/vplayout.h"

#include <glib.h>

#define PERIOD_NS (10 * MCU_NS_PER_SEC)
#define WORTH_NS (50 * MCU_NS_PER_MS) /* what a picture may come late without being missed */
#define JUMP_NS (4 * MCU_NS_PER_SEC)  /* a pause, or another clock */
#define RISE 0.3
#define FALL_S 8.0 /* down to a third */
#define CLOCK_HZ 90000
#define PICTURE_MS 30 /* from a whole picture to the composite that shows it */
#define STEP_MS 10    /* of a picture before its voice, where the voice waits for pictures */
#define LEAD_MS 40    /* the same where pictures wait for the voice: nobody notices, and being early is what pictures are for */

void mcu_vplayout_init(mcu_vplayout *v)
{
    *v = (mcu_vplayout){0};
}

static mcu_au *take(mcu_vplayout *v)
{
    mcu_au *au = v->waiting[v->first];
    v->first = (v->first + 1) % MCU_VPLAYOUT_PICTURES;
    v->n--;
    return au;
}

void mcu_vplayout_clear(mcu_vplayout *v)
{
    while (v->n > 0) {
        mcu_au_unref(take(v));
    }
    mcu_vplayout_init(v);
}

/* For the pictures' own sake. */
static int64_t own_hold_ns(const mcu_vplayout *v)
{
    return v->late_ns < (double)WORTH_NS ? 0 : MIN((int64_t)v->late_ns, MCU_VPLAYOUT_MOST_NS);
}

static int64_t as_asked_ns(const mcu_vplayout *v, int64_t hold_ns)
{
    return v->asked ? CLAMP(hold_ns, v->asked_ns[0], v->asked_ns[1]) : hold_ns;
}

static int64_t taken_ns(const mcu_vplayout *v, uint32_t ts)
{
    return v->taken_ns + (int64_t)(int32_t)(ts - v->newest_ts) * MCU_NS_PER_SEC / CLOCK_HZ;
}

static int64_t least_ns(const mcu_vplayout *v)
{
    return MIN(v->least_ns[0], v->least_ns[1]);
}

static void restart(mcu_vplayout *v, const mcu_au *au)
{
    v->started = true;
    v->newest_ts = au->ts;
    v->taken_ns = 0;
    v->least_ns[0] = v->least_ns[1] = au->time_ns;
    v->least_at_ns = au->time_ns;
    v->late_ns = 0;
}

static void measure(mcu_vplayout *v, const mcu_au *au, bool losing)
{
    v->newest_at_ns = au->time_ns;
    int64_t way_ns = au->time_ns - taken_ns(v, au->ts), late_ns = way_ns - least_ns(v);
    if (!v->started || ABS(late_ns) > JUMP_NS) {
        restart(v, au);
        return;
    }
    int64_t since_ns = CLAMP(taken_ns(v, au->ts) - v->taken_ns, 0, MCU_NS_PER_SEC);
    v->taken_ns = taken_ns(v, au->ts);
    v->newest_ts = au->ts;
    if (au->time_ns - v->least_at_ns >= PERIOD_NS) {
        v->least_ns[0] = v->least_ns[1];
        v->least_ns[1] = way_ns;
        v->least_at_ns = au->time_ns;
    }
    v->least_ns[1] = MIN(v->least_ns[1], way_ns);
    double late = losing ? (double)MAX(late_ns, 0) : 0; /* a large picture takes its time on any line */
    double fall = (double)since_ns / (FALL_S * (double)MCU_NS_PER_SEC);
    v->late_ns += late > v->late_ns ? RISE * (late - v->late_ns) : -fall * v->late_ns;
}

int64_t mcu_vplayout_beside(double voice_ms)
{
    double ms = voice_ms - PICTURE_MS - LEAD_MS;
    return ms > 0 ? (int64_t)(ms * MCU_NS_PER_MS) : 0;
}

int64_t mcu_vplayout_voice_ns(const mcu_vplayout *v, int64_t now_ns)
{
    bool come = v->started && now_ns - v->newest_at_ns < JUMP_NS;
    int64_t ns = come ? as_asked_ns(v, own_hold_ns(v)) : 0;
    return ns > 0 ? MIN(ns + (PICTURE_MS + STEP_MS) * MCU_NS_PER_MS, MCU_VPLAYOUT_VOICE_NS) : 0;
}

void mcu_vplayout_follow(mcu_vplayout *v, int64_t voice_ns)
{
    v->voice_ns = CLAMP(voice_ns, 0, MCU_VPLAYOUT_MOST_NS);
}

void mcu_vplayout_ask(mcu_vplayout *v, int64_t least_ns, int64_t most_ns)
{
    if (least_ns >= 0 && least_ns <= most_ns) {
        v->asked = true;
        v->asked_ns[0] = MIN(least_ns, MCU_VPLAYOUT_MOST_NS);
        v->asked_ns[1] = MIN(most_ns, MCU_VPLAYOUT_MOST_NS);
    }
}

int64_t mcu_vplayout_hold_ns(const mcu_vplayout *v)
{
    return as_asked_ns(v, MAX(own_hold_ns(v), v->voice_ns));
}

void mcu_vplayout_push(mcu_vplayout *v, mcu_au *take_au, bool losing)
{
    measure(v, take_au, losing);
    g_assert(v->n < MCU_VPLAYOUT_PICTURES);
    v->waiting[(v->first + v->n++) % MCU_VPLAYOUT_PICTURES] = take_au;
}

mcu_au *mcu_vplayout_pop(mcu_vplayout *v, int64_t now_ns)
{
    if (v->n == 0) {
        return NULL;
    }
    const mcu_au *au = v->waiting[v->first];
    int64_t due_ns = taken_ns(v, au->ts) + least_ns(v) + mcu_vplayout_hold_ns(v);
    bool due = now_ns >= MIN(due_ns, au->time_ns + MCU_VPLAYOUT_MOST_NS);
    return due || mcu_vplayout_hold_ns(v) == 0 || v->n == MCU_VPLAYOUT_PICTURES ? take(v) : NULL;
}
