/* compositor.c - see compositor.h. */
#include "mixer/compositor.h"

#include <string.h>

#include "mixer/draw_tile.h"
#include "mixer/layout.h"
#include "mixer/move.h"
#include "mixer/pool.h"
#include "mixer/text.h"

#define GROUND 0x14171c

/* What is drawn on one canvas; compared with what should be. */
typedef struct {
    const uint8_t *memory; /* names the canvas; NULL = unused */
    int n_tiles;           /* -1 = nothing */
    mix_tile_look look[MIX_MAX_PEOPLE];
    mix_tile_look caption; /* its serial as `label`, and where it is; zero = none */
} drawn;

typedef struct {
    mix_pool *pool;
    int width_px, height_px;
    drawn drawn[MIX_CANVASES];
    mix_tile_look published[MIX_MAX_PEOPLE]; /* what the newest published canvas shows */
    uint64_t published_caption;
    int published_tiles; /* -1 = nothing published */
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
        c->tiers[t].published_tiles = -1;
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
    t->published_tiles = -1;
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
    unused->n_tiles = -1;
    return unused;
}

static bool same_places(const drawn *d, const mix_tile_look *looks, unsigned n)
{
    bool same = d->n_tiles == (int)n;
    for (unsigned i = 0; same && i < n; i++) {
        same = mix_tile_same_place(&d->look[i], &looks[i]);
    }
    return same;
}

/* What lies over a tile that is drawn again has to be drawn again as well. */
static bool is_spoilt(const mix_tile_look *looks, const bool *again, unsigned i)
{
    for (unsigned k = 0; k < i; k++) {
        if (again[k] && mix_tile_overlaps(&looks[k], &looks[i])) {
            return true;
        }
    }
    return false;
}

static mix_tile_look caption_look(const mix_scene_tier *spec)
{
    mix_tile_look look;
    memset(&look, 0, sizeof look);
    const mix_overlay *o = spec->caption ? mix_art_overlay_of(spec->caption) : NULL;
    if (o) {
        look.label = mix_art_serial(spec->caption);
        look.x_px = look.y_px = (uint16_t)mix_text_margin(spec->height_px);
        look.width_px = (uint16_t)o->width_px;
        look.height_px = (uint16_t)o->height_px;
    }
    return look;
}

/* What the caption before covered is laid bare; the tiles there are drawn again afterwards. */
static void clear_caption(const drawn *d, mcu_frame *f)
{
    const mix_tile_look *old = &d->caption;
    if (old->label) {
        mix_draw_fill(f, old->x_px, old->y_px, old->width_px, old->height_px, mix_colour_rgb(GROUND));
    }
}

/* What a canvas is to show. */
typedef struct {
    mix_shot shots[MIX_MAX_PEOPLE];
    mix_tile_look looks[MIX_MAX_PEOPLE], caption;
    unsigned n;
} view;

static void draw(mix_compositor *c, unsigned tier, const view *v, mcu_frame *f)
{
    drawn *d = drawn_of(&c->tiers[tier], f);
    const mix_tile_look *looks = v->looks, *caption = &v->caption;
    unsigned n = v->n;
    bool all = !same_places(d, looks, n), again[MIX_MAX_PEOPLE];
    bool changed = memcmp(&d->caption, caption, sizeof *caption) != 0, over = all || changed;
    if (all) {
        mix_draw_fill(f, 0, 0, f->width_px, f->height_px, mix_colour_rgb(GROUND));
        d->n_tiles = (int)n;
    } else if (changed) {
        clear_caption(d, f);
    }
    for (unsigned i = 0; i < n; i++) {
        bool bared = changed && (mix_tile_overlaps(&d->caption, &looks[i]) || mix_tile_overlaps(caption, &looks[i]));
        again[i] = all || bared || memcmp(&d->look[i], &looks[i], sizeof looks[i]) != 0 || is_spoilt(looks, again, i);
        over = over || (again[i] && mix_tile_overlaps(caption, &looks[i]));
        if (again[i]) {
            mix_tile_draw(&c->scaler, v->shots[i].scene, tier, v->shots[i].tile, &looks[i], f);
            d->look[i] = looks[i];
        }
    }
    if (caption->label && over) {
        mix_overlay_blend(mix_art_overlay_of(c->scene->tiers[tier].caption), f, caption->x_px, caption->y_px);
    }
    d->caption = *caption;
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

static void compose(mix_compositor *c, unsigned tier, int64_t now_ns)
{
    const mix_scene *s = c->scene;
    const mix_scene_tier *spec = &s->tiers[tier];
    tier_state *t = &c->tiers[tier];
    view v;
    bool undrawn = false; /* waited for long enough: see follow() */
    v.n = mix_move_looks(&t->move, c->before, s, tier, now_ns, v.shots, v.looks, &undrawn);
    v.caption = caption_look(spec);
    size_t size = v.n * sizeof v.looks[0];
    bool same =
        t->published_tiles == (int)v.n && memcmp(v.looks, t->published, size) == 0 && v.caption.label == t->published_caption;
    if (same && now_ns - t->published_ns < MIX_REFRESH_NS && !key_wanted(spec, now_ns)) {
        atomic_fetch_add_explicit(&t->skipped, 1, memory_order_relaxed);
        return;
    }
    mcu_frame *f = make_pool(t, spec) ? mix_pool_get(t->pool) : NULL;
    if (!f) {
        return; /* every canvas is being encoded: this tick is one too many for the encoders */
    }
    draw(c, tier, &v, f);
    f->time_ns = now_ns;
    f->ts90k = (uint32_t)(now_ns * 9 / 100000);
    f->scene = s->serial;
    memcpy(t->published, v.looks, size);
    t->published_tiles = (int)v.n;
    t->published_caption = v.caption.label;
    t->published_ns = now_ns;
    publish(t, spec, f);
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
        undrawn |= s->tiers[t].live && s->tiers[t].caption && !mix_art_drawn(s->tiers[t].caption);
    }
    return !undrawn;
}

/* The step of this tick is the first. */
static void begin_moves(mix_compositor *c, int64_t now_ns)
{
    bool begins = false;
    for (unsigned t = 0; c->scene && t < c->next->n_tiers; t++) {
        tier_state *one = &c->tiers[t];
        unsigned seen = one->published_tiles > 0 ? (unsigned)one->published_tiles : 0;
        begins |= mix_move_begin(&one->move, c->scene, c->next, t, one->published, seen, now_ns - MCU_NS_PER_SEC / c->tick_fps);
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

void mix_compositor_tick(mix_compositor *c, mix_scene *take_scene, uint64_t tick, int64_t now_ns)
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
        return;
    }
    for (unsigned t = 0; t < s->n_tiers; t++) {
        if (!s->tiers[t].live) {
            if (c->tiers[t].pool) {
                clear_tier(&c->tiers[t]);
            }
        } else if (mix_compositor_due(tick, s->tiers[t].fps, c->tick_fps)) {
            compose(c, t, now_ns);
        }
    }
    end_moves(c, mix_cpu_now_ns() - cpu_ns, now_ns);
    mix_cpu_charge(c->cpu, MIX_CPU_COMPOSE, &cpu_ns);
}
