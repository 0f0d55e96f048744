#include "signaling/tls.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include "mcu/base/status.h"

typedef struct {
    struct timespec changed;
    off_t size;
    ino_t inode;
} file_mark;

struct sig_tls {
    char *certificate, *key;
    file_mark mark[2];
    SSL_CTX *context;
};

static file_mark mark_of(const char *path)
{
    struct stat st = {0};
    file_mark m = {{0, 0}, 0, 0};
    if (stat(path, &st) == 0) {
        m = (file_mark){st.st_mtim, st.st_size, st.st_ino};
    }
    return m;
}

static bool same(const file_mark *a, const file_mark *b)
{
    return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec && a->size == b->size &&
           a->inode == b->inode;
}

static const char *ssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason ? reason : "unknown error";
}

static SSL_CTX *load(const sig_tls *t, GError **error)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "TLS: %s", ssl_reason());
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets serve resumption */
    SSL_CTX_set_num_tickets(ctx, 1);                         /* a browser opens several connections, each brings one */
    const char *what = NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, t->certificate) != 1) {
        what = t->certificate;
    } else if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        what = t->key;
    }
    if (what) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: not usable: %s", what, ssl_reason());
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

sig_tls *sig_tls_new(const char *certificate, const char *key, GError **error)
{
    sig_tls *t = g_new0(sig_tls, 1);
    t->certificate = g_strdup(certificate);
    t->key = g_strdup(key);
    t->mark[0] = mark_of(certificate);
    t->mark[1] = mark_of(key);
    t->context = load(t, error);
    if (!t->context) {
        sig_tls_free(t);
        return NULL;
    }
    return t;
}

void sig_tls_free(sig_tls *t)
{
    if (t) {
        SSL_CTX_free(t->context);
        g_free(t->certificate);
        g_free(t->key);
        g_free(t);
    }
}

SSL *sig_tls_connection(sig_tls *t)
{
    return SSL_new(t->context);
}

bool sig_tls_refresh(sig_tls *t, GError **error)
{
    file_mark now[2] = {mark_of(t->certificate), mark_of(t->key)};
    if (same(&now[0], &t->mark[0]) && same(&now[1], &t->mark[1])) {
        return false;
    }
    SSL_CTX *fresh = load(t, error);
    /* A pair that does not fit is tried again only when a file changes again: between two renames that is the next look. */
    t->mark[0] = now[0];
    t->mark[1] = now[1];
    if (!fresh) {
        return false;
    }
    SSL_CTX_free(t->context); /* connections hold their own reference */
    t->context = fresh;
    return true;
}
