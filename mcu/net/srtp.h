/* srtp.h - SRTP and SRTCP of one transport over libsrtp2, keyed by DTLS or SDES.  Thread: the peer's loop.
 * Packets are changed in place. Nothing shorter than its fixed parts reaches the library. Source: RFC 3711, RFC 7714, RFC 5764.
 */
#ifndef MCU_NET_SRTP_H
#define MCU_NET_SRTP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"

typedef enum {
    MCU_SRTP_NONE = 0,
    MCU_SRTP_AES128_CM_SHA1_80, /* key 16, salt 14, tag 10 */
    MCU_SRTP_AEAD_AES_128_GCM,  /* key 16, salt 12, tag 16 */
} mcu_srtp_profile;
const char *mcu_srtp_profile_name(mcu_srtp_profile p);

#define MCU_SRTP_KEY_MAX 30
#define MCU_SRTP_OVERHEAD 24 /* at most this many bytes are added by either protect */

/* Master key then salt, one for each direction. Wipe with OPENSSL_cleanse after use. */
typedef struct {
    mcu_srtp_profile profile;
    uint8_t local[MCU_SRTP_KEY_MAX]; /* what we send */
    uint8_t remote[MCU_SRTP_KEY_MAX];
} mcu_srtp_keys;
size_t mcu_srtp_key_size(mcu_srtp_profile p);  /* 16 */
size_t mcu_srtp_salt_size(mcu_srtp_profile p); /* 14 or 12 */

/* Initialises the library and its crypto module once for this process (opens files: before a sandbox, after any fork). */
bool mcu_srtp_warm(GError **error);

typedef struct mcu_srtp mcu_srtp;
mcu_srtp *mcu_srtp_new(const mcu_srtp_keys *keys, GError **error);
/* Where another process left off with the same keys: one SSRC of ours, and theirs if it is known (0). A roll-over of theirs that
 * nobody saw is looked for with the first packets. */
typedef struct {
    uint32_t ssrc_out, roc_out;
    uint32_t srtcp_index; /* of our next SRTCP packet; at most 65535 */
    uint32_t ssrc_in, roc_in;
    uint16_t seq_in; /* newest of theirs, to which roc_in belongs */
} mcu_srtp_position;
mcu_srtp *mcu_srtp_new_at(const mcu_srtp_keys *keys, const mcu_srtp_position *at, GError **error);
uint32_t mcu_srtp_roc_in(const mcu_srtp *s, uint32_t ssrc); /* of their newest packet; what new_at was given before one came */
void mcu_srtp_free(mcu_srtp *s); /* the library wipes its session keys */

/* `*size` is changed; the buffer holds at least *size + MCU_SRTP_OVERHEAD bytes for protect. MCU_EAUTH: too short, forged or
 * replayed. */
mcu_status mcu_srtp_protect_rtp(mcu_srtp *s, uint8_t *packet, size_t *size);
mcu_status mcu_srtp_protect_rtcp(mcu_srtp *s, uint8_t *packet, size_t *size);
mcu_status mcu_srtp_unprotect_rtp(mcu_srtp *s, uint8_t *packet, size_t *size);
mcu_status mcu_srtp_unprotect_rtcp(mcu_srtp *s, uint8_t *packet, size_t *size);

#endif
