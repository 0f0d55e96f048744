/* base64url.h - bytes as tokens and keys write them: base64url without padding (RFC 7515 2).  Thread: any. */
#ifndef SIGNALING_BASE64URL_H
#define SIGNALING_BASE64URL_H

#include <glib.h>

/* NULL = another character, or a length that cannot be. Free with g_free. */
guchar *sig_base64url_decode(const char *text, gsize length, gsize *out_length);

#endif
