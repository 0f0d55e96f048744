/* video_kit.h - what the video benches share: clips as coded pictures, tier lists, the process's CPU.  Thread: one, the caller's.
 * Clips are whatever libavformat reads with H.264 in it; pictures come out as Annex B with parameter sets, as they reach a room.
 */
#ifndef BENCH_VIDEO_KIT_H
#define BENCH_VIDEO_KIT_H

#include <glib.h>
#include <libavcodec/avcodec.h>

#include "mixer/video.h"

#define BENCH_CLIP_FPS 25
#define BENCH_CLIP_NS (MCU_NS_PER_SEC / BENCH_CLIP_FPS)
#define BENCH_MAX_STREAMS MIX_MAX_DECODED

typedef struct {
    AVCodecParameters *parameters;
    GPtrArray *pictures; /* of AVPacket, the first one a keyframe */
} bench_clip;

bench_clip *bench_clip_load(const char *path, GError **error);
void bench_clip_free(bench_clip *c); /* NULL is fine */

/* What both programs are asked for. */
typedef struct {
    unsigned n;              /* streams; stream i plays clip i modulo their number */
    unsigned warm_up, ticks; /* of BENCH_CLIP_NS; the first are not counted */
    mix_tier_spec tiers[MIX_MAX_TIERS];
    unsigned n_tiers;
    const char *preset, *settings; /* of x264; settings NULL = as they are */
    const char *folder;            /* for what a program keeps; NULL = it keeps nothing */
    bench_clip *clips[BENCH_MAX_STREAMS];
    unsigned n_clips;
} bench_task;

/* The product's tiers, 4 streams, 6 s. Options: -n STREAMS, -T TIERS (the first so many), -t WxH@FPS:KBPS,..., -f TICKS, -w
 * TICKS, -p PRESET, -x NAME=VALUE:... (of x264), -o FOLDER, then clips. `others` are getopt letters without argument, each of
 * which sets its place in `flags`. False = a message is on stderr. Cleared by bench_task_clear() either way. */
bool bench_task_read(bench_task *t, int argc, char **argv, const char *others, bool *flags);
void bench_task_clear(bench_task *t);

double bench_cpu_s(void); /* of this process, all threads */
double bench_task_seconds(const bench_task *t);
/* Whether a tier of `fps` has a picture on this tick: evenly spread, fps of BENCH_CLIP_FPS. */
bool bench_due(uint64_t tick, int fps);

#endif
