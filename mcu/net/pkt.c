#include "mcu/net/pkt.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

mcu_pkt *mcu_pkt_new(mcu_pkt_kind kind)
{
    mcu_pkt *p = g_malloc(sizeof *p);
    memset(p, 0, offsetof(mcu_pkt, data)); /* the bytes are written by whoever asked */
    p->kind = kind;
    return p;
}

void mcu_pkt_free(mcu_pkt *p)
{
    g_free(p);
}
