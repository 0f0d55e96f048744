#include "signaling/recording_links.h"

#include <openssl/crypto.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"

#define REMEMBERED_S 3600 /* that it was there, to say why it is no good */

typedef struct {
    char cookie[SIG_LINK_SECRET + 1];
    int64_t opened_s, used_s;
} client;

typedef struct {
    sig_link link;
    unsigned uses; /* left */
    int64_t expires_s;
    unsigned n_clients;
    client clients[SIG_LINK_USES_MAX];
} entry;

struct sig_links {
    GHashTable *all; /* token -> entry */
};

static const char *const names[] = {"none", "play", "download", "export"};

sig_link_what sig_link_what_of(const char *name)
{
    for (unsigned i = SIG_LINK_PLAY; name && i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (sig_link_what)i;
        }
    }
    return SIG_LINK_NONE;
}

const char *sig_link_what_name(sig_link_what what)
{
    return (unsigned)what < G_N_ELEMENTS(names) ? names[what] : names[0];
}

sig_links *sig_links_new(void)
{
    sig_links *l = g_new0(sig_links, 1);
    l->all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    return l;
}

void sig_links_free(sig_links *l)
{
    if (l) {
        g_hash_table_destroy(l->all);
        g_free(l);
    }
}

static void secret(char out[SIG_LINK_SECRET + 1])
{
    unsigned char raw[32];
    mcu_random(raw, sizeof raw);
    mcu_hex(raw, sizeof raw, out);
}

static bool client_lives(const client *c, int64_t now_s)
{
    return now_s - c->used_s < SIG_LINK_IDLE_S && now_s - c->opened_s < SIG_LINK_OPEN_S;
}

static bool is_over(const entry *e, int64_t now_s)
{
    bool used = false;
    for (unsigned i = 0; i < e->n_clients; i++) {
        used = used || client_lives(&e->clients[i], now_s);
    }
    return !used && now_s >= e->expires_s + REMEMBERED_S;
}

static gboolean is_over_now(gpointer key, gpointer value, gpointer now_s)
{
    (void)key;
    return is_over(value, *(const int64_t *)now_s);
}

bool sig_links_add(sig_links *l, sig_link *link, unsigned uses, int64_t seconds, int64_t now_s)
{
    g_hash_table_foreach_remove(l->all, is_over_now, &now_s);
    if (g_hash_table_size(l->all) >= SIG_LINKS_MAX) {
        return false;
    }
    secret(link->token);
    entry *e = g_new0(entry, 1);
    e->link = *link;
    e->uses = CLAMP(uses, 1, SIG_LINK_USES_MAX);
    e->expires_s = now_s + seconds;
    g_hash_table_insert(l->all, e->link.token, e);
    return true;
}

static client *find_client(entry *e, const char *cookie, int64_t now_s)
{
    for (unsigned i = 0; cookie && strlen(cookie) == SIG_LINK_SECRET && i < e->n_clients; i++) {
        if (CRYPTO_memcmp(e->clients[i].cookie, cookie, SIG_LINK_SECRET) == 0) {
            return client_lives(&e->clients[i], now_s) ? &e->clients[i] : NULL;
        }
    }
    return NULL;
}

sig_link_state sig_links_look(sig_links *l, const char *token, const char *cookie, int64_t now_s, sig_link *out)
{
    entry *e = g_hash_table_lookup(l->all, token);
    if (!e) {
        return SIG_LINK_UNKNOWN;
    }
    if (out) {
        *out = e->link;
    }
    client *c = find_client(e, cookie, now_s);
    if (c) {
        c->used_s = now_s;
        return SIG_LINK_OPENED;
    }
    return e->uses == 0 ? SIG_LINK_USED : now_s >= e->expires_s ? SIG_LINK_EXPIRED : SIG_LINK_OPENS;
}

bool sig_links_open(sig_links *l, const char *token, int64_t now_s, char cookie[SIG_LINK_SECRET + 1])
{
    entry *e = g_hash_table_lookup(l->all, token);
    if (!e || e->uses == 0 || now_s >= e->expires_s) {
        return false;
    }
    client *c = &e->clients[e->n_clients++];
    secret(c->cookie);
    c->opened_s = c->used_s = now_s;
    e->uses--;
    g_strlcpy(cookie, c->cookie, SIG_LINK_SECRET + 1);
    return true;
}

static gboolean is_of(gpointer key, gpointer value, gpointer recording)
{
    (void)key;
    return strcmp(((const entry *)value)->link.recording, recording) == 0;
}

void sig_links_forget(sig_links *l, const char *recording)
{
    g_hash_table_foreach_remove(l->all, is_of, (gpointer)(uintptr_t)recording);
}
