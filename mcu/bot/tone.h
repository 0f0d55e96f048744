/* tone.h - who is heard: every simulated participant has a frequency of his own.  Thread: any; pure.
 * All are multiples of 50 Hz, so that in a window of a whole number of 20 ms blocks none leaks into another. */
#ifndef MCU_BOT_TONE_H
#define MCU_BOT_TONE_H

#include <stddef.h>
#include <stdint.h>

#define MCU_TONE_RATE_HZ 48000
#define MCU_TONE_AMPLITUDE 6500 /* of 32767 */

static inline unsigned mcu_tone_hz(unsigned person)
{
    return 400 + 150 * (person % 32);
}

/* Level of one frequency in 48 kHz PCM by Goertzel's algorithm, in dB relative to a full-scale sine; -120 = silence. */
double mcu_tone_level_db(const int16_t *pcm, size_t samples, unsigned hz);
/* RMS of everything, the same scale. */
double mcu_tone_rms_db(const int16_t *pcm, size_t samples);

#endif
