#include "mcu/net/dtls.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"

#define TIMER_FIRST_US 300000u
#define TIMER_MAX_US 2000000u

struct mcu_dtls {
    SSL *ssl;
    bool client;
    mcu_dtls_state state;
    const char *why;
    mcu_dtls_send_fn send;
    void *user;
    mcu_certificate_check check;
    const uint8_t *in; /* the datagram of the current feed(), NULL once read */
    size_t in_size;
};

/* ---- the BIO: one write is one datagram, one read is the datagram being fed ---- */

static int bio_write(BIO *bio, const char *data, int size)
{
    mcu_dtls *d = BIO_get_data(bio);
    if (size > 0) {
        d->send(d->user, (const uint8_t *)data, (size_t)size);
    }
    return size;
}

static int bio_read(BIO *bio, char *out, int size)
{
    mcu_dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (d->in == NULL || size <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = MIN((size_t)size, d->in_size);
    memcpy(out, d->in, n);
    d->in = NULL;
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return MCU_DTLS_MTU;
    default:
        return 0;
    }
}

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static void make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram callback");
    if (bio_method != NULL) {
        BIO_meth_set_write(bio_method, bio_write);
        BIO_meth_set_read(bio_method, bio_read);
        BIO_meth_set_ctrl(bio_method, bio_ctrl);
    }
}

/* ---- what OpenSSL asks of us ---- */

static unsigned next_timer_us(SSL *ssl, unsigned previous_us)
{
    (void)ssl;
    return previous_us == 0 ? TIMER_FIRST_US : MIN(previous_us * 2, TIMER_MAX_US);
}

/* ---- life ---- */

static bool attach_bio(mcu_dtls *d)
{
    pthread_once(&bio_once, make_bio_method);
    BIO *bio = bio_method != NULL ? BIO_new(bio_method) : NULL;
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(d->ssl, bio, bio);
    return true;
}

mcu_dtls *mcu_dtls_new(const mcu_certificate *own, bool client, const mcu_fingerprint *theirs, mcu_dtls_send_fn send, void *user,
                       GError **error)
{
    mcu_dtls *d = g_new0(mcu_dtls, 1);
    d->state = MCU_DTLS_NEW;
    d->why = "dtls failed";
    d->client = client;
    d->send = send;
    d->user = user;
    d->check.theirs = *theirs;
    d->ssl = SSL_new(mcu_certificate_ctx(own));
    if (d->ssl == NULL || !attach_bio(d)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot make a DTLS association");
        mcu_dtls_free(d);
        return NULL;
    }
    SSL_set_app_data(d->ssl, &d->check);
    SSL_set_mtu(d->ssl, MCU_DTLS_MTU);
    DTLS_set_timer_cb(d->ssl, next_timer_us);
    if (client) {
        SSL_set_connect_state(d->ssl);
    } else {
        SSL_set_accept_state(d->ssl);
    }
    return d;
}

void mcu_dtls_free(mcu_dtls *d)
{
    if (d == NULL) {
        return;
    }
    SSL_free(d->ssl);
    g_free(d);
}

static mcu_dtls_state fail(mcu_dtls *d)
{
    ERR_clear_error();
    if (d->check.mismatch) {
        d->why = "fingerprint mismatch";
    }
    d->state = MCU_DTLS_FAILED;
    return d->state;
}

static mcu_dtls_state handshake(mcu_dtls *d)
{
    ERR_clear_error();
    int r = SSL_do_handshake(d->ssl);
    if (r == 1) {
        if (SSL_get_selected_srtp_profile(d->ssl) == NULL) {
            d->why = "no common srtp profile";
            return fail(d);
        }
        d->state = MCU_DTLS_DONE;
        return d->state;
    }
    int e = SSL_get_error(d->ssl, r);
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? d->state : fail(d);
}

/* After the handshake: retransmitted flights are answered, alerts seen, application data (none is negotiated) thrown away. */
static mcu_dtls_state drain(mcu_dtls *d)
{
    uint8_t sink[2048];
    ERR_clear_error();
    int r;
    do {
        r = SSL_read(d->ssl, sink, sizeof sink);
    } while (r > 0);
    int e = SSL_get_error(d->ssl, r);
    if (e == SSL_ERROR_ZERO_RETURN || (SSL_get_shutdown(d->ssl) & SSL_RECEIVED_SHUTDOWN)) {
        d->state = MCU_DTLS_CLOSED;
    } else if (e == SSL_ERROR_SSL) {
        d->why = "dtls alert";
        return fail(d);
    }
    ERR_clear_error();
    return d->state;
}

