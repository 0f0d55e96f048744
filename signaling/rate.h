/* rate.h - how often somebody may do something: a token bucket for each key, in bounded memory.  Thread: one. Time is given, in
 * nanoseconds of any clock that does not go back. */
#ifndef SIGNALING_RATE_H
#define SIGNALING_RATE_H

#include <stdint.h>

typedef struct sig_rate sig_rate;

/* Each key may do it `per_minute` times, also all at once, and gets that many again in a minute. The newest 2 x `keys` keys at
 * most are remembered, and at least the newest `keys`. */
sig_rate *sig_rate_new(unsigned per_minute, unsigned keys);
void sig_rate_free(sig_rate *r);

/* 0 = it may, and has been counted; else the whole seconds after which it may again: not counted. */
unsigned sig_rate_take(sig_rate *r, const char *key, int64_t now_ns);
unsigned sig_rate_ask(sig_rate *r, const char *key, int64_t now_ns); /* the same, without counting */
/* How often it was refused since this was asked last; right after sig_rate_take(). Forgotten with the key. */
unsigned sig_rate_refused(sig_rate *r, const char *key);

#endif
