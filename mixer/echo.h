/* echo.h - the echo of a telephone line: what we sent comes back from its far end, later and softer.  Thread: its owner's.
 * speexdsp's canceller at the line's own rate, before the playout buffer stretches anything, and a gate for what remains of an
 * echo that nobody talks over. It runs where there seems to be one (echo_find.h), which is on few lines. Its output counts only
 * where it has proved to take something away: on a line without an echo two people who talk at once would only teach it to add
 * one. The two directions are brought together by time: what was sent by the clock's ticks, what came by its RTP time stamps. */
#ifndef MIXER_ECHO_H
#define MIXER_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_ECHO_TAIL_MS 320 /* longest way there and back */

typedef struct mix_echo mix_echo;
mix_echo *mix_echo_new(unsigned rate_hz); /* 8000 or 16000; NULL = no memory */
void mix_echo_free(mix_echo *e);

/* 20 ms that were sent, at the line's rate, at `time_ns`; `loud`: mix_echo_is_loud(). Each tick. */
void mix_echo_sent(mix_echo *e, const int16_t *pcm, bool loud, int64_t time_ns);
bool mix_echo_is_loud(const int16_t *pcm, unsigned n); /* enough to come back */
/* `n` samples that came, in place, with the time stamp (in samples of 8 kHz) and arrival of their packet. A packet that is not a
 * whole number of 20 ms is left as it is. */
void mix_echo_cancel(mix_echo *e, int16_t *pcm, unsigned n, uint32_t ts, int64_t arrival_ns);
bool mix_echo_found(const mix_echo *e);      /* this line has an echo */
bool mix_echo_is_at_work(const mix_echo *e); /* and it is being looked for */

#endif
