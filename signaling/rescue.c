#include "signaling/rescue.h"

static bool call(sig_rescue *r)
{
    r->state = SIG_RESCUE_CALLING;
    r->tries++;
    return true;
}

bool sig_rescue_dead(sig_rescue *r, int64_t now_ms)
{
    if (r->state != SIG_RESCUE_NONE) {
        return false;
    }
    if (now_ms - r->at_ms >= SIG_RESCUE_SOUND_MS) {
        r->tries = 0;
    }
    if (r->tries >= SIG_RESCUE_TRIES) {
        r->state = SIG_RESCUE_GIVEN_UP;
        return false;
    }
    return call(r);
}

bool sig_rescue_back(sig_rescue *r, int64_t now_ms)
{
    bool give_up = r->state == SIG_RESCUE_CALLING;
    if (r->state != SIG_RESCUE_NONE && r->state != SIG_RESCUE_ON_PHONE) {
        r->state = SIG_RESCUE_NONE;
        r->at_ms = now_ms;
    }
    return give_up;
}

void sig_rescue_joined(sig_rescue *r)
{
    r->state = SIG_RESCUE_ON_PHONE;
    r->tries = 0; /* somebody was there */
}

void sig_rescue_ended(sig_rescue *r, int64_t now_ms)
{
    if (r->state == SIG_RESCUE_ON_PHONE) {
        r->state = SIG_RESCUE_NONE;
        r->at_ms = now_ms;
    } else if (r->state == SIG_RESCUE_CALLING) {
        r->state = r->tries < SIG_RESCUE_TRIES ? SIG_RESCUE_PAUSE : SIG_RESCUE_GIVEN_UP;
        r->at_ms = now_ms + SIG_RESCUE_PAUSE_MS;
    }
}

bool sig_rescue_step(sig_rescue *r, int64_t now_ms)
{
    return r->state == SIG_RESCUE_PAUSE && now_ms >= r->at_ms && call(r);
}

int64_t sig_rescue_next_ms(const sig_rescue *r)
{
    return r->state == SIG_RESCUE_PAUSE ? r->at_ms : INT64_MAX;
}
