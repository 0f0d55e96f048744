/* peer_test.h - what tests may do to a peer that nobody else may: drop, inject, forge, step time.  Thread: the peer's loop. */
#ifndef MCU_NET_PEER_TEST_H
#define MCU_NET_PEER_TEST_H

#include "mcu/net/demux.h"
#include "mcu/net/peer.h"

/* Called for each datagram as it is on the wire (RTP headers are in the clear); false = it is lost. Not called for STUN. */
typedef bool (*mcu_peer_test_filter)(void *user, bool outgoing, mcu_demux_kind kind, const uint8_t *data, size_t size);
void mcu_peer_test_set_filter(mcu_peer *p, mcu_peer_test_filter filter, void *user);

/* As if it had come over the validated path. */
void mcu_peer_test_inject(mcu_peer *p, const uint8_t *data, size_t size);
/* Sends bytes over the selected pair: raw, or protected with this peer's keys (a hostile participant). */
mcu_status mcu_peer_test_send_raw(mcu_peer *p, const uint8_t *data, size_t size);
mcu_status mcu_peer_test_send_rtp(mcu_peer *p, const uint8_t *packet, size_t size);
mcu_status mcu_peer_test_send_rtcp(mcu_peer *p, const uint8_t *packet, size_t size);

/* The clock of every peer of `n` goes on from where it is, and stops when it has gone `by_ns` further. */
void mcu_net_test_bound(mcu_net *n, int64_t by_ns);
/* Moves the clock of every peer of `n` and runs what has become due. */
void mcu_net_test_advance(mcu_net *n, int64_t by_ns);

#endif
