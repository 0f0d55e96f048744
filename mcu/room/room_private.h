/* room_private.h - the structs that the files of this folder share.  Thread: loop. Not for other folders. */
#ifndef MCU_ROOM_ROOM_PRIVATE_H
#define MCU_ROOM_ROOM_PRIVATE_H

#include "mcu/net/peer.h"
#include "mcu/room/audio_choice.h"
#include "mcu/room/ease.h"
#include "mcu/room/ladder.h"
#include "mcu/room/lost_sound.h"
#include "mcu/room/options.h"
#include "mcu/room/room.h"
#include "mcu/room/stage.h"
#include "mcu/room/uplink.h"
#include "mcu/room/view.h"
#include "mixer/audio.h"
#include "mixer/video.h"

#define MCU_ID_MAX 32
#define MCU_DISPLAY_MAX_PX 32768
#define MCU_CONTENT_NUMBER 0x80000000u /* set in the number of a screen, never in a person's */
#define MCU_STILL_NUMBER 0x40000000u   /* the same of a still that is held */

typedef enum { MCU_SESSION_NONE = 0, MCU_SESSION_WS, MCU_SESSION_WHIP, MCU_SESSION_WHEP } mcu_session_kind;
const char *mcu_session_kind_name(mcu_session_kind k);

typedef struct mcu_session mcu_session;
typedef struct mcu_check mcu_check;
typedef struct mcu_leg mcu_leg;
typedef struct mcu_record mcu_record;

#define MCU_LANGUAGE_MAX 4 /* of ISO 639, with its end */

typedef enum { MCU_DENOISE_AS_CONFIGURED = 0, MCU_DENOISE_OFF, MCU_DENOISE_ON } mcu_denoise;

/* Who hears a seat, and what it hears (seat_sound.c). */
typedef struct {
    char whisper[MCU_ID_MAX + 1];     /* the seat that alone hears this one; "" = everybody */
    char channel[MCU_LANGUAGE_MAX];   /* interprets into; "" = does not */
    char hears[MCU_LANGUAGE_MAX + 1]; /* the language of an interpretation, "both", or "": the original */
    bool clinical;                    /* heart, lungs */
    mcu_denoise denoise;
} mcu_seat_sound;

/* The durable place of one person; the gateway's store is the original. */
typedef struct {
    char id[MCU_ID_MAX + 1];
    char *name;
    char role[MCU_ID_MAX + 1];
    bool host;
    bool muted;                    /* by a host */
    bool sends_audio, sends_video; /* whether the seat may be heard, be seen; neither: it has no tile */
    bool fixed;                    /* the size of its picture never changes */
    bool signing;                  /* speaks with hands: counts as speaking while the camera is on */
    unsigned signer;               /* place among those who do so now, from 1; 0 = does not */
    mcu_seat_sound sound;
    char link_hears[MCU_LANGUAGE_MAX + 1]; /* what its link says of `sound.hears` */
    unsigned tier_cap;                     /* largest tier allowed, 0 = all */
    unsigned tier_chosen;                  /* the same by an operator, until another is chosen; n_tiers + 1 = as it comes */
    uint32_t person;                       /* number towards the mixer, never reused */
    uint32_t content;                      /* the same of a screen that is shared beside the camera */
    unsigned tile_px[MIX_MAX_TIERS];       /* pixels of its tile on each canvas, 0 = not shown there; */
    unsigned tile_lines[MIX_MAX_TIERS];    /* of a 16:9 picture that fills it */
    mcu_session *session;                  /* newest connection or NULL; owned */
    mcu_leg *leg;                          /* phone call or NULL; owned (leg.c) */
} mcu_seat;

/* One connection of a seat. */
/* What a person was told of the connection. */
typedef struct {
    int64_t at_ns; /* 0 = nothing yet */
    int quality;
    mcu_ease ease;
    unsigned hold_ms, canvas;
    bool lossy;
} mcu_said_quality;

