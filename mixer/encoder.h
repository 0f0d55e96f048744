/* encoder.h - one (tier, codec): a thread that takes the newest canvas, encodes it and hands the coded picture on.
 * Thread: start, stop, join, taken and unref's last on the loop; offer and wants_key on the video clock; own thread at nice 8.
 * Counted: scenes hold a reference; the thread ends with stop, not with the last reference. */
#ifndef MIXER_ENCODER_H
#define MIXER_ENCODER_H

#include <glib.h>

#include "mcu/base/media.h"
#include "mcu/base/metrics.h"
#include "mixer/cpu.h"
#include "mixer/video.h"

typedef struct mix_encoder mix_encoder;

typedef struct {
    mix_tier_spec spec;
    unsigned tier;
    unsigned every_s; /* > 0: stills, see mix_video_config */
    mcu_codec codec;
    const char *preset; /* outlives the encoder */
    mix_cpu *cpu;
    /* On the encoder's thread, must not block. Takes the picture; `e` is borrowed. */
    void (*deliver)(void *user, mix_encoder *e, mcu_au *take_au);
    void (*ended)(void *user, mix_encoder *e); /* the thread's last words: it can be joined without waiting */
    void *user;
    mcu_histogram *seconds;
    mcu_counter *keyframes, *entries, *replaced, *queue_drops;
} mix_encoder_config;

mix_encoder *mix_encoder_start(const mix_encoder_config *config, GError **error);
mix_encoder *mix_encoder_ref(mix_encoder *e);
void mix_encoder_unref(mix_encoder *e);
void mix_encoder_stop(mix_encoder *e); /* asks the thread to end; nothing is delivered after `ended` */
void mix_encoder_join(mix_encoder *e);

unsigned mix_encoder_tier(const mix_encoder *e);
mcu_codec mix_encoder_codec(const mix_encoder *e);
void mix_encoder_request_key(mix_encoder *e); /* everybody's */
/* Any keyframe, for who enters: everybody's when one may come, else the first picture of a stream of its own, which is delivered
 * marked `entry` after everybody's and ends at their next keyframe. */
void mix_encoder_enter(mix_encoder *e);
/* The same for who watches a smaller tier meanwhile: everybody's next one where a crowd watches. */
void mix_encoder_rise(mix_encoder *e);
void mix_encoder_set_watchers(mix_encoder *e, unsigned n);
void mix_encoder_taken(mix_encoder *e); /* the loop has dealt with one delivered picture (bound: half a second of them) */

/* NULL = the usual one; from the next picture on, which is then a keyframe. Thread: the loop. `preset` is static or outlives it.
 */
void mix_encoder_set_preset(mix_encoder *e, const char *preset);
/* Adds how many canvases were offered, and how many of them were replaced or left out. Thread: any. */
void mix_encoder_tally(const mix_encoder *e, uint64_t *offered, uint64_t *missed);

void mix_encoder_offer(mix_encoder *e, mcu_frame *take);
bool mix_encoder_wants_key(const mix_encoder *e, int64_t now_ns);

uint64_t mix_encoder_pictures(const mix_encoder *e);
uint64_t mix_encoder_keys(const mix_encoder *e);

#endif
