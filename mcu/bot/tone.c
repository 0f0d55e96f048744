#include "mcu/bot/tone.h"

#include <math.h>

static double to_db(double power)
{
    return power < 1e-12 ? -120 : 10 * log10(power);
}

double mcu_tone_level_db(const int16_t *pcm, size_t samples, unsigned hz)
{
    const double k = 2 * cos(2 * M_PI * hz / MCU_TONE_RATE_HZ);
    double s1 = 0;
    double s2 = 0;
    for (size_t i = 0; i < samples; i++) {
        const double s = pcm[i] / 32768.0 + k * s1 - s2;
        s2 = s1;
        s1 = s;
    }
    const double n = (double)samples;
    return samples == 0 ? -120 : to_db((s1 * s1 + s2 * s2 - k * s1 * s2) * 4 / (n * n));
}

double mcu_tone_rms_db(const int16_t *pcm, size_t samples)
{
    double sum = 0;
    for (size_t i = 0; i < samples; i++) {
        sum += pcm[i] / 32768.0 * (pcm[i] / 32768.0);
    }
    return samples == 0 ? -120 : to_db(2 * sum / (double)samples);
}
