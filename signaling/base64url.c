#include "signaling/base64url.h"

#include <string.h>

guchar *sig_base64url_decode(const char *text, gsize length, gsize *out_length)
{
    g_autofree char *own = g_strndup(text, length);
    if (length % 4 == 1 || strspn(own, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length) {
        return NULL;
    }
    g_autofree char *plain = g_strconcat(own, &"==="[3 - (4 - length % 4) % 4], NULL);
    g_strdelimit(plain, "-", '+');
    g_strdelimit(plain, "_", '/');
    return g_base64_decode(plain, out_length);
}
