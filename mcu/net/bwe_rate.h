/* bwe_rate.h - how fast what we sent came in at the remote.  Thread: the peer's loop; pure. Embedded struct, zero-initialise.
 * Over the last 500 ms of arrivals, 300 ms above 300 kbit/s, and never over fewer than eight packets: at ten pictures a second a
 * short window holds one or none. */
#ifndef MCU_NET_BWE_RATE_H
#define MCU_NET_BWE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_BWE_RATE_PACKETS 512

typedef struct {
    struct {
        int64_t at_ns;
        uint32_t bytes;
        bool after_gap;
    } packets[MCU_BWE_RATE_PACKETS];
    uint64_t n; /* so far */
} mcu_bwe_rate;

/* `after_gap`: nothing was told of packets sent just before this one; feedback is lost on a full way back. */
void mcu_bwe_rate_add(mcu_bwe_rate *r, int64_t at_ns, unsigned bytes, bool after_gap);
unsigned mcu_bwe_rate_bps(const mcu_bwe_rate *r);      /* 0 = not known yet */
unsigned mcu_bwe_rate_long_bps(const mcu_bwe_rate *r); /* over 3 s, if that is fewer packets than are kept */
/* Of the time alone that was told of; 0 = too little was. */
unsigned mcu_bwe_rate_told_bps(const mcu_bwe_rate *r);
/* Of the newest `waited_ns` of arrivals, in which the path was never idle, however little was sent into its queue. 0 = too short
 * a time. `*out_told`: of at least 300 ms of it there was word, and it is the rate of those; else it is rather less than it was.
 */
unsigned mcu_bwe_rate_busy_bps(const mcu_bwe_rate *r, int64_t waited_ns, bool *out_told);
int64_t mcu_bwe_rate_newest_ns(const mcu_bwe_rate *r); /* its arrival, ns of the remote's clock; 0 = nothing came */
void mcu_bwe_rate_clear(mcu_bwe_rate *r);

#endif
