/* pool.h - frames of one size that come back when their last holder lets go.  Thread: get and release from any (a leaf lock).
 * The pool itself is counted: frames that are still out keep it alive after mix_pool_unref(). */
#ifndef MIXER_POOL_H
#define MIXER_POOL_H

#include "mcu/base/media.h"

typedef struct mix_pool mix_pool;

/* At most `max_frames` exist at once. NULL if the size is one that mcu_frame_new() refuses. */
mix_pool *mix_pool_new(int width_px, int height_px, unsigned max_frames);
void mix_pool_unref(mix_pool *p); /* NULL is fine */

/* A frame with refs = 1 and the content it had when it came back; NULL if all are out. */
mcu_frame *mix_pool_get(mix_pool *p);

#endif
