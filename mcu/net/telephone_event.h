/* telephone_event.h - keys of a telephone from telephone-event packets.  Thread: any (pure).  Source: RFC 4733 2.3, 2.5.
 * A key is told once, with the first packet of it that comes, whichever that is: its end is sent three times, and any may be
 * lost. */
#ifndef MCU_NET_TELEPHONE_EVENT_H
#define MCU_NET_TELEPHONE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"

typedef struct {
    bool started; /* an event came at some time */
    bool down;    /* it has not ended yet */
    uint8_t event;
    uint32_t ts;       /* when it began */
    int64_t last_ns;   /* newest packet of it */
} mcu_telephone_event; /* zero-initialise */

/* *key is '0'..'9', '*', '#', 'A'..'D' when this packet begins one, else 0. MCU_EINVAL: too short. MCU_ENOSUP: not a key (flash
 * and other events). MCU_ELATE: of an event before this one. */
mcu_status mcu_telephone_event_push(mcu_telephone_event *e, uint32_t ts, const uint8_t *payload, size_t size, int64_t now_ns,
                                    char *key);
/* A key whose end was lost is up after 200 ms without a packet of it. */
bool mcu_telephone_event_down(mcu_telephone_event *e, int64_t now_ns);

#endif
