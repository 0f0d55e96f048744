/* certificate.h - the self-signed certificate of a first start.  Thread: start only.
 * ECDSA P-256, one year, for localhost, this host's name and its addresses (RFC 5280 4.2.1.6). */
#ifndef SIGNALING_CERTIFICATE_H
#define SIGNALING_CERTIFICATE_H

#include <glib.h>
#include <stdbool.h>

#define SIG_CERTIFICATE_FILE "certificate.pem"
#define SIG_CERTIFICATE_KEY_FILE "certificate.key"

/* Makes both files (0600) unless a certificate is there that is good for 30 days more. */
bool sig_certificate_ensure(const char *folder, GError **error);

#endif
