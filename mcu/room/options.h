/* options.h - the `config` of an `open` message as structs of net and mixer.  Thread: loop; the result owns every string. */
#ifndef MCU_ROOM_OPTIONS_H
#define MCU_ROOM_OPTIONS_H

#include <jansson.h>

#include "mcu/base/layout.h"
#include "mcu/net/peer.h"
#include "mcu/room/keypad.h"
#include "mcu/room/ladder.h"
#include "mixer/audio.h"
#include "mixer/video.h"

/* One picture of a tier that may be composed. The first `tiers.n_tiers` canvases are the tiers as everybody sees them, in their
 * order; what follows takes their place for some viewers, or while a screen is shown. */
typedef struct {
    unsigned tier;
    bool screen;   /* while a screen is shown: of a size at which it can be read, with few pictures */
    bool hands;    /* such a one while somebody speaks with hands: with as many pictures as they need */
    bool recorded; /* for the recording alone: who has not agreed to it is masked, and it has a caption of its own */
    bool upright;  /* for telephones that are held upright */
    mcu_who view;  /* for viewers of this role, while the layout has a picture of theirs; NONE = for everybody */
    unsigned
        signer; /* for who speaks with hands: shows whoever is the first to do so, or (2) the next, for the first to look at */
} mcu_canvas;

typedef struct {
    mcu_net_config net;
    mix_video_config video; /* its tiers are the canvases */
    mcu_canvas canvases[MIX_MAX_TIERS];
    mix_audio_config audio;
    mcu_tier_table tiers;
    int hands_bps[MCU_TIERS_MAX]; /* of a tier as those who speak with hands get it, on the wire; 0 = as everybody */
    mcu_keypad_map keypad;
    mcu_layouts *layouts;  /* owned */
    char *layout;          /* the name of the one to begin with */
    mcu_who recorded_view; /* as whose picture the visit is recorded; NONE = everybody's */
    unsigned max_seats;
    int64_t empty_ns;
    GPtrArray *strings; /* owner of what `net` and `video` point to */
    mcu_turn_server *turn;
} mcu_room_options;

/* `config` may be NULL or lack members: every one has a default. */
bool mcu_room_options_init(mcu_room_options *o, const json_t *config, GError **error);
void mcu_room_options_clear(mcu_room_options *o);
/* The canvas that only the recording of a tier has; -1 = it has none. */
int mcu_room_options_recorded(const mcu_room_options *o, unsigned tier);
/* Index of a tier by name; n_tiers for "audio"; -1 unknown. */
int mcu_room_options_tier(const mcu_room_options *o, const char *name);
const char *mcu_room_options_tier_name(const mcu_room_options *o, unsigned tier); /* "audio" beyond the last */
/* The largest tier from which on a decoder with these limits can take every tier; n_tiers = none, audio only. */
unsigned mcu_room_options_top(const mcu_room_options *o, const mcu_decode_limits *limits);
/* The smallest tier that is not to be told from the largest where the picture is shown with that many pixels: as many pictures
 * a second, and enlarged by a quarter at most. */
unsigned mcu_room_options_useful(const mcu_room_options *o, unsigned width_px, unsigned height_px);

#endif
