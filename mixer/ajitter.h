/* ajitter.h - playout buffer of one voice: coded packets in as they come, one step of sound after the other out.
 * Thread: its owner's. Pure, stepped by `now_ns`. Counts in samples at 48 kHz whatever the codec's RTP clock is.
 *
 * A sample is due `target` after the fastest packet would have brought it. What is missing then is taken from the next packet's
 * FEC or concealed; a place that has been filled is late for good. With nothing left at all the media time stands still for up to
 * 400 ms (a late burst is worth hearing), then the buffer idles. A gap in time without one in sequence numbers is a pause of the
 * sender (DTX), not loss; after a pause the buffer waits for the target again. */
#ifndef MIXER_AJITTER_H
#define MIXER_AJITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"

typedef enum {
    MIX_PLAY_NONE = 0,
    MIX_PLAY_PACKET,  /* decode `au` (caller's reference); `samples` long */
    MIX_PLAY_FEC,     /* decode `samples` from the FEC in `au` (borrowed until the next call) */
    MIX_PLAY_CONCEAL, /* conceal `samples` */
    MIX_PLAY_SILENCE, /* the sender is silent for `samples` */
} mix_play;

typedef struct {
    mix_play what;
    mcu_au *au;
    unsigned samples; /* 1..5760 */
} mix_play_step;

typedef struct {
    uint64_t packets, bad, late, duplicates, dropped_full, concealed, fec_used, skipped, reanchored;
} mix_ajitter_stats;

typedef struct mix_ajitter mix_ajitter;
mix_ajitter *mix_ajitter_new(mcu_codec codec); /* NULL = no memory */
void mix_ajitter_free(mix_ajitter *j);
/* The delay stays below this: what is later is skipped, not waited for. */
void mix_ajitter_limit(mix_ajitter *j, int64_t max_ns);
/* It is at least this, from the next packet on, as far as the limit lets it; less than MIX_ADELAY_MIN_NS is that. */
void mix_ajitter_wait(mix_ajitter *j, int64_t least_ns);

/* Consumes; arrival is au->time_ns. MCU_EINVAL malformed, MCU_ELATE its place has been played (or it is a duplicate). When more
 * than a second or 400 packets wait the oldest go. A jump of the sender's clock by more than 2 s starts afresh. */
mcu_status mix_ajitter_push(mix_ajitter *j, mcu_au *take_au);
/* The next step of sound; `pending` samples of earlier steps are still to be played. */
void mix_ajitter_next(mix_ajitter *j, int64_t now_ns, unsigned pending, mix_play_step *step);
/* Is the packet that follows in time there, so that reading ahead conceals nothing? */
bool mix_ajitter_ready(const mix_ajitter *j);

/* Nothing is left, and media time stands still. */
bool mix_ajitter_dry(const mix_ajitter *j);

int64_t mix_ajitter_target_ns(const mix_ajitter *j);
/* Between the fastest packet's arrival and the sample now due; 0 while idle. */
int64_t mix_ajitter_delay_ns(const mix_ajitter *j, int64_t now_ns, unsigned pending);
/* Delay minus target while packets flow, else 0: what stretching and squeezing should mend, but for the spare. */
int64_t mix_ajitter_excess_ns(const mix_ajitter *j, int64_t now_ns, unsigned pending);
/* Of the target: what is for waves of a queue that may come (adelay.h), and need not be there now. */
int64_t mix_ajitter_spare_ns(const mix_ajitter *j);
const mix_ajitter_stats *mix_ajitter_get_stats(const mix_ajitter *j);

#endif
