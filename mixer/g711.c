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
