/* source.h - one participant's video: coded pictures in, newest decoded picture and tiles out.
 * Thread: new, push, need_key and close on the loop; decoding on the source's strand; mix_source_view on the video clock.
 * Counted: the loop, the strand and every scene that shows it hold a reference. */
#ifndef MIXER_SOURCE_H
#define MIXER_SOURCE_H

#include "mcu/base/media.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "mcu/base/workers.h"
#include "mixer/cpu.h"
#include "mixer/fit.h"
#include "mixer/video.h"

#define MIX_SOURCE_QUEUE 64
#define MIX_SOURCE_QUEUE_BYTES (2u * 1024 * 1024)
#define MIX_SOURCE_LATE_NS (2 * MCU_NS_PER_SEC)  /* pictures older than this go when the queue was full */
#define MIX_SOURCE_STALE_NS (2 * MCU_NS_PER_SEC) /* the last picture is then shown dim */
#define MIX_SOURCE_GONE_NS (10 * MCU_NS_PER_SEC) /* and then replaced by the placeholder */
#define MIX_SOURCE_KEY_SPACING_NS (MCU_NS_PER_SEC / 2)

typedef enum { MIX_NOTICE_NONE = 0, MIX_NOTICE_WANT_KEY, MIX_NOTICE_LIVE, MIX_NOTICE_REFUSED } mix_notice;

typedef struct mix_source mix_source;

typedef struct {
    mcu_workers *workers; /* NULL = decode inside push (tests) */
    mix_cpu *cpu;
    int max_px;
    void (*notify)(void *user, mix_source *s, mix_notice what); /* from the strand or the loop; must not block */
    void *user;
    mcu_counter *queue_drops, *refused, *frames_replaced;
} mix_source_env;

mix_source *mix_source_new(uint32_t id, const mix_source_env *env); /* env is copied */
mix_source *mix_source_ref(mix_source *s);
void mix_source_unref(mix_source *s); /* NULL is fine */
void mix_source_close(mix_source *s); /* no decoding afterwards; what is queued is dropped. The strand ends by itself. */

uint32_t mix_source_id(const mix_source *s);
mcu_status mix_source_push(mix_source *s, mcu_au *take_au);
/* Its newest picture, as it came, becomes the one picture of `still`: a source without workers, which nothing was given yet. By
 * and by, on its strand: `still` is then LIVE. MCU_EAGAIN: it has none yet. */
mcu_status mix_source_freeze(mix_source *s, mix_source *still);
/* Shows a picture that needs no decoding; only for a source without workers. */
void mix_source_show(mix_source *s, mcu_frame *take);
void mix_source_need_key(mix_source *s); /* drop until a keyframe, and ask for one */
/* The tile sizes that live tiers show it at: the strand makes those that are worth making on arrival. */
void mix_source_want(mix_source *s, const mix_want want[MIX_MAX_TIERS]);
int64_t mix_source_last_ns(const mix_source *s); /* arrival of the newest decoded picture, 0 = none yet */
unsigned mix_source_px(const mix_source *s);     /* pixels of that picture */

/* The clock's view: the newest whole picture and ready tiles, taken from the strand by mix_source_look(). */
typedef struct {
    mcu_frame *full; /* NULL = none yet; ->ts90k is a serial number that no other picture has */
    mcu_frame *tile[MIX_MAX_TIERS];
} mix_source_view;
const mix_source_view *mix_source_look(mix_source *s);
const mix_source_view *mix_source_held(const mix_source *s); /* what the last look gave */

#endif
