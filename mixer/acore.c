#include "mixer/acore.h"

#include <string.h>
#include <time.h>

#include "mixer/amix.h"

struct mix_acore {
    mix_amix *mix;
    uint64_t tick;
    mix_avoice *voices[MIX_MAX_VOICES];
    unsigned n_voices;
    mix_alistener *listeners[MIX_MAX_LISTENERS];
    unsigned n_listeners;
    mix_aenc *encoder; /* the shared one */
    mix_limiter limiter;
    bool shared_live; /* it ran on the last tick */
    mix_acore_stats stats;
    mix_acore_stats gone; /* counted by voices that have left */
};

mix_alistener *mix_alistener_new(uint32_t id, uint32_t own_voice, const mix_audio_config *config, GError **error)
{
    mix_aenc *encoder = mix_aenc_new(config, error);
    if (!encoder) {
        return NULL;
    }
    mix_alistener *l = g_new0(mix_alistener, 1);
    l->id = id;
    l->own_voice = own_voice;
    l->encoder = encoder;
    mix_limiter_init(&l->limiter);
    return l;
}

void mix_alistener_free(mix_alistener *l)
{
    if (!l) {
        return;
    }
    mix_aenc_free(l->encoder);
    g_free(l);
}

void mix_abatch_clear(mix_abatch *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        mcu_au_unref(b->out[i].au);
    }
    b->n = 0;
}

mix_acore *mix_acore_new(const mix_audio_config *config, GError **error)
{
    mix_aenc *encoder = mix_aenc_new(config, error);
    if (!encoder) {
        return NULL;
    }
    mix_acore *c = g_new0(mix_acore, 1);
    c->encoder = encoder;
    c->mix = mix_amix_new(MIX_MAX_VOICES);
    g_assert(c->mix);
    mix_limiter_init(&c->limiter);
    return c;
}

void mix_acore_free(mix_acore *c)
{
    if (!c) {
        return;
    }
    mix_aenc_free(c->encoder);
    mix_amix_free(c->mix);
    g_free(c);
}

mcu_status mix_acore_add_voice(mix_acore *c, mix_avoice *v)
{
    if (c->n_voices == MIX_MAX_VOICES) {
        return MCU_EFULL;
    }
    c->voices[c->n_voices++] = v;
    return MCU_OK;
}

static void add_voice_stats(mix_acore_stats *to, const mix_avoice *v)
{
    const mix_ajitter_stats *j = mix_ajitter_get_stats(v->jitter);
    to->concealed += j->concealed;
    to->fec_used += j->fec_used;
    to->dropped_late += j->late;
    to->dropped_full += j->dropped_full;
    to->skipped += j->skipped;
    to->stretched += v->stats.stretched;
    to->squeezed += v->stats.squeezed;
}

void mix_acore_remove_voice(mix_acore *c, mix_avoice *v)
{
    for (unsigned i = 0; i < c->n_voices; i++) {
        if (c->voices[i] == v) {
            add_voice_stats(&c->gone, v);
            c->voices[i] = c->voices[--c->n_voices];
            return;
        }
    }
}

mcu_status mix_acore_add_listener(mix_acore *c, mix_alistener *l)
{
    if (c->n_listeners == MIX_MAX_LISTENERS) {
        return MCU_EFULL;
    }
    c->listeners[c->n_listeners++] = l;
    return MCU_OK;
}

void mix_acore_remove_listener(mix_acore *c, mix_alistener *l)
{
    for (unsigned i = 0; i < c->n_listeners; i++) {
        if (c->listeners[i] == l) {
            c->listeners[i] = c->listeners[--c->n_listeners];
            return;
        }
    }
}

static double thread_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The slot of the listener's own voice if he would hear himself in the shared mix, else -1. */
static int own_slot(const mix_acore *c, const mix_alistener *l, const bool *mixed)
{
    for (unsigned i = 0; l->own_voice != 0 && i < c->n_voices; i++) {
        if (c->voices[i]->id == l->own_voice) {
            return mixed[i] && c->voices[i]->level.audible ? (int)i : -1;
        }
    }
    return -1;
}

