/* aroute.h - whom a voice is for.  Thread: any; a plain value, one word for an atomic. */
#ifndef MIXER_AROUTE_H
#define MIXER_AROUTE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MIX_FOR_ALL = 0,
    MIX_FOR_ALL_CLINICAL, /* heart, lungs: as it is, others softened while it sounds */
    MIX_FOR_CHANNEL,      /* an interpretation: for those who hear `to`, over the softened original */
    MIX_FOR_ONE,          /* a whisper: for the listener `to` and for no recording */
} mix_route_kind;

typedef struct {
    mix_route_kind kind;
    uint32_t to;
} mix_route;

static inline uint64_t mix_route_pack(mix_route r)
{
    return (uint64_t)r.kind << 32 | r.to;
}

static inline mix_route mix_route_unpack(uint64_t packed)
{
    return (mix_route){(mix_route_kind)(packed >> 32), (uint32_t)packed};
}

static inline bool mix_route_is(mix_route a, mix_route b)
{
    return a.kind == b.kind && a.to == b.to;
}

#endif
