#include "mcu/net/pacer.h"

#include <glib.h>

#define BURST_NS INT64_C(5000000) /* what idle time may save up: a timer is late by about this */
#define AUDIO_PACKETS 64

typedef struct {
    mcu_pkt *head, *tail;
    unsigned packets;
    size_t bytes;
} queue;

struct mcu_pacer {
    unsigned bps;
    int64_t free_ns; /* when the link is idle again */
    bool hold;       /* video and RTX */
    queue q[MCU_PKT_KINDS];
};

static void put(queue *q, mcu_pkt *p)
{
    p->next = NULL;
    if (q->tail) {
        q->tail->next = p;
    } else {
        q->head = p;
    }
    q->tail = p;
    q->packets++;
    q->bytes += p->size;
}

static mcu_pkt *take(queue *q)
{
    mcu_pkt *p = q->head;
    if (p) {
        q->head = p->next;
        q->tail = q->head ? q->tail : NULL;
        q->packets--;
        q->bytes -= p->size;
        p->next = NULL;
    }
    return p;
}

mcu_pacer *mcu_pacer_new(unsigned bps)
{
    mcu_pacer *p = g_new0(mcu_pacer, 1);
    mcu_pacer_set_bps(p, bps);
    return p;
}

void mcu_pacer_free(mcu_pacer *p)
{
    for (unsigned k = 0; p && k < MCU_PKT_KINDS; k++) {
        for (mcu_pkt *pkt; (pkt = take(&p->q[k]));) {
            mcu_pkt_free(pkt);
        }
    }
    g_free(p);
}

void mcu_pacer_set_bps(mcu_pacer *p, unsigned bps)
{
    p->bps = MAX(bps, MCU_PACER_MIN_BPS);
}

static int64_t sending_ns(const mcu_pacer *p, size_t bytes)
{
    return (int64_t)bytes * 8 * 1000000000 / p->bps;
}

unsigned mcu_pacer_depth(const mcu_pacer *p)
{
    return p->q[MCU_PKT_AUDIO].packets + p->q[MCU_PKT_RTX].packets + p->q[MCU_PKT_VIDEO].packets;
}

int64_t mcu_pacer_video_delay_ns(const mcu_pacer *p)
{
    return sending_ns(p, p->q[MCU_PKT_RTX].bytes + p->q[MCU_PKT_VIDEO].bytes);
}

bool mcu_pacer_admits(const mcu_pacer *p, unsigned packets, size_t bytes)
{
    if (packets > MCU_PACER_PACKETS || p->q[MCU_PKT_VIDEO].packets + p->q[MCU_PKT_RTX].packets > MCU_PACER_PACKETS - packets) {
        return false;
    }
    return p->q[MCU_PKT_VIDEO].packets == 0 || mcu_pacer_video_delay_ns(p) + sending_ns(p, bytes) <= MCU_PACER_QUEUE_NS;
}

mcu_status mcu_pacer_push(mcu_pacer *p, mcu_pkt *take_packet, int64_t now_ns)
{
    bool audio = take_packet->kind == MCU_PKT_AUDIO;
    bool late = take_packet->kind == MCU_PKT_RTX && sending_ns(p, p->q[MCU_PKT_RTX].bytes) > MCU_PACER_QUEUE_NS;
    unsigned queued = audio ? p->q[MCU_PKT_AUDIO].packets : p->q[MCU_PKT_VIDEO].packets + p->q[MCU_PKT_RTX].packets;
    if (take_packet->kind == MCU_PKT_NONE || take_packet->kind >= MCU_PKT_KINDS || late ||
        queued >= (audio ? AUDIO_PACKETS : MCU_PACER_PACKETS)) {
        mcu_pkt_free(take_packet);
        return MCU_EFULL;
    }
    take_packet->queued_ns = now_ns;
    put(&p->q[take_packet->kind], take_packet);
    return MCU_OK;
}

void mcu_pacer_hold_video(mcu_pacer *p, bool hold)
{
    p->hold = hold;
}

static int64_t age_ns(const queue *q, int64_t now_ns)
{
    return q->head ? now_ns - q->head->queued_ns : 0;
}

int64_t mcu_pacer_video_age_ns(const mcu_pacer *p, int64_t now_ns)
{
    return age_ns(&p->q[MCU_PKT_VIDEO], now_ns);
}

int64_t mcu_pacer_copies_age_ns(const mcu_pacer *p, int64_t now_ns)
{
    return age_ns(&p->q[MCU_PKT_RTX], now_ns);
}

mcu_pkt *mcu_pacer_pop(mcu_pacer *p, int64_t now_ns)
{
    mcu_pkt *pkt = take(&p->q[MCU_PKT_AUDIO]);
    if (!pkt && !p->hold && now_ns >= p->free_ns) {
        pkt = take(&p->q[MCU_PKT_RTX]);
        pkt = pkt ? pkt : take(&p->q[MCU_PKT_VIDEO]);
    }
    if (pkt && pkt->kind != MCU_PKT_AUDIO) {
        p->free_ns = MAX(p->free_ns, now_ns - BURST_NS) + sending_ns(p, pkt->size);
    }
    return pkt;
}

int64_t mcu_pacer_next_ns(const mcu_pacer *p)
{
    if (p->q[MCU_PKT_AUDIO].packets > 0) {
        return 0; /* at once */
    }
    return mcu_pacer_depth(p) > 0 && !p->hold ? p->free_ns : INT64_MAX;
}

void mcu_pacer_drop_copies(mcu_pacer *p)
{
    for (mcu_pkt *pkt; (pkt = take(&p->q[MCU_PKT_RTX]));) {
        mcu_pkt_free(pkt);
    }
}

unsigned mcu_pacer_drop_video(mcu_pacer *p)
{
    queue all = p->q[MCU_PKT_VIDEO];
    queue kept = {0};
    unsigned dropped = 0;
    bool begun = all.head && !all.head->first;
    uint32_t begun_picture = begun ? all.head->picture : 0;
    for (mcu_pkt *pkt; (pkt = take(&all));) {
        if (begun && pkt->picture == begun_picture) {
            put(&kept, pkt);
            continue;
        }
        dropped += pkt->first;
        mcu_pkt_free(pkt);
    }
    p->q[MCU_PKT_VIDEO] = kept;
    return dropped;
}
