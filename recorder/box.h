/* box.h - boxes of an ISO base media file in a byte array.  Thread: any (pure). */
#ifndef RECORDER_BOX_H
#define RECORDER_BOX_H

#include <glib.h>
#include <string.h>

#include "mcu/base/bytes.h"

static inline void rec_put(GByteArray *out, const void *data, size_t size)
{
    g_byte_array_append(out, data, (guint)size);
}
static inline void rec_put8(GByteArray *out, unsigned v)
{
    rec_put(out, &(uint8_t){(uint8_t)v}, 1);
}
static inline void rec_put16(GByteArray *out, unsigned v)
{
    uint8_t b[2];
    mcu_wr16(b, (uint16_t)v);
    rec_put(out, b, 2);
}
static inline void rec_put32(GByteArray *out, uint32_t v)
{
    uint8_t b[4];
    mcu_wr32(b, v);
    rec_put(out, b, 4);
}
static inline void rec_put64(GByteArray *out, uint64_t v)
{
    uint8_t b[8];
    mcu_wr64(b, v);
    rec_put(out, b, 8);
}
static inline void rec_put_zeros(GByteArray *out, size_t n)
{
    guint at = out->len;
    g_byte_array_set_size(out, (guint)(at + n));
    memset(out->data + at, 0, n);
}
/* Returns where it begins, for rec_box_end(). */
static inline guint rec_box(GByteArray *out, const char name[5])
{
    guint at = out->len;
    rec_put32(out, 0);
    rec_put(out, name, 4);
    return at;
}
static inline guint rec_full_box(GByteArray *out, const char name[5], unsigned version, uint32_t flags)
{
    guint at = rec_box(out, name);
    rec_put32(out, version << 24 | flags);
    return at;
}
static inline void rec_box_end(GByteArray *out, guint at)
{
    mcu_wr32(out->data + at, out->len - at);
}

#endif
