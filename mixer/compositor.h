/* compositor.h - the room's canvases: on each tick the newest scene and the newest tiles become one picture per live tier.
 * Thread: the video clock (tests: any single thread, with a time of their own). Only what changed since a canvas was last in use
 * is drawn again; a tier whose picture did not change is published once a second. Nobody sees a picture without its names: the
 * scene before goes on, or there is none yet, for at most MIX_HOLD_NS. */
#ifndef MIXER_COMPOSITOR_H
#define MIXER_COMPOSITOR_H

#include "mcu/base/latest.h"
#include "mixer/scene.h"

#define MIX_REFRESH_NS MCU_NS_PER_SEC
#define MIX_HOLD_NS (100 * MCU_NS_PER_MS) /* how long a scene waits for names that are being drawn */
#define MIX_CANVASES 8 /* a tier's: one drawn, one offered and one being encoded for each codec, one to spare */

typedef struct {
    uint64_t ticks, skipped_unchanged[MIX_MAX_TIERS], composed[MIX_MAX_TIERS];
} mix_compositor_stats;

typedef struct mix_compositor mix_compositor;

mix_compositor *mix_compositor_new(int tick_fps, mix_cpu *cpu); /* cpu is borrowed for life */
void mix_compositor_free(mix_compositor *c);

/* `take_scene` NULL = the one before. Ticks count from 0 at tick_fps; a tier of fewer pictures is due on its share of them.
 * False = a canvas that was due was not handed over, since encoders have all of its tier. */
bool mix_compositor_tick(mix_compositor *c, mix_scene *take_scene, uint64_t tick, int64_t now_ns);

const mix_scene *mix_compositor_scene(const mix_compositor *c); /* borrowed, NULL before the first */
/* The newest published canvas of a tier, borrowed until the next tick; NULL before the first. */
const mcu_frame *mix_compositor_canvas(const mix_compositor *c, unsigned tier);
/* Safe from any thread. */
uint64_t mix_compositor_skipped(const mix_compositor *c, unsigned tier);

bool mix_compositor_due(uint64_t tick, int fps, int tick_fps);

#endif