static void pull_voices(mix_acore *c, int64_t now_ns, bool *mixed)
{
    for (unsigned i = 0; i < c->n_voices; i++) {
        mix_avoice_collect(c->voices[i]);
        mixed[i] = mix_avoice_pull(c->voices[i], now_ns);
    }
    mix_amix_begin(c->mix, c->tick);
    for (unsigned i = 0; i < c->n_voices; i++) {
        if (mixed[i]) {
            mcu_status s = mix_amix_add(c->mix, i, c->tick, c->voices[i]->block);
            g_assert(s == MCU_OK);
        }
    }
}

/* Moves the listeners between the shared encode and their own. State follows them, so that nobody hears the move: a private
 * encode begins as a copy of the shared one, and a shared one that nobody used takes over from the first who comes back to it. */
static unsigned choose_encodes(mix_acore *c, const int *own)
{
    unsigned sharing = 0;
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        if (own[i] >= 0 && !l->private && c->shared_live) {
            mix_aenc_copy(l->encoder, c->encoder);
            l->limiter = c->limiter;
        }
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        if (own[i] < 0) {
            if (l->private && !c->shared_live) {
                mix_aenc_copy(c->encoder, l->encoder);
                c->limiter = l->limiter;
                c->shared_live = true;
            }
            sharing++;
        }
        l->private = own[i] >= 0;
    }
    c->shared_live = sharing > 0;
    return sharing;
}

static mcu_au *encode(mix_acore *c, int own, mix_aenc *encoder, mix_limiter *limiter, uint32_t ts48k, int64_t time_ns)
{
    int16_t pcm[MIX_BLOCK];
    double start = thread_cpu_s();
    mix_amix_read(c->mix, own, limiter, pcm);
    double mixed = thread_cpu_s();
    mcu_au *au = mix_aenc_encode(encoder, pcm, ts48k, time_ns);
    c->stats.cpu_s[1] += mixed - start;
    c->stats.cpu_s[2] += thread_cpu_s() - mixed;
    c->stats.encodes_last_tick++;
    return au;
}

static void make_batch(mix_acore *c, const int *own, unsigned sharing, uint32_t ts48k, int64_t time_ns, mix_abatch *batch)
{
    mcu_au *shared = sharing > 0 ? encode(c, -1, c->encoder, &c->limiter, ts48k, time_ns) : NULL;
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        mcu_au *au = NULL;
        if (l->private) {
            au = encode(c, own[i], l->encoder, &l->limiter, ts48k, time_ns);
        } else if (shared) {
            au = mcu_au_ref(shared);
        }
        if (au) {
            batch->out[batch->n].listener = l;
            batch->out[batch->n++].au = au;
        }
    }
    mcu_au_unref(shared);
}

void mix_acore_tick(mix_acore *c, int64_t now_ns, uint32_t ts48k, int64_t time_ns, mix_abatch *batch)
{
    bool mixed[MIX_MAX_VOICES];
    int own[MIX_MAX_LISTENERS];
    c->tick++;
    c->stats.encodes_last_tick = 0;
    double start = thread_cpu_s();
    pull_voices(c, now_ns, mixed);
    c->stats.cpu_s[0] += thread_cpu_s() - start;
    for (unsigned i = 0; i < c->n_listeners; i++) {
        own[i] = own_slot(c, c->listeners[i], mixed);
    }
    make_batch(c, own, choose_encodes(c, own), ts48k, time_ns, batch);
}

void mix_acore_get_stats(const mix_acore *c, mix_acore_stats *out)
{
    *out = c->gone;
    out->encodes_last_tick = c->stats.encodes_last_tick;
    memcpy(out->cpu_s, c->stats.cpu_s, sizeof out->cpu_s);
    for (unsigned i = 0; i < c->n_voices; i++) {
        add_voice_stats(out, c->voices[i]);
    }
}
