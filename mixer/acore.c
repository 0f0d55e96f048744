#include "mixer/acore.h"

#include <string.h>
#include <time.h>

#include "mixer/amix.h"

enum { PROMPT_DUCK = 4 }; /* the others are 12 dB softer while one is told something */

struct mix_acore {
    mix_amix *mix;
    uint64_t tick;
    uint64_t masked; /* slots, on this tick */
    mix_avoice *voices[MIX_MAX_VOICES];
    unsigned n_voices;
    mix_alistener *listeners[MIX_MAX_LISTENERS];
    unsigned n_listeners;
    mix_aenc *encoder; /* the shared one */
    mix_limiter limiter;
    bool shared_live;          /* somebody heard the shared mix on the last tick: */
    int16_t shared[MIX_BLOCK]; /* this one */
    bool opus_live;            /* the shared encoder ran on the last tick */
    mix_acore_stats stats;
    mix_acore_stats gone; /* counted by voices that have left */
};

mix_alistener *mix_alistener_new(uint32_t id, uint32_t own_voice, const mix_audio_config *config, GError **error)
{
    return mix_alistener_new_line(id, own_voice, MCU_CODEC_OPUS, config, error);
}

mix_alistener *mix_alistener_new_line(uint32_t id, uint32_t own_voice, mcu_codec codec, const mix_audio_config *config,
                                      GError **error)
{
    bool opus = codec == MCU_CODEC_OPUS;
    mix_aenc *encoder = opus ? mix_aenc_new(config, error) : NULL;
    mix_penc *line = opus ? NULL : mix_penc_new(codec, error);
    if (!encoder && !line) {
        return NULL;
    }
    mix_alistener *l = g_new0(mix_alistener, 1);
    l->id = id;
    l->own_voice = own_voice;
    l->codec = codec;
    l->encoder = encoder;
    l->line = line;
    atomic_init(&l->gain, MIX_GAIN_UNITY);
    atomic_init(&l->thin, false);
    atomic_init(&l->thin_encoder, NULL);
    mix_limiter_init(&l->limiter);
    return l;
}

void mix_alistener_free(mix_alistener *l)
{
    if (!l) {
        return;
    }
    mix_aenc_free(l->encoder);
    mix_aenc_free(atomic_load(&l->thin_encoder));
    mix_penc_free(l->line);
    g_free(l->prompt);
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

/* Beyond all slots: the mix without who is masked. */
#define UNMASKED MIX_MAX_VOICES

static uint64_t masked_slots(const mix_acore *c)
{
    uint64_t slots = 0;
    for (unsigned i = 0; i < c->n_voices; i++) {
        slots |= (uint64_t)atomic_load_explicit(&c->voices[i]->masked, memory_order_relaxed) << i;
    }
    return slots;
}

/* The slot of the listener's own voice if he would hear himself in the shared mix, else -1. */
static int own_slot(const mix_acore *c, const mix_alistener *l, const bool *mixed)
{
    if (l->own_voice == MIX_HEARS_UNMASKED) {
        return c->masked != 0 ? UNMASKED : -1;
    }
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

/* The encoder of a listener on a thin line; NULL = he is on none. A packet that was begun is ended first. */
static mix_aenc *thin_encoder(mix_alistener *l)
{
    mix_aenc *e = atomic_load_explicit(&l->thin_encoder, memory_order_acquire);
    bool thin = e && (atomic_load_explicit(&l->thin, memory_order_relaxed) || mix_aenc_is_between(e));
    return thin ? e : NULL;
}

/* He cannot share what the others hear. */
static bool is_apart(mix_alistener *l)
{
    bool told = l->prompt && l->prompt->at < l->prompt->n;
    return told || thin_encoder(l) || atomic_load_explicit(&l->gain, memory_order_relaxed) != MIX_GAIN_UNITY;
}

static void leave_shared(mix_acore *c, mix_alistener *l)
{
    if (l->private || !c->shared_live) {
        return;
    }
    l->limiter = c->limiter;
    if (l->encoder && c->opus_live) {
        mix_aenc_copy(l->encoder, c->encoder);
    }
}

static void come_back(mix_acore *c, mix_alistener *l)
{
    if (l->private && !c->shared_live) {
        c->limiter = l->limiter;
        c->shared_live = true;
    }
    if (l->private && l->encoder && !c->opus_live) {
        mix_aenc_copy(c->encoder, l->encoder);
        c->opus_live = true;
    }
}

/* Moves the listeners between the shared encode and their own. State follows them, so that nobody hears the move: a private
 * encode begins as a copy of the shared one, and a shared one that nobody used takes over from the first who comes back to it. */
static unsigned choose_encodes(mix_acore *c, const int *own)
{
    unsigned sharing = 0;
    unsigned sharing_opus = 0;
    bool alone[MIX_MAX_LISTENERS];
    for (unsigned i = 0; i < c->n_listeners; i++) {
        alone[i] = own[i] >= 0 || is_apart(c->listeners[i]);
        if (alone[i]) {
            leave_shared(c, c->listeners[i]);
        }
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        if (!alone[i]) {
            come_back(c, l);
            sharing++;
            sharing_opus += l->encoder != NULL;
        }
        l->private = alone[i];
    }
    c->shared_live = sharing > 0;
    c->opus_live = sharing_opus > 0;
    return sharing;
}

static void add_prompt(mix_alistener *l, int32_t *pcm)
{
    mix_prompt *p = l->prompt;
    unsigned n = p->n - p->at < MIX_BLOCK ? p->n - p->at : MIX_BLOCK;
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        pcm[i] = pcm[i] / PROMPT_DUCK + (i < n ? p->pcm[p->at + i] : 0);
    }
    p->at += n;
}

/* What this listener alone hears. */
static void read_own(mix_acore *c, mix_alistener *l, int own, int16_t *pcm)
{
    if (own == UNMASKED) {
        int32_t unmasked[MIX_BLOCK];
        mix_amix_rest_without(c->mix, c->masked, unmasked);
        mix_limiter_run(&l->limiter, unmasked, pcm);
        return;
    }
    if (!is_apart(l)) {
        mix_amix_read(c->mix, own, &l->limiter, pcm);
        return;
    }
    int32_t rest[MIX_BLOCK];
    int32_t gain = atomic_load_explicit(&l->gain, memory_order_relaxed);
    mix_amix_rest(c->mix, own, rest);
    if (l->prompt) {
        add_prompt(l, rest);
    }
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        rest[i] = rest[i] * gain / MIX_GAIN_UNITY;
    }
    mix_limiter_run(&l->limiter, rest, pcm);
}

