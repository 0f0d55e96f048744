#include "recorder/queue.h"

#include <unistd.h>

#include "mcu/base/mailbox.h"
#include "recorder/recorder.h"

#define BATCHES 16384
#define BATCH_MAX 16
#define ITEM_COST 512 /* bytes besides the packet itself; so the bound in bytes is reached before that in batches */

typedef struct {
    unsigned n, at; /* items; how many of them were taken */
    rec_item item[BATCH_MAX];
} batch;

struct rec_queue {
    mcu_mailbox *box; /* batch */
    atomic_size_t bytes;
    int64_t gap_ns[2]; /* loop: since when sound [0], pictures [1] are left out; -1 = they are not */
    batch *filling;    /* loop; NULL = nothing waits */
    batch *taken;      /* the thread's; NULL = none */
};

static void drop_item(rec_item *item)
{
    mcu_au_unref(item->au);
    json_decref(item->json);
    if (item->fd >= 0) {
        close(item->fd);
    }
}

static void drop(void *message)
{
    batch *b = message;
    for (; b->at < b->n; b->at++) {
        drop_item(&b->item[b->at]);
    }
    g_free(b);
}

rec_queue *rec_queue_new(void)
{
    rec_queue *q = g_new0(rec_queue, 1);
    q->box = mcu_mailbox_new(BATCHES, drop);
    q->gap_ns[0] = q->gap_ns[1] = -1;
    return q;
}

void rec_queue_free(rec_queue *q)
{
    if (q != NULL) {
        mcu_mailbox_free(q->box);
        g_clear_pointer(&q->filling, drop);
        g_clear_pointer(&q->taken, drop);
        g_free(q);
    }
}

static size_t cost(const rec_item *item)
{
    return ITEM_COST + (item->au != NULL ? item->au->size : 0);
}

static size_t cost_of_all(const batch *b)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < b->n; i++) {
        bytes += cost(&b->item[i]);
    }
    return bytes;
}

static bool send(rec_queue *q)
{
    batch *b = g_steal_pointer(&q->filling);
    size_t bytes = b != NULL ? cost_of_all(b) : 0;
    bool sent = b == NULL || mcu_mailbox_push(q->box, b);
    if (!sent) {
        atomic_fetch_sub_explicit(&q->bytes, bytes, memory_order_relaxed);
    }
    return sent;
}

static batch *fill(rec_queue *q, const rec_item *item)
{
    batch *b = q->filling;
    if (b == NULL) {
        b = q->filling = g_new(batch, 1);
        b->n = b->at = 0;
    }
    b->item[b->n++] = *item;
    atomic_fetch_add_explicit(&q->bytes, cost(item), memory_order_relaxed);
    return b;
}

bool rec_queue_put(rec_queue *q, rec_item item)
{
    (void)fill(q, &item);
    return send(q);
}

static bool put_later(rec_queue *q, const rec_item *item)
{
    const batch *b = fill(q, item);
    int64_t held_ns = item->au->time_ns - b->item[0].au->time_ns; /* a picture may be older than the sound before it */
    bool due = b->n == BATCH_MAX || ABS(held_ns) >= REC_BATCH_NS;
    return !due || send(q);
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
    return put_later(q, &item);
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
    if (q->taken != NULL && q->taken->at == q->taken->n) {
        g_clear_pointer(&q->taken, g_free);
    }
    if (q->taken == NULL && mcu_mailbox_wait(q->box, deadline_ns)) {
        q->taken = mcu_mailbox_pop(q->box);
    }
    return q->taken != NULL ? &q->taken->item[q->taken->at++] : NULL;
}

void rec_item_done(rec_queue *q, rec_item *item)
{
    atomic_fetch_sub_explicit(&q->bytes, cost(item), memory_order_relaxed);
    drop_item(item);
}
