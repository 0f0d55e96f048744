/* wav.h - a spoken prompt from a file.  Thread: any; blocks on the disk for at most 6 MiB.  Source: RIFF WAVE, PCM. */
#ifndef MIXER_WAV_H
#define MIXER_WAV_H

#include <glib.h>
#include <stdint.h>

#define MIX_WAV_SECONDS 60

/* 16 bit mono PCM of 8 to 48 kHz, read from the start of `fd` (borrowed), as 48 kHz; *n samples, g_free(). BAD_REQUEST: not
 * such a file, empty, or longer than MIX_WAV_SECONDS. */
int16_t *mix_wav_read(int fd, unsigned *n, GError **error);

#endif
