#include "signaling/assets.h"

#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/client.h"
#include "signaling/compress.h"

#define TOTAL_MAX (8u * 1024 * 1024)
#define DEPTH_MAX 4
#define VERSION_SIZE 16 /* hexadecimal digits */
#define WEB "/web/"
#define LANGUAGES WEB "lang/"
#define LANGUAGE_END ".json"
#define FOR_EVER "public, max-age=31536000, immutable"

/* Scripts and styles from here only, and the one script that index.html itself holds, by its hash; media from the camera; the
 * WebSocket is same-origin, which older browsers do not count as 'self'. */
#define POLICY                                                                                                                   \
    "default-src 'none'; script-src 'self' 'sha256-pZFAkr1ctVpg8UyO8VKtX4J22280d5pywbWs42NVqQo='; style-src 'self'; "            \
    "img-src 'self' data: blob:; media-src 'self' blob: mediastream:; connect-src 'self' wss:; font-src 'self'; "                \
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors %s%s%s"

typedef struct {
    const char *type;
    GBytes *body, *gzip, *brotli; /* NULL = not worth it, or nobody has asked for it */
    bool has_gzip, has_brotli;    /* it was tried */
    char etag[2 * 16 + 3];
} asset;

struct sig_assets {
    GHashTable *files; /* "/web/app.js" -> asset */
    size_t total;
    char *policy, *admin_policy;    /* Content-Security-Policy */
    char version[VERSION_SIZE + 1]; /* changes with any byte of any file */
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

static bool is_page(const asset *f)
{
    return g_str_has_prefix(f->type, "text/html") || g_str_has_prefix(f->type, "image/svg");
}

static void free_asset(void *value)
{
    asset *a = value;
    g_bytes_unref(a->body);
    g_clear_pointer(&a->gzip, g_bytes_unref);
    g_clear_pointer(&a->brotli, g_bytes_unref);
    g_free(a);
}

/* `policy` counts as a part of a page: the answer "not modified" leaves it out. */
static void set_body(asset *f, GBytes *take_body, const char *policy)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, g_bytes_get_data(take_body, NULL), (gssize)g_bytes_get_size(take_body));
    g_checksum_update(sum, (const guchar *)policy, -1);
    f->body = take_body;
    g_snprintf(f->etag, sizeof f->etag, "\"%.32s\"", g_checksum_get_string(sum));
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
    f->type = type_of(name);
    set_body(f, g_bytes_new_take(data, size), "");
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

/* ---- one version of all files together, so that browsers need not ask again ---- */

static void set_version(sig_assets *a)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(a->files), (GCompareFunc)strcmp);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (const GList *i = names; i; i = i->next) {
        const asset *f = g_hash_table_lookup(a->files, i->data);
        g_checksum_update(sum, i->data, -1);
        g_checksum_update(sum, (const guchar *)f->etag, -1);
    }
    g_strlcpy(a->version, g_checksum_get_string(sum), sizeof a->version);
}

/* Pages ask for what they need under its version; scripts and styles name each other relatively and so follow. */
static void name_version(const sig_assets *a, asset *page, const char *policy)
{
    g_autofree char *version = g_strconcat("=\"" WEB, a->version, "/", NULL);
    g_autoptr(GString) text = g_string_new_len(g_bytes_get_data(page->body, NULL), (gssize)g_bytes_get_size(page->body));
    g_string_replace(text, "=\"" WEB, version, 0);
    g_bytes_unref(page->body);
    set_body(page, g_string_free_to_bytes(g_steal_pointer(&text)), policy);
}

static void prepare(sig_assets *a)
{
    GHashTableIter i;
    gpointer name = NULL, value = NULL;
    set_version(a);
    g_hash_table_iter_init(&i, a->files);
    while (g_hash_table_iter_next(&i, &name, &value)) {
        asset *f = value;
        if (is_page(f)) {
            name_version(a, f, sig_assets_is_admin(name) ? a->admin_policy : a->policy);
        }
    }
}

/* "/web/0123456789abcdef/app.js" -> "/app.js"; NULL = without a version. */
static const char *after_version(const char *path)
{
    if (!g_str_has_prefix(path, WEB)) {
        return NULL;
    }
    const char *version = path + strlen(WEB);
    return strspn(version, "0123456789abcdef") == VERSION_SIZE && version[VERSION_SIZE] == '/' ? version + VERSION_SIZE : NULL;
}

/* ---- the folder ---- */

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
    prepare(a);
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

bool sig_assets_speak(const sig_assets *a, const char *language)
{
    g_autofree char *base = g_ascii_strdown(language, (gssize)strcspn(language, "-"));
    g_autofree char *path = g_strconcat(LANGUAGES, base, LANGUAGE_END, NULL);
    bool tag = strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(language);
    return tag && sig_assets_has(a, path);
}

