/* hostile.h - a participant with valid keys and bad intentions: what it sends in place of pictures, and raw beside them.
 * For tests of the room alone.  Thread: the loop's. */
#ifndef MCU_BOT_HOSTILE_H
#define MCU_BOT_HOSTILE_H

#include "mcu/net/peer.h"

/* In turn, by `n`: random bytes as a picture, a parameter set that promises an absurd size, bit depth or chroma format, a slice
 * cut short, flipped bits; every fourth picture is left as it is. `au` is borrowed, the result is the caller's. */
mcu_au *mcu_hostile_picture(const mcu_au *au, unsigned n);
/* Packets that no sender makes: shorter than an SRTP tag, headers that promise more than there is, RTCP and RTP payloads of
 * random bytes under the right keys. */
void mcu_hostile_packets(mcu_peer *peer, unsigned n);
/* The offer with another certificate's fingerprint (`lie` "fingerprint") or another ICE password ("password"). g_free. */
char *mcu_hostile_offer(const char *sdp, const char *lie);

#endif
