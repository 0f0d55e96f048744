/* awave.h - a queue on the way that fills and drains again and again, as beside somebody else's upload.  Thread: its owner's.
 * Pure. Times of arrival and transit are those of adelay.h. A wave begins when the fastest packet of half a second takes 120 ms
 * longer than one since the last wave; it ends when one takes so much less. Who follows each wave down is caught by the next one:
 * from the second within 20 s on, the highest of them is what to wait for. */
#ifndef MIXER_AWAVE_H
#define MIXER_AWAVE_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_AWAVES 4 /* remembered */

typedef struct {
    bool begun, high;
    int64_t turn_ns; /* the lowest since the last wave, or the highest since this one began */
    unsigned n;
    struct {
        int64_t seen_ns; /* it stood then; 0 = no wave */
        int64_t top_ns;
    } waves[MIX_AWAVES]; /* ring */
} mix_awave;

/* Half a second is over, whose fastest packet had this transit. */
void mix_awave_note(mix_awave *w, int64_t now_ns, int64_t fastest_ns);
/* What was to be waited for just now, as a transit; counts while a wave stands. */
void mix_awave_want(mix_awave *w, int64_t wanted_ns);
/* The highest that was wanted in the waves of the last 20 s; INT64_MIN where there were not two. */
int64_t mix_awave_top_ns(const mix_awave *w, int64_t now_ns);

#endif
