/* venc.c - which encoder for which codec, and what they share. */
#include "mixer/venc.h"

const mix_venc_type *mix_venc_for(mcu_codec codec)
{
    return codec == MCU_CODEC_H264         ? &mix_venc_x264
           : codec == MCU_CODEC_VP8        ? &mix_venc_vpx
           : codec == MCU_CODEC_JPEG       ? &mix_venc_jpeg
           : codec == MCU_CODEC_H264_UNITS ? &mix_venc_x264_units
                                           : NULL;
}
