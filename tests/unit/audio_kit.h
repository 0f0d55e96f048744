/* audio_kit.h - what the audio tests share: tones, measuring them, senders of every codec, a network in stepped time. */
#ifndef TESTS_AUDIO_KIT_H
#define TESTS_AUDIO_KIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"
#include "mixer/avoice.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

#define KIT_MS MCU_NS_PER_MS

/* Adds amplitude * sin to pcm; `at` is the sample number of pcm[0], so that calls join up. */
void kit_tone(int16_t *pcm, unsigned n, uint64_t at, double hz, double amplitude);
/* Adds a buzz of ten harmonics that swells four times a second: what an encoder takes for speech. */
void kit_speech(int16_t *pcm, unsigned n, uint64_t at, double hz, double amplitude);
/* Level of one frequency in dB against full scale (Goertzel with a Hann window). */
double kit_level_db(const int16_t *pcm, unsigned n, double hz);
double kit_amplitude(double db); /* of a sine that kit_level_db() gives back */
/* BS.1770-4 annex 2: the largest value between samples too, of four times as many, in dB against full scale. */
double kit_true_peak_db(const int16_t *pcm, unsigned n);
/* Largest second difference of the sound: a click is a spike of it. */
int kit_roughness(const int16_t *pcm, unsigned n);

typedef struct kit_sender kit_sender;
typedef struct {
    mcu_codec codec;
    unsigned frame_48k; /* samples of a packet; 0 = 960 */
    int bitrate;        /* Opus; 0 = 32000 */
    bool fec, dtx, audio;
} kit_sender_config;
kit_sender *kit_sender_new(const kit_sender_config *config);
void kit_sender_free(kit_sender *s);
/* The next packet of this sound (48 kHz, one frame of it), with its sequence number and time stamp; NULL = DTX keeps silent. */
mcu_au *kit_send(kit_sender *s, const int16_t *pcm);
void kit_sender_jump(kit_sender *s, uint32_t seq, uint32_t ts);
unsigned kit_sender_frame(const kit_sender *s);

/* A sender of a tone and a network of given habits, feeding a voice. */
typedef struct {
    double loss, duplicate, jitter_ms, spike, spike_ms, drift_ppm; /* shares 0..1 */
    unsigned burst;                                                /* packets lost at once */
    bool speech;                                                   /* a voice instead of a tone */
    bool noise;                                                    /* or noise: neither pauses nor a pitch */
    uint32_t seed;
} kit_network;

typedef struct {
    mcu_au *au;
    int64_t arrival_ns;
} kit_flight;

typedef struct {
    kit_sender *sender;
    kit_network net;
    uint32_t random;
    double hz, amplitude;
    uint64_t sent_samples;
    int64_t start_ns;
    unsigned losing;
    double queue_ms; /* what is sent now waits on the way */
    bool stalled;    /* nothing arrives; what is under way comes when it ends */
    bool paused;     /* the sender sends nothing and its clock goes on */
    kit_flight flight[512];
    unsigned n_flight;
    unsigned sent, lost;
} kit_link;

void kit_link_init(kit_link *l, const kit_sender_config *config, const kit_network *net, double hz, double amplitude,
                   int64_t start_ns);
void kit_link_clear(kit_link *l);
/* Sends what the sender has recorded by `now_ns` and gives what has arrived to the voice's ring. */
void kit_link_step(kit_link *l, int64_t now_ns, mix_avoice *v);
double kit_random(uint32_t *state); /* 0..1 */

/* What the voice gave on this tick, at 48 kHz whatever its rate is. `up` begins as NULL; mix_resample_free() it. */
void kit_wide(const mix_avoice *v, mix_resample **up, int16_t out[MIX_BLOCK]);

#endif
