#include "signaling/phone/nonces.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "mcu/base/clock.h"

#define STAMP_TEXT 16
#define SERIAL_TEXT 8
#define HEAD_TEXT (STAMP_TEXT + SERIAL_TEXT)
#define MARK_BYTES 16

typedef struct {
    int64_t at_s;
    uint32_t serial, count;
} used_nonce;

struct tel_nonces {
    uint8_t key[32];
    uint32_t serial;
    used_nonce used[TEL_NONCES_MAX]; /* ring */
    unsigned next;
    int64_t forgotten_s; /* of this second and before: good no more */
};

tel_nonces *tel_nonces_new(void)
{
    tel_nonces *n = g_new0(tel_nonces, 1);
    mcu_random(n->key, sizeof n->key);
    n->serial = mcu_random32();
    n->forgotten_s = INT64_MIN;
    return n;
}

void tel_nonces_free(tel_nonces *n)
{
    if (n) {
        OPENSSL_cleanse(n->key, sizeof n->key);
        g_free(n);
    }
}

/* A mark that only this process can make goes after the head. */
static void add_mark(const tel_nonces *n, char out[TEL_NONCE_TEXT + 1])
{
    uint8_t mark[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), n->key, sizeof n->key, (const uint8_t *)out, HEAD_TEXT, mark, &size);
    for (unsigned i = 0; i < MARK_BYTES; i++) {
        g_snprintf(out + HEAD_TEXT + 2 * i, 3, "%02x", mark[i]);
    }
}

void tel_nonces_make(tel_nonces *n, int64_t now_s, char out[TEL_NONCE_TEXT + 1])
{
    g_snprintf(out, HEAD_TEXT + 1, "%016" G_GINT64_MODIFIER "x%08x", (guint64)now_s, n->serial++);
    add_mark(n, out);
}

bool tel_nonces_ours(const tel_nonces *n, const char *nonce)
{
    char expected[TEL_NONCE_TEXT + 1];
    if (strlen(nonce) != TEL_NONCE_TEXT) {
        return false;
    }
    memcpy(expected, nonce, HEAD_TEXT);
    add_mark(n, expected);
    return CRYPTO_memcmp(expected, nonce, TEL_NONCE_TEXT) == 0;
}

static used_nonce *find(tel_nonces *n, int64_t at_s, uint32_t serial)
{
    for (unsigned i = 0; i < TEL_NONCES_MAX; i++) {
        if (n->used[i].count > 0 && n->used[i].at_s == at_s && n->used[i].serial == serial) {
            return &n->used[i];
        }
    }
    return NULL;
}

static used_nonce *remember(tel_nonces *n, int64_t at_s, uint32_t serial)
{
    used_nonce *u = &n->used[n->next];
    n->next = (n->next + 1) % TEL_NONCES_MAX;
    if (u->count > 0) {
        n->forgotten_s = MAX(n->forgotten_s, u->at_s);
    }
    *u = (used_nonce){.at_s = at_s, .serial = serial};
    return u;
}

static uint64_t hex_of(const char *digits, size_t n)
{
    char text[STAMP_TEXT + 1] = "";
    memcpy(text, digits, n);
    return g_ascii_strtoull(text, NULL, 16);
}

bool tel_nonces_use(tel_nonces *n, const char *nonce, uint32_t count, int64_t now_s)
{
    int64_t at_s = (int64_t)hex_of(nonce, STAMP_TEXT);
    uint32_t serial = (uint32_t)hex_of(nonce + STAMP_TEXT, SERIAL_TEXT);
    if (count == 0 || at_s > now_s || now_s - at_s > TEL_NONCE_S || at_s <= n->forgotten_s) {
        return false;
    }
    used_nonce *u = find(n, at_s, serial);
    u = u ? u : remember(n, at_s, serial);
    if (count <= u->count) {
        return false;
    }
    u->count = count;
    return true;
}
