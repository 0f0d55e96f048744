/* voice.h - the RTP of a call before a room has it: speaks prompts, hears keys; then gives the sockets away.  Thread: the loop's.
 * What is handed over goes on with the next sequence number; this process keeps duplicates and touches them no more. */
#ifndef SIGNALING_PHONE_VOICE_H
#define SIGNALING_PHONE_VOICE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/leg.h"
#include "signaling/phone/call_sdp.h"
#include "signaling/phone/config.h"
#include "signaling/phone/prompts.h"

typedef struct {
    void (*digit)(void *user, char digit);
    void (*played)(void *user); /* the sound has ended by itself */
} tel_voice_events;

typedef struct tel_voice tel_voice;
/* Binds RTP to an even port of rtp_min..rtp_max, looking from *next on, and RTCP to the one above. NULL: UNAVAILABLE. */
tel_voice *tel_voice_new(const tel_config *c, unsigned *next, const tel_voice_events *events, void *user, GError **error);
void tel_voice_free(tel_voice *v);
unsigned tel_voice_port(const tel_voice *v);

/* Begins to send (silence, until something is played), or goes on with what has changed. `key` is ours, for SRTP. */
bool tel_voice_agree(tel_voice *v, const tel_agreed *a, const uint8_t key[MCU_LEG_KEY_SIZE], GError **error);
/* The sound is taken; NULL = silence. */
void tel_voice_play(tel_voice *v, tel_sound *take_sound);

/* Stops here; fds: RTP, then RTCP unless it is on the same. Returns how many; they stay ours. Later calls give the state that was
 * given, advanced by the time since. Wipe it. */
unsigned tel_voice_hand_over(tel_voice *v, mcu_leg_state *out, int fds[2]);
/* What has changed since, for the one who has it: the next hand-over begins from there. */
void tel_voice_note_change(tel_voice *v, const tel_agreed *a);

#endif
