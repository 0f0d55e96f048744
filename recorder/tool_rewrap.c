/* tool_rewrap.c - the key of each segment is wrapped to another public key; media and proofs stay as they are. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "recorder/tool.h"

typedef struct {
    uint8_t old_private[MCU_SEAL_KEY], new_public[MCU_SEAL_KEY];
    const char *kid;
} change;

static bool refuse(GError **error, const char *why)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", why);
    return false;
}

/* The keys that lie beside a recording are taken for the new one most easily, and nobody could read it again. */
static bool is_another_keys(const rec_store *store, const uint8_t key[MCU_SEAL_KEY])
{
    bool found = false;
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_reader *r = rec_store_at(store, i)->reader;
        const mcu_room_certificate *c = r != NULL ? &rec_reader_proof(r)->header.certificate : NULL;
        found = found || (c != NULL && (memcmp(key, c->issuer, MCU_SEAL_KEY) == 0 || memcmp(key, c->key, MCU_SEAL_KEY) == 0));
    }
    return found;
}

static bool is_good_for(const rec_store *store, const change *c, GError **error)
{
    mcu_wrapped_key tried;
    if (memcmp(c->new_public, c->old_private, MCU_SEAL_KEY) == 0) {
        return refuse(error, "--to: this is the old private key");
    }
    if (is_another_keys(store, c->new_public)) {
        return refuse(error,
                      "--to: this key signs recordings (Ed25519), nobody can open anything with it; an X25519 key is wanted");
    }
    if (!mcu_key_wrap(&tried, c->new_public, c->kid, "", c->old_private)) {
        return refuse(error, "--to: this is no public key (X25519) that anything can be sealed to");
    }
    return true;
}

static bool read_keys(const tool_options *o, change *c, GError **error)
{
    uint8_t fresh[MCU_SEAL_KEY];
    bool ok = tool_read_key(o->private_key, c->old_private, error);
    if (o->to_key != NULL) {
        return ok && tool_read_key(o->to_key, c->new_public, error);
    }
    ok = ok && tool_read_key(o->to_private, fresh, error) &&
         (mcu_seal_public(fresh, c->new_public) || refuse(error, "--to-private: this is no key"));
    OPENSSL_cleanse(fresh, sizeof fresh);
    return ok;
}

static void say_key(const change *c)
{
    char text[2 * MCU_SEAL_KEY + 1];
    printf("sealed to %s: the public key %s\n", c->kid, mcu_hex(c->new_public, MCU_SEAL_KEY, text));
}

static bool rewrap_one(const rec_store_segment *s, const change *c, GError **error)
{
    char context[MCU_SEAL_CONTEXT];
    if (s->reader == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", s->why);
        return false;
    }
    const rec_header *h = &rec_reader_proof(s->reader)->header;
    int fd = open(s->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "%s", g_strerror(errno));
        return false;
    }
    bool ok = mcu_key_page_rewrap(fd, c->old_private, c->new_public, c->kid, mcu_seal_context(h->recording, h->segment, context),
                                  error);
    close(fd);
    return ok;
}

/* Each by itself: one that cannot be done leaves the others done, and is said. */
static bool rewrap_all(const rec_store *store, const change *c)
{
    bool all = true;
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_store_segment *s = rec_store_at(store, i);
        g_autoptr(GError) problem = NULL;
        bool ok = rewrap_one(s, c, &problem);
        printf("%s: %s\n", s->name, ok ? "done" : problem->message);
        all = all && ok;
    }
    return all;
}

bool tool_rewrap(const tool_options *o, GError **error)
{
    change c = {.kid = o->kid};
    if (o->private_key == NULL || (o->to_key == NULL) == (o->to_private == NULL) || o->kid == NULL || o->kid[0] == '\0' ||
        strlen(o->kid) > MCU_SEAL_KID_MAX) {
        g_set_error(
            error, MCU_ERROR, MCU_ERROR_BAD_REQUEST,
            "rewrap needs --private FILE, either --to KEY or --to-private FILE, and --kid NAME, the new key's name of at most 32 "
            "characters");
        return false;
    }
    rec_store *store = read_keys(o, &c, error) ? rec_store_open(o->paths, o->n_paths, NULL, error) : NULL;
    bool may = store != NULL && is_good_for(store, &c, error), ok = may && rewrap_all(store, &c);
    if (ok) {
        say_key(&c);
    } else if (may) {
        (void)refuse(error, "not every segment could be done");
    }
    rec_store_free(store);
    OPENSSL_cleanse(&c, sizeof c);
    return ok;
}
