/* report_clock.h - when RTCP reports leave.  Thread: the peer's loop; pure. Embedded struct.
 * Sender reports every second, the first within 200 ms of a stream's begin: a browser brings sound and picture together by them.
 * On a path of 110 kbit/s and less they would be a noticeable part of it: every 5 s there, and between them receiver reports
 * alone, by which the other side sees what its own packets suffer. */
#ifndef MCU_NET_REPORT_CLOCK_H
#define MCU_NET_REPORT_CLOCK_H

#include <stdint.h>

#define MCU_REPORT_FIRST_NS (INT64_C(200) * 1000 * 1000)
#define MCU_REPORT_NS (INT64_C(1000) * 1000 * 1000)
#define MCU_REPORT_THIN_NS (5 * MCU_REPORT_NS)
#define MCU_REPORT_THIN_BPS 110000u

typedef enum { MCU_REPORT_NONE = 0, MCU_REPORT_RECEIVER, MCU_REPORT_SENDER } mcu_report_kind;

typedef struct {
    int64_t next_ns, sender_ns; /* the next report, the newest that spoke of what we send */
    unsigned streams;           /* that had begun then */
} mcu_report_clock;

void mcu_report_clock_start(mcu_report_clock *c, int64_t now_ns);
/* `streams` of ours have begun, the path carries `path_bps` (0 = unknown, or reports are all that is known of it). What is to be
 * sent now; it counts as sent. */
mcu_report_kind mcu_report_clock_due(mcu_report_clock *c, unsigned streams, unsigned path_bps, int64_t now_ns);

#endif
