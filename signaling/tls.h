/* tls.h - the server's TLS context, replaced while running when the certificate files change.  Thread: the gateway's loop.
 * Connections keep the context they began with, so a new certificate drops nobody. */
#ifndef SIGNALING_TLS_H
#define SIGNALING_TLS_H

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>

typedef struct sig_tls sig_tls;

/* PEM files; the paths are copied. TLS 1.2 and later. NULL with MCU_ERROR_CONFIG, which names [server] certificate or key. */
sig_tls *sig_tls_new(const char *certificate, const char *key, GError **error);
bool sig_tls_check(const char *certificate, const char *key, GError **error); /* whether that would go well */
void sig_tls_free(sig_tls *t);

SSL *sig_tls_connection(sig_tls *t); /* a new server-side SSL, the caller's; NULL = out of memory */

/* Looks at the files; when one changed, loads both. True = there is a new context. A bad pair sets `error` and the old one stays.
 */
bool sig_tls_refresh(sig_tls *t, GError **error);

#endif
