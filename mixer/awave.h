/* awave.h - a queue on the way that fills and drains again and again, as beside somebody else's upload.  Thread: its owner's.
 * Pure. Times of arrival and transit are those of adelay.h. A wave begins when the fastest packet of half a second takes 120 ms
 * longer than one since the last wave, and ends when one takes so much less; humps within 3 s are one wave. Who follows each wave
 * down is caught by the next one: where there were two, how high they stood in the last 20 s is what to wait for. */
#ifndef MIXER_AWAVE_H
#define MIXER_AWAVE_H

#include <stdint.h>

#define MIX_AWAVES 4 /* remembered */

typedef struct {
    enum { MIX_AWAVE_NEW = 0, MIX_AWAVE_LOW, MIX_AWAVE_HIGH } state;
    int64_t extreme_ns; /* LOW: the lowest since the last wave; HIGH: the highest since this one began */
    unsigned n;
    struct {
        int64_t began_ns, seen_ns; /* seen: it stood near its top then; 0 = no wave */
        int64_t latest_ns;         /* the longest transit in it */
        int64_t top_ns;            /* what was to be waited for */
    } last[MIX_AWAVES];            /* ring */
} mix_awave;

/* Half a second is over, whose fastest packet had this transit. */
void mix_awave_note(mix_awave *w, int64_t now_ns, int64_t fastest_ns);
/* A packet, and what its like are to be waited for, as a transit. */
void mix_awave_packet(mix_awave *w, int64_t now_ns, int64_t transit_ns, int64_t wanted_ns);
/* The transit to wait for; INT64_MIN: there were no two waves. */
int64_t mix_awave_top_ns(const mix_awave *w, int64_t now_ns);

#endif
