#include "mixer/avoice.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/atsm.h"

enum { FADE_IN = 120, HUSH_TAIL = 5 }; /* 2.5 ms at 48 kHz; blocks */

static const int64_t SQUEEZE_FROM_NS = 15 * MCU_NS_PER_MS, SQUEEZE_TO_NS = 5 * MCU_NS_PER_MS;
/* Of a longer wait so much may be too much, as two thirds of what is above this, at most that: following each wave of a queue
 * costs words. */
static const int64_t STEADY_NS = 40 * MCU_NS_PER_MS, LOOSE_NS = 130 * MCU_NS_PER_MS;
static const int64_t STRETCH_FROM_NS = -10 * MCU_NS_PER_MS, STRETCH_TO_NS = -2 * MCU_NS_PER_MS;
static const int64_t TONE_TAIL_NS = 60 * MCU_NS_PER_MS;     /* a window that is half a tone is not seen as one */
static const int64_t WHISPER_TAIL_NS = 400 * MCU_NS_PER_MS; /* how much later than its end sound may arrive */
/* Pauses of long waits are shortened first: that costs nobody a word. Then what fits; noise that has neither, anywhere. */
static const unsigned PAUSES_FIRST = 50; /* ticks */
static const int64_t FAR_NS = 80 * MCU_NS_PER_MS;

static void drop_au(void *au)
{
    mcu_au_unref(au);
}

static mix_avoice *new_voice(uint32_t id, mcu_codec codec, mix_adec *take_decoder)
{
    if (!take_decoder) {
        return NULL;
    }
    mix_avoice *v = g_new0(mix_avoice, 1);
    v->id = id;
    v->decoder = take_decoder;
    v->hz = mix_adec_hz(take_decoder);
    v->jitter = mix_ajitter_new(codec);
    g_assert(v->jitter);
    v->ring = mcu_ring_new(MIX_AVOICE_RING, drop_au);
    v->quiet = MIX_BLOCK;
    v->hushed = HUSH_TAIL;
    v->since_sound = UINT_MAX;
    mix_loudness_init(&v->loudness, v->hz);
    mix_level_init(&v->level);
    atomic_store(&v->figures.level_mdb, (int)(MIX_SILENCE_DBOV * 1000));
    atomic_store(&v->figures.block_mdb, (int)(MIX_SILENCE_DBOV * 1000));
    return v;
}

mix_avoice *mix_avoice_new(uint32_t id, mcu_codec codec, GError **error)
{
    return new_voice(id, codec, mix_adec_new(codec, error));
}

/* Decoded sound of a telephone before anything else is done with it. */
static void on_narrow(void *user, int16_t *pcm, unsigned n)
{
    mix_avoice *v = user;
    mix_echo_cancel(v->echo, pcm, n, v->packet_ts, v->packet_ns);
}

mix_avoice *mix_avoice_new_line(uint32_t id, mcu_codec codec, bool in_band, GError **error)
{
    unsigned narrow_hz = mix_adec_narrow_hz(codec);
    mix_avoice *v = new_voice(id, codec, mix_adec_new_line(codec, error));
    if (!v) {
        return NULL;
    }
    v->line = true;
    v->in_band = in_band;
    v->tones = mix_tones_new(codec);
    v->echo = narrow_hz ? mix_echo_new(narrow_hz) : NULL;
    if (!v->tones || (narrow_hz && !v->echo)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "no memory for a telephone's voice");
        mix_avoice_free(v);
        return NULL;
    }
    if (v->echo) {
        mix_adec_on_narrow(v->decoder, on_narrow, v);
    }
    mix_ajitter_limit(v->jitter, MIX_LINE_DELAY_MAX_NS);
    return v;
}

bool mix_avoice_denoise(mix_avoice *v, bool on)
{
    if (on && !atomic_load(&v->denoise)) {
        mix_denoise *d = mix_denoise_new(v->hz);
        if (!d) {
            return false;
        }
        atomic_store_explicit(&v->denoise, d, memory_order_release);
    }
    atomic_store_explicit(&v->denoise_wanted, on, memory_order_relaxed);
    return true;
}

