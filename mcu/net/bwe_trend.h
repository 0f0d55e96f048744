/* bwe_trend.h - does the one-way delay grow? Least squares over the delay variation of groups of packets, against a threshold
 * that adapts to the path's noise.  Thread: the peer's loop; pure. Embedded struct. Source: draft-ietf-rmcat-gcc-02 5.2-5.4, with
 * libwebrtc's trendline filter in place of the Kalman filter. */
#ifndef MCU_NET_BWE_TREND_H
#define MCU_NET_BWE_TREND_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_BWE_TREND_WINDOW 20

typedef enum { MCU_BWE_USE_NONE = 0, MCU_BWE_USE_NORMAL, MCU_BWE_USE_OVER, MCU_BWE_USE_UNDER } mcu_bwe_use;

typedef struct {
    int64_t first_sent_ns, sent_ns, first_arrival_ns, arrival_ns;
} mcu_bwe_group;

typedef struct {
    mcu_bwe_group current, previous;
    bool has_current, has_previous;
    unsigned reordered;
    double accumulated_ms, smoothed_ms, trend;
    int64_t zero_ns; /* arrival of the first group */
    double at_ms[MCU_BWE_TREND_WINDOW], delay_ms[MCU_BWE_TREND_WINDOW];
    unsigned n; /* groups so far */
    double threshold_ms, over_ms;
    unsigned over_count;
    int64_t threshold_ns; /* when it was moved */
    mcu_bwe_use use;
} mcu_bwe_trend;

void mcu_bwe_trend_init(mcu_bwe_trend *t);
/* One packet that arrived, in order of sending; arrival on the remote's clock. */
void mcu_bwe_trend_add(mcu_bwe_trend *t, int64_t sent_ns, int64_t arrival_ns);

#endif
