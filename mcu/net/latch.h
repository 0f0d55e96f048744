/* latch.h - whose packets are a call's: symmetric RTP without being taken over.  Thread: any (pure).  Source: RFC 7362 4.
 * A clear leg follows the first source that sends to it within the window, and after that only that one, or the address that
 * signalling named while the window is open. What is authenticated may come from anywhere, at any time. */
#ifndef MCU_NET_LATCH_H
#define MCU_NET_LATCH_H

#include "mcu/base/leg.h"

#define MCU_LATCH_WINDOW_NS (10 * MCU_NS_PER_SEC)

typedef struct {
    mcu_leg_address announced; /* by signalling */
    mcu_leg_address remote;    /* where we send */
    bool latched;
    int64_t until_ns;
} mcu_latch;

void mcu_latch_init(mcu_latch *l, const mcu_leg_address *remote, bool latched, int64_t now_ns);
/* Whether a packet from `from` is taken; `remote` follows it. */
bool mcu_latch_take(mcu_latch *l, const mcu_leg_address *from, bool authenticated, int64_t now_ns);
/* Whether nothing that is not authenticated is taken any more but from `remote`. */
bool mcu_latch_settled(const mcu_latch *l, int64_t now_ns);

#endif
