/* venc.c - which encoder for which codec, and what they share. */
#include "mixer/venc.h"

const mix_venc_type *mix_venc_for(mcu_codec codec)
{
    return codec == MCU_CODEC_H264   ? &mix_venc_x264
           : codec == MCU_CODEC_VP8  ? &mix_venc_vpx
           : codec == MCU_CODEC_JPEG ? &mix_venc_jpeg
                                     : NULL;
}

/* ITU-T H.264 Table A-1: macroblocks a second, macroblocks a picture, kbit/s. */
static const struct {
    int level, mbps, mbs, kbps;
} levels[] = {{10, 1485, 99, 64},          {11, 3000, 396, 192},       {12, 6000, 396, 384},      {13, 11880, 396, 768},
              {20, 11880, 396, 2000},      {21, 19800, 792, 4000},     {22, 20250, 1620, 4000},   {30, 40500, 1620, 10000},
              {31, 108000, 3600, 14000},   {32, 216000, 5120, 20000},  {40, 245760, 8192, 20000}, {42, 522240, 8704, 50000},
              {50, 589824, 22080, 135000}, {51, 983040, 36864, 240000}};

int mix_venc_h264_level(int width_px, int height_px, int fps, int bitrate_bps)
{
    int mbs = ((width_px + 15) / 16) * ((height_px + 15) / 16);
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (mbs <= levels[i].mbs && mbs * fps <= levels[i].mbps && bitrate_bps / 1000 <= levels[i].kbps) {
            return levels[i].level;
        }
    }
    return 52;
}
