#include "mcu/net/report_clock.h"

#include <stdbool.h>

void mcu_report_clock_start(mcu_report_clock *c, int64_t now_ns)
{
    *c = (mcu_report_clock){.next_ns = now_ns + MCU_REPORT_FIRST_NS};
}

/* A slow loop does not send two at once. */
static int64_t after(int64_t planned_ns, int64_t now_ns)
{
    int64_t next_ns = planned_ns + MCU_REPORT_NS, least_ns = now_ns + MCU_REPORT_NS / 2;
    return next_ns > least_ns ? next_ns : least_ns;
}

mcu_report_kind mcu_report_clock_due(mcu_report_clock *c, unsigned streams, unsigned path_bps, int64_t now_ns)
{
    bool begun = streams > c->streams;
    if (begun && c->next_ns > now_ns + MCU_REPORT_FIRST_NS) {
        c->next_ns = now_ns + MCU_REPORT_FIRST_NS;
    }
    if (now_ns < c->next_ns) {
        return MCU_REPORT_NONE;
    }
    c->next_ns = after(c->next_ns, now_ns);
    bool thin = path_bps > 0 && path_bps <= MCU_REPORT_THIN_BPS;
    if (thin && !begun && now_ns - c->sender_ns < MCU_REPORT_THIN_NS - MCU_REPORT_NS / 2) {
        return MCU_REPORT_RECEIVER;
    }
    c->sender_ns = now_ns;
    c->streams = streams;
    return MCU_REPORT_SENDER;
}
