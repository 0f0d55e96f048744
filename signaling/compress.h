/* compress.h - HTTP content codings of bodies that are compressed once and sent often.  Pure. */
#ifndef SIGNALING_COMPRESS_H
#define SIGNALING_COMPRESS_H

#include <glib.h>

/* NULL = not worth it: too small, or hardly smaller. */
GBytes *sig_compress_gzip(const void *data, size_t size);
GBytes *sig_compress_brotli(const void *data, size_t size);

#endif
