#include "mixer/move.h"

static const mix_tile *tile_of(const mix_tile *tiles, unsigned n, uint32_t person)
{
    for (unsigned i = 0; i < n; i++) {
        if (tiles[i].person == person) {
            return &tiles[i];
        }
    }
    return NULL;
}

static bool same_place(const mix_tile *a, const mix_tile *b)
{
    return a->x_px == b->x_px && a->y_px == b->y_px && a->width_px == b->width_px && a->height_px == b->height_px;
}

static bool same_places(const mix_scene_tier *a, const mix_scene_tier *b)
{
    bool same = a->n_tiles == b->n_tiles;
    for (unsigned i = 0; same && i < a->n_tiles; i++) {
        const mix_tile *other = tile_of(b->tiles, b->n_tiles, a->tiles[i].person);
        same = other && same_place(other, &a->tiles[i]);
    }
    return same;
}

static bool may_move(const mix_scene_tier *a, const mix_scene_tier *b)
{
    return a->live && b->live && b->moves && a->width_px == b->width_px && a->height_px == b->height_px;
}

bool mix_move_begin(mix_move *m, const mix_scene *before, const mix_scene *next, unsigned tier, const mix_tile_look *seen,
                    unsigned n_seen, int64_t start_ns)
{
    const mix_scene_tier *a = &before->tiers[tier], *b = &next->tiers[tier];
    if (!may_move(a, b)) {
        m->start_ns = 0;
        return false;
    }
    if (same_places(a, b)) {
        return false;
    }
    m->n = n_seen;
    m->start_ns = 0;
    for (unsigned i = 0; i < n_seen; i++) {
        const mix_tile_look *l = &seen[i];
        m->from[i] = (mix_tile){l->person, l->x_px, l->y_px, l->width_px, l->height_px};
        const mix_tile *to = tile_of(b->tiles, b->n_tiles, l->person);
        m->start_ns = to && !same_place(to, &m->from[i]) ? start_ns : m->start_ns;
    }
    return m->start_ns != 0;
}

bool mix_move_lasts(const mix_move *m, int64_t now_ns)
{
    return m->start_ns != 0 && now_ns - m->start_ns < MIX_MOVE_NS;
}

/* Slow at both ends. */
static double eased(int64_t elapsed_ns)
{
    double t = CLAMP((double)elapsed_ns / MIX_MOVE_NS, 0, 1);
    return t * t * (3 - 2 * t);
}

static int between(int from, int to, double part)
{
    return (from + (int)((to - from) * part)) & ~1;
}

static void place(mix_tile_look *look, const mix_tile *from, const mix_tile *to, double part)
{
    int x = between(from->x_px, to->x_px, part), y = between(from->y_px, to->y_px, part);
    int right = between(from->x_px + from->width_px, to->x_px + to->width_px, part);
    int bottom = between(from->y_px + from->height_px, to->y_px + to->height_px, part);
    look->x_px = (uint16_t)x;
    look->y_px = (uint16_t)y;
    look->width_px = (uint16_t)MAX(right - x, 2);
    look->height_px = (uint16_t)MAX(bottom - y, 2);
}

typedef struct {
    mix_shot *shots;
    mix_tile_look *looks;
    unsigned n;
} list;

static mix_tile_look *add(list *l, const mix_scene *s, unsigned tier, unsigned tile, int64_t now_ns, bool *undrawn)
{
    l->shots[l->n] = (mix_shot){s, tile};
    l->looks[l->n] = mix_tile_look_at(s, tier, tile, now_ns, undrawn);
    return &l->looks[l->n++];
}

/* As many as leave room for those who are there. */
static void add_leavers(list *l, const mix_move *m, const mix_scene *before, const mix_scene *s, unsigned tier, int64_t now_ns)
{
    const mix_scene_tier *a = &before->tiers[tier], *b = &s->tiers[tier];
    for (unsigned i = 0; i < a->n_tiles && l->n + b->n_tiles < MIX_MAX_PEOPLE; i++) {
        const mix_tile *at = tile_of(m->from, m->n, a->tiles[i].person);
        if (at && !tile_of(b->tiles, b->n_tiles, at->person)) {
            bool undrawn = false; /* nobody waits for the name of who has left */
            place(add(l, before, tier, i, now_ns, &undrawn), at, at, 0);
        }
    }
}

unsigned mix_move_looks(const mix_move *m, const mix_scene *before, const mix_scene *s, unsigned tier, int64_t now_ns,
                        mix_shot shots[MIX_MAX_PEOPLE], mix_tile_look looks[MIX_MAX_PEOPLE], bool *undrawn)
{
    const mix_scene_tier *t = &s->tiers[tier];
    list l = {shots, looks, 0};
    if (!mix_move_lasts(m, now_ns)) {
        for (unsigned i = 0; i < t->n_tiles; i++) {
            (void)add(&l, s, tier, i, now_ns, undrawn);
        }
        return l.n;
    }
    add_leavers(&l, m, before, s, tier, now_ns);
    for (int moving = 0; moving <= 1; moving++) {
        for (unsigned i = 0; i < t->n_tiles; i++) {
            const mix_tile *from = tile_of(m->from, m->n, t->tiles[i].person);
            if ((from && !same_place(from, &t->tiles[i])) == moving) {
                mix_tile_look *look = add(&l, s, tier, i, now_ns, undrawn);
                place(look, moving ? from : &t->tiles[i], &t->tiles[i], eased(now_ns - m->start_ns));
            }
        }
    }
    return l.n;
}
