/* audio.h - the room's sound: audio packets in, everybody's mix minus himself out, on a clock that counts samples.
 * Thread: every call and callback on the loop thread that runs `context`; the audio clock is a thread of its own, reached by
 * rings. 48 kHz mono, 20 ms ticks. Voices and listeners are named by ids that the room chose (nonzero). */
#ifndef MIXER_AUDIO_H
#define MIXER_AUDIO_H

#include <glib.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"
#include "mixer/aroute.h"

#define MIX_MAX_VOICES 64
/* How much longer a voice is on its way into the mix than a picture onto the canvas of the same time: its packet (20 ms), the
 * least that it waits to be played (MIX_ADELAY_MIN_NS), and two coders (6), less decoding a picture and half a tick (26). */
#define MIX_AUDIO_AGE_NS (40 * MCU_NS_PER_MS)

typedef enum { MIX_DENOISE_NOBODY = 0, MIX_DENOISE_LINES, MIX_DENOISE_EVERYBODY } mix_denoise_whom;

typedef struct {
    int bitrate_bps;          /* Opus, 0 = 32000 */
    int complexity;           /* 0..10, -1 = 5 */
    int expected_loss;        /* percent for in-band FEC, 0 = 10 */
    bool even;                /* every voice is brought to the same loudness */
    mix_denoise_whom denoise; /* whose steady noise is taken out, for 20 ms of delay; lines are telephones */
} mix_audio_config;

/* By what they take on the wire, headers and all: 55, 43, 20 and 18 kbit/s. */
typedef enum {
    MIX_PROFILE_FULL = 0, /* the config's bit rate in packets of 20 ms */
    MIX_PROFILE_LESS,     /* 20 kbit/s in packets of 20 ms */
    MIX_PROFILE_LONG,     /* 12 kbit/s in packets of 60 ms */
    MIX_PROFILE_LEAST,    /* 10 kbit/s in packets of 60 ms */
    MIX_PROFILES
} mix_audio_profile;

typedef struct {
    uint32_t listener;
    mcu_au *au; /* borrowed; the same object for all who share the mix */
} mix_audio_out;

typedef struct {
    uint32_t voice;
    double level_dbov; /* of its newest 20 ms, also while it is muted; -127 = silence */
} mix_voice_level;

typedef struct {
    void (*on_audio)(void *user, const mix_audio_out *out, unsigned n); /* one tick, every listener once */
    void (*on_talking)(void *user, uint32_t voice, bool talking,
                       double level_dbov); /* changes only; 200 ms attack, 600 ms release */
    void (*on_levels)(void *user, const mix_voice_level *levels, unsigned n,
                      int64_t now_ns);                    /* every voice, each tick of the clock */
    void (*on_key)(void *user, uint32_t voice, char key); /* of a line whose keys are tones */
} mix_audio_callbacks;

typedef struct mix_audio mix_audio;
mix_audio *mix_audio_new(GMainContext *context, const mix_audio_config *config, const mix_audio_callbacks *callbacks, void *user,
                         GError **error);
void mix_audio_free(mix_audio *a); /* joins its thread; no callback during or after */

/* The clock starts with the first listener and stops with the last. */
mcu_status mix_audio_voice_add(mix_audio *a, uint32_t voice, mcu_codec codec); /* OPUS, PCMU, PCMA, G722 */
/* A telephone: PCMU, PCMA, G722 or OPUS. Its echo and the tones of its keys are taken out; `in_band`: they are its only keys. */
mcu_status mix_audio_voice_add_line(mix_audio *a, uint32_t voice, mcu_codec codec, bool in_band);
void mix_audio_voice_hush(mix_audio *a, uint32_t voice, bool hush); /* while a key is down: not even what waits to be played */
void mix_audio_voice_remove(mix_audio *a, uint32_t voice);          /* unknown ids are fine */
mcu_status mix_audio_voice_push(mix_audio *a, uint32_t voice,
                                mcu_au *take_au);                    /* consumes; bound a second, oldest dropped, counted */
void mix_audio_voice_mute(mix_audio *a, uint32_t voice, bool muted); /* decoded for its level, not mixed */

/* It is played no sooner than this after its fastest packet: its picture comes late. 0 = as soon as its packets let it. */
void mix_audio_voice_wait(mix_audio *a, uint32_t voice, int64_t least_ns);

/* Left out of the mix for listeners with MIX_HEARS_UNMASKED, at once. */
void mix_audio_voice_mask(mix_audio *a, uint32_t voice, bool masked);

/* Whom it is for; until then, everybody. MCU_ENOMEM: it stays as it was. A whisper that ends is kept from the others until what
 * was said meanwhile has been played. Clinical: neither noise suppression nor evening. */
mcu_status mix_audio_voice_route(mix_audio *a, uint32_t voice, mix_route route);
mcu_status mix_audio_voice_denoise(mix_audio *a, uint32_t voice, bool on); /* in place of what the config says */

#define MIX_HEARS_UNMASKED                                                                                                       \
    UINT32_MAX /* as `own_voice`: everybody but who is masked; channels beside the original, no whispers                         \
                */
/* `own_voice` 0 = none: hears everybody. A listener whose own voice is silent or absent shares one encode with all such
 * listeners. */
mcu_status mix_audio_listener_add(mix_audio *a, uint32_t listener, uint32_t own_voice);
/* A telephone: what it hears is coded as PCMU, PCMA, G722 or OPUS, and never nothing: silence leaves as faint noise. */
mcu_status mix_audio_listener_add_line(mix_audio *a, uint32_t listener, uint32_t own_voice, mcu_codec codec);
#define MIX_HEARS_ORIGINAL 0     /* and no interpretation */
#define MIX_HEARS_ALL UINT32_MAX /* original and interpretations, both as they are */
void mix_audio_listener_hears(mix_audio *a, uint32_t listener, uint32_t channel); /* over the original 15 dB down, or the above */
#define MIX_GAIN_UNITY 256
void mix_audio_listener_gain(mix_audio *a, uint32_t listener, unsigned gain); /* in 1/MIX_GAIN_UNITY, at most 16 times */
/* Tells this one something over the softened others; what it was being told before ends. 48 kHz, copied, at most 60 s. */
mcu_status mix_audio_listener_say(mix_audio *a, uint32_t listener, const int16_t *pcm, unsigned n);
/* What Opus leaves of the sound for this one's line; all but the first is an encode of his own. Opus only: MCU_ENOSUP. */
mcu_status mix_audio_listener_profile(mix_audio *a, uint32_t listener, mix_audio_profile profile);
void mix_audio_listener_remove(mix_audio *a, uint32_t listener);

typedef struct {
    unsigned voices, listeners;
    unsigned encodes_last_tick;
    uint64_t ticks, late_ticks, concealed, fec_used, dropped_late, dropped_full, stretched, squeezed, skipped;
    double cpu_s[3]; /* thread CPU seconds: decode, mix, encode */
} mix_audio_stats;
void mix_audio_get_stats(mix_audio *a, mix_audio_stats *out);
/* Of one voice, for tests and REST: what its playout buffer does. False = unknown id. */
typedef struct {
    double level_dbov; /* -127 = silence */
    bool talking;
    double delay_ms, target_ms;
    double spare_ms; /* of the target: for waves of a queue that may come, not there at once */
    uint64_t packets, concealed, fec_used, late;
} mix_voice_stats;
bool mix_audio_voice_get_stats(mix_audio *a, uint32_t voice, mix_voice_stats *out);

#endif
