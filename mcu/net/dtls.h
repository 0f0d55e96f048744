/* dtls.h - one DTLS-SRTP association over datagrams that the caller carries.  Thread: the peer's loop.
 * Nothing is sent or received here: `send` gets each outgoing datagram (at most MCU_DTLS_MTU bytes), feed() takes each incoming
 * one. The peer's certificate is checked against the SDP fingerprint inside the handshake, so keys never exist for a wrong one.
 * Source: RFC 6347, RFC 5763, RFC 5764, RFC 8122. */
#ifndef MCU_NET_DTLS_H
#define MCU_NET_DTLS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/net/certificate.h"
#include "mcu/net/srtp.h"

#define MCU_DTLS_MTU 1200

typedef enum {
    MCU_DTLS_NONE = 0,
    MCU_DTLS_NEW,
    MCU_DTLS_HANDSHAKE,
    MCU_DTLS_DONE,   /* keys can be exported */
    MCU_DTLS_CLOSED, /* close_notify came */
    MCU_DTLS_FAILED,
} mcu_dtls_state;

typedef struct mcu_dtls mcu_dtls;
typedef void (*mcu_dtls_send_fn)(void *user, const uint8_t *datagram, size_t size);

/* `own` outlives it; `theirs` is copied. `client`: a=setup:active on our side. */
mcu_dtls *mcu_dtls_new(const mcu_certificate *own, bool client, const mcu_fingerprint *theirs, mcu_dtls_send_fn send, void *user,
                       GError **error);
void mcu_dtls_free(mcu_dtls *d); /* sends nothing */

mcu_dtls_state mcu_dtls_start(mcu_dtls *d); /* the client sends its first flight */
mcu_dtls_state mcu_dtls_feed(mcu_dtls *d, const uint8_t *datagram, size_t size);
/* Retransmission: 300 ms, doubled up to 2 s. INT64_MAX = no timer. */
int64_t mcu_dtls_next_ns(const mcu_dtls *d, int64_t now_ns);
mcu_dtls_state mcu_dtls_timeout(mcu_dtls *d); /* call when next_ns is reached */
void mcu_dtls_close(mcu_dtls *d);             /* sends close_notify when DONE */

mcu_dtls_state mcu_dtls_get_state(const mcu_dtls *d);
const char *mcu_dtls_why(const mcu_dtls *d); /* FAILED: short fixed words */
bool mcu_dtls_is_client(const mcu_dtls *d);
/* Only when DONE; wipe `out` after use. */
bool mcu_dtls_export_keys(mcu_dtls *d, mcu_srtp_keys *out);

#endif
