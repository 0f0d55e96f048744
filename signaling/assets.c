#include "signaling/assets.h"

#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/client.h"

#define TOTAL_MAX (8u * 1024 * 1024)
#define DEPTH_MAX 4

/* Scripts and styles from here only; media from the camera; the WebSocket is same-origin, which older browsers do not count as
 * 'self'. */
#define POLICY                                                                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; " \
    "connect-src 'self' wss:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "    \
    "frame-ancestors %s%s%s"

typedef struct {
    const char *type;
    GBytes *body, *packed; /* packed NULL = not worth it */
    char etag[2 * 16 + 3];
} asset;

struct sig_assets {
    GHashTable *files; /* "/web/app.js" -> asset */
    size_t total;
    char *policy, *admin_policy; /* Content-Security-Policy */
};

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".mjs", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".webmanifest", "application/manifest+json"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".ico", "image/x-icon"},
                                           {".woff2", "font/woff2"},
                                           {".txt", "text/plain; charset=utf-8"},
                                           {".md", "text/plain; charset=utf-8"}};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_str_has_suffix(path, types[i][0])) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

static GBytes *pack(const void *data, size_t size)
{
    z_stream z = {0};
    if (size < 256 || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) { /* + 16: gzip */
        return NULL;
    }
    size_t room = deflateBound(&z, (uLong)size);
    unsigned char *out = g_malloc(room);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < size * 9 / 10;
    size_t length = z.total_out;
    deflateEnd(&z);
    if (!ok) {
        g_free(out);
        return NULL;
    }
    return g_bytes_new_take(out, length);
}

static void free_asset(void *value)
{
    asset *a = value;
    g_bytes_unref(a->body);
    g_clear_pointer(&a->packed, g_bytes_unref);
    g_free(a);
}

static bool load_file(sig_assets *a, const char *path, const char *name, GError **error)
{
    char *data = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &data, &size, error)) {
        return false;
    }
    a->total += size;
    if (a->total > TOTAL_MAX) {
        g_free(data);
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: the web client's files are too large together", path);
        return false;
    }
    asset *f = g_new0(asset, 1);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)data, size, digest);
    f->type = type_of(name);
    f->packed = pack(data, size);
    f->body = g_bytes_new_take(data, size);
    f->etag[0] = '"';
    for (int i = 0; i < 16; i++) {
        g_snprintf(f->etag + 1 + 2 * i, 4, "%02x\"", digest[i]);
    }
    g_hash_table_insert(a->files, g_strdup(name), f);
    return true;
}

static bool load_folder(sig_assets *a, const char *folder, const char *prefix, int depth, GError **error)
{
    GDir *dir = g_dir_open(folder, 0, error);
    bool ok = dir != NULL;
    for (const char *entry = dir ? g_dir_read_name(dir) : NULL; ok && entry; entry = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(folder, entry, NULL);
        g_autofree char *name = g_strdup_printf("%s/%s", prefix, entry);
        if (entry[0] == '.') {
            continue;
        }
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            ok = depth >= DEPTH_MAX || load_folder(a, path, name, depth + 1, error);
        } else {
            ok = load_file(a, path, name, error);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return ok;
}

char *sig_assets_find(const char *configured, GError **error)
{
    if (*configured) {
        return g_strdup(configured);
    }
    char program[4096] = "";
    if (readlink("/proc/self/exe", program, sizeof program - 1) > 0) {
        g_autofree char *bin = g_path_get_dirname(program);
        static const char *const places[] = {"../share/tessera", "../assets", "../../assets", "../../../assets"};
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
            g_autofree char *folder = g_build_filename(bin, places[i], NULL);
            g_autofree char *probe = g_build_filename(folder, "api", "messages.json", NULL);
            if (access(probe, R_OK) == 0) {
                return g_steal_pointer(&folder);
            }
        }
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "the web client's files are not beside the program: set [server] assets");
    return NULL;
}

sig_assets *sig_assets_new(const char *folder, const char *const *frame_ancestors, GError **error)
{
    sig_assets *a = g_new0(sig_assets, 1);
    g_autofree char *embedders = g_strjoinv(" ", (char **)(uintptr_t)frame_ancestors);
    a->policy = g_strdup_printf(POLICY, "'self'", *embedders ? " " : "", embedders);
    a->admin_policy = g_strdup_printf(POLICY, "'none'", "", "");
    a->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_asset);
    g_autofree char *web = g_build_filename(folder, "web", NULL);
    if (!load_folder(a, web, "/web", 0, error)) {
        sig_assets_free(a);
        return NULL;
    }
    return a;
}

void sig_assets_free(sig_assets *a)
{
    if (a) {
        g_hash_table_destroy(a->files);
        g_free(a->policy);
        g_free(a->admin_policy);
        g_free(a);
    }
}

bool sig_assets_has(const sig_assets *a, const char *path)
{
    return g_hash_table_contains(a->files, path);
}

bool sig_assets_is_admin(const char *path)
{
    return g_str_has_prefix(path, "/web/admin/");
}

static bool accepts_gzip(const sig_request *q)
{
    const char *accept = sig_request_header(q, "Accept-Encoding");
    return accept && strstr(accept, "gzip") && !strstr(accept, "gzip;q=0");
}

/* Pages of the configured origins may load the client as a module. */
static void allow_origin(sig_request *q)
{
    const char *origin = sig_request_header(q, "Origin");
    if (origin && sig_access_origin_allowed(q->gateway->settings, origin, sig_client_host(q))) {
        sig_reply_header(q, "Access-Control-Allow-Origin", origin);
    }
}

void sig_assets_serve(sig_request *q, const char *path, int status)
{
    const asset *f = g_hash_table_lookup(q->gateway->assets->files, path);
    if (!f) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is nothing here.");
        return;
    }
    const sig_assets *a = q->gateway->assets;
    bool admin = sig_assets_is_admin(path);
    sig_reply_header(q, "Content-Security-Policy", admin ? a->admin_policy : a->policy);
    if (!admin) {
        allow_origin(q);
    }
    sig_reply_header(q, "Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()");
    sig_reply_header(q, "Cross-Origin-Opener-Policy", "same-origin");
    sig_reply_header(q, "Cross-Origin-Resource-Policy", "same-origin");
    sig_reply_header(q, "Vary", "Accept-Encoding, Origin");
    sig_reply_header(q, "ETag", f->etag);
    sig_reply_header(q, "Cache-Control", "no-cache"); /* kept, but asked about each time: a new version is there at once */
    const char *known = sig_request_header(q, "If-None-Match");
    if (status == 200 && known && strstr(known, f->etag)) {
        sig_reply_empty(q, 304);
        return;
    }
    GBytes *body = f->body;
    if (f->packed && accepts_gzip(q)) {
        sig_reply_header(q, "Content-Encoding", "gzip");
        body = f->packed;
    }
    gsize size = 0;
    const void *data = g_bytes_get_data(body, &size);
    sig_reply_body(q, status, f->type, data, size);
}