/* `before` is what everybody heard on the last tick, NULL if nobody did: an encoder that did not make this listener's last packet
 * goes on from there. */
static mcu_au *encode(mix_acore *c, mix_alistener *l, const int16_t *pcm, const int16_t *before, uint32_t ts48k, int64_t time_ns)
{
    double start = thread_cpu_s();
    mcu_au *au;
    if (l->line) {
        bool goes_on = l->line_tick + 1 == c->tick && l->line_shared == !l->private;
        if (!goes_on && before) {
            mix_penc_follow(l->line, before);
        }
        l->line_tick = c->tick;
        l->line_shared = !l->private;
        au = mix_penc_encode(l->line, pcm, ts48k, time_ns);
    } else {
        mix_aenc *thin = l->private ? thin_encoder(l) : NULL;
        au = mix_aenc_encode(thin ? thin : l->private ? l->encoder : c->encoder, pcm, ts48k, time_ns);
    }
    c->stats.cpu_s[2] += thread_cpu_s() - start;
    c->stats.encodes_last_tick++;
    return au;
}

static mcu_au *encode_own(mix_acore *c, mix_alistener *l, int own, const int16_t *before, uint32_t ts48k, int64_t time_ns)
{
    int16_t pcm[MIX_BLOCK];
    double start = thread_cpu_s();
    read_own(c, l, own, pcm);
    c->stats.cpu_s[1] += thread_cpu_s() - start;
    return encode(c, l, pcm, before, ts48k, time_ns);
}

/* What a telephone is sent may come back in its voice. */
static void note_sent(mix_acore *c, const mix_alistener *l, const mix_penc *line, int64_t time_ns)
{
    for (unsigned i = 0; line && i < c->n_voices; i++) {
        if (c->voices[i]->id == l->own_voice) {
            mix_avoice_sent(c->voices[i], mix_penc_narrow(line), time_ns);
            return;
        }
    }
}

static void make_batch(mix_acore *c, const int *own, unsigned sharing, const int16_t *before, uint32_t ts48k, int64_t time_ns,
                       mix_abatch *batch)
{
    mcu_au *shared[MCU_CODEC_G722 + 1] = {0};       /* one packet a codec */
    const mix_penc *line[MCU_CODEC_G722 + 1] = {0}; /* that made it */
    if (sharing > 0) {
        double start = thread_cpu_s();
        mix_amix_read(c->mix, -1, &c->limiter, c->shared);
        c->stats.cpu_s[1] += thread_cpu_s() - start;
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        mcu_au *au;
        if (l->private) {
            au = encode_own(c, l, own[i], before, ts48k, time_ns);
            note_sent(c, l, l->line, time_ns);
        } else {
            if (!shared[l->codec]) {
                shared[l->codec] = encode(c, l, c->shared, before, ts48k, time_ns);
                line[l->codec] = l->line;
            }
            note_sent(c, l, line[l->codec], time_ns);
            au = shared[l->codec] ? mcu_au_ref(shared[l->codec]) : NULL;
        }
        if (au) {
            batch->out[batch->n].listener = l;
            batch->out[batch->n++].au = au;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(shared); i++) {
        mcu_au_unref(shared[i]);
    }
}

mix_prompt *mix_acore_say(mix_acore *c, mix_prompt *take_prompt)
{
    for (unsigned i = 0; i < c->n_listeners; i++) {
        if (c->listeners[i]->id == take_prompt->listener) {
            mix_prompt *old = c->listeners[i]->prompt;
            c->listeners[i]->prompt = take_prompt;
            return old;
        }
    }
    return take_prompt;
}

mix_prompt *mix_acore_said(mix_acore *c)
{
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_prompt *p = c->listeners[i]->prompt;
        if (p && p->at == p->n) {
            c->listeners[i]->prompt = NULL;
            return p;
        }
    }
    return NULL;
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
    c->masked = masked_slots(c);
    for (unsigned i = 0; i < c->n_listeners; i++) {
        own[i] = own_slot(c, c->listeners[i], mixed);
    }
    int16_t before[MIX_BLOCK];
    bool heard = c->shared_live;
    memcpy(before, c->shared, sizeof before);
    unsigned sharing = choose_encodes(c, own);
    make_batch(c, own, sharing, heard ? before : NULL, ts48k, time_ns, batch);
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
