#include "signaling/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Nobody sits at the server to type one. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

/* Says which key of the configuration names the file, what is wrong with it, and what to do. */
static bool fail(const char *config_key, const char *path, const char *wrong, const char *mend, GError **error)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[server] %s: %s: %s: %s", config_key, path, wrong, mend);
    return false;
}

static bool is_readable(const char *config_key, const char *path, GError **error)
{
    return access(path, R_OK) == 0 ||
           fail(config_key, path, g_strerror(errno), "name a PEM file that this server's user may read", error);
}

static bool use_pair(SSL_CTX *ctx, const sig_tls *t, GError **error)
{
    if (!is_readable("certificate", t->certificate, error) || !is_readable("key", t->key, error)) {
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, t->certificate) != 1) {
        return fail("certificate", t->certificate, ssl_reason(),
                    "it must hold the certificate and then those that certify it, as PEM (-----BEGIN CERTIFICATE-----)", error);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1) {
        return true;
    }
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    bool other = reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH ||
                 reason == SSL_R_NO_CERTIFICATE_ASSIGNED; /* a key of another kind, as RSA for P-256 */
    g_autofree char *fitting = g_strdup_printf("give the key that %s was made for", t->certificate);
    return fail("key", t->key, ssl_reason(),
                other ? fitting : "it must hold the private key as PEM without a passphrase (-----BEGIN PRIVATE KEY-----)",
                error);
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
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (!use_pair(ctx, t, error)) {
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

bool sig_tls_check(const char *certificate, const char *key, GError **error)
{
    sig_tls *t = sig_tls_new(certificate, key, error);
    sig_tls_free(t);
    return t != NULL;
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
