/* denoise.h - takes the steady noise of a room, a fan or a line out of a voice, by speexdsp.  Thread: its owner's.
 * What it gives is 20 ms later than what it was given. */
#ifndef MIXER_DENOISE_H
#define MIXER_DENOISE_H

#include <stdint.h>

typedef struct mix_denoise mix_denoise;
mix_denoise *mix_denoise_new(unsigned hz); /* NULL = no memory */
void mix_denoise_free(mix_denoise *d);
void mix_denoise_run(mix_denoise *d, int16_t *pcm); /* 20 ms, in place */

#endif
