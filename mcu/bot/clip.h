/* clip.h - a coded clip in a file and in memory: pictures or audio packets of a constant duration, to be sent in a loop.
 * Thread: its owner's. The file, all numbers little-endian 32 bit: "TSCLIP1\0", codec, person, duration of one packet in
 * microseconds, marked (0/1), count; then per packet its size with bit 31 set for a keyframe, and its bytes. Marked video carries
 * marker.h with the packet's index as frame number, so numbers repeat after one loop. */
#ifndef MCU_BOT_CLIP_H
#define MCU_BOT_CLIP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"

#define MCU_CLIP_MAX_PACKETS 10000

typedef struct {
    mcu_codec codec;
    unsigned person; /* of the marker */
    bool marked;
    int64_t packet_ns;  /* duration of one */
    GPtrArray *packets; /* of mcu_au, first one a keyframe; time_ns is free for whoever sends them */
} mcu_clip;

mcu_clip *mcu_clip_new(mcu_codec codec, unsigned person, bool marked, int64_t packet_ns);
void mcu_clip_free(mcu_clip *c); /* NULL is fine */
void mcu_clip_add(mcu_clip *c, const void *data, size_t size, bool keyframe);
mcu_clip *mcu_clip_load(const char *path, GError **error);
bool mcu_clip_save(const mcu_clip *c, const char *path, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mcu_clip, mcu_clip_free)

#endif
