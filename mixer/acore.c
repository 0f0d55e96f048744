#include "mixer/acore.h"

#include <string.h>
#include <time.h>

#include "mixer/pcm.h"

/* What all who are silent hear at one rate. */
typedef struct {
    mix_limiter limiter;
    bool live;              /* somebody heard it on the last tick: */
    int16_t pcm[MIX_BLOCK]; /* this */
} shared_mix;

struct mix_acore {
    mix_abus *mix;
    uint64_t tick;
    uint64_t masked; /* slots, on this tick */
    mix_avoice *voices[MIX_MAX_VOICES];
    unsigned n_voices;
    mix_alistener *listeners[MIX_MAX_LISTENERS];
    unsigned n_listeners;
    mix_aenc *encoder; /* the shared one; Opus is at 48 kHz, and nothing else is */
    shared_mix shared[MIX_BUSES];
    int16_t private[MIX_MAX_LISTENERS][MIX_BLOCK]; /* of this tick, for those who do not share */
    mix_acore_stats stats;
    mix_acore_stats gone; /* counted by voices that have left */
};

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
    c->mix = mix_abus_new(MIX_MAX_VOICES);
    g_assert(c->mix);
    for (unsigned bus = 0; bus < MIX_BUSES; bus++) {
        mix_limiter_init(&c->shared[bus].limiter, mix_bus_hz(bus));
    }
    return c;
}

