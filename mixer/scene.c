/* scene.c - see scene.h. */
#include "mixer/scene.h"

#include "mixer/text.h"

#define LABEL_BAND 5 /* a label stands in the lowest fifth of its tile */

mix_scene *mix_scene_new(void)
{
    mix_scene *s = g_new0(mix_scene, 1);
    atomic_init(&s->refs, 1);
    return s;
}

mix_scene *mix_scene_ref(mix_scene *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void mix_scene_lay(mix_scene *s, unsigned tier, const mix_place *places, unsigned n, int tick_fps)
{
    mix_scene_tier *t = &s->tiers[tier];
    t->n_tiles = n;
    for (unsigned i = 0; i < n; i++) {
        const mix_place *p = &places[i];
        mix_scene_person *who = &s->people[p->guest];
        t->tiles[i] = p->tile;
        t->tiles[i].person = who->person;
        t->who[i] = (uint8_t)p->guest;
        t->card[i] = p->card;
        t->masked[i] = p->masked;
        if (!p->card) {
            who->want[tier] = (mix_want){p->tile.width_px, p->tile.height_px, t->fps == tick_fps, p->fit};
        }
    }
}

static unsigned icons_of(const mix_person *p)
{
    return (p->muted ? MIX_ICON_MUTED : 0u) | (p->phone ? MIX_ICON_PHONE : 0u) | (p->hold ? MIX_ICON_HOLD : 0u) |
           (p->hand ? MIX_ICON_HAND : 0u) | (p->weak ? MIX_ICON_WEAK : 0u) | (p->camera_off ? MIX_ICON_CAMERA_OFF : 0u);
}

/* A label ends where a nearer tile covers the band in which it stands. */
static int label_width(const mix_scene_tier *t, unsigned i)
{
    const mix_tile *at = &t->tiles[i];
    int right = at->x_px + at->width_px, bottom = at->y_px + at->height_px, top = bottom - at->height_px / LABEL_BAND;
    for (unsigned k = i + 1; k < t->n_tiles; k++) {
        const mix_tile *o = &t->tiles[k];
        if (o->x_px > at->x_px && o->x_px < right && o->y_px < bottom && o->y_px + o->height_px > top) {
            right = o->x_px;
        }
    }
    return right - at->x_px;
}

void mix_scene_dress(mix_scene *s, unsigned tier, mix_art *art, const mix_person *people)
{
    mix_scene_tier *t = &s->tiers[tier];
    for (unsigned i = 0; i < t->n_tiles; i++) {
        const mix_person *p = &people[t->who[i]];
        int w = t->tiles[i].width_px, h = t->tiles[i].height_px;
        if (mix_is_screen(p->who) && !p->still) {
            continue;
        }
        t->label[i] = mix_art_get(art, MIX_ART_LABEL, p->name, icons_of(p), label_width(t, i), h);
        mix_art_ask(t->label[i]); /* most often it is there by the next tick */
        t->placeholder[i] = mix_art_get(art, MIX_ART_PLACEHOLDER, p->name, icons_of(p) & MIX_ICON_PHONE, w, h);
    }
}

void mix_scene_unref(mix_scene *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned i = 0; i < s->n_people; i++) {
        mix_source_unref(s->people[i].source);
    }
    for (unsigned t = 0; t < s->n_tiers; t++) {
        for (unsigned i = 0; i < s->tiers[t].n_tiles; i++) {
            mix_art_item_unref(s->tiers[t].label[i]);
            mix_art_item_unref(s->tiers[t].placeholder[i]);
        }
        for (unsigned b = 0; b < MIX_BARS; b++) {
            mix_art_item_unref(s->tiers[t].bars[b]);
        }
        for (unsigned c = 0; c < MIX_TIER_CODECS; c++) {
            mix_encoder_unref(s->tiers[t].encoders[c]);
        }
    }
    g_free(s);
}
