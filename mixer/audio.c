/* audio.c - the loop's side of the room's sound: who speaks, who listens, and what the clock sends back.  Thread: loop. */
#include "mixer/audio.h"

#include <stdlib.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/mailbox.h"
#include "mixer/aclock.h"
#include "mixer/acore.h"
#include "mixer/avoice.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

enum { LEAVING_MAX = 256, PROMPT_MAX = 60 * 48000 }; /* objects that the clock has not let go of yet; samples */

static const int64_t OUTPUT_MAX_NS = 60 * MCU_NS_PER_MS; /* older packets would only add to the delay */

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

static int find_voice(const mix_audio *a, uint32_t id)
{
    for (unsigned i = 0; i < a->n_voices; i++) {
        if (a->voices[i]->id == id) {
            return (int)i;
        }
    }
    return -1;
}

static int find_listener(const mix_audio *a, uint32_t id)
{
    for (unsigned i = 0; i < a->n_listeners; i++) {
        if (a->listeners[i]->id == id) {
            return (int)i;
        }
    }
    return -1;
}

static void report_talking(mix_audio *a)
{
    for (unsigned i = a->n_voices; i > 0; i--) { /* downwards: the callback may remove voices */
        if (i > a->n_voices) {
            continue;
        }
        mix_avoice *v = a->voices[i - 1];
        bool talking = mix_aclock_running(a->clock) && atomic_load_explicit(&v->figures.talking, memory_order_relaxed);
        if (talking == v->reported_talking) {
            continue;
        }
        v->reported_talking = talking;
        if (a->callbacks.on_talking) {
            a->callbacks.on_talking(a->user, v->id, talking,
                                    atomic_load_explicit(&v->figures.level_mdb, memory_order_relaxed) / 1000.0);
        }
    }
}

static void report_keys(mix_audio *a)
{
    for (unsigned i = a->n_voices; i > 0; i--) { /* as above */
        while (i <= a->n_voices) {
            mix_avoice *v = a->voices[i - 1];
            unsigned n = atomic_load_explicit(&v->figures.n_keys, memory_order_acquire);
            if (v->reported_keys == n) {
                break;
            }
            if (n - v->reported_keys > MIX_AVOICE_KEYS) {
                v->reported_keys = n - MIX_AVOICE_KEYS; /* the loop slept: the oldest are gone */
            }
            char key = atomic_load_explicit(&v->figures.keys[v->reported_keys++ % MIX_AVOICE_KEYS], memory_order_relaxed);
            if (a->callbacks.on_key) {
                a->callbacks.on_key(a->user, v->id, key);
            }
        }
    }
}

static void report_levels(mix_audio *a)
{
    mix_voice_level levels[MIX_MAX_VOICES];
    unsigned n = a->n_voices;
    if (!a->callbacks.on_levels || n == 0) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        mix_avoice *v = a->voices[i];
        levels[i] = (mix_voice_level){v->id, atomic_load_explicit(&v->figures.block_mdb, memory_order_relaxed) / 1000.0};
    }
    a->callbacks.on_levels(a->user, levels, n, mcu_now_ns());
}

static void deliver(mix_audio *a, const mix_aclock_message *m)
{
    mix_audio_out out[MIX_MAX_LISTENERS];
    unsigned n = 0;
    if (m->batch.n > 0 && mcu_now_ns() - m->posted_ns > OUTPUT_MAX_NS) {
        a->stale++;
        return;
    }
    for (unsigned i = 0; i < m->batch.n; i++) {
        if (!m->batch.out[i].listener->leaving) {
            out[n++] = (mix_audio_out){.listener = m->batch.out[i].listener->id, .au = m->batch.out[i].au};
        }
    }
    if (n > 0 && a->callbacks.on_audio) {
        a->callbacks.on_audio(a->user, out, n);
    }
}

static void on_message(void *message, void *user)
{
    mix_audio *a = user;
    mix_aclock_message *m = message;
    switch (m->what) {
    case MIX_ACLOCK_TICKED:
        a->stats = m->stats;
        deliver(a, m);
        mix_aclock_recycle(a->clock, m);
        report_talking(a);
        report_keys(a);
        report_levels(a);
        return;
    case MIX_ACLOCK_REMOVE_VOICE:
        a->leaving--;
        mix_avoice_free(m->object);
        break;
    case MIX_ACLOCK_REMOVE_LISTENER:
        a->leaving -= ((const mix_alistener *)m->object)->prompt ? 2 : 1; /* what it was being told leaves with it */
        mix_alistener_free(m->object);
        break;
    case MIX_ACLOCK_SAY:
        a->leaving--;
        g_free(m->object);
        break;
    case MIX_ACLOCK_NONE:
    case MIX_ACLOCK_ADD_VOICE:
    case MIX_ACLOCK_ADD_LISTENER:
    case MIX_ACLOCK_STOP:
        break;
    }
    mix_aclock_message_free(m);
}

mix_audio *mix_audio_new(GMainContext *context, const mix_audio_config *config, const mix_audio_callbacks *callbacks, void *user,
                         GError **error)
{
    mix_audio *a = g_new0(mix_audio, 1);
    a->config = config ? *config : (mix_audio_config){.complexity = -1};
    a->callbacks = *callbacks;
    a->user = user;
    a->inbox = mcu_mailbox_new(MIX_ACLOCK_OUT_BOUND, mix_aclock_message_free);
    a->clock = mix_aclock_new(&a->config, a->inbox, error);
    if (!a->clock) {
        mcu_mailbox_free(a->inbox);
        g_free(a);
        return NULL;
    }
    a->source = mcu_mailbox_attach(a->inbox, context, on_message, a);
    return a;
}