bool mix_avoice_address(mix_avoice *v, mix_route route)
{
    if (route.kind != MIX_FOR_ALL && !atomic_load(&v->branch)) {
        mix_abranch *b = mix_abranch_new(mix_bus_of(v->hz));
        if (!b) {
            return false;
        }
        atomic_store_explicit(&v->branch, b, memory_order_release);
    }
    atomic_store_explicit(&v->wanted_route, mix_route_pack(route), memory_order_release);
    return true;
}

void mix_avoice_free(mix_avoice *v)
{
    if (!v) {
        return;
    }
    mix_denoise_free(atomic_load(&v->denoise));
    mix_abranch_free(atomic_load(&v->branch));
    mix_tones_free(v->tones);
    mix_echo_free(v->echo);
    mcu_ring_free(v->ring);
    mix_ajitter_free(v->jitter);
    mix_adec_free(v->decoder);
    g_free(v);
}

void mix_avoice_sent(mix_avoice *v, const int16_t *pcm, bool loud, int64_t time_ns)
{
    if (v->echo) {
        mix_echo_sent(v->echo, pcm, loud, time_ns);
    }
}

static void tell_key(mix_avoice *v, char key)
{
    unsigned n = atomic_load_explicit(&v->figures.n_keys, memory_order_relaxed);
    atomic_store_explicit(&v->figures.keys[n % MIX_AVOICE_KEYS], key, memory_order_relaxed);
    atomic_store_explicit(&v->figures.n_keys, n + 1, memory_order_release);
}

/* A tone is found when it arrives and kept from the mix while it is played, which is the playout buffer's delay later. */
static void find_tones(mix_avoice *v, const mcu_au *au)
{
    char key;
    if (mix_tones_push(v->tones, au, &key)) {
        v->hush_until_ns = au->time_ns + mix_ajitter_target_ns(v->jitter) + TONE_TAIL_NS;
    }
    if (key != 0 && v->in_band) {
        tell_key(v, key);
    }
}

void mix_avoice_collect(mix_avoice *v)
{
    mix_ajitter_wait(v->jitter, atomic_load_explicit(&v->least_us, memory_order_relaxed) * INT64_C(1000));
    for (mcu_au *au = mcu_ring_pop(v->ring); au; au = mcu_ring_pop(v->ring)) {
        if (v->tones) {
            find_tones(v, au);
        }
        (void)mix_ajitter_push(v->jitter, au); /* counted there */
    }
}

static void fade(int16_t *pcm, unsigned n, bool in)
{
    for (unsigned i = 0; i < n; i++) {
        pcm[i] = (int16_t)((int32_t)pcm[i] * (int32_t)(in ? i : n - i) / (int32_t)n);
    }
}

static void add_silence(mix_avoice *v, int16_t *at, unsigned n)
{
    if (v->quiet == 0) {
        mix_adec_conceal(v->decoder, at, n);
        fade(at, n, false);
    } else {
        memset(at, 0, n * sizeof *at);
    }
    v->quiet = v->quiet < MIX_RATE ? v->quiet + n : v->quiet;
}

/* Appends one step of the playout buffer to the fifo. */
static void advance(mix_avoice *v, int64_t now_ns)
{
    mix_play_step step;
    unsigned unit = mix_unit(v->hz);
    mix_ajitter_next(v->jitter, now_ns, v->fifo_len * unit, &step);
    int16_t *at = v->fifo + v->fifo_len;
    unsigned n = step.samples / unit;
    if (step.what == MIX_PLAY_SILENCE) {
        add_silence(v, at, n);
        v->fifo_len += n;
        return;
    }
    if (step.what == MIX_PLAY_PACKET) {
        v->packet_ts = step.au->ts;
        v->packet_ns = step.au->time_ns;
        (void)mix_adec_decode(v->decoder, step.au->data, step.au->size, at, &n); /* conceals what it cannot read */
        mcu_au_unref(step.au);
    } else if (step.what == MIX_PLAY_FEC) {
        mix_adec_fec(v->decoder, step.au->data, step.au->size, at, n);
    } else {
        mix_adec_conceal(v->decoder, at, n);
    }
    if (v->quiet > 0) {
        fade(at, n < FADE_IN / unit ? n : FADE_IN / unit, true);
        v->quiet = 0;
    }
    v->fifo_len += n;
}

