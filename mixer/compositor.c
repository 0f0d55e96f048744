/* compositor.c - see compositor.h. */
#include "mixer/compositor.h"

#include <string.h>

#include "mixer/bars.h"
#include "mixer/move.h"
#include "mixer/pool.h"
#include "mixer/redraw.h"

#define GROUND 0x14171c

/* What is drawn on one canvas; compared with what should be. */
typedef struct {
    const uint8_t *memory; /* names the canvas; NULL = unused */
    mix_looks looks;
} drawn;

typedef struct {
    mix_pool *pool;
    int width_px, height_px;
    drawn drawn[MIX_CANVASES];
    mix_looks published; /* what the newest published canvas shows */
    int64_t published_ns;
    mix_move move;
    mcu_frame *canvas;
    _Atomic uint64_t skipped;
} tier_state;

struct mix_compositor {
    int tick_fps;
    mix_cpu *cpu;
    mix_scene *scene, *next; /* shown; waiting until its names are drawn, or NULL */
    mix_scene *before;       /* the one from which tiles move, NULL = none do */
    int64_t waiting_ns;      /* since when scenes wait, 0 = none does */
    mix_scaler scaler;
    tier_state tiers[MIX_MAX_TIERS];
};

mix_compositor *mix_compositor_new(int tick_fps, mix_cpu *cpu)
{
    mix_compositor *c = g_new0(mix_compositor, 1);
    c->tick_fps = tick_fps;
    c->cpu = cpu;
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        c->tiers[t].published.n_tiles = -1;
    }
    return c;
}

static void clear_tier(tier_state *t)
{
    mcu_frame_unref(t->canvas);
    t->canvas = NULL;
    mix_pool_unref(t->pool);
    t->pool = NULL;
    memset(t->drawn, 0, sizeof t->drawn);
    t->published.n_tiles = -1;
    t->published_ns = 0;
    t->move.start_ns = 0;
}

void mix_compositor_free(mix_compositor *c)
{
    if (!c) {
        return;
    }
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        clear_tier(&c->tiers[t]);
    }
    mix_scaler_clear(&c->scaler);
    mix_scene_unref(c->scene);
    mix_scene_unref(c->next);
    mix_scene_unref(c->before);
    g_free(c);
}

bool mix_compositor_due(uint64_t tick, int fps, int tick_fps)
{
    uint64_t f = (uint64_t)fps, r = (uint64_t)tick_fps;
    return tick % r == 0 || tick * f / r != (tick - 1) * f / r;
}

const mix_scene *mix_compositor_scene(const mix_compositor *c)
{
    return c->scene;
}

const mcu_frame *mix_compositor_canvas(const mix_compositor *c, unsigned tier)
{
    return c->tiers[tier].canvas;
}

uint64_t mix_compositor_skipped(const mix_compositor *c, unsigned tier)
{
    return atomic_load_explicit(&c->tiers[tier].skipped, memory_order_relaxed);
}

static drawn *drawn_of(tier_state *t, const mcu_frame *f)
{
    drawn *unused = NULL;
    for (int i = 0; i < MIX_CANVASES; i++) {
        if (t->drawn[i].memory == f->plane[0]) {
            return &t->drawn[i];
        }
        unused = !t->drawn[i].memory && !unused ? &t->drawn[i] : unused;
    }
    g_assert(unused); /* the pool makes no more canvases than there are entries */
    unused->memory = f->plane[0];
    unused->looks.n_tiles = -1;
    return unused;
}

/* What a canvas is to show. */
typedef struct {
    mix_shot shots[MIX_MAX_PEOPLE];
    mix_looks looks;
} view;

static void fill(mcu_frame *f, const mix_tile_look *where)
{
    mix_draw_fill(f, where->x_px, where->y_px, where->width_px, where->height_px, mix_colour_rgb(GROUND));
}

static void clear(mcu_frame *f, const mix_looks *before, const mix_looks *wanted, const mix_redraw *again)
{
    if (again->all) {
        mix_draw_fill(f, 0, 0, f->width_px, f->height_px, mix_colour_rgb(GROUND));
        return;
    }
    for (int b = 0; b < MIX_BARS; b++) {
        if (again->gone[b]) {
            fill(f, &before->bars[b]);
        }
        if (again->bar[b]) {
            fill(f, &wanted->bars[b]);
        }
    }
}

