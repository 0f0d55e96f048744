/* chance.h - numbers that look random and are the same for the same seed (splitmix64).  Thread: its owner's. */
#ifndef TESTS_LAB_CHANCE_H
#define TESTS_LAB_CHANCE_H

#include <stdint.h>

/* In [0, 1). */
static inline double lab_chance(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

#endif
