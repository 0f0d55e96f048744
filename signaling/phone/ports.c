#include "signaling/phone/ports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/leg.h"
#include "mcu/base/status.h"

#define MEDIA_TOS 0xb8 /* expedited forwarding */

static int bind_one(const char *address, unsigned port)
{
    mcu_leg_address a;
    g_autofree char *text =
        strchr(address, ':') ? g_strdup_printf("[%s]:%u", address, port) : g_strdup_printf("%s:%u", address, port);
    int tos = MEDIA_TOS;
    if (!mcu_leg_address_parse(text, &a)) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, &a.any, mcu_leg_address_size(&a)) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    return fd;
}

static bool bind_pair(tel_ports *p, const char *address, unsigned port)
{
    *p = (tel_ports){{bind_one(address, port), -1}, port};
    p->fds[1] = p->fds[0] >= 0 ? bind_one(address, port + 1) : -1;
    if (p->fds[1] < 0) {
        tel_ports_close(p);
    }
    return p->port > 0;
}

bool tel_ports_open(const tel_config *c, unsigned *next, tel_ports *out, GError **error)
{
    unsigned first = c->rtp_min + (c->rtp_min & 1), pairs = (c->rtp_max + 1 - first) / 2;
    for (unsigned i = 0; i < pairs; i++) {
        unsigned port = first + ((*next - first) / 2 + i) % pairs * 2;
        if (bind_pair(out, c->listen, port)) {
            *next = port + 2; /* not the same again at once: late packets of a call before would come to it */
            return true;
        }
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no pair of ports from %u to %u is free", c->rtp_min, c->rtp_max);
    return false;
}

void tel_ports_close(tel_ports *p)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(p->fds) && p->port > 0; i++) {
        if (p->fds[i] >= 0) {
            close(p->fds[i]);
        }
    }
    *p = (tel_ports){{-1, -1}, 0};
}
