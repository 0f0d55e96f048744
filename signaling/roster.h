/* roster.h - what is other of one list of people against an earlier one.  Thread: any; pure. */
#ifndef SIGNALING_ROSTER_H
#define SIGNALING_ROSTER_H

#include <jansson.h>

typedef enum {
    SIG_ROSTER_NONE = 0, /* nothing */
    SIG_ROSTER_PASSING,  /* what comes and goes by itself: tier, talking, weak */
    SIG_ROSTER_LASTING,  /* what people do */
    SIG_ROSTER_PEOPLE,   /* who is there */
} sig_roster_kind;

/* The most that is other from `before` (NULL = none) to `now`, both `roster` messages. `changes`, where it is not NULL, gets a
 * message `roster_changes` that says it. */
sig_roster_kind sig_roster_compare(const json_t *before, const json_t *now, json_t **changes);

#endif
