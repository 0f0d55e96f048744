#include "signaling/s3.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/status.h"

#define CONNECT_S 10L
#define SLOW_BYTES 1024L /* less a second than this for SLOW_S: it hangs */
#define SLOW_S 30L
#define ANSWER_MAX 4096 /* of what the store says, for nobody */

bool sig_s3_credentials(sig_s3 *s, const char *credentials_file, GError **error)
{
    char *text = NULL;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(credentials_file, &text, NULL, &why)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG,
                    "[s3] credentials: %s: name a file that this server's user may read, with ID and SECRET, each on a line",
                    why->message);
        return false;
    }
    g_strstrip(text);
    g_strdelimit(text, "\n", ':');
    char *colon = strchr(text, ':');
    bool ok = colon && colon > text && colon[1] != '\0';
    if (ok) {
        s->credentials = g_strdup(text);
    } else {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[s3] credentials: %s: must hold ID and SECRET, each on a line",
                    credentials_file);
    }
    OPENSSL_cleanse(text, strlen(text));
    g_free(text);
    return ok;
}

void sig_s3_clear(sig_s3 *s)
{
    if (s->credentials) {
        OPENSSL_cleanse(s->credentials, strlen(s->credentials));
    }
    g_free(s->endpoint);
    g_free(s->bucket);
    g_free(s->region);
    g_free(s->prefix);
    g_free(s->authority_file);
    g_free(s->credentials);
    memset(s, 0, sizeof *s);
}

typedef struct {
    int fd;
    off_t at;
    size_t heard;
} transfer;

static size_t on_read(char *buffer, size_t size, size_t n, void *user)
{
    transfer *t = user;
    ssize_t got = pread(t->fd, buffer, size * n, t->at);
    t->at += MAX(got, 0);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* For a redirect within the store, or a connection that was closed as it was used again. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    transfer *t = user;
    if (origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }
    t->at = offset;
    return CURL_SEEKFUNC_OK;
}

static size_t on_answer(char *data, size_t size, size_t n, void *user)
{
    (void)data;
    transfer *t = user;
    t->heard += size * n;
    return t->heard > ANSWER_MAX ? 0 : size * n;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
    (void)total;
    (void)now;
    (void)upload_total;
    (void)upload_now;
    const atomic_bool *stop = user;
    return stop && atomic_load(stop);
}

static CURL *request(const sig_s3 *s, const char *key, transfer *t)
{
    CURL *c = curl_easy_init();
    g_autofree char *url = g_strdup_printf("%s/%s/%s%s", s->endpoint, s->bucket, s->prefix, key);
    g_autofree char *signature = g_strdup_printf("aws:amz:%s:s3", s->region);
    if (!c) {
        return NULL;
    }
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_AWS_SIGV4, signature);
    curl_easy_setopt(c, CURLOPT_USERPWD, s->credentials);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SLOW_S);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)(uintptr_t)s->stop);
    if (*s->authority_file) {
        curl_easy_setopt(c, CURLOPT_CAINFO, s->authority_file);
    }
    return c;
}

static bool perform(CURL *c, bool missing_is_fine, char why[SIG_S3_WHY])
{
    long status = 0;
    CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    bool ok = code == CURLE_OK && ((status >= 200 && status <= 299) || (missing_is_fine && status == 404));
    if (code != CURLE_OK) {
        g_strlcpy(why, curl_easy_strerror(code), SIG_S3_WHY);
    } else if (!ok) {
        g_snprintf(why, SIG_S3_WHY, "the store answers %ld", status);
    }
    return ok;
}

static bool hash_header(int fd, char text[128])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t buffer[64 * 1024];
    ssize_t n = 0;
    for (off_t at = 0; (n = pread(fd, buffer, sizeof buffer, at)) > 0; at += n) {
        g_checksum_update(sum, buffer, n);
    }
    g_snprintf(text, 128, "x-amz-content-sha256: %s", g_checksum_get_string(sum));
    return n == 0;
}

bool sig_s3_put(const sig_s3 *s, const char *key, int fd, char why[SIG_S3_WHY])
{
    struct stat st;
    char hash[128];
    transfer t = {.fd = fd};
    g_strlcpy(why, "the file cannot be read", SIG_S3_WHY);
    CURL *c = fstat(fd, &st) == 0 && hash_header(fd, hash) ? request(s, key, &t) : NULL;
    if (!c) {
        return false;
    }
    struct curl_slist *headers = curl_slist_append(NULL, hash);
    headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)st.st_size);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c, CURLOPT_READDATA, &t);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, &t);
    bool ok = perform(c, false, why);
    curl_easy_cleanup(c);
    curl_slist_free_all(headers);
    return ok;
}

bool sig_s3_delete(const sig_s3 *s, const char *key, char why[SIG_S3_WHY])
{
    static const char nothing[] = "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    transfer t = {.fd = -1};
    CURL *c = request(s, key, &t);
    if (!c) {
        g_strlcpy(why, "no memory", SIG_S3_WHY);
        return false;
    }
    struct curl_slist *headers = curl_slist_append(NULL, nothing);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "DELETE");
    bool ok = perform(c, true, why);
    curl_easy_cleanup(c);
    curl_slist_free_all(headers);
    return ok;
}
