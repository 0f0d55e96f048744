/* candidate.h - one ICE candidate line, checked before it may reach the ICE agent.  Thread: any; pure.
 * Source: RFC 8839 section 5.1, RFC 6544 section 4.5. */
#ifndef MCU_NET_CANDIDATE_H
#define MCU_NET_CANDIDATE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"

#define MCU_CANDIDATE_TEXT_MAX 256

typedef enum {
    MCU_CANDIDATE_NONE = 0,
    MCU_CANDIDATE_HOST,
    MCU_CANDIDATE_SRFLX,
    MCU_CANDIDATE_PRFLX,
    MCU_CANDIDATE_RELAY,
} mcu_candidate_type;
const char *mcu_candidate_type_name(mcu_candidate_type t); /* "host", "srflx" ... */

typedef enum {
    MCU_TRANSPORT_NONE = 0,
    MCU_TRANSPORT_UDP,
    MCU_TRANSPORT_TCP_ACTIVE,
    MCU_TRANSPORT_TCP_PASSIVE,
} mcu_candidate_transport;

typedef struct {
    char foundation[33];
    uint32_t priority;
    mcu_candidate_type type;
    mcu_candidate_transport transport;
    char address[INET6_ADDRSTRLEN];
    uint16_t port;
    char related_address[INET6_ADDRSTRLEN]; /* "" = none */
    uint16_t related_port;
} mcu_candidate;

/* `text`: "candidate:..." with or without "a=". `allow_loopback`: we gather on loopback ourselves.
 * MCU_EINVAL: malformed. MCU_ENOSUP: well-formed, to be skipped: component other than 1, priority 0, a host name (mDNS), an
 * address that nobody may make us probe (unspecified, multicast, broadcast, link-local, mapped, foreign loopback), a service
 * port. */
mcu_status mcu_candidate_parse(const char *text, bool allow_loopback, mcu_candidate *out);

/* "candidate:..." of component 1. Returns false when it does not fit. */
bool mcu_candidate_print(const mcu_candidate *c, char *out, size_t size);

bool mcu_address_is_loopback(const char *ip);

#endif
