/* cutter.h - coded pictures and packets of the media clock become fragments of at most half a second.  Thread: its owner's.
 * Time zero is the first keyframe; sound from before it is left out. Sound that is missing becomes empty Opus packets, so that
 * the sample count and the clock never part. */
#ifndef RECORDER_CUTTER_H
#define RECORDER_CUTTER_H

#include "mcu/base/media.h"
#include "recorder/fmp4.h"
#include "recorder/record.h"

#define REC_FRAGMENT_NS (500 * MCU_NS_PER_MS)

typedef struct {
    /* REC_INIT once, then REC_FRAGMENT; `r` has type, flags, time and hold. Borrowed for the call. */
    void (*out)(void *user, const rec_record *r, const GByteArray *payload);
    void *user;
} rec_cutter_sink;

typedef enum {
    REC_TAKEN = 0,
    REC_SKIPPED,      /* before the first keyframe, or half a second older than what was taken */
    REC_OTHER_FORMAT, /* a keyframe of another size: a new segment has to begin with it */
} rec_taken;

typedef struct rec_cutter rec_cutter;
/* `sound_age_ns`: by how much what sounds is older than what is seen with the same time stamp; it is moved back by that. */
rec_cutter *rec_cutter_new(rec_cutter_sink sink, int64_t sound_age_ns);
void rec_cutter_free(rec_cutter *c); /* NULL is fine; what is not cut is lost */

rec_taken rec_cutter_picture(rec_cutter *c, const mcu_au *au); /* H.264 as mcu_au promises */
rec_taken rec_cutter_sound(rec_cutter *c, const mcu_au *au);   /* Opus, 20 ms */
void rec_cutter_flush(rec_cutter *c);                          /* what there is becomes a fragment */

bool rec_cutter_started(const rec_cutter *c);
int64_t rec_cutter_start_ns(const rec_cutter *c); /* media clock of time zero */
int64_t rec_cutter_end_ns(const rec_cutter *c);   /* media time up to which something was taken, from zero */
/* Empty packets put in for missing sound; the furthest that a packet lay from its time on the clock, positive = later. */
uint64_t rec_cutter_filled(const rec_cutter *c);
int64_t rec_cutter_skew_ns(const rec_cutter *c);

#endif
