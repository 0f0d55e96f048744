#include "mixer/acore.h"

#include <string.h>
#include <time.h>

#include "mcu/base/scratch.h"
#include "mixer/pcm.h"

struct mix_acore {
    mix_abus *mix;
    uint64_t tick;
    uint64_t masked;  /* slots, on this tick */
    uint64_t apart;   /* that sound beside the sums */
    uint64_t staying; /* and are for the same listeners as on the tick before */
    bool clinical;    /* somebody's heart or lungs are heard */
    mix_avoice *voices[MIX_MAX_VOICES];
    unsigned n_voices;
    mix_alistener *listeners[MIX_MAX_LISTENERS];
    unsigned n_listeners;
    mix_agroup groups[MIX_MAX_LISTENERS]; /* of this tick */
    unsigned n_groups;
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

mix_acore *mix_acore_new(void)
{
    mix_acore *c = g_new0(mix_acore, 1);
    c->mix = mix_abus_new(MIX_MAX_VOICES);
    g_assert(c->mix);
    return c;
}

void mix_acore_free(mix_acore *c)
{
    if (!c) {
        return;
    }
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
            break;
        }
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        c->listeners[i]->stream->apart = 0; /* slots are other voices' now */
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
            mix_agroup_part(l, c->listeners, c->n_listeners);
            return;
        }
    }
}

#define CLINICAL_HOLD 100 /* blocks: a heart pauses, and what is said meanwhile is not heard in between */

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

/* What is taken out of the sum for this listener: his own voice, if he would hear himself. */
static int own_slot(const mix_acore *c, mix_alistener *l, const bool *mixed)
{
    if (l->own_voice == MIX_HEARS_UNMASKED) {
        return c->masked != 0 ? MIX_OWN_MASKED : MIX_OWN_NONE;
    }
    int i = find_own(c, l);
    bool summed = i >= 0 && mixed[i] && c->voices[i]->route.kind == MIX_FOR_ALL;
    return summed && c->voices[i]->level.audible ? i : MIX_OWN_NONE;
}

/* Into the sum, or beside it if it is not for everybody. A voice beside it is in no mix but those that ask for it. */
static void place(mix_acore *c, unsigned slot)
{
    mix_avoice *v = c->voices[slot];
    if (v->route.kind == MIX_FOR_ALL) {
        mcu_status s = mix_abus_add(c->mix, slot, c->tick, mix_bus_of(v->hz), v->block);
        g_assert(s == MCU_OK);
        return;
    }
    mix_abranch_begin(atomic_load_explicit(&v->branch, memory_order_acquire), c->tick, v->block);
    c->apart |= UINT64_C(1) << slot;
}

static void pull_voices(mix_acore *c, int64_t now_ns, bool *mixed)
{
    mix_abus_begin(c->mix, c->tick);
    c->apart = c->staying = 0;
    c->clinical = false;
    for (unsigned i = 0; i < c->n_voices; i++) {
        mix_avoice *v = c->voices[i];
        mix_route before = v->route;
        mix_avoice_collect(v);
        mixed[i] = mix_avoice_pull(v, now_ns);
        if (mixed[i] && v->level.block_dbov > MIX_SILENCE_DBOV) {
            place(c, i);
        }
        c->staying |= (uint64_t)mix_route_is(before, v->route) << i;
        c->clinical = c->clinical || (mixed[i] && v->route.kind == MIX_FOR_ALL_CLINICAL);
    }
}

typedef enum { UNHEARD = 0, BESIDE, OVER } hearing; /* over: the others are softened */

/* How this one hears a voice that is beside the sums. */
static hearing hears(const mix_alistener *l, const mix_avoice *v)
{
    bool tape = l->own_voice == MIX_HEARS_UNMASKED;
    uint32_t channel = atomic_load_explicit(&l->hears, memory_order_relaxed);
    if (v->id == l->own_voice || (tape && atomic_load_explicit(&v->masked, memory_order_relaxed))) {
        return UNHEARD;
    }
    switch (v->route.kind) {
    case MIX_FOR_ONE:
        return v->route.to == l->id && v->level.audible ? BESIDE : UNHEARD;
    case MIX_FOR_CHANNEL:
        if (!v->level.audible || (!tape && channel != MIX_HEARS_ALL && channel != v->route.to)) {
            return UNHEARD;
        }
        return tape || channel == MIX_HEARS_ALL ? BESIDE : OVER;
    case MIX_FOR_ALL_CLINICAL:
        return tape || v->since_sound > CLINICAL_HOLD ? BESIDE : OVER;
    case MIX_FOR_ALL:
        break;
    }
    return UNHEARD;
}

static mix_akey key_of(const mix_acore *c, mix_alistener *l, const bool *mixed)
{
    mix_akey key = {.bus = l->bus, .own = own_slot(c, l, mixed)};
    for (unsigned i = 0; i < c->n_voices; i++) {
        if (mixed[i] && c->voices[i]->route.kind != MIX_FOR_ALL) {
            hearing h = hears(l, c->voices[i]);
            key.apart |= (uint64_t)(h != UNHEARD) << i & c->apart;
            key.softened = key.softened || h == OVER;
        }
    }
    key.gain = l->follows ? l->follows->gain : mix_astream_gain(key.softened);
    key.single = mix_alistener_is_apart(l) ? l->id : 0;
    return key;
}

/* Voices beside the sum; who is heard no more ends softly, who is heard from now on begins so. Not so whose block is for somebody
 * else already. */