static void draw(mix_compositor *c, unsigned tier, const view *v, mcu_frame *f)
{
    drawn *d = drawn_of(&c->tiers[tier], f);
    const mix_looks *wanted = &v->looks;
    mix_redraw again;
    mix_redraw_plan(&d->looks, wanted, &again);
    clear(f, &d->looks, wanted, &again);
    for (int i = 0; i < wanted->n_tiles; i++) {
        if (again.tile[i]) {
            mix_tile_draw(&c->scaler, v->shots[i].scene, tier, v->shots[i].tile, &wanted->tiles[i], f);
        }
    }
    for (int b = 0; b < MIX_BARS; b++) {
        if (again.bar[b]) {
            mix_overlay_blend(mix_art_overlay_of(c->scene->tiers[tier].bars[b]), f, wanted->bars[b].x_px, wanted->bars[b].y_px);
        }
    }
    d->looks = *wanted;
}

static bool make_pool(tier_state *t, const mix_scene_tier *spec)
{
    if (!t->pool || t->width_px != spec->width_px || t->height_px != spec->height_px) {
        clear_tier(t);
        t->pool = mix_pool_new(spec->width_px, spec->height_px, MIX_CANVASES);
        t->width_px = spec->width_px;
        t->height_px = spec->height_px;
    }
    return t->pool != NULL;
}

static bool key_wanted(const mix_scene_tier *spec, int64_t now_ns)
{
    for (int c = 0; c < MIX_TIER_CODECS; c++) {
        if (spec->encoders[c] && mix_encoder_wants_key(spec->encoders[c], now_ns)) {
            return true;
        }
    }
    return false;
}

static void publish(tier_state *t, const mix_scene_tier *spec, mcu_frame *take)
{
    for (int c = 0; c < MIX_TIER_CODECS; c++) {
        if (spec->encoders[c]) {
            mix_encoder_offer(spec->encoders[c], mcu_frame_ref(take));
        }
    }
    mcu_frame_unref(t->canvas);
    t->canvas = take;
}

/* The newest again once nobody else has it: fewer canvases, and the nearest to what is wanted. Only this thread hands out
 * references, so a count of one stays one. */
static mcu_frame *next_canvas(tier_state *t, const mix_scene_tier *spec)
{
    if (!make_pool(t, spec)) {
        return NULL;
    }
    if (t->canvas && atomic_load_explicit(&t->canvas->refs, memory_order_acquire) == 1) {
        return g_steal_pointer(&t->canvas);
    }
    return mix_pool_get(t->pool);
}

/* False: no canvas is free. */
static bool compose(mix_compositor *c, unsigned tier, int64_t now_ns)
{
    const mix_scene *s = c->scene;
    const mix_scene_tier *spec = &s->tiers[tier];
    tier_state *t = &c->tiers[tier];
    view v;
    bool undrawn = false; /* waited for long enough: see follow() */
    v.looks.n_tiles = (int)mix_move_looks(&t->move, c->before, s, tier, now_ns, v.shots, v.looks.tiles, &undrawn);
    mix_bars_look(spec, v.looks.bars);
    bool same = mix_looks_same(&v.looks, &t->published);
    if (same && now_ns - t->published_ns < MIX_REFRESH_NS && !key_wanted(spec, now_ns)) {
        atomic_fetch_add_explicit(&t->skipped, 1, memory_order_relaxed);
        return true;
    }
    mcu_frame *f = next_canvas(t, spec);
    if (!f) {
        return false; /* every canvas is being encoded: this tick is one too many for the encoders */
    }
    draw(c, tier, &v, f);
    f->time_ns = now_ns;
    f->ts90k = (uint32_t)(now_ns * 9 / 100000);
    f->scene = s->serial;
    t->published = v.looks;
    t->published_ns = now_ns;
    publish(t, spec, f);
    return true;
}

static void look_at_sources(const mix_scene *s)
{
    for (unsigned i = 0; s && i < s->n_people; i++) {
        if (s->people[i].source) {
            mix_source_look(s->people[i].source);
        }
    }
}

