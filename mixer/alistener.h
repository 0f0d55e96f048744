/* alistener.h - one who listens: what he wants to hear, his encoders, and what he alone is told.
 * Thread: made and freed by the loop, which may set what is atomic; the rest is the audio clock's while it has him. */
#ifndef MIXER_ALISTENER_H
#define MIXER_ALISTENER_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mixer/abus.h"
#include "mixer/astream.h"
#include "mixer/audio.h"
#include "mixer/penc.h"

/* Something that one listener is told, over the others. */
typedef struct {
    uint32_t listener;
    unsigned n, at; /* samples; played so far */
    int16_t pcm[];  /* at his rate */
} mix_prompt;

typedef struct mix_alistener {
    uint32_t id;
    uint32_t own_voice;               /* 0 = none; at his rate */
    bool leaving;                     /* loop only */
    atomic_int gain;                  /* of what he hears, in 1/256; 256 = as it is */
    atomic_uint profile;              /* mix_audio_profile; all but the full one by: */
    _Atomic(mix_aenc *) thin_encoder; /* made by the loop when it is first wanted, NULL before */
    atomic_uint hears;                /* channel, or MIX_HEARS_* */
    mcu_codec codec;
    mix_bus bus; /* 48 kHz for Opus, a telephone's codec has its own */
    /* Clock only. */
    unsigned own_at;      /* where his voice was among the room's last time */
    mix_astream *stream;  /* owned: his share of those that groups of listeners use */
    mix_astream *follows; /* the one he heard last; NULL = none yet */
    mix_penc *line;       /* a telephone's codec; NULL = Opus */
    uint64_t line_tick;   /* of the newest packet of `line`, and of which stream it was */
    const mix_astream *line_stream;
    mix_prompt *prompt; /* owned; NULL = none */
} mix_alistener;

mix_alistener *mix_alistener_new(uint32_t id, uint32_t own_voice, const mix_audio_config *config, GError **error);
/* At a telephone: PCMU, PCMA, G722, or OPUS. */
mix_alistener *mix_alistener_new_line(uint32_t id, uint32_t own_voice, mcu_codec codec, const mix_audio_config *config,
                                      GError **error);
void mix_alistener_free(mix_alistener *l);

/* The encoder of a listener on a thin line, as his profile wants it; NULL = he is on none. A packet that was begun is ended
 * first. */
mix_aenc *mix_alistener_thin(const mix_alistener *l);
/* He cannot share what the others hear. */
bool mix_alistener_is_apart(const mix_alistener *l);
/* Puts what he is told over what he hears, which is softened meanwhile, and applies his volume: 20 ms, in place. */
void mix_alistener_shape(mix_alistener *l, int32_t *pcm);

#endif
