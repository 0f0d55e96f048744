#include "mcu/net/bwe_loss.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define MS INT64_C(1000000)
#define STEP_NS (250 * MS)
#define FADE 0.99 /* a packet: about the last hundred count */
#define BALANCE_BPS 100000.0
#define HARMLESS 0.05
#define SUSPECT_LOSS 0.05
#define SUSPECT_T 5.0 /* bursts of loss make chance look like less */
#define SUSPECT_LEAST 10.0
#define SLOW 0.05 /* a feedback: some seconds */
#define SETTLE_NS (750 * MS)
#define TRY_NS (1500 * MS)
#define HELPED 0.5
#define HELD_LOSS 0.15 /* more than is lost for other reasons beside a policer */
#define DOUBT_NS (30000 * MS)
#define HOLD_NS (30000 * MS)
#define HOLD_MAX_NS (240000 * MS)

void mcu_bwe_loss_init(mcu_bwe_loss *l)
{
    *l = (mcu_bwe_loss){.hold_ns = HOLD_NS};
}

static void roll(mcu_bwe_loss *l, int64_t now_ns)
{
    int64_t step = now_ns / STEP_NS;
    if (step - l->step >= MCU_BWE_LOSS_STEPS) {
        memset(l->steps, 0, sizeof l->steps);
        l->step = step;
    }
    while (l->step < step) {
        l->step++;
        l->steps[l->step % MCU_BWE_LOSS_STEPS].lost = l->steps[l->step % MCU_BWE_LOSS_STEPS].received = 0;
    }
}

static void count(mcu_bwe_class *c, double x)
{
    c->n += 1;
    c->sum += x;
    c->squares += x * x;
}

static void fade(mcu_bwe_class *c)
{
    c->n *= FADE;
    c->sum *= FADE;
    c->squares *= FADE;
}

void mcu_bwe_loss_add(mcu_bwe_loss *l, bool received, unsigned size, unsigned burst, int64_t now_ns)
{
    roll(l, now_ns);
    l->steps[l->step % MCU_BWE_LOSS_STEPS].lost += !received;
    l->steps[l->step % MCU_BWE_LOSS_STEPS].received += received;
    fade(&l->lost);
    fade(&l->received);
    fade(&l->lost_size);
    fade(&l->received_size);
    if (received || !l->in_run) { /* what is lost in a row is one chance */
        count(received ? &l->received : &l->lost, burst);
        count(received ? &l->received_size : &l->lost_size, size);
    }
    l->in_run = !received;
}

void mcu_bwe_loss_undo(mcu_bwe_loss *l)
{
    unsigned *lost = &l->steps[l->step % MCU_BWE_LOSS_STEPS].lost;
    *lost -= *lost > 0;
}

double mcu_bwe_loss_fraction(const mcu_bwe_loss *l, int64_t now_ns)
{
    unsigned lost = 0, received = 0;
    int64_t oldest = now_ns / STEP_NS - MCU_BWE_LOSS_STEPS + 1;
    for (int64_t step = l->step; step >= oldest && step > l->step - MCU_BWE_LOSS_STEPS && step >= 0; step--) {
        lost += l->steps[step % MCU_BWE_LOSS_STEPS].lost;
        received += l->steps[step % MCU_BWE_LOSS_STEPS].received;
    }
    return lost + received > 0 ? (double)lost / (lost + received) : -1.0;
}

static double variance(const mcu_bwe_class *c)
{
    double mean = c->sum / c->n;
    return MAX(c->squares / c->n - mean * mean, 1.0) / c->n;
}

/* Welch's t of "the lost ones had more". */
static double welch(const mcu_bwe_class *lost, const mcu_bwe_class *received)
{
    if (lost->n < SUSPECT_LEAST || received->n < SUSPECT_LEAST) {
        return 0;
    }
    double difference = lost->sum / lost->n - received->sum / received->n;
    return difference / sqrt(variance(lost) + variance(received));
}

static double suspicion(const mcu_bwe_loss *l)
{
    return MAX(welch(&l->lost, &l->received), welch(&l->lost_size, &l->received_size));
}

static void forget_classes(mcu_bwe_loss *l)
{
    l->lost = l->received = l->lost_size = l->received_size = (mcu_bwe_class){0};
}