static bool is_drawn(const mix_scene *s, int64_t now_ns)
{
    bool undrawn = false;
    for (unsigned t = 0; t < s->n_tiers; t++) {
        for (unsigned i = 0; s->tiers[t].live && i < s->tiers[t].n_tiles; i++) {
            (void)mix_tile_look_at(s, t, i, now_ns, &undrawn);
        }
        for (int b = 0; s->tiers[t].live && b < MIX_BARS; b++) {
            undrawn |= s->tiers[t].bars[b] && !mix_art_drawn(s->tiers[t].bars[b]);
        }
    }
    return !undrawn;
}

/* The step of this tick is the first. */
static void begin_moves(mix_compositor *c, int64_t now_ns)
{
    bool begins = false;
    for (unsigned t = 0; c->scene && t < c->next->n_tiers; t++) {
        tier_state *one = &c->tiers[t];
        unsigned seen = one->published.n_tiles > 0 ? (unsigned)one->published.n_tiles : 0;
        begins |=
            mix_move_begin(&one->move, c->scene, c->next, t, one->published.tiles, seen, now_ns - MCU_NS_PER_SEC / c->tick_fps);
    }
    if (begins) {
        mix_scene_unref(c->before);
        c->before = mix_scene_ref(c->scene);
    }
}

/* Pictures that nothing moves from any more go back to their owners; moves that cost too much end at once. */
static void end_moves(mix_compositor *c, int64_t spent_ns, int64_t now_ns)
{
    bool dear = spent_ns > MCU_NS_PER_SEC / c->tick_fps / 2, any = false;
    for (unsigned t = 0; c->before && t < MIX_MAX_TIERS; t++) {
        mix_move *m = &c->tiers[t].move;
        if (dear || !mix_move_lasts(m, now_ns)) {
            m->start_ns = 0;
        }
        any |= m->start_ns != 0;
    }
    if (c->before && !any) {
        mix_scene_unref(c->before);
        c->before = NULL;
    }
}

static void stop_moves(mix_compositor *c)
{
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        c->tiers[t].move.start_ns = 0;
    }
    mix_scene_unref(c->before);
    c->before = NULL;
}

/* Somebody who is in the picture now has to be out of it in some canvas. */
static bool is_urgent(const mix_compositor *c)
{
    return c->scene && c->next->masked_serial > c->scene->serial;
}

/* Names are drawn elsewhere and take some milliseconds. Meanwhile the people in the scene before go on moving. */
static void follow(mix_compositor *c, int64_t now_ns)
{
    bool urgent = c->next && is_urgent(c);
    if (c->next && (urgent || is_drawn(c->next, now_ns) || now_ns - c->waiting_ns >= MIX_HOLD_NS)) {
        if (urgent) {
            stop_moves(c); /* which show him still */
        } else {
            begin_moves(c, now_ns);
        }
        mix_scene_unref(c->scene);
        c->scene = c->next;
        c->next = NULL;
        c->waiting_ns = 0;
    }
}

bool mix_compositor_tick(mix_compositor *c, mix_scene *take_scene, uint64_t tick, int64_t now_ns)
{
    int64_t cpu_ns = mix_cpu_now_ns();
    if (take_scene) {
        mix_scene_unref(c->next);
        c->next = take_scene;
        c->waiting_ns = c->waiting_ns ? c->waiting_ns : now_ns;
    }
    look_at_sources(c->scene);
    look_at_sources(c->next);
    follow(c, now_ns);
    const mix_scene *s = c->scene;
    if (!s) {
        return true;
    }
    bool all = true;
    for (unsigned t = 0; t < s->n_tiers; t++) {
        if (!s->tiers[t].live) {
            if (c->tiers[t].pool) {
                clear_tier(&c->tiers[t]);
            }
        } else if (mix_compositor_due(tick, s->tiers[t].fps, c->tick_fps)) {
            all = compose(c, t, now_ns) && all;
        }
    }
    end_moves(c, mix_cpu_now_ns() - cpu_ns, now_ns);
    mix_cpu_charge(c->cpu, MIX_CPU_COMPOSE, &cpu_ns);
    return all;
}
