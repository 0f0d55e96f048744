#include "tests/unit/link_model.h"

#include <string.h>

#define MS INT64_C(1000000)
#define OVERHEAD 38 /* SRTP tag, UDP, IPv4 */

typedef struct {
    int64_t arrival_ns;
    size_t size;
    uint8_t data[1500];
} datagram;

struct link_model {
    link_profile p;
    uint32_t seed;
    GQueue under_way;
    datagram *given;
    int64_t free_ns, last_arrival_ns;
    bool in_burst;
    double tokens;
    int64_t tokens_ns;
    unsigned lost, carried;
};

uint32_t link_model_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static double chance(link_model *l)
{
    return link_model_random(&l->seed) / 4294967296.0;
}

link_model *link_model_new(const link_profile *profile, uint32_t seed)
{
    link_model *l = g_new0(link_model, 1);
    l->p = *profile;
    l->seed = seed * 2654435761u + 1;
    l->tokens = profile->policer_bytes;
    g_queue_init(&l->under_way);
    return l;
}

void link_model_free(link_model *l)
{
    g_queue_clear_full(&l->under_way, g_free);
    g_free(l->given);
    g_free(l);
}

void link_model_set(link_model *l, const link_profile *profile)
{
    l->p = *profile;
}

static bool chance_takes(link_model *l)
{
    if (l->p.loss <= 0) {
        return false;
    }
    if (l->p.burst <= 1) {
        return chance(l) < l->p.loss;
    }
    /* Gilbert: stays bad with 1 - 1/burst; enters so that the mean is `loss`. */
    double leave = 1 / l->p.burst, enter = leave * l->p.loss / (1 - l->p.loss);
    l->in_burst = l->in_burst ? chance(l) >= leave : chance(l) < enter;
    return l->in_burst;
}

static bool policer_takes(link_model *l, size_t wire, int64_t now_ns)
{
    if (l->p.policer_bps == 0) {
        return false;
    }
    l->tokens = MIN(l->tokens + (double)(now_ns - l->tokens_ns) * 1e-9 * l->p.policer_bps / 8, l->p.policer_bytes);
    l->tokens_ns = now_ns;
    if (l->tokens < (double)wire) {
        return true;
    }
    l->tokens -= (double)wire;
    return false;
}

double link_model_queue_ms(const link_model *l, int64_t now_ns)
{
    return l->free_ns > now_ns ? (double)(l->free_ns - now_ns) / MS : 0;
}

void link_model_send(link_model *l, const uint8_t *data, size_t size, int64_t now_ns)
{
    size_t wire = size + OVERHEAD;
    bool full = l->p.rate_bps != 0 && link_model_queue_ms(l, now_ns) > l->p.queue_ms;
    l->carried++;
    if (l->p.down || full || policer_takes(l, wire, now_ns)) {
        l->lost++;
        return;
    }
    int64_t out_ns = MAX(now_ns, l->free_ns);
    if (l->p.rate_bps != 0) {
        out_ns += (int64_t)wire * 8 * 1000 * MS / l->p.rate_bps;
        l->free_ns = out_ns;
    }
    if (chance_takes(l)) {
        l->lost++;
        return;
    }
    datagram *d = g_new(datagram, 1);
    d->size = MIN(size, sizeof d->data);
    memcpy(d->data, data, d->size);
    d->arrival_ns = out_ns + l->p.delay_ms * MS + (int64_t)(chance(l) * l->p.jitter_ms * (double)MS);
    d->arrival_ns = MAX(d->arrival_ns, l->last_arrival_ns);
    l->last_arrival_ns = d->arrival_ns;
    g_queue_push_tail(&l->under_way, d);
}

const uint8_t *link_model_receive(link_model *l, size_t *size, int64_t *arrival_ns, int64_t now_ns)
{
    const datagram *next = g_queue_peek_head(&l->under_way);
    if (next == NULL || next->arrival_ns > now_ns) {
        return NULL;
    }
    g_free(l->given);
    l->given = g_queue_pop_head(&l->under_way);
    *size = l->given->size;
    *arrival_ns = l->given->arrival_ns;
    return l->given->data;
}

unsigned link_model_lost(const link_model *l)
{
    return l->lost;
}

unsigned link_model_carried(const link_model *l)
{
    return l->carried;
}