char *sig_assets_languages(const sig_assets *a)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(a->files), (GCompareFunc)strcmp);
    GString *list = g_string_new(NULL);
    for (const GList *i = names; i; i = i->next) {
        const char *name = i->data;
        if (g_str_has_prefix(name, LANGUAGES) && !strchr(name + strlen(LANGUAGES), '/') && g_str_has_suffix(name, LANGUAGE_END)) {
            int length = (int)(strlen(name) - strlen(LANGUAGES) - strlen(LANGUAGE_END));
            g_string_append_printf(list, "%s%.*s", list->len ? ", " : "", length, name + strlen(LANGUAGES));
        }
    }
    return g_string_free(list, FALSE);
}

bool sig_assets_is_admin(const char *path)
{
    const char *rest = after_version(path);
    return rest ? g_str_has_prefix(rest, "/admin/") : g_str_has_prefix(path, WEB "admin/");
}

static bool accepts(const sig_request *q, const char *coding)
{
    const char *accept = sig_request_header(q, "Accept-Encoding");
    const char *at = accept ? strstr(accept, coding) : NULL;
    return at && !g_str_has_prefix(at + strlen(coding), ";q=0");
}

/* Pages of the configured origins may load the client as a module. */
static void allow_origin(sig_request *q)
{
    const char *origin = sig_request_header(q, "Origin");
    if (origin && sig_access_origin_allowed(q->gateway->settings, origin, sig_client_host(q))) {
        sig_reply_header(q, "Access-Control-Allow-Origin", origin);
    }
}

/* Compressed when somebody first asks for it: all files together take half a second, for which a gateway that comes back would be
 * missed. */
static GBytes *packed(GBytes *body, GBytes **kept, bool *tried, GBytes *(*compress)(const void *, size_t))
{
    if (!*tried) {
        *kept = compress(g_bytes_get_data(body, NULL), g_bytes_get_size(body));
        *tried = true;
    }
    return *kept;
}

static void send_body(sig_request *q, asset *f, int status)
{
    GBytes *body = f->body;
    if (accepts(q, "br") && packed(f->body, &f->brotli, &f->has_brotli, sig_compress_brotli)) {
        sig_reply_header(q, "Content-Encoding", "br");
        body = f->brotli;
    } else if (accepts(q, "gzip") && packed(f->body, &f->gzip, &f->has_gzip, sig_compress_gzip)) {
        sig_reply_header(q, "Content-Encoding", "gzip");
        body = f->gzip;
    }
    gsize size = 0;
    const void *data = g_bytes_get_data(body, &size);
    sig_reply_body(q, status, f->type, data, size);
}

/* What only documents heed is not sent with each script: on a thin line it would weigh as much as the script. */
static void page_headers(sig_request *q, const char *policy)
{
    sig_reply_header(q, "Content-Security-Policy", policy);
    sig_reply_header(q, "Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()");
    sig_reply_header(q, "Cross-Origin-Opener-Policy", "same-origin");
}

void sig_assets_serve(sig_request *q, const char *path, int status)
{
    const sig_assets *a = q->gateway->assets;
    const char *rest = after_version(path);
    g_autofree char *plain = rest ? g_strconcat("/web", rest, NULL) : g_strdup(path);
    asset *f = g_hash_table_lookup(a->files, plain);
    if (!f) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is nothing here.");
        return;
    }
    bool admin = sig_assets_is_admin(path);
    if (!admin) {
        allow_origin(q);
    }
    sig_reply_header(q, "Vary", "Accept-Encoding, Origin");
    sig_reply_header(q, "ETag", f->etag);
    /* Under this very version: for ever. Else kept, but asked about each time: a new version is there at once. */
    bool for_ever = rest && strncmp(path + strlen(WEB), a->version, VERSION_SIZE) == 0;
    sig_reply_header(q, "Cache-Control", for_ever ? FOR_EVER : "no-cache");
    const char *known = sig_request_header(q, "If-None-Match");
    if (status == 200 && known && strstr(known, f->etag)) {
        sig_reply_empty(q, 304);
        return;
    }
    if (admin || is_page(f)) {
        page_headers(q, admin ? a->admin_policy : a->policy);
    }
    sig_reply_header(q, "Cross-Origin-Resource-Policy", "same-origin");
    send_body(q, f, status);
}

bool sig_assets_explain(sig_request *q, const char *path, int status, const char *reason)
{
    const sig_assets *a = q->gateway->assets;
    const asset *f = g_hash_table_lookup(a->files, path);
    if (!f) {
        return false;
    }
    g_autofree char *named = g_strdup_printf("data-reason=\"%s\"", reason);
    g_autoptr(GString) page = g_string_new_len(g_bytes_get_data(f->body, NULL), (gssize)g_bytes_get_size(f->body));
    g_string_replace(page, "data-reason=\"\"", named, 1);
    sig_reply_header(q, "X-Tessera-Reason", reason);
    sig_reply_header(q, "Cache-Control", "no-store");
    sig_reply_header(q, "Cross-Origin-Resource-Policy", "same-origin");
    page_headers(q, a->policy);
    sig_reply_body(q, status, f->type, page->str, page->len);
    return true;
}
