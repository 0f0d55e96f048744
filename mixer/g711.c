#include "mixer/g711.h"

static inline int16_t ulaw_to_linear(uint8_t u)
{
    u = (uint8_t)~u;
    int magnitude = ((((u & 0x0f) << 3) + 0x84) << ((u >> 4) & 7)) - 0x84;
    return (int16_t)(u & 0x80 ? -magnitude : magnitude);
}

static inline int16_t alaw_to_linear(uint8_t a)
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

static inline uint8_t linear_to_ulaw(int16_t pcm)
{
    int magnitude = pcm < 0 ? -(int)pcm : pcm;
    magnitude = (magnitude > 32635 ? 32635 : magnitude) + 0x84;
    unsigned segment = segment_of((unsigned)magnitude);
    unsigned mantissa = (unsigned)magnitude >> (segment + 3) & 0x0f;
    return (uint8_t) ~((pcm < 0 ? 0x80u : 0u) | segment << 4 | mantissa);
}

static inline uint8_t linear_to_alaw(int16_t pcm)
{
    unsigned magnitude = (unsigned)(pcm < 0 ? -(int)pcm - 1 : pcm);
    unsigned segment = segment_of(magnitude);
    unsigned mantissa = magnitude >> (segment ? segment + 3 : 4) & 0x0f;
    return (uint8_t)(((pcm < 0 ? 0u : 0x80u) | segment << 4 | mantissa) ^ 0x55);
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
    for (unsigned i = 0; i < n; i++) {
        data[i] = codec == MCU_CODEC_PCMU ? linear_to_ulaw(pcm[i]) : linear_to_alaw(pcm[i]);
    }
}
