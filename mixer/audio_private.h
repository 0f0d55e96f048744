/* audio_private.h - what audio.c, audio_voice.c and audio_listener.c share.  Thread: loop. */
#ifndef MIXER_AUDIO_PRIVATE_H
#define MIXER_AUDIO_PRIVATE_H

#include "mcu/base/mailbox.h"
#include "mixer/aclock.h"
#include "mixer/acore.h"
#include "mixer/audio.h"

#define MIX_LEAVING_MAX 256 /* objects that the clock has not let go of yet */

struct mix_audio {
    mix_audio_config config;
    mix_audio_callbacks callbacks;
    void *user;
    mcu_mailbox *inbox; /* mix_aclock_message */
    GSource *source;
    mix_aclock *clock;
    mix_avoice *voices[MIX_MAX_VOICES];
    mcu_codec codecs[MIX_MAX_VOICES];
    unsigned n_voices;
    mix_alistener *listeners[MIX_MAX_LISTENERS];
    unsigned n_listeners;
    unsigned leaving;
    mix_aclock_stats stats; /* of the last tick */
    uint64_t ring_full, stale;
};

int mix_audio_find_voice(const mix_audio *a, uint32_t id); /* -1 = none */
int mix_audio_find_listener(const mix_audio *a, uint32_t id);

#endif
