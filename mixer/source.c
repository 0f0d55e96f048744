/* source.c - see source.h. */
#include "mixer/source.h"

#include <glib.h>

#include "mcu/base/clock.h"
#include "mcu/base/latest.h"
#include "mcu/base/log.h"
#include "mcu/base/ring.h"
#include "mixer/pool.h"
#include "mixer/scale.h"
#include "mixer/vdec.h"

/* The clock's view, the slot, the one before, and one being made. */
#define TILES_OUT 6

struct mix_source {
    atomic_int refs;
    uint32_t id;
    mix_source_env env;
    mcu_strand *strand; /* loop */
    bool closed;        /* loop */
    bool gap;           /* loop: the queue overflowed, drop until a keyframe */

    mcu_ring *queue; /* loop -> strand */
    atomic_uint queued_bytes;
    atomic_bool purge, need_key, ended;
    _Atomic uint64_t want[MIX_MAX_TIERS]; /* fit << 40 | every_tick << 32 | width << 16 | height */
    _Atomic int64_t last_ns;
    atomic_uint px;

    mcu_latest full, tile[MIX_MAX_TIERS]; /* strand -> clock */
    mix_source_view view;                 /* clock */

    mix_vdec *vdec; /* from here on the strand's */
    mcu_frame *newest;
    mix_scaler scaler;
    mix_pool *pool[MIX_MAX_TIERS];
    int pool_width_px[MIX_MAX_TIERS], pool_height_px[MIX_MAX_TIERS];
    int64_t key_asked_ns;
    mix_notice said;
};

static void drop_au(void *au)
{
    mcu_au_unref(au);
}

mix_source *mix_source_new(uint32_t id, const mix_source_env *env)
{
    mix_source *s = g_new0(mix_source, 1);
    atomic_init(&s->refs, 1);
    s->id = id;
    s->env = *env;
    s->vdec = mix_vdec_new(env->max_px);
    s->queue = mcu_ring_new(MIX_SOURCE_QUEUE, drop_au);
    if (env->workers) {
        s->strand = mcu_strand_new(env->workers, 2 * MIX_SOURCE_QUEUE);
        mcu_strand_set_patient(s->strand);
    }
    return s;
}

mix_source *mix_source_ref(mix_source *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void mix_source_unref(mix_source *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    mcu_ring_free(s->queue);
    mix_vdec_free(s->vdec);
    mix_scaler_clear(&s->scaler);
    mcu_frame_unref(mcu_latest_take(&s->full));
    mcu_frame_unref(s->view.full);
    mcu_frame_unref(s->newest);
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        mcu_frame_unref(mcu_latest_take(&s->tile[t]));
        mcu_frame_unref(s->view.tile[t]);
        mix_pool_unref(s->pool[t]);
    }
    g_free(s);
}

uint32_t mix_source_id(const mix_source *s)
{
    return s->id;
}

int64_t mix_source_last_ns(const mix_source *s)
{
    return atomic_load_explicit(&s->last_ns, memory_order_relaxed);
}

unsigned mix_source_px(const mix_source *s)
{
    return atomic_load_explicit(&s->px, memory_order_relaxed);
}

void mix_source_want(mix_source *s, const mix_want want[MIX_MAX_TIERS])
{
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        uint64_t packed = (uint64_t)want[t].fit << 40 | (uint64_t)want[t].every_tick << 32 | (uint64_t)want[t].width_px << 16 |
                          (uint64_t)want[t].height_px;
        atomic_store_explicit(&s->want[t], packed, memory_order_relaxed);
    }
}

static void read_want(mix_source *s, mix_want want[MIX_MAX_TIERS])
{
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        uint64_t packed = atomic_load_explicit(&s->want[t], memory_order_relaxed);
        want[t] = (mix_want){(int)(packed >> 16 & 0xffff), (int)(packed & 0xffff), packed >> 32 & 1, (mcu_fit)(packed >> 40)};
    }
}

/* ---- on the strand ---- */

static void ask_key(mix_source *s, int64_t now_ns)
{
    if (s->key_asked_ns == 0 || now_ns - s->key_asked_ns >= MIX_SOURCE_KEY_SPACING_NS) {
        s->key_asked_ns = now_ns;
        s->env.notify(s->env.user, s, MIX_NOTICE_WANT_KEY);
    }
}

static void say(mix_source *s, mix_notice what)
{
    if (s->said != what) {
        s->said = what;
        s->env.notify(s->env.user, s, what);
    }
}

