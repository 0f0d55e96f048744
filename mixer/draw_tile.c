/* draw_tile.c - see draw_tile.h. */
#include "mixer/draw_tile.h"

#include "mixer/layout.h"
#include "mixer/text.h"

#define TILE_GROUND 0x20252d
#define TALKING 0x3ddc97

static const mix_source_view *view_of(const mix_scene_person *p)
{
    static const mix_source_view nothing;
    return p->source ? mix_source_held(p->source) : &nothing;
}

/* A ready tile may be newer than the whole picture, never older unless the strand did not know yet that it is wanted. */
static const mcu_frame *ready_tile(const mix_source_view *v, unsigned tier, const mix_step *step)
{
    const mcu_frame *f = step->ready ? v->tile[tier] : NULL;
    bool fits = f && f->width_px == step->width_px && f->height_px == step->height_px;
    return fits && (int32_t)(f->ts90k - v->full->ts90k) >= 0 ? f : NULL;
}

static const mix_scene_person *person_of(const mix_scene *s, unsigned tier, unsigned i)
{
    return &s->people[s->tiers[tier].who[i]];
}

static void plan_for(const mix_scene_person *p, const mcu_frame *full, mix_step plan[MIX_MAX_TIERS])
{
    mix_plan(full->width_px, full->height_px, p->want, plan);
}

static uint32_t serial_shown(const mix_scene_person *p, const mix_source_view *v, unsigned tier)
{
    mix_step plan[MIX_MAX_TIERS];
    plan_for(p, v->full, plan);
    int from = plan[tier].ready ? (int)tier : plan[tier].parent;
    const mcu_frame *f = from >= 0 ? ready_tile(v, (unsigned)from, &plan[from]) : NULL;
    return f ? f->ts90k : v->full->ts90k;
}

bool mix_tile_same_place(const mix_tile_look *a, const mix_tile_look *b)
{
    return a->x_px == b->x_px && a->y_px == b->y_px && a->width_px == b->width_px && a->height_px == b->height_px;
}

bool mix_tile_overlaps(const mix_tile_look *a, const mix_tile_look *b)
{
    return a->x_px < b->x_px + b->width_px && b->x_px < a->x_px + a->width_px && a->y_px < b->y_px + b->height_px &&
           b->y_px < a->y_px + a->height_px;
}

static mix_tile_look blank_look(const mix_scene *s, unsigned tier, unsigned i)
{
    mix_tile_look look;
    memset(&look, 0, sizeof look);
    const mix_scene_person *p = person_of(s, tier, i);
    const mix_tile *tile = &s->tiers[tier].tiles[i];
    look.person = p->person;
    look.talking = p->talking && !s->tiers[tier].masked[i];
    look.fit = (uint8_t)p->want[tier].fit;
    look.x_px = (uint16_t)tile->x_px;
    look.y_px = (uint16_t)tile->y_px;
    look.width_px = (uint16_t)tile->width_px;
    look.height_px = (uint16_t)tile->height_px;
    return look;
}

mix_tile_look mix_tile_look_at(const mix_scene *s, unsigned tier, unsigned i, int64_t now_ns, bool *undrawn)
{
    mix_tile_look look = blank_look(s, tier, i);
    const mix_scene_person *p = person_of(s, tier, i);
    const mix_source_view *v = view_of(p);
    const mix_scene_tier *t = &s->tiers[tier];
    if (t->label[i] && mix_art_overlay_of(t->label[i])) {
        look.label = mix_art_serial(t->label[i]);
    }
    *undrawn |= t->label[i] && !mix_art_drawn(t->label[i]);
    int64_t age_ns = !v->full || t->card[i] ? INT64_MAX : p->lasting ? 0 : now_ns - v->full->time_ns;
    if (age_ns <= MIX_SOURCE_GONE_NS) {
        look.shows = age_ns > MIX_SOURCE_STALE_NS ? MIX_SHOWS_DIM : MIX_SHOWS_PICTURE;
        look.picture = serial_shown(p, v, tier);
    } else if (t->placeholder[i] && mix_art_frame_of(t->placeholder[i])) {
        look.shows = MIX_SHOWS_PLACEHOLDER;
        look.placeholder = mix_art_serial(t->placeholder[i]);
    } else {
        look.shows = MIX_SHOWS_GROUND;
        *undrawn |= t->placeholder[i] && !mix_art_drawn(t->placeholder[i]);
    }
    return look;
}

/* Around the picture; what lies below it is not drawn twice. */
static void draw_bars(mcu_frame *f, const mix_tile_look *t, const mix_fit *fit)
{
    const mix_colour ground = mix_colour_rgb(TILE_GROUND);
    int right = fit->x_px + fit->width_px, below = fit->y_px + fit->height_px;
    mix_draw_fill(f, t->x_px, t->y_px, t->width_px, fit->y_px, ground);
    mix_draw_fill(f, t->x_px, t->y_px + below, t->width_px, t->height_px - below, ground);
    mix_draw_fill(f, t->x_px, t->y_px + fit->y_px, fit->x_px, fit->height_px, ground);
    mix_draw_fill(f, t->x_px + right, t->y_px + fit->y_px, t->width_px - right, fit->height_px, ground);
}