static void enter(mcu_bwe_loss *l, mcu_bwe_policer state, int64_t now_ns)
{
    l->policer = state;
    l->since_ns = now_ns;
}

static void doubt(mcu_bwe_loss *l, int64_t now_ns)
{
    enter(l, MCU_BWE_POLICER_NONE, now_ns);
    l->doubt_ns = now_ns + DOUBT_NS;
}

static void suspect(mcu_bwe_loss *l, double loss, unsigned acked_bps, int64_t now_ns)
{
    l->policed_bps = MIN((unsigned)l->acked_bps, acked_bps); /* before it began more came in */
    l->tried_loss = loss;
    forget_classes(l);
    enter(l, MCU_BWE_POLICER_TRIED, now_ns);
    l->settled = false;
}

/* Suspected within a moment what came in is still that of the time before. */
static void settle(mcu_bwe_loss *l, double loss, unsigned acked_bps, int64_t now_ns)
{
    if (l->settled || now_ns - l->since_ns < SETTLE_NS) {
        return;
    }
    l->settled = true;
    if (loss > l->tried_loss) {
        l->policed_bps = MIN(l->policed_bps, acked_bps);
        l->tried_loss = loss;
        l->since_ns = now_ns;
    }
}

void mcu_bwe_loss_judge(mcu_bwe_loss *l, bool flat, unsigned acked_bps, int64_t now_ns)
{
    double loss = mcu_bwe_loss_fraction(l, now_ns);
    l->slow += loss < 0 ? 0 : (loss - l->slow) * SLOW;
    l->acked_bps += (acked_bps - l->acked_bps) * SLOW;
    if (!flat) {
        l->queued_ns = now_ns;
        forget_classes(l);
    }
    bool suspicious = !mcu_bwe_loss_queued(l, now_ns) && loss > SUSPECT_LOSS && acked_bps > 0 && suspicion(l) > SUSPECT_T;
    switch (l->policer) {
    case MCU_BWE_POLICER_NONE:
        if (suspicious && now_ns >= l->doubt_ns) {
            suspect(l, loss, acked_bps, now_ns);
        }
        break;
    case MCU_BWE_POLICER_TRIED:
        settle(l, loss, acked_bps, now_ns);
        if (now_ns - l->since_ns < TRY_NS + MCU_BWE_LOSS_STEPS * STEP_NS) {
            break;
        }
        if (loss >= 0 && loss < l->tried_loss * HELPED) {
            enter(l, MCU_BWE_POLICER_HELD, now_ns);
        } else {
            doubt(l, now_ns);
        }
        break;
    case MCU_BWE_POLICER_HELD:
        if (suspicious && now_ns - l->since_ns > MCU_BWE_LOSS_STEPS * STEP_NS) {
            suspect(l, loss, acked_bps, now_ns); /* it lets even less through */
        } else if (loss > HELD_LOSS && now_ns - l->since_ns > MCU_BWE_LOSS_STEPS * STEP_NS) {
            doubt(l, now_ns); /* whatever takes these, it is not what is sent too much */
        } else if (now_ns - l->since_ns >= l->hold_ns) {
            l->hold_ns = MIN(l->hold_ns * 2, HOLD_MAX_NS);
            enter(l, MCU_BWE_POLICER_NONE, now_ns);
        }
        break;
    }
}

bool mcu_bwe_loss_queued(const mcu_bwe_loss *l, int64_t now_ns)
{
    return l->queued_ns != 0 && now_ns - l->queued_ns < (MCU_BWE_LOSS_STEPS + 1) * STEP_NS;
}

double mcu_bwe_loss_random(const mcu_bwe_loss *l, int64_t now_ns)
{
    double loss = mcu_bwe_loss_fraction(l, now_ns);
    return loss < 0 || l->policer != MCU_BWE_POLICER_NONE || mcu_bwe_loss_queued(l, now_ns) ? 0 : MIN(loss, 0.9);
}

unsigned mcu_bwe_loss_cap_bps(const mcu_bwe_loss *l)
{
    double cap = UINT32_MAX;
    if (l->policer != MCU_BWE_POLICER_NONE) {
        cap = 0.95 * l->policed_bps;
    }
    if (l->slow > HARMLESS) {
        cap = MIN(cap, BALANCE_BPS / (l->slow - HARMLESS));
    }
    return (unsigned)MIN(cap, (double)UINT32_MAX);
}
