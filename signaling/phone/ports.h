/* ports.h - pairs of UDP ports for RTP and RTCP.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_PORTS_H
#define SIGNALING_PHONE_PORTS_H

#include <glib.h>
#include <stdbool.h>

#include "signaling/phone/config.h"

typedef struct {
    int fds[2];    /* RTP, RTCP; -1 = none */
    unsigned port; /* of RTP, even; RTCP's is the next. 0 = none */
} tel_ports;

/* Binds in rtp_min..rtp_max, looking from *next on. False: UNAVAILABLE. */
bool tel_ports_open(const tel_config *c, unsigned *next, tel_ports *out, GError **error);
void tel_ports_close(tel_ports *p);

#endif
