#include "signaling/http_range.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* At most 15 digits; -1 = none. */
static int64_t digits(const char **text)
{
    int64_t n = 0;
    size_t count = strspn(*text, "0123456789");
    if (count == 0 || count > 15) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        n = n * 10 + ((*text)[i] - '0');
    }
    *text += count;
    return n;
}

sig_range sig_range_parse(const char *header)
{
    const sig_range whole = {SIG_RANGE_WHOLE, 0, -1};
    if (!header || g_ascii_strncasecmp(header, "bytes=", 6) != 0) {
        return whole;
    }
    const char *p = header + 6;
    sig_range r = {SIG_RANGE_FROM, digits(&p), -1};
    if (*p++ != '-') {
        return whole;
    }
    bool open = *p == '\0';
    r.last = open ? -1 : digits(&p);
    if (*p != '\0' || (!open && r.last < 0)) {
        return whole;
    }
    if (r.first < 0) {
        r.kind = SIG_RANGE_LAST;
        r.first = 0;
        return open || header[6] != '-' ? whole : r;
    }
    return !open && r.last < r.first ? whole : r;
}
