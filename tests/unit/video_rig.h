/* video_rig.h - a whole mix_video with its threads on a real clock, cameras before it and what it gave out kept.  Thread: main.
 */
#ifndef TESTS_VIDEO_RIG_H
#define TESTS_VIDEO_RIG_H

#include <glib.h>

#include "mixer/video.h"
#include "video_kit.h"

#define RIG_KEPT 400

typedef struct {
    mix_video *v;
    kit_camera camera[MIX_MAX_PEOPLE];
    unsigned n_cameras;
    mcu_au *kept[MIX_MAX_TIERS][2][RIG_KEPT];
    unsigned n_kept[MIX_MAX_TIERS][2], stills;
    unsigned keys_wanted[MIX_MAX_PEOPLE + 1], layouts[MIX_MAX_TIERS];
    mix_source_state state[MIX_MAX_PEOPLE + 1];
    mix_tile tiles[MIX_MAX_TIERS][MIX_MAX_PEOPLE];
    unsigned n_tiles[MIX_MAX_TIERS];
    GMainContext *context;
} rig;

extern const mix_video_config rig_config; /* tiers A to D */
extern const mix_video_callbacks rig_callbacks;

uint8_t rig_luma_of(unsigned i);
rig *rig_new(unsigned cameras);
void rig_people(rig *r, unsigned n, bool camera_on);
void rig_spin(rig *r, int64_t until_ns);
void rig_send(rig *r, unsigned pictures); /* everybody sends one picture each 40 ms for this many of them */
void rig_until_kept(rig *r, unsigned tier, unsigned slot, unsigned n); /* until n pictures came; 20 s at most */
unsigned rig_until_key(rig *r, unsigned tier);                         /* the first keyframe kept of a tier's H.264 */
void rig_until_live(rig *r, uint32_t source);
void rig_forget(rig *r);
void rig_free(rig *r);
void rig_check_tiles(rig *r, unsigned tier, unsigned slot,
                     unsigned n); /* the last picture shows n people where the layout says */

#endif