mcu_dtls_state mcu_dtls_start(mcu_dtls *d)
{
    if (d->state == MCU_DTLS_NEW) {
        d->state = MCU_DTLS_HANDSHAKE;
        return handshake(d);
    }
    return d->state;
}

mcu_dtls_state mcu_dtls_feed(mcu_dtls *d, const uint8_t *datagram, size_t size)
{
    if (d->state != MCU_DTLS_HANDSHAKE && d->state != MCU_DTLS_DONE) {
        return d->state;
    }
    d->in = datagram;
    d->in_size = size;
    mcu_dtls_state state = d->state == MCU_DTLS_HANDSHAKE ? handshake(d) : drain(d);
    if (state == MCU_DTLS_DONE && d->in != NULL) {
        state = drain(d);
    }
    d->in = NULL;
    return state;
}

int64_t mcu_dtls_next_ns(const mcu_dtls *d, int64_t now_ns)
{
    struct timeval left;
    if (d->state != MCU_DTLS_HANDSHAKE || DTLSv1_get_timeout(d->ssl, &left) != 1) {
        return INT64_MAX;
    }
    return now_ns + (int64_t)left.tv_sec * MCU_NS_PER_SEC + (int64_t)left.tv_usec * 1000;
}

mcu_dtls_state mcu_dtls_timeout(mcu_dtls *d)
{
    if (d->state == MCU_DTLS_HANDSHAKE && DTLSv1_handle_timeout(d->ssl) < 0) {
        d->why = "dtls timeout";
        return fail(d);
    }
    return d->state;
}

void mcu_dtls_close(mcu_dtls *d)
{
    if (d->state == MCU_DTLS_DONE) {
        ERR_clear_error();
        (void)SSL_shutdown(d->ssl);
        ERR_clear_error();
        d->state = MCU_DTLS_CLOSED;
    }
}

mcu_dtls_state mcu_dtls_get_state(const mcu_dtls *d)
{
    return d->state;
}

const char *mcu_dtls_why(const mcu_dtls *d)
{
    return d->why;
}

bool mcu_dtls_is_client(const mcu_dtls *d)
{
    return d->client;
}

bool mcu_dtls_export_keys(mcu_dtls *d, mcu_srtp_keys *out)
{
    const SRTP_PROTECTION_PROFILE *p = d->state == MCU_DTLS_DONE ? SSL_get_selected_srtp_profile(d->ssl) : NULL;
    memset(out, 0, sizeof *out);
    if (p == NULL) {
        return false;
    }
    mcu_srtp_profile profile = p->id == SRTP_AEAD_AES_128_GCM    ? MCU_SRTP_AEAD_AES_128_GCM
                               : p->id == SRTP_AES128_CM_SHA1_80 ? MCU_SRTP_AES128_CM_SHA1_80
                                                                 : MCU_SRTP_NONE;
    size_t key = mcu_srtp_key_size(profile), salt = mcu_srtp_salt_size(profile);
    uint8_t block[2 * MCU_SRTP_KEY_MAX];
    static const char label[] = "EXTRACTOR-dtls_srtp";
    if (profile == MCU_SRTP_NONE ||
        SSL_export_keying_material(d->ssl, block, 2 * (key + salt), label, sizeof label - 1, NULL, 0, 0) != 1) {
        return false;
    }
    /* RFC 5764 4.2: client key, server key, client salt, server salt. */
    size_t mine = d->client ? 0 : 1, theirs = 1 - mine;
    memcpy(out->local, block + mine * key, key);
    memcpy(out->local + key, block + 2 * key + mine * salt, salt);
    memcpy(out->remote, block + theirs * key, key);
    memcpy(out->remote + key, block + 2 * key + theirs * salt, salt);
    out->profile = profile;
    OPENSSL_cleanse(block, sizeof block);
    return true;
}
