/* metrics.c - the registry: objects are made once and never freed, their values
 * are atomics.  Thread: any. */
#include "mcu/base/metrics.h"

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define BOUNDS_MAX 16

typedef enum { KIND_NONE = 0, KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM } metric_kind;

typedef struct metric {
    struct metric *next;
    metric_kind kind;
    char *name;
    char *label;
    char *help;
} metric;

struct mcu_counter {
    metric base;
    atomic_uint_fast64_t value;
};

struct mcu_gauge {
    metric base;
    atomic_int_fast64_t value;
};

struct mcu_histogram {
    metric base;
    unsigned n;
    double bounds[BOUNDS_MAX];
    atomic_uint_fast64_t counts[BOUNDS_MAX + 1];
    _Atomic(double) sum;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static metric *registry_first;
static metric *registry_last;

/* Lock held. */
static metric *find(metric_kind kind, const char *name, const char *label)
{
    for (metric *m = registry_first; m; m = m->next) {
        if (strcmp(m->name, name) == 0 && strcmp(m->label, label) == 0) {
            g_assert(m->kind == kind);
            return m;
        }
    }
    return NULL;
}

/* Finds the series or makes it from zeroed memory of `size` bytes, with the
 * lock held; *made says which. */
static void *get(metric_kind kind, size_t size, const char *name, const char *label, const char *help, bool *made)
{
    metric *m = find(kind, name, label ? label : "");
    *made = !m;
    if (!m) {
        m = g_malloc0(size);
        m->kind = kind;
        m->name = g_strdup(name);
        m->label = g_strdup(label ? label : "");
        m->help = g_strdup(help ? help : "");
        if (registry_last) {
            registry_last->next = m;
        } else {
            registry_first = m;
        }
        registry_last = m;
    }
    return m;
}

mcu_counter *mcu_counter_get(const char *name, const char *label, const char *help)
{
    bool made;
    pthread_mutex_lock(&registry_lock);
    mcu_counter *c = get(KIND_COUNTER, sizeof *c, name, label, help, &made);
    pthread_mutex_unlock(&registry_lock);
    return c;
}

mcu_gauge *mcu_gauge_get(const char *name, const char *label, const char *help)
{
    bool made;
    pthread_mutex_lock(&registry_lock);
    mcu_gauge *g = get(KIND_GAUGE, sizeof *g, name, label, help, &made);
    pthread_mutex_unlock(&registry_lock);
    return g;
}

mcu_histogram *mcu_histogram_get(const char *name, const char *label, const char *help, const double *bounds, unsigned n)
{
    g_assert(n >= 1 && n <= BOUNDS_MAX);
    bool made;
    pthread_mutex_lock(&registry_lock);
    mcu_histogram *h = get(KIND_HISTOGRAM, sizeof *h, name, label, help, &made);
    if (made) {
        h->n = n;
        memcpy(h->bounds, bounds, n * sizeof *bounds);
    }
    pthread_mutex_unlock(&registry_lock);
    return h;
}

void mcu_counter_add(mcu_counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}

uint64_t mcu_counter_value(const mcu_counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

void mcu_gauge_set(mcu_gauge *g, int64_t v)
{
    atomic_store_explicit(&g->value, v, memory_order_relaxed);
}

void mcu_gauge_add(mcu_gauge *g, int64_t v)
{
    atomic_fetch_add_explicit(&g->value, v, memory_order_relaxed);
}

void mcu_histogram_observe(mcu_histogram *h, double v)
{
    unsigned i = 0;
    while (i < h->n && v > h->bounds[i]) {
        i++;
    }
    atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
    double sum = atomic_load_explicit(&h->sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&h->sum, &sum, sum + v, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void histogram_json(const mcu_histogram *h, json_t *out)
{
    json_t *bounds = json_array();
    json_t *counts = json_array();
    uint64_t total = 0;
    for (unsigned i = 0; i <= h->n; i++) {
        uint64_t count = atomic_load_explicit(&h->counts[i], memory_order_relaxed);
        total += count;
        json_array_append_new(counts, json_integer((json_int_t)count));
        if (i < h->n) {
            json_array_append_new(bounds, json_real(h->bounds[i]));
        }
    }
    json_object_set_new(out, "bounds", bounds);
    json_object_set_new(out, "counts", counts);
    json_object_set_new(out, "sum", json_real(atomic_load_explicit(&h->sum, memory_order_relaxed)));
    json_object_set_new(out, "count", json_integer((json_int_t)total));
}

static json_t *metric_json(const metric *m)
{
    static const char *const kinds[] = {"none", "counter", "gauge", "histogram"};
    json_t *out = json_pack("{s:s, s:s, s:s, s:s}", "name", m->name, "type", kinds[m->kind], "help", m->help, "label", m->label);
    if (m->kind == KIND_COUNTER) {
        const mcu_counter *c = (const mcu_counter *)(const void *)m;
        json_object_set_new(out, "value", json_integer((json_int_t)mcu_counter_value(c)));
    } else if (m->kind == KIND_GAUGE) {
        const mcu_gauge *g = (const mcu_gauge *)(const void *)m;
        json_object_set_new(out, "value", json_integer((json_int_t)atomic_load_explicit(&g->value, memory_order_relaxed)));
    } else {
        histogram_json((const mcu_histogram *)(const void *)m, out);
    }
    return out;
}

json_t *mcu_metrics_json(void)
{
    json_t *array = json_array();
    pthread_mutex_lock(&registry_lock);
    for (const metric *m = registry_first; m; m = m->next) {
        json_array_append_new(array, metric_json(m));
    }
    pthread_mutex_unlock(&registry_lock);
    return array;
}