struct mcu_session {
    mcu_room *room;
    mcu_seat *seat; /* borrowed; outlives the session */
    char id[MCU_ID_MAX + 1];
    mcu_session_kind kind;
    mcu_peer *peer;    /* owned */
    char *offer;       /* newest, for an ICE restart that brings no SDP */
    json_t *answer_id; /* of an offer that waits for gathering */
    GSource *answer_timer;
    bool trickle;
    bool audio_on, video_on; /* what the person has switched on */
    bool hand, share;        /* raised; shows a screen */
    bool up;                 /* was UP at least once: registered with the mixer */
    bool has_source, has_voice, has_listener;
    bool has_content, content_live; /* the screen comes beside the camera: is with the mixer, has a picture */
    bool talking;
    bool closing; /* GONE: freed from the idle source */
    mcu_view view;
    mcu_ladder ladder;
    mcu_tier_choice choice; /* of the ladder's rungs */
    mcu_audio_choice sound;
    mcu_lost_sound lost;
    mcu_uplink_choice uplink;
    unsigned tier_wished; /* the largest that the person asks for; n_tiers = sound alone, n_tiers + 1 = as it comes */
    unsigned tier_able;   /* largest that its decoder takes; n_tiers = none */
    unsigned tier_useful; /* largest that shows more where the person looks at it; 0 also when that is not known */
    bool blind;           /* nothing shows what its path carries but what is sent: its device gives no transport-wide feedback */
    unsigned tier_kept;   /* what a seat with `fixed` watches, if it watches any; n_tiers + 1 = not chosen yet */
    unsigned line_bps;    /* what the person's page found its line to carry; 0 = it does not say */
    bool still_due;       /* too thin a line for pictures: it gets one, so that the person sees who is there */
    int quality;
    bool upright; /* the page shows the picture on a screen that is higher than wide */
    bool hushed;  /* no room for sound beside the hands that speak */
    bool weak;    /* as the roster was last told; */
    int listed_quality;
    int64_t listed_ns;
    mcu_ease ease;
    mcu_said_quality said_quality;
    int64_t created_ns, up_ns;
};

/* A tier's JPEG, while somebody asks for it. */
typedef struct {
    GPtrArray *waiting; /* json_t ids of requests */
    int64_t since_ns;   /* of the oldest that waits */
    int64_t asked_ns;   /* of the newest */
    bool used;          /* holds a use of the tier */
} mcu_still;

/* A picture of somebody that is held (freeze.c). */
typedef struct {
    uint32_t number, person; /* towards the mixer, 0 = none; whose it is */
    bool screen;
} mcu_frozen;

/* Who is asked for a larger picture, to be held (larger.h). */
typedef struct {
    uint32_t source, person; /* 0 = nobody */
    bool screen;
    unsigned first_px, px; /* of its pictures: when it was asked, the most since */
    int64_t asked_ns, grown_ns;
} mcu_larger;

struct mcu_room {
    GMainContext *context;
    mcu_room_callbacks callbacks;
    void *user;
    char id[MCU_ID_MAX + 1];
    char *name;
    mcu_room_options options;
    GHashTable *seats;                 /* id -> mcu_seat, owned */
    GPtrArray *order;                  /* mcu_seat in order of joining, borrowed: tile order */
    GPtrArray *dead;                   /* mcu_session closed inside a callback, owned until the idle source runs */
    GPtrArray *dead_legs;              /* the same of mcu_leg */
    struct mcu_leg_reader *leg_reader; /* from the first call on; owned */
    GPtrArray *checks;                 /* mcu_check, owned (check.c) */
    GSource *checks_idle;
    uint32_t next_person;
    uint64_t revision;
    mcu_net *net;
    mix_video *video;
    mix_audio *audio;
    GSource *ticker; /* every 100 ms: tiers; each fifth time quality, emptiness */
    unsigned ticks;
    GSource *idle; /* roster and people, merged; frees the dead */
    bool people_dirty, roster_dirty;
    bool without_largest; /* the machine has no time for the largest tier */
    bool screen;          /* one is shown, and has to be read */
    unsigned signers;     /* who speak with hands just now */
    int64_t empty_since_ns;
    bool finished;
    int *passed; /* descriptors of the message in hand; one that is taken becomes -1 */
    unsigned n_passed;
    mcu_record *record;     /* NULL = none; owned (record.c) */
    json_t *recording_said; /* record_said.c; NULL = nothing was recorded yet */
    mcu_stage stage;
    struct mcu_caption *caption;
    char layout[MCU_LAYOUT_NAME_MAX + 1]; /* in use; those there are: options.layouts */
    mcu_still stills[MIX_MAX_TIERS];
    mcu_frozen frozen, freezing;    /* shown; the mixer does not have it yet */
    mcu_larger larger;              /* before that */
    uint32_t stills_frozen;         /* so far */
    json_t *layouts[MIX_MAX_TIERS]; /* newest `layout` message per canvas */
    int64_t layout_said_ns[MIX_MAX_TIERS];
    bool layout_waits[MIX_MAX_TIERS];
};

