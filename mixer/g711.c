#include "mixer/g711.h"

#include <string.h>

/* A code's segment and mantissa are the exponent and the first bits of the magnitude as a float (IEEE 754), which the processor
 * makes and takes apart for several samples at once. */
enum {
    CODE_BIT = 19,         /* a float's four highest mantissa bits begin there */
    FIRST = (127 + 7) << 4 /* of segment 0: from 2^7 */
};

static inline uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* The middle of the step of that code. */
static inline int magnitude_of(int code)
{
    uint32_t bits = (uint32_t)(code + FIRST) << CODE_BIT | 1U << (CODE_BIT - 1);
    float v;
    memcpy(&v, &bits, sizeof v);
    return (int)v;
}

static inline int code_of(int magnitude)
{
    return (int)(bits_of((float)magnitude) >> CODE_BIT) - FIRST;
}

static inline int16_t ulaw_to_linear(uint8_t u)
{
    int inverted = u ^ 0xff;
    int magnitude = magnitude_of(inverted & 0x7f) - 0x84;
    return (int16_t)(inverted & 0x80 ? -magnitude : magnitude);
}

static inline int16_t alaw_to_linear(uint8_t a)
{
    int even = a ^ 0x55; /* even bits are inverted on the wire */
    int code = even & 0x7f;
    int magnitude =
        code < 0x10 ? magnitude_of(code + 0x10) - 0x100 : magnitude_of(code); /* the lowest segment has no leading one */
    return (int16_t)(even & 0x80 ? magnitude : -magnitude);
}

static inline uint8_t linear_to_ulaw(int16_t pcm)
{
    int magnitude = pcm < 0 ? -(int)pcm : pcm;
    int code = code_of((magnitude > 32635 ? 32635 : magnitude) + 0x84);
    return (uint8_t)((code | (pcm < 0 ? 0x80 : 0)) ^ 0xff);
}

static inline uint8_t linear_to_alaw(int16_t pcm)
{
    int magnitude = pcm < 0 ? -(int)pcm - 1 : pcm;
    int code = magnitude < 0x100 ? magnitude >> 4 : code_of(magnitude);
    return (uint8_t)((code | (pcm < 0 ? 0 : 0x80)) ^ 0x55);
}

int16_t mix_ulaw_to_linear(uint8_t u)
{
    return ulaw_to_linear(u);
}

int16_t mix_alaw_to_linear(uint8_t a)
{
    return alaw_to_linear(a);
}

uint8_t mix_linear_to_ulaw(int16_t pcm)
{
    return linear_to_ulaw(pcm);
}

uint8_t mix_linear_to_alaw(int16_t pcm)
{
    return linear_to_alaw(pcm);
}

void mix_g711_expand(mcu_codec codec, const uint8_t *data, unsigned n, int16_t *pcm)
{
    if (codec == MCU_CODEC_PCMU) {
        for (unsigned i = 0; i < n; i++) {
            pcm[i] = ulaw_to_linear(data[i]);
        }
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        pcm[i] = alaw_to_linear(data[i]);
    }
}

void mix_g711_compress(mcu_codec codec, const int16_t *pcm, unsigned n, uint8_t *data)
{
    if (codec == MCU_CODEC_PCMU) {
        for (unsigned i = 0; i < n; i++) {
            data[i] = linear_to_ulaw(pcm[i]);
        }
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        data[i] = linear_to_alaw(pcm[i]);
    }
}
