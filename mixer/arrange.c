/* arrange.c - see arrange.h. */
#include "mixer/arrange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/layout.h"

typedef struct {
    const mix_ground *ground;
    const mix_guest *guests;
    unsigned n_guests;
    bool seated[MIX_MAX_PEOPLE];
    mix_place *places;
    unsigned n;
} seating;

static bool serves(const mcu_arrangement *a, const mix_ground *g, unsigned people)
{
    bool viewer = !a->views || (a->views & 1u << g->view);
    return viewer && people >= a->people_min && people <= a->people_max &&
           mcu_arrangement_serves(a, g->name, g->width_px, g->height_px);
}

/* Those who are not left out of it. */
static unsigned count_in(const mcu_arrangement *a, const mix_guest *guests, unsigned n)
{
    unsigned in = 0;
    for (unsigned i = 0; i < n; i++) {
        in += !(guests[i].who & a->without);
    }
    return in;
}

/* ---- who ---- */

/* Who sits for the others first; then who spoke last. `by_rank` false: who came first. */
static bool is_before(const mix_guest *a, const mix_guest *b, mcu_who who, bool by_rank)
{
    unsigned interprets = 1u << MCU_WHO_INTERPRETER;
    if (who == MCU_WHO_SIGNING && (a->who & interprets) != (b->who & interprets)) {
        return (a->who & interprets) != 0;
    }
    return by_rank && a->rank < b->rank;
}

/* -1 = nobody who is not seated yet. */
static int find_guest(const seating *s, mcu_who who, bool grid)
{
    int best = -1;
    bool by_rank = grid || who != MCU_WHO_ANYONE;
    for (unsigned i = 0; i < s->n_guests; i++) {
        bool speaks = who == MCU_WHO_SPEAKER && !mix_is_screen(s->guests[i].who);
        bool fits = !s->seated[i] && (who == MCU_WHO_ANYONE || speaks || (s->guests[i].who & 1u << who));
        if (fits && (best < 0 || is_before(&s->guests[i], &s->guests[best], who, by_rank))) {
            best = (int)i;
        }
    }
    return best;
}

static int pick(seating *s, const mcu_layout_slot *slot)
{
    for (unsigned k = 0; k < slot->n_who; k++) {
        int i = find_guest(s, slot->who[k], slot->many > 0);
        if (i >= 0) {
            s->seated[i] = true;
            return i;
        }
    }
    return -1;
}

/* ---- where ---- */

static int even(double v)
{
    return (int)lround(v / 2) * 2;
}

static mix_tile place_of(const mcu_layout_slot *slot, const mix_ground *g)
{
    int x = MIN(even(slot->x * g->width_px), (g->width_px & ~1) - 2);
    int y = MIN(even(slot->y * g->height_px), (g->height_px & ~1) - 2);
    int right = MIN(even((slot->x + slot->width) * g->width_px), g->width_px & ~1);
    int bottom = MIN(even((slot->y + slot->height) * g->height_px), g->height_px & ~1);
    return (mix_tile){.x_px = x, .y_px = y, .width_px = MAX(right - x, 2), .height_px = MAX(bottom - y, 2)};
}

static void seat(seating *s, const mcu_layout_slot *slot, unsigned guest, mix_tile tile)
{
    bool screen = (s->guests[guest].who & 1u << MCU_WHO_CONTENT) != 0; /* is to be read: never cropped, never blurred */
    s->places[s->n++] = (mix_place){
        .tile = tile, .guest = guest, .fit = screen ? MCU_FIT_SHARP : slot->fit, .card = slot->card && !screen, .z = slot->z};
}

