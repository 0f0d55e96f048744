#include "mixer/alistener.h"

#include "mixer/adec.h"
#include "mixer/pcm.h"

enum { PROMPT_DUCK = 4 }; /* the others are 12 dB softer while one is told something */

mix_alistener *mix_alistener_new(uint32_t id, uint32_t own_voice, const mix_audio_config *config, GError **error)
{
    return mix_alistener_new_line(id, own_voice, MCU_CODEC_OPUS, config, error);
}

mix_alistener *mix_alistener_new_line(uint32_t id, uint32_t own_voice, mcu_codec codec, const mix_audio_config *config,
                                      GError **error)
{
    bool opus = codec == MCU_CODEC_OPUS;
    mix_bus bus = opus ? MIX_BUS_48K : mix_bus_of(mix_adec_narrow_hz(codec));
    mix_penc *line = opus ? NULL : mix_penc_new(codec, error);
    mix_astream *stream = opus || line ? mix_astream_new(bus, config, error) : NULL;
    if (!stream) {
        mix_penc_free(line);
        return NULL;
    }
    mix_alistener *l = g_new0(mix_alistener, 1);
    l->id = id;
    l->own_voice = own_voice;
    l->codec = codec;
    l->bus = bus;
    l->stream = stream;
    l->line = line;
    atomic_init(&l->gain, MIX_GAIN_UNITY);
    atomic_init(&l->profile, MIX_PROFILE_FULL);
    atomic_init(&l->thin_encoder, NULL);
    atomic_init(&l->hears, MIX_HEARS_ORIGINAL);
    return l;
}

void mix_alistener_free(mix_alistener *l)
{
    if (!l) {
        return;
    }
    mix_astream_free(l->stream);
    mix_aenc_free(atomic_load(&l->thin_encoder));
    mix_penc_free(l->line);
    g_free(l->prompt);
    g_free(l);
}

mix_aenc *mix_alistener_thin(const mix_alistener *l)
{
    mix_aenc *e = atomic_load_explicit(&l->thin_encoder, memory_order_acquire);
    mix_audio_profile profile = atomic_load_explicit(&l->profile, memory_order_relaxed);
    if (!e || mix_aenc_is_between(e)) {
        return e;
    }
    mix_aenc_take_profile(e, profile);
    return profile != MIX_PROFILE_FULL ? e : NULL;
}

bool mix_alistener_is_apart(const mix_alistener *l)
{
    bool told = l->prompt && l->prompt->at < l->prompt->n;
    return told || mix_alistener_thin(l) || atomic_load_explicit(&l->gain, memory_order_relaxed) != MIX_GAIN_UNITY;
}

static void add_prompt(mix_prompt *p, int32_t *pcm, unsigned block)
{
    unsigned n = p->n - p->at < block ? p->n - p->at : block;
    for (unsigned i = 0; i < block; i++) {
        pcm[i] = pcm[i] / PROMPT_DUCK + (i < n ? p->pcm[p->at + i] : 0);
    }
    p->at += n;
}

void mix_alistener_shape(mix_alistener *l, int32_t *pcm)
{
    unsigned block = mix_bus_block(l->bus);
    int32_t gain = atomic_load_explicit(&l->gain, memory_order_relaxed);
    if (l->prompt) {
        add_prompt(l->prompt, pcm, block);
    }
    for (unsigned i = 0; gain != MIX_GAIN_UNITY && i < block; i++) {
        pcm[i] = pcm[i] * gain / MIX_GAIN_UNITY;
    }
}
