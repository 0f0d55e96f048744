#include "recorder/queue.h"

#include <unistd.h>

#include "mcu/base/mailbox.h"
#include "recorder/recorder.h"

#define ITEMS 16384
#define ITEM_COST 512 /* bytes besides the packet itself; so the bound in bytes is reached before that in items */

struct rec_queue {
    mcu_mailbox *box;
    atomic_size_t bytes;
    int64_t gap_ns[2]; /* loop: since when sound [0], pictures [1] are left out; -1 = they are not */
};

static void drop(void *message)
{
    rec_item *item = message;
    mcu_au_unref(item->au);
    json_decref(item->json);
    if (item->fd >= 0) {
        close(item->fd);
    }
    g_free(item);
}

rec_queue *rec_queue_new(void)
{
    rec_queue *q = g_new0(rec_queue, 1);
    q->box = mcu_mailbox_new(ITEMS, drop);
    q->gap_ns[0] = q->gap_ns[1] = -1;
    return q;
}

void rec_queue_free(rec_queue *q)
{
    if (q != NULL) {
        mcu_mailbox_free(q->box);
        g_free(q);
    }
}

static size_t cost(const rec_item *item)
{
    return ITEM_COST + (item->au != NULL ? item->au->size : 0);
}

bool rec_queue_put(rec_queue *q, rec_item item)
{
    rec_item *copy = g_new(rec_item, 1);
    *copy = item;
    size_t bytes = cost(copy);
    atomic_fetch_add_explicit(&q->bytes, bytes, memory_order_relaxed);
    if (!mcu_mailbox_push(q->box, copy)) {
        atomic_fetch_sub_explicit(&q->bytes, bytes, memory_order_relaxed);
        return false;
    }
    return true;
}

/* A gap ends only with half the bound free: no flutter. */
static bool put_media(rec_queue *q, mcu_au *au, bool picture, size_t bound)
{
    int64_t *gap_ns = &q->gap_ns[picture];
    size_t used = atomic_load_explicit(&q->bytes, memory_order_relaxed);
    if (*gap_ns >= 0 && (used > bound / 2 || (picture && !au->keyframe))) {
        return false;
    }
    if (used + au->size + ITEM_COST > bound) {
        *gap_ns = au->time_ns;
        return false;
    }
    if (*gap_ns >= 0) {
        (void)rec_queue_put(q,
                            (rec_item){.kind = REC_ITEM_GAP, .at_ns = *gap_ns, .to_ns = au->time_ns, .fd = -1, .flag = picture});
        *gap_ns = -1;
    }
    rec_item item = {.kind = picture ? REC_ITEM_PICTURE : REC_ITEM_SOUND, .au = mcu_au_ref(au), .fd = -1};
    return rec_queue_put(q, item);
}

bool rec_queue_picture(rec_queue *q, mcu_au *au)
{
    return put_media(q, au, true, REC_QUEUE_VIDEO);
}

bool rec_queue_sound(rec_queue *q, mcu_au *au)
{
    return put_media(q, au, false, REC_QUEUE_AUDIO);
}

rec_item *rec_queue_take(rec_queue *q, int64_t deadline_ns)
{
    rec_item *item = mcu_mailbox_pop(q->box);
    if (item == NULL && mcu_mailbox_wait(q->box, deadline_ns)) {
        item = mcu_mailbox_pop(q->box);
    }
    return item;
}

void rec_item_free(rec_queue *q, rec_item *item)
{
    atomic_fetch_sub_explicit(&q->bytes, cost(item), memory_order_relaxed);
    drop(item);
}
