#include "signaling/compress.h"

#include <brotli/encode.h>
#include <stdbool.h>
#include <zlib.h>

#define SIZE_MIN 256

static GBytes *worth_it(unsigned char *take_out, size_t length, size_t size, bool ok)
{
    if (!ok || length >= size * 9 / 10) {
        g_free(take_out);
        return NULL;
    }
    return g_bytes_new_take(take_out, length);
}

GBytes *sig_compress_gzip(const void *data, size_t size)
{
    z_stream z = {0};
    if (size < SIZE_MIN || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) { /* + 16: gzip */
        return NULL;
    }
    size_t room = deflateBound(&z, (uLong)size);
    unsigned char *out = g_malloc(room);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
    size_t length = z.total_out;
    deflateEnd(&z);
    return worth_it(out, length, size, ok);
}

GBytes *sig_compress_brotli(const void *data, size_t size)
{
    size_t length = BrotliEncoderMaxCompressedSize(size);
    if (size < SIZE_MIN || length == 0) {
        return NULL;
    }
    unsigned char *out = g_malloc(length);
    bool ok = BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, size, data, &length, out);
    return worth_it(out, length, size, ok);
}