static void add_apart(mix_acore *c, const mix_agroup *group, int32_t *pcm)
{
    uint64_t was = group->stream->apart, is = group->key.apart;
    int n = (int)mix_bus_block(group->key.bus);
    for (uint64_t left = (is | (was & c->staying)) & c->apart; left != 0; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        const int16_t *voice =
            mix_abranch_at(atomic_load_explicit(&c->voices[slot]->branch, memory_order_acquire), group->key.bus);
        int before = (int)(was >> slot & 1), now = (int)(is >> slot & 1);
        for (int i = 0; i < n; i++) {
            pcm[i] += before == now ? voice[i] : voice[i] * (now ? i : n - i) / n;
        }
    }
    group->stream->apart = is;
}

static void read_mix(mix_acore *c, const mix_agroup *group)
{
    const mix_akey *key = &group->key;
    mix_astream *s = group->stream;
    MCU_SCRATCH int32_t sum[MIX_BLOCK];
    if (key->bus != MIX_BUS_48K) {
        memcpy(s->before, s->pcm, mix_bus_block(key->bus) * sizeof *s->before);
    }
    if (key->own == MIX_OWN_MASKED) {
        mix_abus_rest_unmasked(c->mix, sum);
    } else {
        mix_abus_rest(c->mix, key->bus, key->own, sum);
    }
    mix_astream_soften(s, key->softened, sum);
    add_apart(c, group, sum);
    if (key->single) {
        mix_alistener_shape(c->listeners[group->first], sum);
    }
    mix_limiter_run(&s->limiter, sum, s->pcm);
}

static unsigned wanted_buses(const mix_acore *c)
{
    unsigned wanted = 0;
    for (unsigned i = 0; i < c->n_listeners; i++) {
        wanted |= 1U << c->listeners[i]->bus;
    }
    return wanted;
}

/* A telephone's encoder that did not make its group's last packet goes on from what the group heard then. */
static mcu_au *encode_line(mix_acore *c, mix_alistener *l, const mix_astream *s, int16_t *pcm, uint32_t ts48k, int64_t time_ns)
{
    bool goes_on = l->line_tick + 1 == c->tick && (l->line_stream == s || (s->copied && l->line_stream == s->copied));
    if (!goes_on) {
        mix_penc_follow(l->line, s->before);
    }
    l->line_tick = c->tick;
    l->line_stream = s;
    return mix_penc_encode_line(l->line, pcm, ts48k, time_ns);
}

static mcu_au *encode(mix_acore *c, const mix_agroup *group, mix_alistener *l, uint32_t ts48k, int64_t time_ns)
{
    mix_astream *s = group->stream;
    c->stats.encodes_last_tick++;
    if (l->line) {
        return encode_line(c, l, s, s->pcm, ts48k, time_ns);
    }
    mix_aenc *thin = group->key.single ? mix_alistener_thin(l) : NULL;
    mix_aenc_clinical(s->encoder, c->clinical);
    return mix_aenc_encode(thin ? thin : s->encoder, s->pcm, ts48k, time_ns);
}

/* What a telephone is sent may come back in its voice. */
static void note_sent(const mix_acore *c, mix_alistener *l, const int16_t *pcm, bool loud, int64_t time_ns)
{
    int own = l->line ? find_own(c, l) : -1;
    if (own >= 0) {
        mix_avoice_sent(c->voices[own], pcm, loud, time_ns);
    }
}

/* One packet for each codec of a group. */
static void make_batch(mix_acore *c, const uint8_t *of, uint32_t ts48k, int64_t time_ns, mix_abatch *batch)
{
    MCU_SCRATCH mcu_au *made[MIX_MAX_LISTENERS][MCU_CODEC_G722 + 1]; /* of as many as there are */
    bool loud[MIX_MAX_LISTENERS];
    memset(made, 0, c->n_groups * sizeof *made);
    for (unsigned g = 0; g < c->n_groups; g++) {
        const mix_astream *s = c->groups[g].stream;
        loud[g] = mix_echo_is_loud(s->pcm, mix_bus_block(s->bus));
    }
    for (unsigned i = 0; i < c->n_listeners; i++) {
        mix_alistener *l = c->listeners[i];
        const mix_agroup *group = &c->groups[of[i]];
        mcu_au **au = &made[of[i]][l->codec];
        if (!*au) {
            *au = encode(c, group, l, ts48k, time_ns);
        }
        note_sent(c, l, group->stream->pcm, loud[of[i]], time_ns);
        if (*au) {
            batch->out[batch->n].listener = l;
            batch->out[batch->n++].au = mcu_au_ref(*au);
        }
    }
    for (unsigned g = 0; g < c->n_groups; g++) {
        for (unsigned codec = 0; codec < G_N_ELEMENTS(made[g]); codec++) {
            mcu_au_unref(made[g][codec]);
        }
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
    mix_akey keys[MIX_MAX_LISTENERS];
    uint8_t of[MIX_MAX_LISTENERS];
    c->tick++;
    double at[4] = {thread_cpu_s(c)};
    c->stats.encodes_last_tick = 0;
    pull_voices(c, now_ns, mixed);
    at[1] = thread_cpu_s(c);
    c->masked = masked_slots(c);
    for (unsigned i = 0; i < c->n_listeners; i++) {
        keys[i] = key_of(c, c->listeners[i], mixed);
    }
    c->n_groups = mix_agroup_form(c->listeners, keys, c->n_listeners, c->tick, c->groups, of);
    mix_abus_join(c->mix, wanted_buses(c), c->masked);
    for (unsigned g = 0; g < c->n_groups; g++) {
        read_mix(c, &c->groups[g]);
    }
    at[2] = thread_cpu_s(c);
    make_batch(c, of, ts48k, time_ns, batch);
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
