/* http_range.h - the Range header (RFC 9110 14.2) of one range.  Thread: any (pure). */
#ifndef SIGNALING_HTTP_RANGE_H
#define SIGNALING_HTTP_RANGE_H

#include <stdint.h>

typedef enum {
    SIG_RANGE_WHOLE = 0, /* no header, or one that we do not heed: another unit, several ranges, malformed */
    SIG_RANGE_FROM,      /* first..last, last -1 = to the end */
    SIG_RANGE_LAST,      /* the last `last` bytes */
} sig_range_kind;
typedef struct {
    sig_range_kind kind;
    int64_t first, last;
} sig_range;

sig_range sig_range_parse(const char *header); /* NULL is fine */

#endif
