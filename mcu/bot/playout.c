#include "mcu/bot/playout.h"

#define MAX_LATE_NS (MCU_NS_PER_SEC / 2)

static const mcu_au *packet(const mcu_playout *p, unsigned index)
{
    return p->clip->packets->pdata[index % p->clip->packets->len];
}

void mcu_playout_keyframe(mcu_playout *p)
{
    for (unsigned i = 0; p->clip != NULL && i < p->clip->packets->len; i++) {
        if (packet(p, p->next + i)->keyframe) {
            p->next = (p->next + i) % p->clip->packets->len;
            return;
        }
    }
}

void mcu_playout_start(mcu_playout *p, const mcu_clip *clip, unsigned first, int64_t now_ns)
{
    *p = (mcu_playout){.clip = clip, .due_ns = now_ns};
    if (clip != NULL) {
        p->next = first % clip->packets->len;
        p->every_ns = clip->packet_ns;
    }
    mcu_playout_keyframe(p);
}

void mcu_playout_pace(mcu_playout *p, int64_t every_ns)
{
    p->every_ns = every_ns;
}

int64_t mcu_playout_next_ns(const mcu_playout *p)
{
    return p->clip != NULL ? p->due_ns : INT64_MAX;
}

mcu_au *mcu_playout_take(mcu_playout *p, int64_t now_ns, unsigned *index)
{
    if (p->clip == NULL || now_ns < p->due_ns) {
        return NULL;
    }
    if (now_ns - p->due_ns > MAX_LATE_NS) {
        p->due_ns = now_ns;
    }
    mcu_au *au = p->clip->packets->pdata[p->next];
    au->time_ns = p->due_ns;
    *index = p->next;
    p->next = (p->next + 1) % p->clip->packets->len;
    p->due_ns += p->every_ns;
    return au;
}

void mcu_playout_follow(mcu_playout *p, const mcu_playout *leader)
{
    if (p->clip == NULL || leader->clip == NULL) {
        return;
    }
    int64_t length_ns = p->clip->packets->len * p->clip->packet_ns;
    int64_t at_ns = (int64_t)leader->next * leader->clip->packet_ns + p->due_ns - leader->due_ns + p->clip->packet_ns / 2;
    p->next = (unsigned)((at_ns % length_ns + length_ns) % length_ns / p->clip->packet_ns);
}