void mix_acore_free(mix_acore *c)
{
    if (!c) {
        return;
    }
    mix_aenc_free(c->encoder);
    mix_abus_free(c->mix);
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

enum { CPU_EVERY = 8 }; /* asking is a system call: one tick in so many stands for all of them */

static double thread_cpu_s(const mix_acore *c)
{
    if (c->tick % CPU_EVERY != 0) {
        return 0;
    }
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

/* Where the listener's own voice is, -1 = nowhere. It rarely moves. */
static int find_own(const mix_acore *c, mix_alistener *l)
{
    if (l->own_at < c->n_voices && c->voices[l->own_at]->id == l->own_voice) {
        return (int)l->own_at;
    }
    for (unsigned i = 0; l->own_voice != 0 && i < c->n_voices; i++) {
        if (c->voices[i]->id == l->own_voice) {
            l->own_at = i;
            return (int)i;
        }
    }
    return -1;
}

/* The slot of the listener's own voice if he would hear himself in the shared mix, else -1. */
static int own_slot(const mix_acore *c, mix_alistener *l, const bool *mixed)
{
    if (l->own_voice == MIX_HEARS_UNMASKED) {
        return c->masked != 0 ? UNMASKED : -1;
    }
    int i = find_own(c, l);
    return i >= 0 && mixed[i] && c->voices[i]->level.audible ? i : -1;
}

static void pull_voices(mix_acore *c, int64_t now_ns, bool *mixed)
{
    mix_abus_begin(c->mix, c->tick);
    for (unsigned i = 0; i < c->n_voices; i++) {
        mix_avoice *v = c->voices[i];
        mix_avoice_collect(v);
        mixed[i] = mix_avoice_pull(v, now_ns);
        if (mixed[i] && v->level.block_dbov > MIX_SILENCE_DBOV) {
            mcu_status s = mix_abus_add(c->mix, i, c->tick, mix_bus_of(v->hz), v->block);
            g_assert(s == MCU_OK);
        }
    }
}

static void leave_shared(mix_acore *c, mix_alistener *l)
{
    if (l->private || !c->shared[l->bus].live) {
        return;
    }
    l->limiter = c->shared[l->bus].limiter;
    if (l->encoder) {
        mix_aenc_copy(l->encoder, c->encoder);
    }
}

static void come_back(mix_acore *c, mix_alistener *l)
{
    shared_mix *s = &c->shared[l->bus];
    if (!l->private || s->live) {
        return;
    }
    s->limiter = l->limiter;
    s->live = true;
    if (l->encoder) {
        mix_aenc_copy(c->encoder, l->encoder);
    }
}

/* Moves the listeners between the shared encode and their own. State follows them, so that nobody hears the move: a private
 * encode begins as a copy of the shared one, and a shared one that nobody used takes over from the first who comes back to it.
 * Returns the buses that somebody listens at. */
static unsigned choose_encodes(mix_acore *c, const int *own)
{
    unsigned sharing[MIX_BUSES] = {0};
    unsigned wanted = 0;
    bool alone[MIX_MAX_LISTENERS];
    for (unsigned i = 0; i < c->n_listeners; i++) {
        alone[i] = own[i] >= 0 || mix_alistener_is_apart(c->listeners[i]);
        if (alone[i]) {
            leave_shared(c, c->listeners[i]);
        }
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        wanted |= 1U << l->bus;
        if (!alone[i]) {
            come_back(c, l);
            sharing[l->bus]++;
        }
        l->private = alone[i];
    }
    for (unsigned bus = 0; bus < MIX_BUSES; bus++) {
        c->shared[bus].live = sharing[bus] > 0;
    }
    return wanted;
}

/* What this listener alone hears. */
static void read_own(mix_acore *c, mix_alistener *l, int own, int16_t *pcm)
{
    int32_t rest[MIX_BLOCK];
    if (own == UNMASKED) {
        mix_abus_rest_unmasked(c->mix, rest);
    } else {
        mix_abus_rest(c->mix, l->bus, own, rest);
    }
    mix_alistener_shape(l, rest);
    mix_limiter_run(&l->limiter, rest, pcm);
}

static void read_mixes(mix_acore *c, const int *own)
{
    for (unsigned bus = 0; bus < MIX_BUSES; bus++) {
        if (c->shared[bus].live) {
            int32_t all[MIX_BLOCK];
            mix_abus_rest(c->mix, bus, -1, all);
            mix_limiter_run(&c->shared[bus].limiter, all, c->shared[bus].pcm);
        }
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        if (c->listeners[i]->private) {
            read_own(c, c->listeners[i], own[i], c->private[i]);
        }
    }
}

/* `before` is what everybody at a wide telephone heard on the last tick, NULL if nobody did: an encoder that did not make this
 * listener's last packet goes on from there. */
static mcu_au *encode(mix_acore *c, mix_alistener *l, int16_t *pcm, const int16_t *before, uint32_t ts48k, int64_t time_ns)
{
    c->stats.encodes_last_tick++;
    if (!l->line) {
        mix_aenc *thin = l->private ? mix_alistener_thin(l) : NULL;
        return mix_aenc_encode(thin ? thin : l->private ? l->encoder : c->encoder, pcm, ts48k, time_ns);
    }
    bool goes_on = l->line_tick + 1 == c->tick && l->line_shared == !l->private;
    if (!goes_on && before) {
        mix_penc_follow(l->line, before);
    }
    l->line_tick = c->tick;
    l->line_shared = !l->private;
    return mix_penc_encode_line(l->line, pcm, ts48k, time_ns);
}

/* What a telephone is sent may come back in its voice. */
static void note_sent(const mix_acore *c, mix_alistener *l, const int16_t *pcm, bool loud, int64_t time_ns)
{
    int own = l->line ? find_own(c, l) : -1;
    if (own >= 0) {
        mix_avoice_sent(c->voices[own], pcm, loud, time_ns);
    }
}

static void make_batch(mix_acore *c, const int16_t *before, uint32_t ts48k, int64_t time_ns, mix_abatch *batch)
{
    mcu_au *shared[MCU_CODEC_G722 + 1] = {0}; /* one packet a codec */
    bool loud[MIX_BUSES];
    for (unsigned bus = 0; bus < MIX_BUSES; bus++) {
        loud[bus] = c->shared[bus].live && mix_echo_is_loud(c->shared[bus].pcm, mix_bus_block(bus));
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        int16_t *pcm = l->private ? c->private[i] : c->shared[l->bus].pcm;
        mcu_au *au;
        if (l->private) {
            au = encode(c, l, pcm, before, ts48k, time_ns);
        } else {
            if (!shared[l->codec]) {
                shared[l->codec] = encode(c, l, pcm, before, ts48k, time_ns);
            }
            au = shared[l->codec] ? mcu_au_ref(shared[l->codec]) : NULL;
        }
        note_sent(c, l, pcm, l->private ? l->line && mix_echo_is_loud(pcm, mix_bus_block(l->bus)) : loud[l->bus], time_ns);
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
    double at[4] = {thread_cpu_s(c)};
    c->stats.encodes_last_tick = 0;
    pull_voices(c, now_ns, mixed);
    at[1] = thread_cpu_s(c);
    c->masked = masked_slots(c);
    for (unsigned i = 0; i < c->n_listeners; i++) {
        own[i] = own_slot(c, c->listeners[i], mixed);
    }
    int16_t before[MIX_BLOCK / 3];
    const shared_mix *wide = &c->shared[MIX_BUS_16K];
    bool heard = wide->live;
    memcpy(before, wide->pcm, sizeof before);
    mix_abus_join(c->mix, choose_encodes(c, own), c->masked);
    read_mixes(c, own);
    at[2] = thread_cpu_s(c);
    make_batch(c, heard ? before : NULL, ts48k, time_ns, batch);
    at[3] = thread_cpu_s(c);
    for (unsigned i = 0; i < G_N_ELEMENTS(c->stats.cpu_s); i++) {
        c->stats.cpu_s[i] += (at[i + 1] - at[i]) * CPU_EVERY;
    }
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
