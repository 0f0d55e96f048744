#include "signaling/rate.h"

#include <glib.h>
#include <limits.h>
#include <math.h>

#define MINUTE_NS 60e9

typedef struct {
    double left; /* of per_minute, at `at_ns` */
    int64_t at_ns;
    unsigned refused;
} bucket;

struct sig_rate {
    double per_minute;
    unsigned keys;
    GHashTable *young, *old; /* key -> bucket: when the first is full, the second is forgotten for it */
};

static GHashTable *new_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

sig_rate *sig_rate_new(unsigned per_minute, unsigned keys)
{
    sig_rate *r = g_new0(sig_rate, 1);
    r->per_minute = per_minute;
    r->keys = keys;
    r->young = new_table();
    r->old = new_table();
    return r;
}

void sig_rate_free(sig_rate *r)
{
    if (r) {
        g_hash_table_destroy(r->young);
        g_hash_table_destroy(r->old);
        g_free(r);
    }
}

static bucket *bucket_of(sig_rate *r, const char *key, int64_t now_ns)
{
    bucket *b = g_hash_table_lookup(r->young, key);
    if (b) {
        return b;
    }
    const bucket *former = g_hash_table_lookup(r->old, key);
    b = g_new(bucket, 1);
    *b = former ? *former : (bucket){r->per_minute, now_ns, 0};
    if (g_hash_table_size(r->young) >= r->keys) {
        g_hash_table_destroy(r->old);
        r->old = r->young;
        r->young = new_table();
    }
    g_hash_table_insert(r->young, g_strdup(key), b);
    return b;
}

static bucket *filled(sig_rate *r, const char *key, int64_t now_ns)
{
    bucket *b = bucket_of(r, key, now_ns);
    b->left = MIN(r->per_minute, b->left + (double)(now_ns - b->at_ns) * r->per_minute / MINUTE_NS);
    b->at_ns = now_ns;
    return b;
}

static unsigned wait_s(const sig_rate *r, const bucket *b)
{
    return b->left >= 1 ? 0 : (unsigned)ceil((1 - b->left) * 60 / r->per_minute);
}

unsigned sig_rate_ask(sig_rate *r, const char *key, int64_t now_ns)
{
    return wait_s(r, filled(r, key, now_ns));
}

unsigned sig_rate_take(sig_rate *r, const char *key, int64_t now_ns)
{
    bucket *b = filled(r, key, now_ns);
    unsigned wait = wait_s(r, b);
    if (wait == 0) {
        b->left -= 1;
    } else if (b->refused < UINT_MAX) {
        b->refused++;
    }
    return wait;
}

unsigned sig_rate_refused(sig_rate *r, const char *key)
{
    bucket *b = g_hash_table_lookup(r->young, key);
    unsigned n = b ? b->refused : 0;
    if (b) {
        b->refused = 0;
    }
    return n;
}
