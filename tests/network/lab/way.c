#include "tests/network/lab/way.h"

#include <stdlib.h>
#include <string.h>

#include "tests/network/lab/chance.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define OVERTAKEN_NS (20 * NS_PER_MS)

lab_way *lab_way_new(uint64_t seed)
{
    lab_way *w = calloc(1, sizeof *w);
    if (w) {
        w->chance = seed;
        lab_shape_clear(&w->shape);
    }
    return w;
}

void lab_way_free(lab_way *w)
{
    if (!w) {
        return;
    }
    for (unsigned i = 0; i < w->count; i++) {
        free(w->queue[(w->head + i) % LAB_PACKETS]);
    }
    for (unsigned i = 0; i < w->flying; i++) {
        free(w->flight[(w->first + i) % LAB_PACKETS]);
    }
    free(w);
}

void lab_way_set(lab_way *w, const lab_shape *shape, int64_t now_ns)
{
    if (w->shape.hold && !shape->hold && w->free_ns < now_ns) {
        w->free_ns = now_ns; /* what was held leaves from now on */
    }
    if (w->shape.police_bps == 0) {
        w->tokens = (double)shape->bucket_bytes;
        w->tokens_ns = now_ns;
    }
    w->shape = *shape;
}

static bool conforms(lab_way *w, size_t size, int64_t now_ns)
{
    if (w->shape.police_bps == 0) {
        return true;
    }
    w->tokens += (double)(now_ns - w->tokens_ns) / 1e9 * (double)w->shape.police_bps / 8;
    w->tokens_ns = now_ns;
    if (w->tokens > (double)w->shape.bucket_bytes) {
        w->tokens = (double)w->shape.bucket_bytes;
    }
    if (w->tokens < (double)size) {
        return false;
    }
    w->tokens -= (double)size;
    return true;
}

static bool has_room(const lab_way *w, size_t size)
{
    if (w->count == LAB_PACKETS) {
        return false;
    }
    size_t limit = (size_t)((double)w->shape.rate_bps / 8e9 * (double)w->shape.queue_ns);
    return w->shape.rate_bps == 0 || w->count == 0 || w->waiting_bytes + size <= limit;
}

void lab_way_put(lab_way *w, const void *data, size_t size, int64_t now_ns)
{
    w->figures.packets++;
    w->figures.bytes += size;
    if (!conforms(w, size, now_ns)) {
        w->figures.policed++;
        return;
    }
    lab_packet *p = has_room(w, size) ? malloc(sizeof *p + size) : NULL;
    if (!p) {
        w->figures.full++;
        return;
    }
    p->arrived_ns = now_ns;
    p->size = size;
    memcpy(p->data, data, size);
    w->queue[(w->head + w->count++) % LAB_PACKETS] = p;
    w->waiting_bytes += size;
}

static void insert(lab_way *w, lab_packet *p)
{
    unsigned at = w->flying++;
    for (; at > 0 && w->flight[(w->first + at - 1) % LAB_PACKETS]->due_ns > p->due_ns; at--) {
        w->flight[(w->first + at) % LAB_PACKETS] = w->flight[(w->first + at - 1) % LAB_PACKETS];
    }
    w->flight[(w->first + at) % LAB_PACKETS] = p;
}

/* The packet has left the queue at `left_ns`: what happens to it on the way. */
static void fly(lab_way *w, lab_packet *p, int64_t left_ns)
{
    const lab_shape *s = &w->shape;
    double turn = lab_chance(&w->chance), luck = lab_chance(&w->chance), jitter = lab_chance(&w->chance);
    double overtaken = lab_chance(&w->chance), by = lab_chance(&w->chance);
    w->bad = w->bad ? turn >= s->to_good : turn < s->to_bad;
    if (s->off || luck >= (w->bad ? s->pass_bad : s->pass_good) || w->flying == LAB_PACKETS) {
        w->figures.lost++;
        free(p);
        return;
    }
    p->due_ns = left_ns + s->delay_ns + (int64_t)(jitter * (double)s->jitter_ns);
    if (overtaken < s->reorder) {
        int64_t most = s->jitter_ns > OVERTAKEN_NS ? s->jitter_ns : OVERTAKEN_NS;
        p->due_ns += (int64_t)(by * (double)most);
        w->figures.reordered++;
    } else {
        p->due_ns = p->due_ns > w->newest_due_ns ? p->due_ns : w->newest_due_ns;
        w->newest_due_ns = p->due_ns;
    }
    insert(w, p);
}

/* When the head of the queue will have left. */
static int64_t leaves_ns(const lab_way *w)
{
    const lab_packet *p = w->queue[w->head];
    int64_t starts = w->free_ns > p->arrived_ns ? w->free_ns : p->arrived_ns;
    return starts + (w->shape.rate_bps > 0 ? (int64_t)p->size * 8 * NS_PER_S / w->shape.rate_bps : 0);
}

static void serve_queue(lab_way *w, int64_t now_ns)
{
    while (w->count > 0 && !w->shape.hold) {
        int64_t left_ns = leaves_ns(w);
        if (left_ns > now_ns) {
            return;
        }
        lab_packet *p = w->queue[w->head];
        int64_t waited_ms = w->free_ns > p->arrived_ns ? (w->free_ns - p->arrived_ns) / NS_PER_MS : 0;
        w->figures.waits[waited_ms < LAB_WAITS_MS ? waited_ms : LAB_WAITS_MS - 1]++;
        w->head = (w->head + 1) % LAB_PACKETS;
        w->count--;
        w->waiting_bytes -= p->size;
        w->free_ns = left_ns;
        fly(w, p, left_ns);
    }
}

lab_packet *lab_way_take(lab_way *w, int64_t now_ns)
{
    serve_queue(w, now_ns);
    if (w->flying == 0 || w->flight[w->first]->due_ns > now_ns) {
        return NULL;
    }
    lab_packet *p = w->flight[w->first];
    w->first = (w->first + 1) % LAB_PACKETS;
    w->flying--;
    w->figures.delivered++;
    w->figures.delivered_bytes += p->size;
    return p;
}

int64_t lab_way_next_ns(const lab_way *w)
{
    int64_t next_ns = w->flying > 0 ? w->flight[w->first]->due_ns : INT64_MAX;
    if (w->count > 0 && !w->shape.hold) {
        int64_t left_ns = leaves_ns(w);
        next_ns = left_ns < next_ns ? left_ns : next_ns;
    }
    return next_ns;
}

unsigned lab_way_wait_ms(const lab_way *w, double p)
{
    uint64_t all = 0, so_far = 0;
    for (unsigned i = 0; i < LAB_WAITS_MS; i++) {
        all += w->figures.waits[i];
    }
    for (unsigned i = 0; i < LAB_WAITS_MS && all > 0; i++) {
        so_far += w->figures.waits[i];
        if ((double)so_far >= p * (double)all) {
            return i;
        }
    }
    return 0;
}

void lab_way_clear_waits(lab_way *w)
{
    memset(w->figures.waits, 0, sizeof w->figures.waits);
}

unsigned lab_way_queue_ms(const lab_way *w, int64_t now_ns)
{
    int64_t free_ns = w->free_ns;
    if (w->count > 0 && w->shape.rate_bps > 0) {
        const int64_t arrived_ns = w->queue[w->head]->arrived_ns;
        free_ns = (free_ns > arrived_ns ? free_ns : arrived_ns) + (int64_t)w->waiting_bytes * 8 * NS_PER_S / w->shape.rate_bps;
    }
    return free_ns > now_ns ? (unsigned)((free_ns - now_ns) / NS_PER_MS) : 0;
}