static mix_pool *pool_for(mix_source *s, int t, int width_px, int height_px)
{
    if (!s->pool[t] || s->pool_width_px[t] != width_px || s->pool_height_px[t] != height_px) {
        mix_pool_unref(s->pool[t]);
        s->pool[t] = mix_pool_new(width_px, height_px, TILES_OUT);
        s->pool_width_px[t] = width_px;
        s->pool_height_px[t] = height_px;
    }
    return s->pool[t];
}

static void publish(mix_source *s, mcu_latest *slot, mcu_frame *take)
{
    mcu_frame *replaced = mcu_latest_put(slot, take);
    if (replaced) {
        mcu_frame_unref(replaced);
        if (slot == &s->full) {
            mcu_counter_add(s->env.frames_replaced, 1);
        }
    }
}

static mcu_frame *make_tile(mix_source *s, int t, const mix_step *step, const mcu_frame *full, const mcu_frame *parent)
{
    mix_pool *pool = pool_for(s, t, step->width_px, step->height_px);
    mcu_frame *tile = pool ? mix_pool_get(pool) : NULL;
    if (!tile) {
        return NULL; /* the clock scales it itself */
    }
    const mix_cut *cut = parent ? &step->step : &step->whole;
    if (!mix_scale(&s->scaler, parent ? parent : full, cut, tile, 0, 0, step->width_px, step->height_px)) {
        mcu_frame_unref(tile);
        return NULL;
    }
    tile->time_ns = full->time_ns;
    tile->ts90k = full->ts90k;
    return tile;
}

/* While the picture is in the cache, each size from the next larger one. Published together: the larger ones are parents. */
static void make_tiles(mix_source *s, const mcu_frame *full)
{
    mix_want want[MIX_MAX_TIERS];
    mix_step plan[MIX_MAX_TIERS];
    mcu_frame *tile[MIX_MAX_TIERS] = {NULL};
    read_want(s, want);
    mix_plan(full->width_px, full->height_px, want, plan);
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        if (plan[t].ready) {
            tile[t] = make_tile(s, t, &plan[t], full, plan[t].parent >= 0 ? tile[plan[t].parent] : NULL);
        }
    }
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        if (tile[t]) {
            publish(s, &s->tile[t], tile[t]);
        }
    }
}

static void publish_picture(mix_source *s, mcu_frame *take)
{
    static atomic_uint serials;
    take->ts90k = atomic_fetch_add_explicit(&serials, 1, memory_order_relaxed) + 1;
    int64_t cpu_ns = mix_cpu_now_ns();
    make_tiles(s, take);
    mix_cpu_charge(s->env.cpu, MIX_CPU_SCALE, &cpu_ns);
    atomic_store_explicit(&s->last_ns, take->time_ns, memory_order_relaxed);
    atomic_store_explicit(&s->px, (unsigned)(take->width_px * take->height_px), memory_order_relaxed);
    mcu_frame_unref(s->newest);
    s->newest = mcu_frame_ref(take);
    publish(s, &s->full, take); /* after its tiles: who sees it finds them */
    say(s, MIX_NOTICE_LIVE);
}

static void decode(mix_source *s, mcu_au *au, int64_t now_ns)
{
    mcu_frame *frame = NULL;
    int64_t cpu_ns = mix_cpu_now_ns();
    mix_vdec_result r = mix_vdec_decode(s->vdec, au, &frame);
    mix_cpu_charge(s->env.cpu, MIX_CPU_DECODE, &cpu_ns);
    switch (r) {
    case MIX_VDEC_PICTURE:
        publish_picture(s, frame);
        break;
    case MIX_VDEC_REFUSED:
        mcu_counter_add(s->env.refused, 1);
        if (s->said != MIX_NOTICE_REFUSED) {
            mcu_warn("video.refused", "source=%u why=%s", s->id, mix_vdec_why(s->vdec));
        }
        say(s, MIX_NOTICE_REFUSED);
        ask_key(s, now_ns);
        break;
    case MIX_VDEC_WANT_KEY:
        ask_key(s, now_ns);
        break;
    case MIX_VDEC_NONE:
    case MIX_VDEC_NOTHING:
        break;
    }
}

static void run_one(void *arg)
{
    mix_source *s = arg;
    mcu_au *au = mcu_ring_pop(s->queue);
    if (!au) {
        return;
    }
    atomic_fetch_sub_explicit(&s->queued_bytes, (unsigned)au->size, memory_order_relaxed);
    int64_t now_ns = s->env.workers ? mcu_now_ns() : au->time_ns;
    if (atomic_exchange_explicit(&s->need_key, false, memory_order_relaxed)) {
        mix_vdec_gap(s->vdec);
    }
    if (atomic_load_explicit(&s->purge, memory_order_relaxed)) {
        if (now_ns - au->time_ns > MIX_SOURCE_LATE_NS) {
            mcu_counter_add(s->env.queue_drops, 1);
            mix_vdec_gap(s->vdec);
            mcu_au_unref(au);
            return;
        }
        atomic_store_explicit(&s->purge, false, memory_order_relaxed);
    }
    if (!atomic_load_explicit(&s->ended, memory_order_relaxed)) {
        decode(s, au, now_ns);
    }
    mcu_au_unref(au);
}

