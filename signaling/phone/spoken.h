/* spoken.h - words that only the configuration knows, spoken by espeak-ng as the prompts were at build time.  Thread: the loop's,
 * before the process is shut in: it starts a program, and waits for it for 10 s at most. */
#ifndef SIGNALING_PHONE_SPOKEN_H
#define SIGNALING_PHONE_SPOKEN_H

#include <glib.h>
#include <stdint.h>

/* 48 kHz, *n samples, g_free(). NULL: no espeak-ng, or it knows no such language. */
int16_t *tel_spoken(const char *language, const char *words, unsigned *n, GError **error);

#endif
