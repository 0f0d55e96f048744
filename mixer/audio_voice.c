/* The voices of a room, as the loop adds, feeds and steers them. */
#include "mixer/audio_private.h"

int mix_audio_find_voice(const mix_audio *a, uint32_t id)
{
    for (unsigned i = 0; i < a->n_voices; i++) {
        if (a->voices[i]->id == id) {
            return (int)i;
        }
    }
    return -1;
}

static mcu_status check_voice(const mix_audio *a, uint32_t voice, mcu_codec codec)
{
    if (voice == 0 || mix_audio_find_voice(a, voice) >= 0) {
        return MCU_EINVAL;
    }
    if (codec < MCU_CODEC_OPUS || codec > MCU_CODEC_G722) {
        return MCU_ENOSUP;
    }
    return a->n_voices == MIX_MAX_VOICES || a->leaving >= MIX_LEAVING_MAX ? MCU_EFULL : MCU_OK;
}

static mcu_status add_voice(mix_audio *a, mix_avoice *take_voice, mcu_codec codec)
{
    if (!take_voice) {
        return MCU_ENOMEM;
    }
    take_voice->even = a->config.even;
    bool denoised = a->config.denoise == MIX_DENOISE_EVERYBODY || (a->config.denoise == MIX_DENOISE_LINES && take_voice->line);
    if (!mix_avoice_denoise(take_voice, denoised)) {
        mix_avoice_free(take_voice);
        return MCU_ENOMEM;
    }
    a->codecs[a->n_voices] = codec;
    a->voices[a->n_voices++] = take_voice;
    mix_aclock_command(a->clock, MIX_ACLOCK_ADD_VOICE, take_voice);
    return MCU_OK;
}

mcu_status mix_audio_voice_add(mix_audio *a, uint32_t voice, mcu_codec codec)
{
    mcu_status s = check_voice(a, voice, codec);
    return s == MCU_OK ? add_voice(a, mix_avoice_new(voice, codec, NULL), codec) : s;
}

mcu_status mix_audio_voice_add_line(mix_audio *a, uint32_t voice, mcu_codec codec, bool in_band)
{
    mcu_status s = check_voice(a, voice, codec);
    return s == MCU_OK ? add_voice(a, mix_avoice_new_line(voice, codec, in_band, NULL), codec) : s;
}

void mix_audio_voice_remove(mix_audio *a, uint32_t voice)
{
    int i = mix_audio_find_voice(a, voice);
    if (i < 0) {
        return;
    }
    mix_avoice *v = a->voices[i];
    a->n_voices--;
    a->voices[i] = a->voices[a->n_voices];
    a->codecs[i] = a->codecs[a->n_voices];
    a->leaving++;
    mix_aclock_command(a->clock, MIX_ACLOCK_REMOVE_VOICE, v);
}

mcu_status mix_audio_voice_push(mix_audio *a, uint32_t voice, mcu_au *take_au)
{
    int i = mix_audio_find_voice(a, voice);
    mcu_status s = MCU_OK;
    if (i < 0) {
        s = MCU_EINVAL;
    } else if (take_au->codec != a->codecs[i]) {
        s = MCU_ENOSUP;
    }
    if (s != MCU_OK || !mix_aclock_running(a->clock)) { /* nobody listens */
        mcu_au_unref(take_au);
        return s;
    }
    if (!mcu_ring_push(a->voices[i]->ring, take_au)) { /* the clock stands still: it bounds the queue itself when it runs */
        a->ring_full++;
        return MCU_EFULL;
    }
    return MCU_OK;
}

void mix_audio_voice_mute(mix_audio *a, uint32_t voice, bool muted)
{
    int i = mix_audio_find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->muted, muted, memory_order_relaxed);
    }
}

void mix_audio_voice_wait(mix_audio *a, uint32_t voice, int64_t least_ns)
{
    int i = mix_audio_find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->least_us, (int)(least_ns / 1000), memory_order_relaxed);
    }
}

void mix_audio_voice_mask(mix_audio *a, uint32_t voice, bool masked)
{
    int i = mix_audio_find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->masked, masked, memory_order_relaxed);
    }
}

mcu_status mix_audio_voice_route(mix_audio *a, uint32_t voice, mix_route route)
{
    int i = mix_audio_find_voice(a, voice);
    if (i < 0) {
        return MCU_EINVAL;
    }
    return mix_avoice_address(a->voices[i], route) ? MCU_OK : MCU_ENOMEM;
}

mcu_status mix_audio_voice_denoise(mix_audio *a, uint32_t voice, bool on)
{
    int i = mix_audio_find_voice(a, voice);
    if (i < 0) {
        return MCU_EINVAL;
    }
    return mix_avoice_denoise(a->voices[i], on) ? MCU_OK : MCU_ENOMEM;
}

void mix_audio_voice_hush(mix_audio *a, uint32_t voice, bool hush)
{
    int i = mix_audio_find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->hush, hush, memory_order_relaxed);
    }
}

bool mix_audio_voice_get_stats(mix_audio *a, uint32_t voice, mix_voice_stats *out)
{
    int i = mix_audio_find_voice(a, voice);
    if (i < 0) {
        return false;
    }
    mix_avoice_figures *f = &a->voices[i]->figures;
    *out = (mix_voice_stats){
        .level_dbov = atomic_load_explicit(&f->level_mdb, memory_order_relaxed) / 1000.0,
        .talking = a->voices[i]->reported_talking,
        .delay_ms = atomic_load_explicit(&f->delay_us, memory_order_relaxed) / 1000.0,
        .target_ms = atomic_load_explicit(&f->target_us, memory_order_relaxed) / 1000.0,
        .spare_ms = atomic_load_explicit(&f->spare_us, memory_order_relaxed) / 1000.0,
        .packets = atomic_load_explicit(&f->packets, memory_order_relaxed),
        .concealed = atomic_load_explicit(&f->concealed, memory_order_relaxed),
        .fec_used = atomic_load_explicit(&f->fec_used, memory_order_relaxed),
        .late = atomic_load_explicit(&f->late, memory_order_relaxed),
    };
    return true;
}
