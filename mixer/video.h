/* video.h - the room's picture: coded pictures in, one composite per live tier and codec out.
 * Thread: every call and callback on the loop thread that runs `context`; decoding, the clock and the encoders run on threads of
 * their own and reach the loop by mailbox only. People and sources are named by ids that the room chose (nonzero). */
#ifndef MIXER_VIDEO_H
#define MIXER_VIDEO_H

#include <glib.h>
#include <limits.h>

#include "mcu/base/layout.h"
#include "mcu/base/media.h"
#include "mcu/base/status.h"

#define MIX_MAX_TIERS 31 /* canvases: what a tier shows while there is a screen, or to some people, is one more */
#define MIX_MAX_PEOPLE 64
#define MIX_MAX_DECODED 16 /* the rest is shown by name only */

typedef struct {
    char name[8];                 /* "A" */
    int width_px, height_px, fps; /* even sizes; fps 1..60 */
    int bitrate_bps;
} mix_tier_spec;

typedef struct {
    mix_tier_spec tiers[MIX_MAX_TIERS]; /* largest first */
    unsigned n_tiers;
    unsigned every_s[MIX_MAX_TIERS]; /* > 0: stills, a keyframe in so many seconds; its fps is 1 then, its bitrate the mean */
    mcu_who
        view[MIX_MAX_TIERS];   /* whose picture it is: MCU_WHO_NONE = everybody's, else that role's; a name may then come again */
    bool masks[MIX_MAX_TIERS]; /* what is recorded: who is `masked` is a name there and no picture; its caption is its own */
    unsigned signer[MIX_MAX_TIERS]; /* n > 0: all of it is for whoever has the place n among those who speak with hands */
    unsigned workers;               /* decode threads; 0 = number of cores, at most 4 */
    const char *preset;             /* x264 preset, NULL = "superfast" */
    int max_source_px;              /* largest accepted coded width or height, 0 = 1920 */
} mix_video_config;

/* One tile of a tier's picture, in pixels of that tier. */
typedef struct {
    uint32_t person;
    int x_px, y_px, width_px, height_px; /* where the person's picture or placeholder is */
} mix_tile;

typedef enum { MIX_SOURCE_NONE = 0, MIX_SOURCE_WAITING, MIX_SOURCE_LIVE, MIX_SOURCE_STALE, MIX_SOURCE_REFUSED } mix_source_state;
const char *mix_source_state_name(mix_source_state s);

typedef struct {
    void (*on_picture)(void *user, unsigned tier, mcu_au *au); /* au borrowed; au->codec, ->tier, ->keyframe are set */
    void (*on_keyframe_wanted)(void *user, uint32_t source);   /* decoder cannot go on without one; at most 2 a second each */
    void (*on_source_state)(void *user, uint32_t source, mix_source_state state);
    /* The rectangles of a live tier changed; borrowed, in drawing order: later ones may lie over earlier ones. */
    void (*on_layout)(void *user, unsigned tier, const mix_tile *tiles, unsigned n);
    /* The machine has no time for the largest tier, or has it again: viewers should watch the next one meanwhile. */
    void (*on_overload)(void *user, bool without_largest);
} mix_video_callbacks;

typedef struct mix_video mix_video;
/* config is copied. Threads start with the first use of a tier and stop with the last. */
mix_video *mix_video_new(GMainContext *context, const mix_video_config *config, const mix_video_callbacks *callbacks, void *user,
                         GError **error);
void mix_video_free(mix_video *v); /* joins its threads; no callback during or after */

/* Sources: what a participant sends. MCU_EFULL beyond MIX_MAX_PEOPLE. The id is a person's id. */
mcu_status mix_video_source_add(mix_video *v, uint32_t source);
void mix_video_source_remove(mix_video *v, uint32_t source); /* its last picture leaves with it; unknown ids are fine */
/* Consumes `take_au`. Bound 64 pictures / 2 MiB a source: when full, pictures older than 2 s go and a keyframe is asked for.
 * Streams with an SPS that is absurd (bit depth, chroma format, size, slice count) are refused and counted, state REFUSED. */
mcu_status mix_video_source_push(mix_video *v, uint32_t source, mcu_au *take_au);

/* The newest whole picture of `source`, at its full size, becomes that of `still`, a source of its own that never changes: LIVE
 * when it is there, shown once it is listed among the people, until it is removed; `source` may leave before. MCU_EAGAIN: there
 * is no picture yet. MCU_EINVAL: `source` is unknown, or `still` is not. MCU_EFULL: no place. */
mcu_status mix_video_freeze(mix_video *v, uint32_t source, uint32_t still);

unsigned mix_video_source_px(mix_video *v, uint32_t source); /* pixels of its newest picture; 0 = there is none yet */

