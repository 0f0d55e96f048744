/* The sound half of the mixer of fake_media.h. */
#include "tests/unit/fake_media.h"

struct mix_audio {
    mix_audio_callbacks callbacks;
    void *user;
};

static mix_audio the_audio;

void fake_sound_out(uint32_t listener, mcu_au *au)
{
    the_audio.callbacks.on_audio(the_audio.user, &(mix_audio_out){listener, au}, 1);
}

void fake_talking(uint32_t voice, bool talking)
{
    the_audio.callbacks.on_talking(the_audio.user, voice, talking, -20);
}

void fake_level(uint32_t voice, double level_dbov, int64_t now_ns)
{
    mix_voice_level level = {voice, level_dbov};
    the_audio.callbacks.on_levels(the_audio.user, &level, 1, now_ns);
}

void fake_audio_out(uint32_t listener)
{
    mcu_au *au = mcu_au_new(160);
    mix_audio_out out = {listener, au};
    the_audio.callbacks.on_audio(the_audio.user, &out, 1);
    mcu_au_unref(au);
}

mix_audio *mix_audio_new(GMainContext *context, const mix_audio_config *config, const mix_audio_callbacks *callbacks, void *user,
                         GError **error)
{
    (void)context;
    (void)config;
    (void)error;
    the_audio = (mix_audio){*callbacks, user};
    return &the_audio;
}

void mix_audio_free(mix_audio *a)
{
    (void)a;
}

mcu_status mix_audio_voice_add(mix_audio *a, uint32_t voice, mcu_codec codec)
{
    (void)a;
    (void)codec;
    fake.voices[voice] = true;
    return MCU_OK;
}

void mix_audio_voice_remove(mix_audio *a, uint32_t voice)
{
    (void)a;
    fake.voices[voice] = false;
}

mcu_status mix_audio_voice_push(mix_audio *a, uint32_t voice, mcu_au *take_au)
{
    (void)a;
    (void)voice;
    mcu_au_unref(take_au);
    return MCU_OK;
}

void mix_audio_voice_mute(mix_audio *a, uint32_t voice, bool muted)
{
    (void)a;
    fake.muted[voice] = muted;
}

void mix_audio_voice_wait(mix_audio *a, uint32_t voice, int64_t least_ns)
{
    (void)a;
    fake.voice_wait_ns[voice & 255] = least_ns;
}

void mix_audio_voice_mask(mix_audio *a, uint32_t voice, bool masked)
{
    (void)a;
    fake.masked[voice & 255] = masked;
}

mcu_status mix_audio_listener_add(mix_audio *a, uint32_t listener, uint32_t own_voice)
{
    (void)a;
    fake.listeners[listener & 255] = true;
    fake.listener_voice[listener & 255] = own_voice;
    return MCU_OK;
}

mcu_status mix_audio_listener_profile(mix_audio *a, uint32_t listener, mix_audio_profile profile)
{
    (void)a;
    (void)listener;
    (void)profile;
    return MCU_OK;
}

mcu_status mix_audio_voice_route(mix_audio *a, uint32_t voice, mix_route route)
{
    (void)a;
    fake.route[voice & 255] = route;
    return fake.voices[voice & 255] ? MCU_OK : MCU_EINVAL;
}

mcu_status mix_audio_voice_denoise(mix_audio *a, uint32_t voice, bool on)
{
    (void)a;
    fake.denoise[voice & 255] = on ? 1 : -1;
    return MCU_OK;
}

void mix_audio_listener_hears(mix_audio *a, uint32_t listener, uint32_t channel)
{
    (void)a;
    fake.hears[listener & 255] = channel;
}

void mix_audio_listener_remove(mix_audio *a, uint32_t listener)
{
    (void)a;
    fake.listeners[listener & 255] = false;
}

bool mix_audio_voice_get_stats(mix_audio *a, uint32_t voice, mix_voice_stats *out)
{
    (void)a;
    (void)voice;
    *out = (mix_voice_stats){.delay_ms = 40, .target_ms = 40};
    return true;
}

void mix_audio_get_stats(mix_audio *a, mix_audio_stats *out)
{
    (void)a;
    *out = (mix_audio_stats){0};
}
