/* adelay.h - how late a voice's packets come, and how long its playout buffer should therefore wait.  Thread: its owner's.
 * Pure. A packet's transit is its arrival minus its RTP time; what counts is how much it exceeds the fastest of the last 2 s, so
 * clock offset and drift fall out. When that moves, a queue on the way having grown or drained, what was learnt stays where it
 * was in time: the next packets come as the last ones did, and the voice is not stretched and squeezed after each wave.
 * Target: the 0.95 quantile of that over some 5 s, up at once, down by 20 ms a second, and faster as long as it is more than
 * 100 ms too high. Where packets that were lost are sent again it waits for those too, as long as 60 ms more save one packet in
 * a hundred. When waves come again and again (awave.h) it is at least as high as they were, if that is at most 0.7 s. */
#ifndef MIXER_ADELAY_H
#define MIXER_ADELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"
#include "mixer/awave.h"

#define MIX_ADELAY_START_NS (60 * MCU_NS_PER_MS)
#define MIX_ADELAY_MIN_NS (40 * MCU_NS_PER_MS)
#define MIX_ADELAY_MAX_NS (400 * MCU_NS_PER_MS)
#define MIX_ADELAY_MOVED_NS (800 * MCU_NS_PER_MS) /* just after a queue drained, and on its way down */
#define MIX_ADELAY_BUCKETS 80                     /* of 5 ms */
#define MIX_ADELAY_SLICES 4                       /* of 500 ms: the window of the fastest packet */

typedef struct {
    int64_t base_ns;    /* smallest transit in the window */
    int64_t learnt_ns;  /* the weights are of about this one */
    int64_t settled_ns; /* from then on the window is of packets alone: a pause or a stall is over */
    int64_t slice_min_ns[MIX_ADELAY_SLICES];
    int64_t slice_start_ns;
    int64_t target_ns, min_ns, max_ns;
    int64_t due_ns;      /* the target as far as it is for packets as the last ones were; more is for waves that may come */
    int64_t noted_ns;    /* arrival of the last packet */
    int64_t observed_ns; /* what the weights were learnt from, up to 5 s */
    bool drained;        /* a queue has, since a pause that was taken to forget it */
    unsigned packets;
    mix_awave waves;
    float weight[MIX_ADELAY_BUCKETS]; /* sums to 1 */
    unsigned in_a_row;                /* came again since the last that came for the first time */
    float again[MIX_ADELAY_BUCKETS];  /* share of all packets, fading: those that came again, by how late they were */
} mix_adelay;

void mix_adelay_init(mix_adelay *d); /* MIX_ADELAY_MIN_NS to _MAX_NS; `min_ns`, `max_ns` may be set closer afterwards */
/* One packet, `again`: a later one came before it. Returns its delay relative to the fastest, >= 0. */
int64_t mix_adelay_note(mix_adelay *d, int64_t arrival_ns, int64_t transit_ns, bool again);

#endif
