/* h264_kit.h - writes small H.264 bitstreams for tests: parameter sets and slices with chosen fields, random but legal bytes
 * behind. */
#ifndef TESTS_UNIT_H264_KIT_H
#define TESTS_UNIT_H264_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *data;
    size_t size, room;
    unsigned bit; /* bits used of the last byte */
} kit_bits;

void kit_put(kit_bits *b, unsigned n, uint32_t value);
void kit_ue(kit_bits *b, uint32_t value);

typedef struct {
    unsigned profile, chroma, depth, id, width_mbs, height_mbs, crop_bottom;
    bool interlaced;
} kit_sps;

/* Each appends a start code and one NAL unit with emulation prevention; returns its bytes. `room` is the caller's care (256 is
 * plenty). */
size_t kit_add_sps(uint8_t *out, const kit_sps *s);
size_t kit_add_pps(uint8_t *out, unsigned id, unsigned sps_id, unsigned slice_groups);
/* `size` more payload bytes from `seed`, none of which looks like a start code. */
size_t kit_add_slice(uint8_t *out, bool idr, unsigned first_mb, unsigned type, unsigned pps_id, size_t size, unsigned seed);
size_t kit_add_nal(uint8_t *out, unsigned header, const uint8_t *rbsp, size_t size);

#endif
