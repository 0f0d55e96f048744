#include "mixer/g711.h"

int16_t mix_ulaw_to_linear(uint8_t u)
{
    u = (uint8_t)~u;
    int magnitude = ((((u & 0x0f) << 3) + 0x84) << ((u >> 4) & 7)) - 0x84;
    return (int16_t)(u & 0x80 ? -magnitude : magnitude);
}

int16_t mix_alaw_to_linear(uint8_t a)
{
    a ^= 0x55; /* even bits are inverted on the wire */
    int exponent = (a >> 4) & 7;
    int magnitude = ((a & 0x0f) << 4) + 8;
    if (exponent > 0) {
        magnitude = (magnitude + 0x100) << (exponent - 1);
    }
    return (int16_t)(a & 0x80 ? magnitude : -magnitude);
}

/* The segment: position of the highest bit of `magnitude` above bit 7. */
static unsigned segment_of(unsigned magnitude)
{
    return magnitude >> 8 ? 24 - (unsigned)__builtin_clz(magnitude) : 0;
}

uint8_t mix_linear_to_ulaw(int16_t pcm)
{
    int magnitude = pcm < 0 ? -(int)pcm : pcm;
    magnitude = (magnitude > 32635 ? 32635 : magnitude) + 0x84;
    unsigned segment = segment_of((unsigned)magnitude);
    unsigned mantissa = (unsigned)magnitude >> (segment + 3) & 0x0f;
    return (uint8_t) ~((pcm < 0 ? 0x80u : 0u) | segment << 4 | mantissa);
}

uint8_t mix_linear_to_alaw(int16_t pcm)
{
    unsigned magnitude = (unsigned)(pcm < 0 ? -(int)pcm - 1 : pcm);
    unsigned segment = segment_of(magnitude);
    unsigned mantissa = magnitude >> (segment ? segment + 3 : 4) & 0x0f;
    return (uint8_t)(((pcm < 0 ? 0u : 0x80u) | segment << 4 | mantissa) ^ 0x55);
}
