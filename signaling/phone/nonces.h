/* nonces.h - nonces for digest: made from nothing, remembered only once a right password came with them.  Thread: the loop's.
 * Each count of a nonce is good once and only upwards, for a minute (RFC 7616 3.3, 5.5). What is remembered is bounded: when
 * there is too much of it, nonces as old as the oldest that is forgotten are good no more. */
#ifndef SIGNALING_PHONE_NONCES_H
#define SIGNALING_PHONE_NONCES_H

#include <stdbool.h>
#include <stdint.h>

#define TEL_NONCE_TEXT 56
#define TEL_NONCE_S 60
#define TEL_NONCES_MAX 4096

typedef struct tel_nonces tel_nonces;
tel_nonces *tel_nonces_new(void);
void tel_nonces_free(tel_nonces *n);

void tel_nonces_make(tel_nonces *n, int64_t now_s, char out[TEL_NONCE_TEXT + 1]);
/* Whether it was made here, whatever its age. */
bool tel_nonces_ours(const tel_nonces *n, const char *nonce);
/* Uses one that is ours with this count, from 1. False: too old, or this count or a later one was used. */
bool tel_nonces_use(tel_nonces *n, const char *nonce, uint32_t count, int64_t now_s);

#endif
