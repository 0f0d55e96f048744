/* telephones.h - the far ends of a bench of phone calls: PCMU in clear over loopback.  Thread: the caller's.
 * Those that talk have a tone each that swells like speech; when the time is over, the first one sends pulses instead, and it is
 * noted how long they take to the others. */
#ifndef BENCH_TELEPHONES_H
#define BENCH_TELEPHONES_H

#include "mcu/base/leg.h"

enum { TELEPHONES_MAX = 60, TELEPHONES_WARM_S = 3, TELEPHONES_AFTER_S = 7 };

typedef struct {
    unsigned n, talkers, seconds; /* seconds: to be measured, after those of getting warm */
    int fd[TELEPHONES_MAX];
    mcu_leg_address to[TELEPHONES_MAX];
} telephones;

bool telephones_options(telephones *t, int argc, char **argv); /* -n, -t, -s; false: a bad one */
int telephones_socket(mcu_leg_address *at);                    /* on loopback; ends the program when there is none */
/* Talks for TELEPHONES_WARM_S + seconds + TELEPHONES_AFTER_S; then writes to `out` what was found as members of a JSON object. */
void telephones_talk(const telephones *t, int out);

#endif
