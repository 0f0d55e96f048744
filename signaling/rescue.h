/* rescue.h - when somebody whose sound is dead is called on the telephone number on file: at most SIG_RESCUE_TRIES times, and
 * not on and on. Thread: one; pure, stepped by `now_ms`. Embedded, zero-initialise. Each function that returns a bool says with
 * true that the call is to be made now, or with sig_rescue_back() that it is to be given up. */
#ifndef SIGNALING_RESCUE_H
#define SIGNALING_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

#define SIG_RESCUE_TRIES 2
#define SIG_RESCUE_PAUSE_MS 3000  /* between them */
#define SIG_RESCUE_SOUND_MS 60000 /* of sound, after which a new silence is another one */

typedef enum {
    SIG_RESCUE_NONE = 0, /* sound is there */
    SIG_RESCUE_CALLING,
    SIG_RESCUE_PAUSE,
    SIG_RESCUE_ON_PHONE,
    SIG_RESCUE_GIVEN_UP,
} sig_rescue_state;

typedef struct {
    sig_rescue_state state;
    unsigned tries;
    int64_t at_ms; /* PAUSE: its end; NONE: since when */
} sig_rescue;

bool sig_rescue_dead(sig_rescue *r, int64_t now_ms);  /* also said again and again */
bool sig_rescue_back(sig_rescue *r, int64_t now_ms);  /* sound has come back, or the person has left */
void sig_rescue_joined(sig_rescue *r);                /* 1 was pressed */
void sig_rescue_ended(sig_rescue *r, int64_t now_ms); /* the call, or it could not be made */
bool sig_rescue_step(sig_rescue *r, int64_t now_ms);
int64_t sig_rescue_next_ms(const sig_rescue *r); /* INT64_MAX = nothing to wait for */

#endif
