#include "mcu/net/nack.h"

#include <glib.h>
#include <string.h>

#define FADE (1 / 64.0) /* a packet */
#define LOSSY 0.08
#define LOSING 0.01
#define UNKNOWN_RTT_NS INT64_C(100000000)

typedef struct {
    int64_t index; /* extended sequence number */
    int64_t found_ns;
    int64_t asked_ns;
    unsigned tries;
} hole;

struct mcu_nack {
    mcu_unwrap unwrap;
    int64_t newest;
    int64_t tick_ns; /* not before */
    int64_t rtt_ns, give_up_ns, vain_ns;
    bool gave_up;
    double lost; /* share of the packets, fading */
    unsigned n;
    hole holes[MCU_NACK_MAX]; /* ascending by index */
};

mcu_nack *mcu_nack_new(int64_t give_up_ns, int64_t vain_ns)
{
    mcu_nack *n = g_new0(mcu_nack, 1);
    n->give_up_ns = give_up_ns;
    n->vain_ns = vain_ns;
    mcu_nack_reset(n);
    return n;
}

void mcu_nack_free(mcu_nack *n)
{
    g_free(n);
}

void mcu_nack_reset(mcu_nack *n)
{
    *n = (mcu_nack){.give_up_ns = n->give_up_ns, .vain_ns = n->vain_ns, .rtt_ns = UNKNOWN_RTT_NS};
}

unsigned mcu_nack_outstanding(const mcu_nack *n)
{
    return n->n;
}

static void remove_first(mcu_nack *n, unsigned count)
{
    n->n -= count;
    memmove(n->holes, n->holes + count, n->n * sizeof n->holes[0]);
}

static void fill(mcu_nack *n, int64_t index)
{
    for (unsigned i = 0; i < n->n && n->holes[i].index <= index; i++) {
        if (n->holes[i].index == index) {
            n->n--;
            memmove(&n->holes[i], &n->holes[i + 1], (n->n - i) * sizeof n->holes[0]);
            return;
        }
    }
}

bool mcu_nack_is_answer(const mcu_nack *n, uint16_t seq, int64_t now_ns)
{
    for (unsigned i = 0; i < n->n; i++) {
        if ((uint16_t)n->holes[i].index == seq) {
            const hole *h = &n->holes[i];
            return h->tries > 1 || (h->tries > 0 && now_ns - h->asked_ns >= n->rtt_ns / 2);
        }
    }
    return false;
}

static void note_loss(mcu_nack *n, int64_t holes)
{
    for (int64_t i = 0; i < holes; i++) {
        n->lost += FADE * (1 - n->lost);
    }
    n->lost -= FADE * n->lost;
}

bool mcu_nack_is_lossy(const mcu_nack *n)
{
    return n->lost > LOSSY;
}

bool mcu_nack_is_losing(const mcu_nack *n)
{
    return n->lost > LOSING;
}

static void open_holes(mcu_nack *n, int64_t from, int64_t to, int64_t now_ns)
{
    if (to - from > MCU_NACK_MAX - n->n) {
        n->n = 0;
        n->gave_up = true;
        return;
    }
    for (int64_t index = from; index < to; index++) {
        n->holes[n->n++] = (hole){.index = index, .found_ns = now_ns};
    }
}

void mcu_nack_push(mcu_nack *n, uint16_t seq, bool restored, int64_t now_ns)
{
    if (!n->unwrap.started) {
        if (!restored) {
            n->newest = mcu_unwrap16(&n->unwrap, seq);
        }
        return;
    }
    int64_t index = n->newest + mcu_seq_diff(seq, (uint16_t)n->newest);
    if (index <= n->newest) {
        fill(n, index);
    } else if (!restored) {
        note_loss(n, MIN(index - n->newest - 1, MCU_NACK_MAX));
        open_holes(n, n->newest + 1, index, now_ns);
        n->newest = mcu_unwrap16(&n->unwrap, seq);
    }
}

static unsigned tries(const mcu_nack *n)
{
    return mcu_nack_is_lossy(n) ? 2 * MCU_NACK_TRIES : MCU_NACK_TRIES;
}

static int64_t patience_ns(const mcu_nack *n)
{
    return mcu_nack_is_lossy(n) ? MAX(n->rtt_ns / 2, MCU_NACK_TICK_NS) : n->rtt_ns;
}

/* Drops what will not come any more. */
static void expire(mcu_nack *n, int64_t rtt_ns, int64_t now_ns)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < n->n; i++) {
        const hole *h = &n->holes[i];
        bool tired = h->tries >= tries(n) && now_ns - h->asked_ns >= rtt_ns;
        if (tired || now_ns - h->found_ns >= n->give_up_ns) {
            n->gave_up = true;
        } else {
            n->holes[kept++] = *h;
        }
    }
    n->n = kept;
}

unsigned mcu_nack_due(mcu_nack *n, int64_t rtt_ns, int64_t now_ns, uint16_t *out, unsigned max)
{
    if (n->n == 0 || now_ns < n->tick_ns) {
        return 0;
    }
    n->rtt_ns = rtt_ns <= 0 ? UNKNOWN_RTT_NS : MAX(rtt_ns, MCU_NACK_TICK_NS);
    expire(n, n->rtt_ns, now_ns);
    unsigned count = 0;
    for (unsigned i = 0; i < n->n; i++) {
        hole *h = &n->holes[i];
        bool vain = now_ns - h->found_ns >= n->vain_ns - n->rtt_ns;
        if (vain || h->tries >= tries(n) || (h->tries > 0 && now_ns - h->asked_ns < patience_ns(n))) {
            continue;
        }
        if (count == max) {
            return count; /* the rest at once, with the next call */
        }
        h->tries++;
        h->asked_ns = now_ns;
        out[count++] = (uint16_t)h->index;
    }
    n->tick_ns = now_ns + MCU_NACK_TICK_NS;
    return count;
}

bool mcu_nack_take_gave_up(mcu_nack *n)
{
    bool gave_up = n->gave_up;
    n->gave_up = false;
    return gave_up;
}

void mcu_nack_forget_before(mcu_nack *n, uint16_t seq)
{
    int64_t index = n->newest + mcu_seq_diff(seq, (uint16_t)n->newest);
    unsigned count = 0;
    while (count < n->n && n->holes[count].index < index) {
        count++;
    }
    remove_first(n, count);
}
