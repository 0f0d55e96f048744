/* venc.h - one video encoder behind a vtable: x264 for H.264, libvpx for VP8, libavcodec for JPEG; one thread, keyframes only on
 * request. Thread: one, for the encoder's life. */
#ifndef MIXER_VENC_H
#define MIXER_VENC_H

#include <glib.h>

#include "mcu/base/media.h"

typedef struct {
    int width_px, height_px, fps, bitrate_bps;
    const char *preset;   /* x264; NULL = MIX_VENC_PRESET */
    const char *settings; /* x264's, "name=value:name=value", over everything else; NULL = none: to look for better ones */
} mix_venc_config;

#define MIX_VENC_PRESET "superfast"

typedef struct mix_venc mix_venc;
typedef struct {
    mix_venc *(*open)(const mix_venc_config *config, GError **error);
    /* One picture of the configured size. A new coded picture with codec, keyframe, size, time_ns and ts set; NULL = the encoder
     * failed or gave nothing. The first picture is a keyframe. */
    mcu_au *(*encode)(mix_venc *e, const mcu_frame *f, bool keyframe);
    void (*close)(mix_venc *e);
    bool stills; /* each picture stands for itself: made only when a keyframe is asked for */
} mix_venc_type;

extern const mix_venc_type mix_venc_x264, mix_venc_x264_units, mix_venc_vpx, mix_venc_jpeg;
const mix_venc_type *mix_venc_for(mcu_codec codec); /* NULL = we do not encode it */

#endif