typedef struct {
    mix_source *from, *still;
} freezing;

/* A copy: the decoder has its memory back, and the picture a serial of its own. */
static void run_freeze(void *arg)
{
    freezing *f = arg;
    const mcu_frame *newest = f->from->newest;
    mcu_frame *copy = newest ? mcu_frame_new(newest->width_px, newest->height_px) : NULL;
    if (copy) {
        mix_scale_copy(newest, copy, 0, 0, newest->width_px, newest->height_px);
        copy->time_ns = newest->time_ns;
        mix_source_show(f->still, copy);
    }
    mix_source_unref(f->from);
    mix_source_unref(f->still);
    g_free(f);
}

static void strand_done(void *arg)
{
    mix_source_unref(arg);
}

/* ---- on the loop ---- */

void mix_source_close(mix_source *s)
{
    if (s->closed) {
        return;
    }
    s->closed = true;
    atomic_store_explicit(&s->ended, true, memory_order_relaxed);
    if (s->strand) {
        mcu_strand_close(s->strand, strand_done, mix_source_ref(s));
        s->strand = NULL;
    }
}

void mix_source_need_key(mix_source *s)
{
    atomic_store_explicit(&s->need_key, true, memory_order_relaxed);
    s->env.notify(s->env.user, s, MIX_NOTICE_WANT_KEY);
}

static bool is_full(mix_source *s, const mcu_au *au)
{
    return mcu_ring_depth(s->queue) >= MIX_SOURCE_QUEUE ||
           atomic_load_explicit(&s->queued_bytes, memory_order_relaxed) + au->size > MIX_SOURCE_QUEUE_BYTES;
}

mcu_status mix_source_push(mix_source *s, mcu_au *take_au)
{
    if (s->closed || !mcu_codec_is_video(take_au->codec)) {
        mcu_au_unref(take_au);
        return MCU_EINVAL;
    }
    bool full = is_full(s, take_au);
    if (full || (s->gap && !take_au->keyframe)) {
        if (full && !s->gap) {
            s->gap = true;
            atomic_store_explicit(&s->purge, true, memory_order_relaxed);
            mix_source_need_key(s);
        }
        mcu_counter_add(s->env.queue_drops, 1);
        mcu_au_unref(take_au);
        return MCU_EFULL;
    }
    s->gap = false;
    atomic_fetch_add_explicit(&s->queued_bytes, (unsigned)take_au->size, memory_order_relaxed);
    mcu_ring_push(s->queue, take_au);
    if (!s->strand) {
        run_one(s);
    } else if (!mcu_strand_post(s->strand, run_one, s)) {
        /* Cannot be: the strand holds more jobs than the ring holds pictures. A later job would take it. */
        mcu_counter_add(s->env.queue_drops, 1);
    }
    return MCU_OK;
}

mcu_status mix_source_freeze(mix_source *s, mix_source *still)
{
    if (s->closed || mix_source_last_ns(s) == 0) {
        return MCU_EAGAIN;
    }
    freezing *f = g_new(freezing, 1);
    *f = (freezing){mix_source_ref(s), mix_source_ref(still)};
    if (!s->strand) {
        run_freeze(f);
    } else if (!mcu_strand_post(s->strand, run_freeze, f)) {
        mix_source_unref(f->from);
        mix_source_unref(f->still);
        g_free(f);
        return MCU_EFULL;
    }
    return MCU_OK;
}

void mix_source_show(mix_source *s, mcu_frame *take)
{
    g_assert(!s->env.workers);
    publish_picture(s, take);
}

/* ---- on the clock ---- */

static void take_newest(mcu_latest *slot, mcu_frame **held)
{
    mcu_frame *f = mcu_latest_take(slot);
    if (f) {
        mcu_frame_unref(*held);
        *held = f;
    }
}

const mix_source_view *mix_source_look(mix_source *s)
{
    take_newest(&s->full, &s->view.full); /* first: its tiles were published before it */
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        take_newest(&s->tile[t], &s->view.tile[t]);
    }
    return &s->view;
}

const mix_source_view *mix_source_held(const mix_source *s)
{
    return &s->view;
}
