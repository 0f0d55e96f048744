/* tool_rewrap.c - the key of each segment is wrapped to another public key; media and proofs stay as they are. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/tool.h"

typedef struct {
    uint8_t old_private[MCU_SEAL_KEY], new_public[MCU_SEAL_KEY];
    const char *kid;
} change;

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
    if (o->private_key == NULL || o->to_key == NULL || o->kid == NULL || o->kid[0] == '\0' || strlen(o->kid) > MCU_SEAL_KID_MAX) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST,
                    "rewrap needs --private FILE, --to KEY and --kid NAME, the new key's name of at most 32 characters");
        return false;
    }
    rec_store *store = tool_read_key(o->private_key, c.old_private, error) && tool_read_key(o->to_key, c.new_public, error)
                           ? rec_store_open(o->paths, o->n_paths, NULL, error)
                           : NULL;
    bool ok = store != NULL && rewrap_all(store, &c);
    if (store != NULL && !ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "not every segment could be done");
    }
    rec_store_free(store);
    OPENSSL_cleanse(&c, sizeof c);
    return ok;
}
