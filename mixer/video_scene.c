/* video_scene.c - from people, sources and uses to the scene that the clock composes.  Thread: the loop. */
#include "mixer/layout.h"
#include "mixer/text.h"
#include "mixer/video_private.h"

static void choose(mix_source_entry *e, bool decoded)
{
    if (decoded && !e->decoded && e->missed) {
        mix_source_need_key(e->source);
        e->missed = false;
    }
    e->decoded = decoded;
}

/* Whoever is in the picture first, in tile order; sources that are not (yet) as far as there is room. */
static void choose_decoded(mix_video *v)
{
    bool decoded[MIX_MAX_PEOPLE] = {false}, listed[MIX_MAX_PEOPLE] = {false};
    unsigned n = 0;
    for (unsigned i = 0; i < v->n_people; i++) {
        mix_source_entry *e = mix_video_find_source(v, v->people[i].person);
        if (e) {
            listed[e - v->sources] = true;
            if (v->people[i].camera_on && n < MIX_MAX_DECODED) {
                decoded[e - v->sources] = true;
                n++;
            }
        }
    }
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        mix_source_entry *e = &v->sources[i];
        if (e->source) {
            if (!listed[i] && n < MIX_MAX_DECODED) {
                decoded[i] = true;
                n++;
            }
            choose(e, decoded[i]);
        }
    }
}

static void add_people(mix_video *v, mix_scene *s)
{
    s->n_people = v->n_people;
    for (unsigned i = 0; i < v->n_people; i++) {
        const mix_person *p = &v->people[i];
        mix_source_entry *e = mix_video_find_source(v, p->person);
        bool shown = e && e->decoded && p->camera_on;
        s->people[i] = (mix_scene_person){p->person, p->talking, shown ? mix_source_ref(e->source) : NULL};
    }
}

static unsigned icons_of(const mix_person *p)
{
    return (p->muted ? MIX_ICON_MUTED : 0u) | (p->phone ? MIX_ICON_PHONE : 0u);
}

static void add_tier(mix_video *v, mix_scene *s, unsigned tier)
{
    const mix_tier_spec *spec = &v->specs[tier];
    mix_scene_tier *t = &s->tiers[tier];
    t->width_px = spec->width_px;
    t->height_px = spec->height_px;
    t->fps = spec->fps;
    for (int c = 0; c < MIX_TIER_CODECS; c++) {
        if (v->tiers[tier].encoder[c]) {
            t->encoders[c] = mix_encoder_ref(v->tiers[tier].encoder[c]);
            t->live = true;
        }
    }
    if (!t->live) {
        return;
    }
    mix_layout(spec->width_px, spec->height_px, s->n_people, t->tiles);
    for (unsigned i = 0; i < s->n_people; i++) {
        const mix_person *p = &v->people[i];
        int w = t->tiles[i].width_px, h = t->tiles[i].height_px;
        t->tiles[i].person = p->person;
        t->label[i] = mix_art_get(v->art, MIX_ART_LABEL, p->name, icons_of(p), w, h);
        mix_art_ask(t->label[i]); /* most often it is there by the next tick */
        t->placeholder[i] = mix_art_get(v->art, MIX_ART_PLACEHOLDER, p->name, icons_of(p) & MIX_ICON_PHONE, w, h);
    }
    if (s->n_people > 0) {
        s->want[tier] = (mix_want){t->tiles[0].width_px, t->tiles[0].height_px, spec->fps == v->tick_fps};
    }
}

void mix_video_rebuild(mix_video *v)
{
    choose_decoded(v);
    if (!v->clock) {
        return;
    }
    mix_scene *s = mix_scene_new();
    s->serial = ++v->scenes;
    s->n_tiers = v->n_tiers;
    add_people(v, s);
    for (unsigned t = 0; t < v->n_tiers; t++) {
        add_tier(v, s, t);
    }
    for (unsigned i = 0; i < s->n_people; i++) {
        if (s->people[i].source) {
            mix_source_want(s->people[i].source, s->want);
        }
    }
    mix_vclock_post(v->clock, s);
    mix_art_sweep(v->art);
}
