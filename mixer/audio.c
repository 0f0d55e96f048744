/* audio.c - the loop's side of the room's sound: who speaks, who listens, and what the clock sends back.  Thread: loop. */
#include "mixer/audio.h"

#include "mcu/base/clock.h"
#include "mixer/audio_private.h"

static const int64_t OUTPUT_MAX_NS = 60 * MCU_NS_PER_MS; /* older packets would only add to the delay */

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
    mix_aenc *probe = mix_aenc_new(config, error); /* of settings that every encoder will have */
    if (!probe) {
        return NULL;
    }
    mix_aenc_free(probe);
    mix_audio *a = g_new0(mix_audio, 1);
    a->config = config ? *config : (mix_audio_config){.complexity = -1};
    a->callbacks = *callbacks;
    a->user = user;
    a->inbox = mcu_mailbox_new(MIX_ACLOCK_OUT_BOUND, mix_aclock_message_free);
    a->clock = mix_aclock_new(a->inbox);
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
