#include "mcu/net/telephone_event.h"

#include "mcu/base/media.h"
#include "mcu/net/rtp.h"

#define SILENT_NS (200 * MCU_NS_PER_MS)
#define SEGMENT 0xffffu /* RFC 4733 2.5.1.3: a longer event goes on in a segment that begins where this one ends */

mcu_status mcu_telephone_event_push(mcu_telephone_event *e, uint32_t ts, const uint8_t *payload, size_t size, int64_t now_ns,
                                    char *key)
{
    static const char keys[] = "0123456789*#ABCD";
    *key = 0;
    if (size < 4) {
        return MCU_EINVAL;
    }
    uint8_t event = payload[0];
    if (event >= sizeof keys - 1) {
        return MCU_ENOSUP;
    }
    bool end = (payload[1] & 0x80) != 0;
    bool segment = e->started && e->down && event == e->event && ts == e->ts + SEGMENT;
    bool same = e->started && ts == e->ts;
    if (e->started && !same && mcu_ts_diff(ts, e->ts) < 0) {
        return MCU_ELATE;
    }
    if (!same) {
        *key = segment ? 0 : keys[event];
        *e = (mcu_telephone_event){.started = true, .down = true, .event = event, .ts = ts};
    }
    e->last_ns = now_ns;
    e->down = e->down && !end;
    return MCU_OK;
}

bool mcu_telephone_event_down(mcu_telephone_event *e, int64_t now_ns)
{
    e->down = e->down && now_ns - e->last_ns < SILENT_NS;
    return e->down;
}
