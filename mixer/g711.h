/* g711.h - ITU-T G.711 companding, one byte to one linear sample.  Thread: any. */
#ifndef MIXER_G711_H
#define MIXER_G711_H

#include <stdint.h>

#include "mcu/base/media.h"

int16_t mix_ulaw_to_linear(uint8_t u);
int16_t mix_alaw_to_linear(uint8_t a);
/* Whole packets; `codec` is MCU_CODEC_PCMU or PCMA. */
void mix_g711_expand(mcu_codec codec, const uint8_t *data, unsigned n, int16_t *pcm);
void mix_g711_compress(mcu_codec codec, const int16_t *pcm, unsigned n, uint8_t *data);
uint8_t mix_linear_to_ulaw(int16_t pcm); /* the nearest that there is */
uint8_t mix_linear_to_alaw(int16_t pcm);

#endif
