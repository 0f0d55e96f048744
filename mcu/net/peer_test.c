#include "mcu/net/peer_test.h"

#include <string.h>

#include "mcu/net/peer_priv.h"

void mcu_peer_test_set_filter(mcu_peer *p, mcu_peer_test_filter filter, void *user)
{
    p->filter = filter;
    p->filter_user = user;
}

void mcu_peer_test_inject(mcu_peer *p, const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(data, size);
    mcu_peer_on_datagram(p, copy, size);
}

mcu_status mcu_peer_test_send_raw(mcu_peer *p, const uint8_t *data, size_t size)
{
    return mcu_ice_send(p->ice, data, size);
}

mcu_status mcu_peer_test_send_rtp(mcu_peer *p, const uint8_t *packet, size_t size)
{
    g_autofree uint8_t *copy = g_malloc(size + MCU_SRTP_OVERHEAD);
    memcpy(copy, packet, size);
    return mcu_peer_send_rtp(p, copy, size);
}

mcu_status mcu_peer_test_send_rtcp(mcu_peer *p, const uint8_t *packet, size_t size)
{
    g_autofree uint8_t *copy = g_malloc(size + MCU_SRTP_OVERHEAD);
    memcpy(copy, packet, size);
    return mcu_peer_send_rtcp(p, copy, size);
}

void mcu_net_test_bound(mcu_net *n, int64_t by_ns)
{
    int64_t now_ns = mcu_net_now_ns(n);
    n->limit_ns = 0;
    n->skew_ns += now_ns - mcu_net_now_ns(n);
    n->limit_ns = now_ns + by_ns;
}

void mcu_net_test_advance(mcu_net *n, int64_t by_ns)
{
    n->skew_ns += by_ns;
    n->limit_ns += n->limit_ns != 0 ? by_ns : 0;
    mcu_timers_run(n->timers, mcu_net_now_ns(n));
}