static int by_joining(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

static bool is_whole(const mcu_layout_slot *slot)
{
    return slot->x <= 0 && slot->y <= 0 && slot->width >= 1 && slot->height >= 1 && fabs(slot->shape - 16.0 / 9.0) < 0.01;
}

/* Those who spoke last, side by side in order of joining, so that few tiles move when somebody else speaks. */
static bool seat_many(seating *s, const mcu_layout_slot *slot)
{
    unsigned who[MIX_MAX_PEOPLE], n = 0;
    for (int i; n < slot->many && (i = pick(s, slot)) >= 0;) {
        who[n++] = (unsigned)i;
    }
    qsort(who, n, sizeof who[0], by_joining);
    mix_tile tiles[MIX_MAX_PEOPLE], at = place_of(slot, s->ground);
    if (is_whole(slot)) {
        mix_layout(at.width_px, at.height_px, n, tiles);
    } else {
        mix_layout_part(at.width_px, at.height_px, slot->shape, mix_layout_gutter(s->ground->height_px), n, tiles);
    }
    if (n > 0 && (tiles[0].width_px < 2 || tiles[0].height_px < 2)) {
        for (unsigned i = 0; i < n; i++) {
            s->seated[who[i]] = false;
        }
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        tiles[i].x_px += at.x_px;
        tiles[i].y_px += at.y_px;
        seat(s, slot, who[i], tiles[i]);
    }
    return n > 0;
}

static bool seat_one(seating *s, const mcu_layout_slot *slot)
{
    int i = pick(s, slot);
    if (i >= 0) {
        seat(s, slot, (unsigned)i, place_of(slot, s->ground));
    }
    return i >= 0;
}

/* Single slots choose first: a grid takes who is left. */
static bool try_arrangement(seating *s, const mcu_arrangement *a)
{
    for (unsigned i = 0; i < s->n_guests; i++) {
        s->seated[i] = (s->guests[i].who & a->without) != 0;
    }
    s->n = 0;
    for (int grids = 0; grids <= 1; grids++) {
        for (unsigned i = 0; i < a->n_slots; i++) {
            const mcu_layout_slot *slot = &a->slots[i];
            if ((slot->many > 0) == grids && !(grids ? seat_many(s, slot) : seat_one(s, slot)) && !slot->optional) {
                return false;
            }
        }
    }
    return true;
}

/* By z; equal ones stay in order. */
static void sort_places(mix_place *p, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        mix_place moving = p[i];
        unsigned k = i;
        for (; k > 0 && p[k - 1].z > moving.z; k--) {
            p[k] = p[k - 1];
        }
        p[k] = moving;
    }
}

/* -1 = nobody is there at all. */
static int find_signer(const mix_guest *guests, unsigned n, unsigned signer)
{
    int best = n > 0 ? 0 : -1;
    bool found = false;
    for (unsigned i = 0; i < n; i++) {
        bool other = !guests[i].signer && !mix_is_screen(guests[i].who);
        if (guests[i].signer == signer) {
            return (int)i;
        }
        if (other && (!found || guests[i].rank < guests[best].rank)) {
            best = (int)i;
            found = true;
        }
    }
    return best;
}

static unsigned seat_signer(seating *s)
{
    static const mcu_layout_slot whole = {.width = 1, .height = 1, .fit = MCU_FIT_WHOLE}; /* hands may not be cut off */
    int who = find_signer(s->guests, s->n_guests, s->ground->signer);
    if (who >= 0) {
        seat(s, &whole, (unsigned)who, place_of(&whole, s->ground));
    }
    return s->n;
}

unsigned mix_arrange(const mcu_layout *layout, const mix_ground *ground, const mix_guest *guests, unsigned n,
                     mix_place places[MIX_MAX_PEOPLE])
{
    seating s = {.ground = ground, .guests = guests, .n_guests = n, .places = places};
    if (ground->signer > 0) {
        return seat_signer(&s);
    }
    bool found = false;
    for (unsigned i = 0; layout && !found && i < layout->n_arrangements; i++) {
        const mcu_arrangement *a = &layout->arrangements[i];
        found = serves(a, ground, count_in(a, guests, n)) && try_arrangement(&s, a);
    }
    if (!found) {
        (void)try_arrangement(&s, &mcu_layout_grid()->arrangements[0]);
    }
    sort_places(places, s.n);
    return s.n;
}
