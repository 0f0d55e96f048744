/* sdes.h - the SRTP key of an a=crypto line.  Thread: any (pure).  Source: RFC 4568 9.1, 9.2.
 * One suite: AES_CM_128_HMAC_SHA1_80. A lifetime is read and left aside; a master key index is not supported. */
#ifndef MCU_NET_SDES_H
#define MCU_NET_SDES_H

#include <stddef.h>
#include <stdint.h>

#include "mcu/base/leg.h"
#include "mcu/base/status.h"

#define MCU_SDES_TEXT 128 /* room for what mcu_sdes_write() makes */

typedef struct {
    uint32_t tag; /* at most 9 digits */
    uint8_t key[MCU_LEG_KEY_SIZE];
} mcu_sdes;

/* `value` is what follows "a=crypto:", `size` bytes. MCU_EINVAL: it does not parse. MCU_ENOSUP: another suite, more than one key,
 * an MKI, or a session parameter other than WSH: go on with the next line. `out` is zero unless MCU_OK. */
mcu_status mcu_sdes_parse(const char *value, size_t size, mcu_sdes *out);
void mcu_sdes_new_key(mcu_sdes *out, uint32_t tag);              /* from the kernel's random numbers */
void mcu_sdes_write(const mcu_sdes *s, char out[MCU_SDES_TEXT]); /* without "a=crypto:" */
void mcu_sdes_wipe(mcu_sdes *s);

#endif