#define MIX_RANK_NEVER UINT_MAX

/* Who is in the picture, in order of joining. Names are UTF-8, copied, shown as labels. Applied on the next tick; old picture
 * until then. */
typedef struct {
    uint32_t person;
    const char *name;
    bool camera_on;  /* false: placeholder with the name */
    bool muted;      /* microphone icon */
    bool talking;    /* border */
    bool phone;      /* phone icon */
    bool hold, hand; /* icons: the call rests; a raised hand */
    bool weak;       /* icon: the connection is */
    bool camera_off; /* icon: switched off by the person */
    bool still;      /* of a screen: it is a picture held, and says whose */
    bool masked;     /* on canvases that mask: no picture, whatever is sent, and no border */
    unsigned who;    /* 1u << mcu_who of the role, and of MCU_WHO_CONTENT and MCU_WHO_SIGNING */
    unsigned rank;   /* 0 = is the speaker, 1 = was before, ... MIX_RANK_NEVER = never was */
    unsigned signer; /* place among those who speak with hands, from 1; 0 = does not */
} mix_person;
/* CONTENT alone is a screen beside somebody's camera, or a still: no name over a screen, and never stale for as long as it is
 * listed. */
static inline bool mix_is_screen(unsigned who)
{
    return who == 1u << MCU_WHO_CONTENT;
}
void mix_video_set_people(mix_video *v, const mix_person *people, unsigned n);
/* How they are arranged, from the next tick; the old picture stays until then. Borrowed until it is replaced. NULL = the grid. */
void mix_video_set_layout(mix_video *v, const mcu_layout *layout);
/* The serial of the newest arrangement that was handed to the clock: pictures that show it, or a later one, have mcu_au.scene
 * from there on. Changes of people, layout, caption and uses each make one while a tier is in use. */
uint64_t mix_video_scene(const mix_video *v);
/* A line in the upper left corner of every canvas, drawn at its own size, from the next tick; NULL = none. `words` as in
 * mix_text_caption(), `recorded` the same for canvases that mask; copied. Costs something only when it changes. */
void mix_video_set_caption(mix_video *v, const char *words, const char *recorded, bool records);
/* A line of words at the lower edge of every tier, as mix_text_line(); and a logo in the upper right corner, a PNG in base64 that
 * mcu_png_is_logo(). NULL or "" = none; copied; the same rules. */
void mix_video_set_line(mix_video *v, const char *words);
void mix_video_set_logo(mix_video *v, const char *png);

/* A tier is composed and encoded only while its use count is above zero, one encoder per (tier, codec) however many watch. The
 * first picture after use is a keyframe. codec is H264, VP8, or JPEG: stills, at first use and for each keyframe request. */
mcu_status mix_video_use(mix_video *v, unsigned tier, mcu_codec codec);
void mix_video_unuse(mix_video *v, unsigned tier, mcu_codec codec);
/* Everybody's, merged per (tier, codec): at most one keyframe a second. */
void mix_video_request_keyframe(mix_video *v, unsigned tier, mcu_codec codec);
/* Any keyframe, for who comes, switches, or lost the thread: everybody's if it is due (mixer/keygate.h), else one of pictures
 * marked `entry` that on_picture gets beside everybody's until their next keyframe, which is then soon. */
void mix_video_enter(mix_video *v, unsigned tier, mcu_codec codec);
/* The same for who has pictures of a smaller tier until then: where a crowd watches, everybody's next one, which then is not
 * soon. */
void mix_video_rise(mix_video *v, unsigned tier, mcu_codec codec);
/* The newest keyframe and all that followed, oldest first, for a joiner or switcher: array of borrowed pictures, valid until the
 * loop runs again, all of one stream: everybody's or marked `entry`. 0 when there is none or it is older than 2 s or larger than
 * 1 s of the tier's bitrate (enter then). */
unsigned mix_video_bank(mix_video *v, unsigned tier, mcu_codec codec, mcu_au *const **pictures);

typedef struct {
    unsigned live_encoders, live_tiers, sources;
    unsigned overload; /* 0 = none, 1 = the largest tier has half its pictures, 2 = and the fastest preset, 3 = and no viewers */
    uint64_t ticks, late_ticks;
    uint64_t missed_ticks; /* not every canvas that was due was handed over before the next deadline */
    uint64_t frames_replaced, queue_drops;
    uint64_t encoded[MIX_MAX_TIERS], keyframes[MIX_MAX_TIERS], skipped_unchanged[MIX_MAX_TIERS];
    double cpu_s[6]; /* thread CPU seconds by stage: decode, scale, compose, encode, label, other */
} mix_video_stats;
void mix_video_get_stats(mix_video *v, mix_video_stats *out);

#endif