/* requests.c: whom a message is about; NULL = there is no such one, or not any more */
mcu_seat *mcu_request_find_seat(mcu_room *r, const json_t *message, GError **error);
mcu_session *mcu_request_find_session(mcu_room *r, const json_t *message, GError **error);

/* wiring.c: the layout of a canvas, which there is; and of those that changed, not too often where lines are thin */
void mcu_layout_say(mcu_room *r, unsigned tier);
void mcu_layouts_tick(mcu_room *r, int64_t now_ns);

/* room.c: ends a room in which nobody has been for options.empty_ns; called twice a second */
void mcu_room_tick_empty(mcu_room *r, int64_t now_ns);

/* session.c; its tiers: session_tier.c */
mcu_session *mcu_session_new(mcu_room *r, mcu_seat *seat, const char *id, mcu_session_kind kind, bool trickle, GError **error);
void mcu_session_free(mcu_session *s); /* takes it out of the mixer; not inside a callback of its peer */
/* Answers now or when gathered; the reply to `id` is sent by the session. */
bool mcu_session_offer(mcu_session *s, const char *sdp, const json_t *id, GError **error);
json_t *mcu_session_ice_restart(mcu_session *s, const char *ufrag, const char *pwd,
                                GError **error);        /* our new description, a string */
void mcu_session_set_up(mcu_session *s);                /* keys are in place: into the mixer */
void mcu_session_leave_mixer(mcu_session *s);           /* gives everything back; safe to call twice */
void mcu_session_rest_sound(mcu_session *s);            /* the seat is on the phone: microphone and sound out of the mixer */
void mcu_session_gathered(mcu_session *s);              /* every local candidate is known */
void mcu_session_apply_state(mcu_session *s);           /* mute and camera flags -> mixer */
void mcu_session_begin_tier(mcu_session *s);            /* it is answered, and again when it has come up */
void mcu_session_apply_tier(mcu_session *s);            /* cap, decoder, choice -> view */
unsigned mcu_session_wanted_tier(const mcu_session *s); /* by hand, the lower of both; n_tiers + 1 = none is chosen */
unsigned mcu_session_top_tier(const mcu_session *s); /* the largest that it may get, whatever its link carries; n_tiers = none */
int mcu_session_carries(const mcu_session *s);       /* what its link does, as mcu_link_carries() */
void mcu_session_picture_sent(mcu_session *s);       /* one more left for the person */
void mcu_session_tick(mcu_session *s, int64_t now_ns); /* ten times a second: its tier */
void mcu_session_repeat_sound(mcu_session *s, const mcu_peer_stats *stats, int64_t now_ns);
void mcu_session_report(mcu_session *s);          /* twice a second: its quality; reminds of a keyframe */
bool mcu_session_is_person(const mcu_session *s); /* has a tile */
bool mcu_session_shows_camera(const mcu_session *s);
bool mcu_seat_is_person(const mcu_seat *seat); /* by its session or on the phone: has a tile */
bool mcu_seat_is_heard(const mcu_seat *seat);  /* its microphone or phone is in the mix */
bool mcu_seat_talking(const mcu_seat *seat);
bool mcu_seat_hand(const mcu_seat *seat); /* raised, on the page or by a key of the phone */

/* session_picture.c */
void mcu_session_take_picture(mcu_session *s, unsigned tier, mcu_au *au); /* from the mixer, of any tier */
void mcu_session_drop_unkept(mcu_session *s); /* it has come up: the tier that was encoded ahead, unless its pictures serve */
/* The tier that it waits for: by what was kept of that, or at a keyframe; nothing before it is up. */
void mcu_session_enter(mcu_session *s);

