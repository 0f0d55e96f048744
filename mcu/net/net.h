/* net.h - inside of mcu_net: the clock, timers, certificate and ICE configuration that peers share.  Thread: the context's. */
#ifndef MCU_NET_NET_H
#define MCU_NET_NET_H

#include "mcu/base/media.h"
#include "mcu/base/metrics.h"
#include "mcu/base/timers.h"
#include "mcu/net/certificate.h"
#include "mcu/net/ice.h"
#include "mcu/net/peer.h"

/* A timer that is due runs with whatever else wakes the loop; at the next multiple of this it wakes the loop itself. */
#define MCU_NET_GRID_NS (5 * MCU_NS_PER_MS)

struct mcu_net {
    mcu_ice_config ice;
    mcu_certificate *certificate;
    mcu_timers *timers;
    GSource *source; /* runs the timers */
    int64_t start_ns, start_wall_ns;
    int64_t skew_ns, limit_ns; /* for tests: how far time was stepped, and where it stops (0 = nowhere) */
    unsigned n_peers;
    mcu_counter *auth_failures, *bad_packets, *repair_refused, *never_up; /* of all peers */
};

int64_t mcu_net_now_ns(const mcu_net *n);
/* NTP time of a moment: wall time at the start plus monotonic time, so that no clock step shows in sender reports. */
uint64_t mcu_net_ntp(const mcu_net *n, int64_t now_ns);

#endif
