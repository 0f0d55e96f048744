#include "signaling/rate.h"

#include <glib.h>
#include <math.h>

#define MINUTE_NS 60e9

typedef struct {
    double left; /* of per_minute, at `at_ns` */
    int64_t at_ns;
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
    *b = former ? *former : (bucket){r->per_minute, now_ns};
    if (g_hash_table_size(r->young) >= r->keys) {
        g_hash_table_destroy(r->old);
        r->old = r->young;
        r->young = new_table();
    }
    g_hash_table_insert(r->young, g_strdup(key), b);
    return b;
}

unsigned sig_rate_take(sig_rate *r, const char *key, int64_t now_ns)
{
    bucket *b = bucket_of(r, key, now_ns);
    b->left = MIN(r->per_minute, b->left + (double)(now_ns - b->at_ns) * r->per_minute / MINUTE_NS);
    b->at_ns = now_ns;
    if (b->left >= 1) {
        b->left -= 1;
        return 0;
    }
    return (unsigned)ceil((1 - b->left) * 60 / r->per_minute);
}
