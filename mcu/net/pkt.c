#include "mcu/net/pkt.h"

#include <glib.h>
#include <string.h>

#define PADDING_BIT 0x20

/* The bytes are written by whoever asked. */
static mcu_pkt *make(mcu_pkt_kind kind, size_t own_size)
{
    mcu_pkt *p = g_malloc(sizeof *p + own_size);
    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->size = p->own_size = (uint16_t)own_size;
    return p;
}

static size_t header_size(const mcu_rtp *r)
{
    return MCU_RTP_HEADER + (r->ext != NULL ? 4 + r->ext_size : 0);
}

mcu_pkt *mcu_pkt_new(mcu_pkt_kind kind, const mcu_rtp *r)
{
    size_t header = header_size(r), size = header + r->payload_size;
    if (size > MCU_RTP_MAX) {
        return NULL;
    }
    mcu_pkt *p = make(kind, size);
    p->header_size = (uint16_t)header;
    if (mcu_rtp_write(p->data, size, r) != size) { /* its extension is not made of words */
        mcu_pkt_free(p);
        return NULL;
    }
    return p;
}

static void share(mcu_pkt *p, mcu_au *au, const mcu_payload *payload)
{
    p->au = mcu_au_ref(au);
    p->payload = payload;
    p->size = (uint16_t)(p->size + mcu_payload_size(payload));
}

mcu_pkt *mcu_pkt_new_shared(mcu_pkt_kind kind, const mcu_rtp *r, mcu_au *au, const mcu_payload *payload)
{
    if (header_size(r) + mcu_payload_size(payload) > MCU_RTP_MAX) {
        return NULL;
    }
    mcu_pkt *p = mcu_pkt_new(kind, r);
    if (p != NULL) {
        share(p, au, payload);
    }
    return p;
}

mcu_pkt *mcu_pkt_new_around(mcu_pkt_kind kind, const mcu_pkt *original, const void *between, size_t size)
{
    if (original->size + size > MCU_RTP_MAX) {
        return NULL;
    }
    size_t header = original->header_size;
    mcu_pkt *p = make(kind, original->own_size + size);
    p->header_size = original->header_size;
    memcpy(p->data, original->data, header);
    memcpy(p->data + header, between, size);
    memcpy(p->data + header + size, original->data + header, original->own_size - header);
    if (original->au != NULL) {
        share(p, original->au, original->payload);
    }
    return p;
}

void mcu_pkt_free(mcu_pkt *p)
{
    if (p != NULL) {
        mcu_au_unref(p->au);
        g_free(p);
    }
}

size_t mcu_pkt_write(const mcu_pkt *p, uint8_t out[MCU_RTP_MAX])
{
    memcpy(out, p->data, p->own_size);
    return p->own_size + (p->au != NULL ? mcu_payload_write(p->payload, out + p->own_size) : 0);
}

size_t mcu_pkt_payload_size(const mcu_pkt *p)
{
    return p->data[0] & PADDING_BIT ? 0 : (size_t)p->size - p->header_size;
}
