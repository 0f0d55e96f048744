/* The listeners of a room, as the loop adds and steers them. */
#include <string.h>

#include "mixer/audio_private.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

enum { PROMPT_MAX = 60 * 48000 }; /* samples */

int mix_audio_find_listener(const mix_audio *a, uint32_t id)
{
    for (unsigned i = 0; i < a->n_listeners; i++) {
        if (a->listeners[i]->id == id) {
            return (int)i;
        }
    }
    return -1;
}

mcu_status mix_audio_listener_add(mix_audio *a, uint32_t listener, uint32_t own_voice)
{
    return mix_audio_listener_add_line(a, listener, own_voice, MCU_CODEC_OPUS);
}

mcu_status mix_audio_listener_add_line(mix_audio *a, uint32_t listener, uint32_t own_voice, mcu_codec codec)
{
    if (listener == 0 || mix_audio_find_listener(a, listener) >= 0) {
        return MCU_EINVAL;
    }
    if (a->n_listeners == MIX_MAX_LISTENERS || a->leaving >= MIX_LEAVING_MAX) {
        return MCU_EFULL;
    }
    if (codec < MCU_CODEC_OPUS || codec > MCU_CODEC_G722) {
        return MCU_ENOSUP;
    }
    mix_alistener *l = mix_alistener_new_line(listener, own_voice, codec, &a->config, NULL);
    if (!l) {
        return MCU_ENOMEM;
    }
    if (!mix_aclock_start(a->clock)) {
        mix_alistener_free(l);
        return MCU_ENOMEM;
    }
    a->listeners[a->n_listeners++] = l;
    mix_aclock_command(a->clock, MIX_ACLOCK_ADD_LISTENER, l);
    return MCU_OK;
}

void mix_audio_listener_hears(mix_audio *a, uint32_t listener, uint32_t channel)
{
    int i = mix_audio_find_listener(a, listener);
    if (i >= 0) {
        atomic_store_explicit(&a->listeners[i]->hears, channel, memory_order_relaxed);
    }
}

void mix_audio_listener_gain(mix_audio *a, uint32_t listener, unsigned gain)
{
    int i = mix_audio_find_listener(a, listener);
    if (i >= 0) {
        int most = (int)MIN(gain, 16U * MIX_GAIN_UNITY);
        atomic_store_explicit(&a->listeners[i]->gain, most, memory_order_relaxed);
    }
}

mcu_status mix_audio_listener_profile(mix_audio *a, uint32_t listener, mix_audio_profile profile)
{
    int i = mix_audio_find_listener(a, listener);
    if (i < 0) {
        return MCU_EINVAL;
    }
    mix_alistener *l = a->listeners[i];
    if (l->codec != MCU_CODEC_OPUS) {
        return MCU_ENOSUP;
    }
    if (profile != MIX_PROFILE_FULL && !atomic_load(&l->thin_encoder)) {
        mix_aenc *e = mix_aenc_new_thin(&a->config, NULL);
        if (!e) {
            return MCU_ENOMEM;
        }
        atomic_store_explicit(&l->thin_encoder, e, memory_order_release);
    }
    atomic_store_explicit(&l->profile, profile, memory_order_relaxed);
    return MCU_OK;
}

/* At the rate of who hears it; the last 20 ms may be cut. */
static mix_prompt *new_prompt(const mix_alistener *l, const int16_t *pcm, unsigned n)
{
    unsigned unit = mix_unit(mix_bus_hz(l->bus)), whole = n - n % unit;
    mix_prompt *p = g_malloc(sizeof *p + whole / unit * sizeof *pcm);
    *p = (mix_prompt){.listener = l->id, .n = whole / unit};
    if (unit == 1) {
        memcpy(p->pcm, pcm, n * sizeof *pcm);
        return p;
    }
    mix_resample *r = mix_resample_new(MIX_RATE, MIX_RATE / unit);
    if (!r) {
        g_free(p);
        return NULL;
    }
    (void)mix_resample_run(r, pcm, whole, p->pcm);
    mix_resample_free(r);
    return p;
}

mcu_status mix_audio_listener_say(mix_audio *a, uint32_t listener, const int16_t *pcm, unsigned n)
{
    int i = mix_audio_find_listener(a, listener);
    if (i < 0 || n == 0 || n > PROMPT_MAX) {
        return MCU_EINVAL;
    }
    if (a->leaving >= MIX_LEAVING_MAX) {
        return MCU_EFULL;
    }
    mix_prompt *p = new_prompt(a->listeners[i], pcm, n);
    if (!p) {
        return MCU_ENOMEM;
    }
    a->leaving++;
    mix_aclock_command(a->clock, MIX_ACLOCK_SAY, p);
    return MCU_OK;
}

void mix_audio_listener_remove(mix_audio *a, uint32_t listener)
{
    int i = mix_audio_find_listener(a, listener);
    if (i < 0) {
        return;
    }
    mix_alistener *l = a->listeners[i];
    l->leaving = true;
    a->listeners[i] = a->listeners[--a->n_listeners];
    a->leaving++;
    mix_aclock_command(a->clock, MIX_ACLOCK_REMOVE_LISTENER, l);
    if (a->n_listeners == 0) {
        mix_aclock_stop(a->clock);
    }
}