static mix_tsm_where where_to_squeeze(const mix_avoice *v, int64_t excess_ns, bool long_wait)
{
    bool patient = long_wait && v->behind < PAUSES_FIRST;
    bool enough = v->behind > 3 * PAUSES_FIRST && excess_ns > FAR_NS;
    return enough ? MIX_TSM_ANYWHERE : patient ? MIX_TSM_PAUSES : MIX_TSM_UNHEARD;
}

/* What is only for waves that may come grows in pauses. */
static mix_tsm_where where_to_stretch(const mix_avoice *v, int64_t excess_ns)
{
    int64_t missing_ns = -excess_ns - mix_ajitter_spare_ns(v->jitter);
    return missing_ns > FAR_NS ? MIX_TSM_ANYWHERE : missing_ns > 0 ? MIX_TSM_UNHEARD : MIX_TSM_PAUSES;
}

/* Brings the delay nearer to its target by one pitch period, where that goes unheard. */
static void adjust(mix_avoice *v, int64_t now_ns)
{
    unsigned unit = mix_unit(v->hz), enough = (MIX_BLOCK + MIX_TSM_MAX) / unit;
    int64_t excess_ns = mix_ajitter_excess_ns(v->jitter, now_ns, v->fifo_len * unit);
    int64_t from_ns = CLAMP((mix_ajitter_target_ns(v->jitter) - STEADY_NS) * 2 / 3, SQUEEZE_FROM_NS, LOOSE_NS);
    v->catching_up = excess_ns > (v->catching_up ? MAX(SQUEEZE_TO_NS, from_ns / 3) : from_ns);
    v->behind = v->catching_up ? v->behind + 1 : 0;
    v->falling_back = excess_ns < (v->falling_back ? STRETCH_TO_NS : STRETCH_FROM_NS);
    bool long_wait = from_ns > SQUEEZE_FROM_NS;
    if (v->catching_up) {
        while (v->fifo_len < enough && mix_ajitter_ready(v->jitter)) {
            advance(v, now_ns);
        }
        if (v->fifo_len >= enough) {
            unsigned less = mix_tsm_squeeze(v->fifo, v->fifo_len, v->hz, where_to_squeeze(v, excess_ns, long_wait));
            v->fifo_len -= less;
            v->stats.squeezed += less > 0;
        }
    } else if (v->falling_back) {
        unsigned more = mix_tsm_stretch(v->fifo, v->fifo_len, v->hz, where_to_stretch(v, excess_ns));
        v->fifo_len += more;
        v->stats.stretched += more > 0;
    }
}

static void publish(mix_avoice *v, int64_t now_ns)
{
    const mix_ajitter_stats *s = mix_ajitter_get_stats(v->jitter);
    mix_avoice_figures *f = &v->figures;
    atomic_store_explicit(&f->level_mdb, (int)(v->level.level_dbov * 1000), memory_order_relaxed);
    atomic_store_explicit(&f->block_mdb, (int)(v->level.block_dbov * 1000), memory_order_relaxed);
    atomic_store_explicit(&f->talking, v->level.talking, memory_order_relaxed);
    if (!mix_ajitter_dry(v->jitter)) {
        int64_t delay_ns = mix_ajitter_delay_ns(v->jitter, now_ns, v->fifo_len * mix_unit(v->hz));
        atomic_store_explicit(&f->delay_us, (int)(delay_ns / 1000), memory_order_relaxed);
    }
    atomic_store_explicit(&f->target_us, (int)(mix_ajitter_target_ns(v->jitter) / 1000), memory_order_relaxed);
    atomic_store_explicit(&f->spare_us, (int)(mix_ajitter_spare_ns(v->jitter) / 1000), memory_order_relaxed);
    atomic_store_explicit(&f->packets, s->packets, memory_order_relaxed);
    atomic_store_explicit(&f->concealed, s->concealed, memory_order_relaxed);
    atomic_store_explicit(&f->fec_used, s->fec_used, memory_order_relaxed);
    atomic_store_explicit(&f->late, s->late, memory_order_relaxed);
}

