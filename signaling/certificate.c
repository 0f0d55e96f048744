#include "signaling/certificate.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/secret_file.h"

#define DAY_S (24 * 3600)

static bool still_good(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, SIG_CERTIFICATE_FILE, NULL);
    g_autofree char *key = g_build_filename(folder, SIG_CERTIFICATE_KEY_FILE, NULL);
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    time_t then = time(NULL) + 30 * DAY_S;
    bool good = x && access(key, R_OK) == 0 && X509_cmp_time(X509_get0_notAfter(x), &then) > 0;
    X509_free(x);
    return good;
}

static void add_address(GString *san, const struct sockaddr *a)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (a->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, text, sizeof text);
    } else if (a->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, text, sizeof text);
    }
    if (*text) {
        g_string_append_printf(san, ",IP:%s", text);
    }
}

static char *alternative_names(void)
{
    GString *san = g_string_new("DNS:localhost,IP:127.0.0.1,IP:::1");
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) == 0 && *host && !strpbrk(host, ", :")) {
        g_string_append_printf(san, ",DNS:%s", host);
    }
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) == 0) {
        for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
            if (i->ifa_addr && !(i->ifa_flags & IFF_LOOPBACK)) {
                add_address(san, i->ifa_addr);
            }
        }
        freeifaddrs(all);
    }
    return g_string_free(san, FALSE);
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    unsigned char serial[16];
    mcu_random(serial, sizeof serial);
    serial[0] &= 0x7f; /* RFC 5280 4.1.2.2: positive */
    g_autofree char *san = alternative_names();
    X509 *x = X509_new();
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
    bool ok = x && number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) && X509_set_version(x, X509_VERSION_3) &&
              X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) && X509_gmtime_adj(X509_getm_notAfter(x), 365L * DAY_S) &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Tessera", -1, -1, 0) &&
              X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) && add_extension(x, NID_subject_alt_name, san) &&
              add_extension(x, NID_basic_constraints, "critical,CA:FALSE") && add_extension(x, NID_ext_key_usage, "serverAuth") &&
              X509_sign(x, key, EVP_sha256()) > 0;
    BN_free(number);
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static bool write_pem(const char *folder, const char *name, X509 *x, EVP_PKEY *key, GError **error)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = bio && (x ? PEM_write_bio_X509(bio, x) : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) == 1;
    char *text = NULL;
    long n = ok ? BIO_get_mem_data(bio, &text) : 0;
    if (n <= 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot write the self-signed certificate as PEM");
        ok = false;
    } else {
        ok = sig_write_private(folder, name, text, (size_t)n, error);
    }
    BIO_free(bio);
    return ok;
}

bool sig_certificate_ensure(const char *folder, GError **error)
{
    if (still_good(folder)) {
        return true;
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key ? make_certificate(key) : NULL;
    bool ok = x != NULL;
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot make a self-signed certificate");
    }
    ok = ok && write_pem(folder, SIG_CERTIFICATE_KEY_FILE, NULL, key, error) &&
         write_pem(folder, SIG_CERTIFICATE_FILE, x, NULL, error);
    X509_free(x);
    EVP_PKEY_free(key);
    return ok;
}
