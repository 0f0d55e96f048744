/* scene.h - what the clock composes: an immutable snapshot of people, tiles and encoders, made by the loop.
 * Thread: made on the loop, read on the video clock, released by either. */
#ifndef MIXER_SCENE_H
#define MIXER_SCENE_H

#include "mixer/arrange.h"
#include "mixer/art.h"
#include "mixer/encoder.h"
#include "mixer/source.h"
#include "mixer/video.h"

#define MIX_TIER_CODECS 4 /* H.264, VP8, JPEG and H.264 in small slices: variants of one canvas */

/* What lies over a whole canvas: the caption in the upper left corner, the logo in the upper right one, a line of words below. */
typedef enum { MIX_BAR_CAPTION = 0, MIX_BAR_LOGO, MIX_BAR_LINE, MIX_BARS } mix_bar;

typedef struct {
    uint32_t person;
    bool talking;
    bool lasting;                 /* a picture that does not change is not stale */
    mix_source *source;           /* NULL = no picture to be shown */
    mix_want want[MIX_MAX_TIERS]; /* what it was asked for; width 0 = that tier does not show it */
} mix_scene_person;

typedef struct {
    bool live, moves; /* moves: tiles slide to new places */
    int width_px, height_px, fps;
    unsigned n_tiles;
    mix_tile tiles[MIX_MAX_PEOPLE]; /* in the order in which they are drawn: later ones may cover earlier ones */
    uint8_t who[MIX_MAX_PEOPLE];    /* index in people[] of each tile */
    bool card[MIX_MAX_PEOPLE];      /* the placeholder is shown, whatever the source gives */
    bool masked[MIX_MAX_PEOPLE];    /* nor is it shown when he talks */
    mix_art_item *label[MIX_MAX_PEOPLE], *placeholder[MIX_MAX_PEOPLE]; /* of each tile */
    mix_art_item *bars[MIX_BARS];                                      /* over everything; NULL = none */
    mix_encoder *encoders[MIX_TIER_CODECS];                            /* NULL = none */
} mix_scene_tier;

typedef struct {
    atomic_int refs;
    uint64_t serial;        /* ascending */
    uint64_t masked_serial; /* of the newest, up to this one, since which somebody more is masked; it does not wait for names */
    unsigned n_people, n_tiers;
    mix_scene_person people[MIX_MAX_PEOPLE];
    mix_scene_tier tiers[MIX_MAX_TIERS];
} mix_scene;

mix_scene *mix_scene_new(void); /* empty, refs = 1; its maker fills it before anybody else sees it */
mix_scene *mix_scene_ref(mix_scene *s);
void mix_scene_unref(mix_scene *s); /* NULL is fine */
/* Tiles of a live tier whose size is set, and what they ask of the sources. The scene's people are there already. */
void mix_scene_lay(mix_scene *s, unsigned tier, const mix_place *places, unsigned n, int tick_fps);
/* Their labels and placeholders; `people` are the scene's, in the same order. Thread: the loop, which owns `art`. */
void mix_scene_dress(mix_scene *s, unsigned tier, mix_art *art, const mix_person *people);

#endif
