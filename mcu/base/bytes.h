/* bytes.h - big-endian loads and stores.  Thread: any (pure). The caller has checked the length. */
#ifndef MCU_BASE_BYTES_H
#define MCU_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t mcu_rd16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t mcu_rd24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}
static inline uint32_t mcu_rd32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | mcu_rd24(p + 1);
}
static inline uint64_t mcu_rd64(const uint8_t *p)
{
    return (uint64_t)mcu_rd32(p) << 32 | mcu_rd32(p + 4);
}
static inline void mcu_wr16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void mcu_wr24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    mcu_wr16(p + 1, (uint16_t)v);
}
static inline void mcu_wr32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    mcu_wr24(p + 1, v);
}
static inline void mcu_wr64(uint8_t *p, uint64_t v)
{
    mcu_wr32(p, (uint32_t)(v >> 32));
    mcu_wr32(p + 4, (uint32_t)v);
}

#endif