static bool key_is_down(mix_avoice *v, int64_t now_ns)
{
    bool down = atomic_load_explicit(&v->hush, memory_order_relaxed) || now_ns < v->hush_until_ns;
    v->hushed = down ? 0 : v->hushed < HUSH_TAIL ? v->hushed + 1 : HUSH_TAIL;
    return v->hushed < HUSH_TAIL;
}

static void take_block(mix_avoice *v, unsigned block)
{
    memcpy(v->block, v->fifo, block * sizeof *v->fifo);
    v->fifo_len -= block;
    memmove(v->fifo, v->fifo + block, v->fifo_len * sizeof *v->fifo);
}

/* A whisper that ends is still under way: what was said meanwhile is on the network and in the playout buffer. */
static mix_route due_route(mix_avoice *v, int64_t now_ns)
{
    mix_route wanted = mix_route_unpack(atomic_load_explicit(&v->wanted_route, memory_order_acquire));
    if (v->route.kind != MIX_FOR_ONE || mix_route_is(wanted, v->route)) {
        v->kept_until_ns = 0;
        return wanted;
    }
    if (v->kept_until_ns == 0) {
        int64_t delay_ns = mix_ajitter_delay_ns(v->jitter, now_ns, v->fifo_len * mix_unit(v->hz));
        v->kept_until_ns = now_ns + MAX(delay_ns, mix_ajitter_target_ns(v->jitter)) + WHISPER_TAIL_NS;
    }
    return now_ns < v->kept_until_ns ? v->route : wanted;
}

/* Another audience or another filter begins with the next block: this one ends softly. */
static void turn(mix_avoice *v, int64_t now_ns, unsigned block)
{
    v->next_route = due_route(v, now_ns);
    bool denoise = atomic_load_explicit(&v->denoise_wanted, memory_order_relaxed) && v->next_route.kind != MIX_FOR_ALL_CLINICAL;
    if (v->turned) {
        fade(v->block, block, true);
    }
    v->turned = !mix_route_is(v->next_route, v->route) || denoise != v->denoising;
    if (v->turned) {
        fade(v->block, block, false);
    }
    v->denoising = denoise;
}

bool mix_avoice_pull(mix_avoice *v, int64_t now_ns)
{
    mix_denoise *denoise = v->denoising ? atomic_load_explicit(&v->denoise, memory_order_acquire) : NULL;
    v->route = v->next_route;
    unsigned block = MIX_BLOCK / mix_unit(v->hz);
    while (v->fifo_len < block) {
        advance(v, now_ns);
    }
    adjust(v, now_ns);
    publish(v, now_ns);
    take_block(v, block);
    if (denoise) {
        mix_denoise_run(denoise, v->block);
    }
    if (v->line && key_is_down(v, now_ns)) {
        memset(v->block, 0, block * sizeof *v->block);
    }
    mix_level_update(&v->level, v->block, block);
    v->since_sound = v->level.audible ? 0 : v->since_sound + (v->since_sound < UINT_MAX);
    if (v->even && v->route.kind != MIX_FOR_ALL_CLINICAL) {
        mix_loudness_run(&v->loudness, v->block, v->level.talking);
    }
    bool muted = atomic_load_explicit(&v->muted, memory_order_relaxed);
    bool mixed = !(muted && v->was_muted);
    if (muted != v->was_muted) {
        fade(v->block, block, !muted);
    }
    v->was_muted = muted;
    turn(v, now_ns, block);
    return mixed;
}
