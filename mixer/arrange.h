/* arrange.h - a layout, a picture's size and who is there -> who is where.  Thread: any; pure.
 * The first arrangement of the layout that serves such a picture and so many people, and whose slots are all taken, is used;
 * none: everybody in one grid. A person has at most one tile. A picture for those who speak with hands has one tile: theirs, and
 * while there is nobody of that place, of who spoke last and does not speak with hands. */
#ifndef MIXER_ARRANGE_H
#define MIXER_ARRANGE_H

#include <limits.h>

#include "mcu/base/layout.h"
#include "mixer/video.h"

typedef struct {
    const char *name; /* of the tier, borrowed */
    int width_px, height_px;
    mcu_who view;    /* whose picture it is, NONE = everybody's */
    unsigned signer; /* as in mix_video_config */
} mix_ground;

/* In order of joining. */
typedef struct {
    unsigned who;    /* 1u << mcu_who, of the role and of CONTENT and SIGNING */
    unsigned rank;   /* MIX_RANK_*: the lower has spoken later */
    unsigned signer; /* as in mix_person */
} mix_guest;

typedef struct {
    mix_tile tile;  /* even sides and place; person = 0 */
    unsigned guest; /* index */
    mcu_fit fit;
    bool card;   /* name and initials, no picture */
    bool masked; /* a card because nothing is to be seen of this person */
    int z;
} mix_place;

/* Writes the places in the order in which they are drawn and returns how many; n <= MIX_MAX_PEOPLE. `layout` NULL = the grid. */
unsigned mix_arrange(const mcu_layout *layout, const mix_ground *ground, const mix_guest *guests, unsigned n,
                     mix_place places[MIX_MAX_PEOPLE]);

#endif