/* Of any size, from the whole picture. */
static void draw_moving(mix_scaler *scaler, const mix_scene_person *p, const mix_tile_look *t, mcu_frame *f)
{
    const mcu_frame *full = view_of(p)->full;
    mix_fit fit = mix_fit_tile(full->width_px, full->height_px, t->width_px, t->height_px, (mcu_fit)t->fit);
    const mix_cut cut = {fit.crop_width_px, fit.crop_height_px, {0, 1}, fit.raise_px};
    draw_bars(f, t, &fit);
    int x = t->x_px + fit.x_px, y = t->y_px + fit.y_px;
    if (!mix_scale(scaler, full, &cut, f, x, y, fit.width_px, fit.height_px)) {
        mix_draw_fill(f, x, y, fit.width_px, fit.height_px, mix_colour_rgb(TILE_GROUND));
    }
}

static void draw_picture(mix_scaler *scaler, const mix_scene_person *p, unsigned tier, const mix_tile_look *t, mcu_frame *f)
{
    const mix_source_view *v = view_of(p);
    mix_step plan[MIX_MAX_TIERS];
    plan_for(p, v->full, plan);
    const mix_step *step = &plan[tier];
    const mix_fit *fit = &step->fit;
    draw_bars(f, t, fit);
    int x = t->x_px + fit->x_px, y = t->y_px + fit->y_px;
    const mcu_frame *from = ready_tile(v, tier, step);
    if (from) {
        mix_scale_copy(from, f, x, y, fit->width_px, fit->height_px);
        return;
    }
    from = step->parent >= 0 ? ready_tile(v, (unsigned)step->parent, &plan[step->parent]) : NULL;
    const mix_cut *cut = from ? &step->step : &step->whole;
    if (!mix_scale_middle(scaler, from ? from : v->full, cut, step->width_px, step->height_px, f, x, y, fit->width_px,
                          fit->height_px)) {
        mix_draw_fill(f, x, y, fit->width_px, fit->height_px, mix_colour_rgb(TILE_GROUND)); /* not what the canvas held before */
    }
}

static void draw_placeholder(mix_scaler *scaler, const mcu_frame *art, const mix_tile_look *t, mcu_frame *f)
{
    if (art->width_px == t->width_px && art->height_px == t->height_px) {
        mix_scale_copy(art, f, t->x_px, t->y_px, t->width_px, t->height_px);
        return;
    }
    const mix_cut whole = {art->width_px, art->height_px, {0, 1}, 0};
    if (!mix_scale(scaler, art, &whole, f, t->x_px, t->y_px, t->width_px, t->height_px)) {
        mix_draw_fill(f, t->x_px, t->y_px, t->width_px, t->height_px, mix_colour_rgb(TILE_GROUND));
    }
}

/* Of the size that it has in its place; it stays within the canvas while the tile moves. */
static void draw_label(const mix_overlay *o, int margin, const mix_tile_look *t, mcu_frame *f)
{
    int x = MIN(t->x_px + margin, (f->width_px - o->width_px) & ~1);
    int y = t->y_px + t->height_px - margin - o->height_px;
    mix_overlay_blend(o, f, MAX(x, 0), MAX(y, 0));
}

static int border_px(int canvas_height_px)
{
    int px = (mix_layout_gutter(canvas_height_px) * 2 / 3) & ~1;
    return px < 2 ? 2 : px;
}

void mix_tile_draw(mix_scaler *scaler, const mix_scene *s, unsigned tier, unsigned i, const mix_tile_look *look, mcu_frame *f)
{
    const mix_scene_tier *spec = &s->tiers[tier];
    const mix_tile *place = &spec->tiles[i];
    const mix_tile_look *t = look;
    if (look->shows == MIX_SHOWS_PICTURE || look->shows == MIX_SHOWS_DIM) {
        if (look->width_px == place->width_px && look->height_px == place->height_px) {
            draw_picture(scaler, person_of(s, tier, i), tier, t, f);
        } else {
            draw_moving(scaler, person_of(s, tier, i), t, f);
        }
        if (look->shows == MIX_SHOWS_DIM) {
            mix_draw_dim(f, t->x_px, t->y_px, t->width_px, t->height_px);
        }
    } else if (look->shows == MIX_SHOWS_PLACEHOLDER) {
        draw_placeholder(scaler, mix_art_frame_of(spec->placeholder[i]), t, f);
    } else {
        mix_draw_fill(f, t->x_px, t->y_px, t->width_px, t->height_px, mix_colour_rgb(TILE_GROUND));
    }
    if (look->talking && s->n_people > 1) {
        mix_draw_border(f, t->x_px, t->y_px, t->width_px, t->height_px, border_px(spec->height_px), mix_colour_rgb(TALKING));
    }
    if (look->label) {
        draw_label(mix_art_overlay_of(spec->label[i]), mix_text_margin(place->height_px), t, f);
    }
}