void mix_audio_free(mix_audio *a)
{
    if (!a) {
        return;
    }
    a->callbacks = (mix_audio_callbacks){0};
    while (a->n_listeners > 0) {
        mix_audio_listener_remove(a, a->listeners[0]->id);
    }
    while (a->n_voices > 0) {
        mix_audio_voice_remove(a, a->voices[0]->id);
    }
    for (void *m = mcu_mailbox_pop(a->inbox); m; m = mcu_mailbox_pop(a->inbox)) {
        on_message(m, a);
    }
    g_assert(a->leaving == 0);
    g_source_destroy(a->source);
    g_source_unref(a->source);
    mix_aclock_free(a->clock);
    mcu_mailbox_free(a->inbox);
    g_free(a);
}

static mcu_status check_voice(const mix_audio *a, uint32_t voice, mcu_codec codec)
{
    if (voice == 0 || find_voice(a, voice) >= 0) {
        return MCU_EINVAL;
    }
    if (codec < MCU_CODEC_OPUS || codec > MCU_CODEC_G722) {
        return MCU_ENOSUP;
    }
    return a->n_voices == MIX_MAX_VOICES || a->leaving >= LEAVING_MAX ? MCU_EFULL : MCU_OK;
}

static mcu_status add_voice(mix_audio *a, mix_avoice *take_voice, mcu_codec codec)
{
    if (!take_voice) {
        return MCU_ENOMEM;
    }
    take_voice->even = a->config.even;
    bool denoised = a->config.denoise == MIX_DENOISE_EVERYBODY || (a->config.denoise == MIX_DENOISE_LINES && take_voice->line);
    if (denoised && !mix_avoice_denoise(take_voice)) {
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
    int i = find_voice(a, voice);
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
    int i = find_voice(a, voice);
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
    int i = find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->muted, muted, memory_order_relaxed);
    }
}

void mix_audio_voice_mask(mix_audio *a, uint32_t voice, bool masked)
{
    int i = find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->masked, masked, memory_order_relaxed);
    }
}

void mix_audio_voice_hush(mix_audio *a, uint32_t voice, bool hush)
{
    int i = find_voice(a, voice);
    if (i >= 0) {
        atomic_store_explicit(&a->voices[i]->hush, hush, memory_order_relaxed);
    }
}

mcu_status mix_audio_listener_add(mix_audio *a, uint32_t listener, uint32_t own_voice)
{
    return mix_audio_listener_add_line(a, listener, own_voice, MCU_CODEC_OPUS);
}

mcu_status mix_audio_listener_add_line(mix_audio *a, uint32_t listener, uint32_t own_voice, mcu_codec codec)
{
    if (listener == 0 || find_listener(a, listener) >= 0) {
        return MCU_EINVAL;
    }
    if (a->n_listeners == MIX_MAX_LISTENERS || a->leaving >= LEAVING_MAX) {
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

void mix_audio_listener_gain(mix_audio *a, uint32_t listener, unsigned gain)
{
    int i = find_listener(a, listener);
    if (i >= 0) {
        int most = (int)MIN(gain, 16U * MIX_GAIN_UNITY);
        atomic_store_explicit(&a->listeners[i]->gain, most, memory_order_relaxed);
    }
}

mcu_status mix_audio_listener_profile(mix_audio *a, uint32_t listener, mix_audio_profile profile)
{
    int i = find_listener(a, listener);
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
    int i = find_listener(a, listener);
    if (i < 0 || n == 0 || n > PROMPT_MAX) {
        return MCU_EINVAL;
    }
    if (a->leaving >= LEAVING_MAX) {
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
    int i = find_listener(a, listener);
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

void mix_audio_get_stats(mix_audio *a, mix_audio_stats *out)
{
    const mix_acore_stats *c = &a->stats.core;
    *out = (mix_audio_stats){
        .voices = a->n_voices,
        .listeners = a->n_listeners,
        .encodes_last_tick = c->encodes_last_tick,
        .ticks = a->stats.ticks,
        .late_ticks = a->stats.late_ticks,
        .concealed = c->concealed,
        .fec_used = c->fec_used,
        .dropped_late = c->dropped_late,
        .dropped_full = c->dropped_full + a->ring_full,
        .stretched = c->stretched,
        .squeezed = c->squeezed,
        .skipped = c->skipped,
        .cpu_s = {c->cpu_s[0], c->cpu_s[1], c->cpu_s[2]},
    };
}

bool mix_audio_voice_get_stats(mix_audio *a, uint32_t voice, mix_voice_stats *out)
{
    int i = find_voice(a, voice);
    if (i < 0) {
        return false;
    }
    mix_avoice_figures *f = &a->voices[i]->figures;
    *out = (mix_voice_stats){
        .level_dbov = atomic_load_explicit(&f->level_mdb, memory_order_relaxed) / 1000.0,
        .talking = a->voices[i]->reported_talking,
        .delay_ms = atomic_load_explicit(&f->delay_us, memory_order_relaxed) / 1000.0,
        .target_ms = atomic_load_explicit(&f->target_us, memory_order_relaxed) / 1000.0,
        .packets = atomic_load_explicit(&f->packets, memory_order_relaxed),
        .concealed = atomic_load_explicit(&f->concealed, memory_order_relaxed),
        .fec_used = atomic_load_explicit(&f->fec_used, memory_order_relaxed),
        .late = atomic_load_explicit(&f->late, memory_order_relaxed),
    };
    return true;
}
