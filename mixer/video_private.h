/* video_private.h - what video*.c share: the loop's side of the mixer.  Thread: the loop. */
#ifndef MIXER_VIDEO_PRIVATE_H
#define MIXER_VIDEO_PRIVATE_H

#include "mcu/base/mailbox.h"
#include "mixer/keybank.h"
#include "mixer/overload.h"
#include "mixer/scene.h"
#include "mixer/vclock.h"

typedef struct {
    mix_source *source; /* NULL = free entry */
    mix_source_state state;
    bool still;   /* its one picture is there: never decoded, never stale */
    bool decoded; /* one of the MIX_MAX_DECODED */
    bool missed;  /* pictures were dropped while it was not */
} mix_source_entry;

typedef struct {
    unsigned uses[MIX_TIER_CODECS];
    mix_encoder *encoder[MIX_TIER_CODECS];
    mix_keybank *bank[MIX_TIER_CODECS], *entry_bank[MIX_TIER_CODECS]; /* everybody's; of who entered since */
    mix_tile told[MIX_MAX_PEOPLE];                                    /* the last on_layout */
    int n_told;                                                       /* -1 = none since it is live */
    uint64_t encoded, keyframes, skipped;                             /* `skipped`: by clocks that have stopped */
    mcu_histogram *encode_seconds;
    mcu_counter *keyframes_total, *entries_total;
} mix_tier_entry;

struct mix_video {
    GMainContext *context;
    mix_tier_spec specs[MIX_MAX_TIERS];
    mcu_who views[MIX_MAX_TIERS];
    unsigned signer[MIX_MAX_TIERS];
    unsigned every_s[MIX_MAX_TIERS];
    bool masks[MIX_MAX_TIERS];
    unsigned n_tiers;
    char *preset;
    mix_video_callbacks callbacks;
    void *user;
    int tick_fps;

    mix_cpu cpu;
    mcu_workers *workers;
    mix_art *art;
    mcu_mailbox *mail;
    GSource *mail_source, *stale_timer;
    mix_source_env source_env;
    mcu_counter *replaced, *queue_drops, *refused, *stills;
    uint64_t replaced_before, queue_drops_before; /* counters belong to the process, statistics to this mixer */

    mix_source_entry sources[MIX_MAX_PEOPLE];
    mix_person people[MIX_MAX_PEOPLE]; /* names are ours */
    unsigned n_people;
    const mcu_layout *layout;         /* borrowed */
    char *caption, *recorded_caption; /* of canvases that mask; NULL = none */
    char *line, *logo;                /* NULL = none */
    bool records;
    mix_tier_entry tiers[MIX_MAX_TIERS];
    mix_vclock *clock; /* runs while a tier is in use */
    mcu_histogram *lateness;
    uint64_t ticks, late, missed;  /* of clocks that have stopped */
    GPtrArray *ending;             /* encoders told to stop, not joined yet */
    uint64_t scenes, masked_scene; /* serials: of the newest, of the newest since which somebody more is masked */

    mix_overload load;
    int64_t load_checked_ns;
    uint64_t load_ticks, load_late, load_offered, load_missed; /* at the last check */
    mcu_gauge *overload;
};

/* Chooses who is decoded, lays the tiers out and posts the scene to the clock if one runs. */
void mix_video_rebuild(mix_video *v);
int mix_video_codec_slot(mcu_codec codec); /* -1 = not a codec that tiers have */
bool mix_video_tier_live(const mix_tier_entry *t);

/* Fewer pictures and a faster preset of the largest tier while the machine is overloaded; never fewer than hands need. */
int mix_video_fps(const mix_video *v, unsigned tier);
const char *mix_video_preset(const mix_video *v, unsigned tier);
void mix_video_check_load(mix_video *v, int64_t now_ns);

/* From media threads to the loop. */
bool mix_video_mail_start(mix_video *v);
void mix_video_mail_stop(mix_video *v);
void mix_video_deliver(void *user, mix_encoder *e, mcu_au *take_au);
void mix_video_ended(void *user, mix_encoder *e);
void mix_video_applied(void *user, mix_scene *take_scene);
void mix_video_notify(void *user, mix_source *s, mix_notice what);

mix_source_entry *mix_video_find_source(mix_video *v, uint32_t id); /* NULL = unknown */
void mix_video_set_state(mix_video *v, mix_source_entry *e, mix_source_state state);
void mix_video_check_stale(mix_video *v, int64_t now_ns);

#endif