/* seat_sound.c */
void mcu_seat_apply_sound(mcu_room *r, const mcu_seat *seat);              /* -> mixer, where it has a place there */
void mcu_seats_apply_sound(mcu_room *r);                                   /* of all: somebody came who is whispered to */
bool mcu_seat_read_link(mcu_seat *seat, const json_t *m, GError **error);  /* what a `seat` says of what it hears; the same */
bool mcu_seat_read_sound(mcu_seat *seat, const json_t *m, GError **error); /* what is absent stays; an error changes nothing */
json_t *mcu_seat_sound_json(const mcu_seat *seat);                         /* what is not as usual; an object */
void mcu_seat_end_whisper(mcu_room *r, mcu_seat *seat);                    /* it has left the visit */

/* share.c */
void mcu_session_apply_share(mcu_session *s);                    /* the screen beside the camera -> mixer */
void mcu_session_content_live(mcu_session *s, bool has_picture); /* nobody sees it before its first picture */

/* canvas.c */
unsigned mcu_canvas_for(const mcu_session *s, unsigned tier);    /* what he watches of it; video.n_tiers = nothing */
unsigned mcu_canvas_shared(const mcu_room *r, unsigned tier);    /* what people may watch of it and is recorded as it is */
unsigned mcu_canvas_tier(const mcu_room *r, unsigned canvas);    /* tiers.n_tiers = of none */
const char *mcu_canvas_view(const mcu_room *r, unsigned canvas); /* "screen", "recording" or a role; NULL = everybody's */
void mcu_canvases_changed(mcu_room *r);                          /* everybody looks again */

/* wiring.c: callbacks of mixer and peers */
bool mcu_wiring_init(mcu_room *r, GError **error);
void mcu_wiring_clear(mcu_room *r);
extern const mcu_peer_callbacks mcu_wiring_peer;

/* people.c: who is in the picture and in the roster */
void mcu_people_changed(mcu_room *r);  /* picture and roster, merged into one idle source */
void mcu_picture_changed(mcu_room *r); /* picture alone */
void mcu_people_show(mcu_room *r);     /* at once */
void mcu_roster_changed(mcu_room *r);
mcu_seat *mcu_people_by_number(const mcu_room *r, uint32_t person);
mcu_seat *mcu_people_by_content(mcu_room *r, uint32_t content);
unsigned mcu_people_sessions(const mcu_room *r);

/* senders.c: for what their tiles are worth, by REMB and by name */
void mcu_senders_ask(mcu_room *r);
void mcu_senders_tick(mcu_room *r, int64_t now_ns);
void mcu_senders_say(mcu_session *s); /* once more what one was asked for, if it was */

/* speaker.c: who is the speaker, by loudness; how people are arranged */
void mcu_speaker_levels(mcu_room *r, const mix_voice_level *levels, unsigned n, int64_t now_ns);
void mcu_speaker_attend(mcu_room *r); /* takes in who came, went, or signs now */
bool mcu_speaker_signs(const mcu_session *s);
bool mcu_layout_use(mcu_room *r, const char *name, GError **error);          /* NOT_FOUND lists those there are */
bool mcu_layout_replace(mcu_room *r, const json_t *layouts, GError **error); /* all of them; the one in use stays if it can */

/* report.c */
json_t *mcu_report_inspection(mcu_room *r);
json_t *mcu_report_roster(mcu_room *r);
json_t *mcu_report_layout(mcu_room *r, unsigned tier, const mix_tile *tiles, unsigned n);
void mcu_report_session(mcu_session *s, const char *state, const char *why);
void mcu_report_quality(mcu_session *s, const mcu_peer_stats *stats);
void mcu_report_sound(mcu_session *s, const mcu_peer_stats *stats,
                      int64_t now_ns); /* whether the person is still heard, and hears */

/* room.c */
void mcu_room_send(mcu_room *r, json_t *take, const char *coalesce);
void mcu_room_finish(mcu_room *r, const char *reason);
void mcu_room_detach(mcu_session *s); /* seat forgets it; freed by the idle source */

#endif
