/* g711.h - ITU-T G.711 companding, one byte to one linear sample.  Thread: any. */
#ifndef MIXER_G711_H
#define MIXER_G711_H

#include <stdint.h>

int16_t mix_ulaw_to_linear(uint8_t u);
int16_t mix_alaw_to_linear(uint8_t a);

#endif
