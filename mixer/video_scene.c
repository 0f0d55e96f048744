/* video_scene.c - from people, sources and uses to the scene that the clock composes.  Thread: the loop. */
#include <string.h>

#include "mixer/arrange.h"
#include "mixer/bars.h"
#include "mixer/move.h"
#include "mixer/video_private.h"

static void choose(mix_source_entry *e, bool decoded)
{
    if (decoded && !e->decoded && e->missed) {
        mix_source_need_key(e->source);
        e->missed = false;
    }
    e->decoded = decoded;
}

/* Who is where on the tiers that are live. */
typedef struct {
    mix_place places[MIX_MAX_TIERS][MIX_MAX_PEOPLE];
    unsigned n[MIX_MAX_TIERS];
    bool shown[MIX_MAX_PEOPLE]; /* somewhere, with a picture */
} arranged;

static void arrange(const mix_video *v, arranged *a)
{
    mix_guest guests[MIX_MAX_PEOPLE];
    for (unsigned i = 0; i < v->n_people; i++) {
        guests[i] = (mix_guest){v->people[i].who, v->people[i].rank, v->people[i].signer};
    }
    memset(a, 0, sizeof *a);
    for (unsigned t = 0; t < v->n_tiers; t++) {
        if (!mix_video_tier_live(&v->tiers[t])) {
            continue;
        }
        mix_ground ground = {v->specs[t].name, v->specs[t].width_px, v->specs[t].height_px, v->views[t], v->signer[t]};
        a->n[t] = mix_arrange(v->layout, &ground, guests, v->n_people, a->places[t]);
        for (unsigned i = 0; i < a->n[t]; i++) {
            a->places[t][i].masked = v->masks[t] && v->people[a->places[t][i].guest].masked;
            a->places[t][i].card |= a->places[t][i].masked;
            a->shown[a->places[t][i].guest] |= !a->places[t][i].card;
        }
    }
}

/* Nobody's picture is wanted where every tile of every live tier is a card. */
static bool shows_pictures(const mix_video *v, const arranged *a)
{
    bool any = false, tiles = false;
    for (unsigned i = 0; i < v->n_people; i++) {
        any = any || a->shown[i];
    }
    for (unsigned t = 0; t < v->n_tiers; t++) {
        tiles = tiles || a->n[t] > 0;
    }
    return any || !tiles;
}

static unsigned choose_listed(mix_video *v, const arranged *a, bool shown, bool *decoded, bool *listed, unsigned n)
{
    for (unsigned i = 0; i < v->n_people; i++) {
        mix_source_entry *e = mix_video_find_source(v, v->people[i].person);
        if (e) {
            listed[e - v->sources] = true;
            decoded[e - v->sources] |= e->still;
            if (!e->still && v->people[i].camera_on && a->shown[i] == shown && n < MIX_MAX_DECODED) {
                decoded[e - v->sources] = true;
                n++;
            }
        }
    }
    return n;
}

/* Whoever is in a picture first; then who may be next, so that a change finds him there; then sources that nobody is listed with.
 */
static void choose_decoded(mix_video *v, const arranged *a)
{
    bool decoded[MIX_MAX_PEOPLE] = {false}, listed[MIX_MAX_PEOPLE] = {false};
    unsigned n = choose_listed(v, a, true, decoded, listed, 0);
    if (shows_pictures(v, a)) {
        n = choose_listed(v, a, false, decoded, listed, n);
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
        s->people[i] = (mix_scene_person){.person = p->person, .talking = p->talking, .lasting = mix_is_screen(p->who)};
        s->people[i].source = shown ? mix_source_ref(e->source) : NULL;
    }
}

static void add_bar(mix_video *v, mix_scene_tier *t, mix_bar bar, mix_art_kind kind, const char *what, int width_px)
{
    if (what) {
        t->bars[bar] = mix_art_get(v->art, kind, what, kind == MIX_ART_CAPTION && v->records, width_px, t->height_px);
        mix_art_ask(t->bars[bar]);
    }
}

static void add_bars(mix_video *v, mix_scene_tier *t, bool masks)
{
    const char *caption = masks ? v->recorded_caption : v->caption;
    add_bar(v, t, MIX_BAR_CAPTION, MIX_ART_CAPTION, caption, mix_bars_caption_width(t->width_px, v->logo != NULL));
    add_bar(v, t, MIX_BAR_LOGO, MIX_ART_LOGO, v->logo, t->width_px);
    add_bar(v, t, MIX_BAR_LINE, MIX_ART_LINE, v->line, t->width_px);
}

static void set_words(mix_video *v, char **kept, const char *words)
{
    words = words && *words ? words : NULL;
    if (g_strcmp0(words, *kept) != 0) {
        g_free(*kept);
        *kept = g_strdup(words);
        mix_video_rebuild(v);
    }
}

void mix_video_set_line(mix_video *v, const char *words)
{
    set_words(v, &v->line, words);
}

void mix_video_set_logo(mix_video *v, const char *png)
{
    set_words(v, &v->logo, png);
}

void mix_video_set_caption(mix_video *v, const char *words, const char *recorded, bool records)
{
    if (g_strcmp0(words, v->caption) != 0 || g_strcmp0(recorded, v->recorded_caption) != 0 || records != v->records) {
        g_free(v->caption);
        g_free(v->recorded_caption);
        v->caption = g_strdup(words);
        v->recorded_caption = g_strdup(recorded);
        v->records = records;
        mix_video_rebuild(v);
    }
}

static void add_tier(mix_video *v, mix_scene *s, unsigned tier, const arranged *a)
{
    const mix_tier_spec *spec = &v->specs[tier];
    mix_scene_tier *t = &s->tiers[tier];
    t->width_px = spec->width_px;
    t->height_px = spec->height_px;
    t->fps = mix_video_fps(v, tier);
    t->moves = t->fps >= MIX_MOVE_FPS && v->load.level == MIX_LOAD_CALM;
    for (int c = 0; c < MIX_TIER_CODECS; c++) {
        if (v->tiers[tier].encoder[c]) {
            t->encoders[c] = mix_encoder_ref(v->tiers[tier].encoder[c]);
            t->live = true;
        }
    }
    if (t->live) {
        mix_scene_lay(s, tier, a->places[tier], a->n[tier], v->tick_fps);
        mix_scene_dress(s, tier, v->art, v->people);
        add_bars(v, t, v->masks[tier]);
    }
}

void mix_video_rebuild(mix_video *v)
{
    arranged a;
    arrange(v, &a);
    choose_decoded(v, &a);
    if (!v->clock) {
        return;
    }
    mix_scene *s = mix_scene_new();
    s->serial = ++v->scenes;
    s->masked_serial = v->masked_scene;
    s->n_tiers = v->n_tiers;
    add_people(v, s);
    for (unsigned t = 0; t < v->n_tiers; t++) {
        add_tier(v, s, t, &a);
    }
    for (unsigned i = 0; i < s->n_people; i++) {
        if (s->people[i].source) {
            mix_source_want(s->people[i].source, s->people[i].want);
        }
    }
    mix_vclock_post(v->clock, s);
    mix_art_sweep(v->art);
}
