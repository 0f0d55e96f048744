#include "mixer/avoice.h"

#include <stdlib.h>
#include <string.h>

#include "mixer/atsm.h"

enum { FADE_IN = 120 }; /* 2.5 ms */

static const int64_t SQUEEZE_FROM_NS = 15 * MCU_NS_PER_MS, SQUEEZE_TO_NS = 5 * MCU_NS_PER_MS;
static const int64_t STRETCH_FROM_NS = -10 * MCU_NS_PER_MS, STRETCH_TO_NS = -2 * MCU_NS_PER_MS;
static const int64_t FORCE_NS = 80 * MCU_NS_PER_MS; /* that far off, any place will do */

static void drop_au(void *au)
{
    mcu_au_unref(au);
}

mix_avoice *mix_avoice_new(uint32_t id, mcu_codec codec, GError **error)
{
    mix_adec *decoder = mix_adec_new(codec, error);
    if (!decoder) {
        return NULL;
    }
    mix_avoice *v = g_new0(mix_avoice, 1);
    v->id = id;
    v->decoder = decoder;
    v->jitter = mix_ajitter_new(codec);
    g_assert(v->jitter);
    v->ring = mcu_ring_new(MIX_AVOICE_RING, drop_au);
    v->quiet = MIX_BLOCK;
    mix_level_init(&v->level);
    atomic_store(&v->figures.level_mdb, (int)(MIX_SILENCE_DBOV * 1000));
    atomic_store(&v->figures.block_mdb, (int)(MIX_SILENCE_DBOV * 1000));
    return v;
}

void mix_avoice_free(mix_avoice *v)
{
    if (!v) {
        return;
    }
    mcu_ring_free(v->ring);
    mix_ajitter_free(v->jitter);
    mix_adec_free(v->decoder);
    g_free(v);
}

void mix_avoice_collect(mix_avoice *v)
{
    for (mcu_au *au = mcu_ring_pop(v->ring); au; au = mcu_ring_pop(v->ring)) {
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
    mix_ajitter_next(v->jitter, now_ns, v->fifo_len, &step);
    int16_t *at = v->fifo + v->fifo_len;
    unsigned n = step.samples;
    if (step.what == MIX_PLAY_SILENCE) {
        add_silence(v, at, n);
        v->fifo_len += n;
        return;
    }
    if (step.what == MIX_PLAY_PACKET) {
        (void)mix_adec_decode(v->decoder, step.au->data, step.au->size, at, &n); /* conceals what it cannot read */
        mcu_au_unref(step.au);
    } else if (step.what == MIX_PLAY_FEC) {
        mix_adec_fec(v->decoder, step.au->data, step.au->size, at, n);
    } else {
        mix_adec_conceal(v->decoder, at, n);
    }
    if (v->quiet > 0) {
        fade(at, n < FADE_IN ? n : FADE_IN, true);
        v->quiet = 0;
    }
    v->fifo_len += n;
}

/* Brings the delay nearer to its target by one pitch period, where that goes unheard. */
static void adjust(mix_avoice *v, int64_t now_ns)
{
    int64_t excess_ns = mix_ajitter_excess_ns(v->jitter, now_ns, v->fifo_len);
    v->catching_up = excess_ns > (v->catching_up ? SQUEEZE_TO_NS : SQUEEZE_FROM_NS);
    v->falling_back = excess_ns < (v->falling_back ? STRETCH_TO_NS : STRETCH_FROM_NS);
    if (v->catching_up) {
        while (v->fifo_len < MIX_BLOCK + MIX_TSM_MAX && mix_ajitter_ready(v->jitter)) {
            advance(v, now_ns);
        }
        if (v->fifo_len >= MIX_BLOCK + MIX_TSM_MAX) {
            unsigned less = mix_tsm_squeeze(v->fifo, v->fifo_len, excess_ns > FORCE_NS);
            v->fifo_len -= less;
            v->stats.squeezed += less > 0;
        }
    } else if (v->falling_back) {
        unsigned more = mix_tsm_stretch(v->fifo, v->fifo_len, excess_ns < -FORCE_NS);
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
    atomic_store_explicit(&f->delay_us, (int)(mix_ajitter_delay_ns(v->jitter, now_ns, v->fifo_len) / 1000), memory_order_relaxed);
    atomic_store_explicit(&f->target_us, (int)(mix_ajitter_target_ns(v->jitter) / 1000), memory_order_relaxed);
    atomic_store_explicit(&f->packets, s->packets, memory_order_relaxed);
    atomic_store_explicit(&f->concealed, s->concealed, memory_order_relaxed);
    atomic_store_explicit(&f->fec_used, s->fec_used, memory_order_relaxed);
    atomic_store_explicit(&f->late, s->late, memory_order_relaxed);
}

bool mix_avoice_pull(mix_avoice *v, int64_t now_ns)
{
    while (v->fifo_len < MIX_BLOCK) {
        advance(v, now_ns);
    }
    adjust(v, now_ns);
    publish(v, now_ns);
    memcpy(v->block, v->fifo, sizeof v->block);
    v->fifo_len -= MIX_BLOCK;
    memmove(v->fifo, v->fifo + MIX_BLOCK, v->fifo_len * sizeof *v->fifo);
    mix_level_update(&v->level, v->block);
    bool muted = atomic_load_explicit(&v->muted, memory_order_relaxed);
    bool mixed = !(muted && v->was_muted);
    if (muted != v->was_muted) {
        fade(v->block, MIX_BLOCK, !muted);
    }
    v->was_muted = muted;
    return mixed;
}
