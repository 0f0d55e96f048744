#include "mcu/net/cut.h"

#include <stdlib.h>

#include "mcu/net/h264_rtp.h"
#include "mcu/net/vp8_rtp.h"

typedef struct {
    unsigned n;
    size_t bytes, head_bytes;
} tally;

typedef struct {
    mcu_cut *cut;
    uint8_t *heads; /* where the next one goes */
} cutting;

static mcu_status pack(const mcu_au *au, bool units, size_t max, mcu_payload_fn fn, void *user)
{
    switch ((int)au->codec) {
    case MCU_CODEC_VP8:
        return mcu_vp8_pack(au->data, au->size, max, fn, user);
    case MCU_CODEC_H264:
    case MCU_CODEC_H264_UNITS:
        return (units ? mcu_h264_pack_units : mcu_h264_pack)(au->data, au->size, max, fn, user);
    default:
        return MCU_ENOSUP;
    }
}

static void count(void *user, const mcu_payload *p, bool last)
{
    (void)last;
    tally *t = user;
    t->n++;
    t->bytes += mcu_payload_size(p);
    t->head_bytes += p->head_size;
}

static void keep(void *user, const mcu_payload *p, bool last)
{
    (void)last;
    cutting *k = user;
    memcpy(k->heads, p->head, p->head_size);
    k->cut->at[k->cut->n] = *p;
    k->cut->at[k->cut->n++].head = k->heads;
    k->heads += p->head_size;
}

static mcu_cut *make(const mcu_au *au, bool units, size_t max)
{
    tally t = {0};
    if (pack(au, units, max, count, &t) != MCU_OK) {
        return NULL;
    }
    mcu_cut *c = malloc(sizeof *c + t.n * sizeof c->at[0] + t.head_bytes);
    if (c == NULL) {
        return NULL;
    }
    *c = (mcu_cut){.units = units, .max = max, .bytes = t.bytes};
    cutting k = {c, (uint8_t *)(c->at + t.n)};
    (void)pack(au, units, max, keep, &k);
    return c;
}

const mcu_cut *mcu_cut_of(mcu_au *au, bool units, size_t max)
{
    mcu_au_note *first = atomic_load_explicit(&au->notes, memory_order_acquire);
    for (const mcu_au_note *n = first; n != NULL; n = n->next) {
        const mcu_cut *c = (const void *)n;
        if (c->units == units && c->max == max) {
            return c;
        }
    }
    mcu_cut *made = make(au, units, max);
    if (made == NULL) {
        return NULL;
    }
    do { /* two threads at once may make two: both go with the picture */
        made->note.next = first;
    } while (!atomic_compare_exchange_weak_explicit(&au->notes, &first, &made->note, memory_order_release, memory_order_acquire));
    return made;
}
