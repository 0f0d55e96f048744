/* acore.h - one tick of the room's sound: every voice pulled, summed, and one mix for each listener.
 * Thread: the audio clock, or whoever steps it in a test. No clock of its own; allocates nothing in a tick but the packets it
 * returns. */
#ifndef MIXER_ACORE_H
#define MIXER_ACORE_H

#include <glib.h>
#include <stdint.h>

#include "mixer/aenc.h"
#include "mixer/audio.h"
#include "mixer/avoice.h"
#include "mixer/limiter.h"
#include "mixer/penc.h"

#define MIX_MAX_LISTENERS 64

/* Something that one listener is told, over the others. */
typedef struct {
    uint32_t listener;
    unsigned n, at; /* samples; played so far */
    int16_t pcm[];  /* 48 kHz */
} mix_prompt;

typedef struct mix_alistener {
    uint32_t id;
    uint32_t own_voice;               /* 0 = none */
    bool leaving;                     /* loop only */
    atomic_int gain;                  /* of what he hears, in 1/256; 256 = as it is */
    atomic_bool thin;                 /* Opus in long packets of few bits, by: */
    _Atomic(mix_aenc *) thin_encoder; /* made by the loop when it is first wanted, NULL before */
    /* Clock only. */
    bool private;      /* has an encode of its own */
    mix_aenc *encoder; /* Opus, or ... */
    mix_penc *line;    /* ... a telephone's codec */
    mcu_codec codec;
    uint64_t line_tick; /* of the newest packet of `line`, and whether it was everybody's mix */
    bool line_shared;
    mix_prompt *prompt; /* owned; NULL = none */
    mix_limiter limiter;
} mix_alistener;

mix_alistener *mix_alistener_new(uint32_t id, uint32_t own_voice, const mix_audio_config *config, GError **error);
/* At a telephone: PCMU, PCMA, G722, or OPUS. */
mix_alistener *mix_alistener_new_line(uint32_t id, uint32_t own_voice, mcu_codec codec, const mix_audio_config *config,
                                      GError **error);
void mix_alistener_free(mix_alistener *l);

typedef struct {
    unsigned n;
    struct {
        mix_alistener *listener;
        mcu_au *au; /* a reference of the batch's */
    } out[MIX_MAX_LISTENERS];
} mix_abatch;

void mix_abatch_clear(mix_abatch *b);

typedef struct {
    unsigned encodes_last_tick;
    uint64_t concealed, fec_used, dropped_late, dropped_full, stretched, squeezed, skipped; /* voices that left included */
    double cpu_s[3];
} mix_acore_stats;

typedef struct mix_acore mix_acore;
mix_acore *mix_acore_new(const mix_audio_config *config, GError **error);
void mix_acore_free(mix_acore *c); /* voices and listeners are their owner's */

/* Borrowed until removed. MCU_EFULL beyond MIX_MAX_VOICES, MIX_MAX_LISTENERS. */
mcu_status mix_acore_add_voice(mix_acore *c, mix_avoice *v);
void mix_acore_remove_voice(mix_acore *c, mix_avoice *v);
mcu_status mix_acore_add_listener(mix_acore *c, mix_alistener *l);
void mix_acore_remove_listener(mix_acore *c, mix_alistener *l);

/* Begins to say it; returns what is to be freed: the one before, or `take_prompt` when its listener is not there. */
mix_prompt *mix_acore_say(mix_acore *c, mix_prompt *take_prompt);

mix_prompt *mix_acore_said(mix_acore *c); /* one that is over, for the caller; NULL = none */

/* `batch` is empty before and holds one packet for each listener afterwards, but for those on thin lines only every third
 * time. */
void mix_acore_tick(mix_acore *c, int64_t now_ns, uint32_t ts48k, int64_t time_ns, mix_abatch *batch);
void mix_acore_get_stats(const mix_acore *c, mix_acore_stats *out);

#endif
