/* hears.h - whose interpretation a seat hears from the beginning, as its link says; the person may change it in the visit.
 * Thread: any; pure. */
#ifndef SIGNALING_HEARS_H
#define SIGNALING_HEARS_H

#include "signaling/facts.h"

#define SIG_HEARS_ORIGINAL "original" /* whatever the language of the page */
#define SIG_HEARS_BOTH "both"

/* "" (by the language of the page), SIG_HEARS_*, or a language of ISO 639 in two or three small letters. */
bool sig_hears_valid(const char *hears);
/* In the room's words: a language, "both", "" = the original. Who interprets hears the original unless the link says more. */
void sig_hears_of(const sig_seat_facts *s, char out[SIG_HEARS_MAX + 1]);

#endif
