/* audio_room.h - a room's sound in stepped time: people who send tones, and what each one's decoder hears. */
#ifndef TESTS_AUDIO_ROOM_H
#define TESTS_AUDIO_ROOM_H

#include "audio_kit.h"
#include "mixer/acore.h"
#include "mixer/adec.h"

enum { PEOPLE_MAX = 16, TICKS_MAX = 500 };

typedef struct {
    mix_acore *core;
    unsigned people;
    mix_avoice *voice[PEOPLE_MAX];
    mix_alistener *listener[PEOPLE_MAX];
    kit_link link[PEOPLE_MAX];
    mix_adec *ear[PEOPLE_MAX];
    int16_t heard[PEOPLE_MAX][TICKS_MAX * MIX_BLOCK];
    unsigned tick;
    mix_abatch batch;
} room;

#define START_NS (5000 * KIT_MS)

double tone_hz(unsigned person);
/* Person p's voice and listener have the number p + 1; all are silent until their link has an amplitude. */
room *room_new(unsigned people, const mix_audio_config *config, const kit_sender_config *sender);
void room_free(room *r);
void room_run(room *r, unsigned ticks); /* everybody hears a packet on each */
double heard_db(const room *r, unsigned listener, unsigned voice, unsigned last_ticks);
/* Of what this one heard in the last so many ticks: a click is a spike of it. */
int heard_roughness(const room *r, unsigned listener, unsigned last_ticks);
unsigned encodes(const room *r); /* on the last tick */

#endif
