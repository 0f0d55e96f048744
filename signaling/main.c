/* main.c - tessera: the gateway. Introduces its parts to each other, runs the loop, drains. */
#include <event2/event.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/no_dump.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/assets.h"
#include "signaling/audit.h"
#include "signaling/certificate.h"
#include "signaling/client.h"
#include "signaling/gateway.h"
#include "signaling/launcher_link.h"
#include "signaling/layouts.h"
#include "signaling/logo.h"
#include "signaling/operator.h"
#include "signaling/options.h"
#include "signaling/phone_calls.h"
#include "signaling/recording_files.h"
#include "signaling/recording_links.h"
#include "signaling/recording_shred.h"
#include "signaling/recording_tool.h"
#include "signaling/secret_file.h"
#include "signaling/supervisor.h"
#include "signaling/tls.h"
#include "signaling/upload.h"

#define CONTROL_FD 3
#define OFFER_KEYS 8192
#define OFFERS_FROM_TIMES 10 /* a whole clinic may come from one address */
#define CERTIFICATE_CHECK_S 10
#define RETENTION_CHECK_MS (INT64_C(3600) * 1000)
#define CLOSING_CHECK_MS 200
#define GOODBYE_MS 150 /* for the last frames to clients */

typedef struct {
    sig_gateway gateway;
    sig_settings *settings;
    sig_options options;
    struct event *terminate, *close_gently, *closing, *hangup, *certificate, *goodbye, *retention;
    int64_t close_ns; /* when running visits end after all */
    bool ready;       /* it is known which visits run */
    mcu_counter *reloads;
    int status;
} program;

/* ---- certificate ---- */

static void check_certificate(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    program *p = user;
    g_autoptr(GError) error = NULL;
    if (sig_tls_refresh(p->gateway.tls, &error)) {
        mcu_counter_add(p->reloads, 1);
        mcu_info("tls.reloaded", "ok=1");
    } else if (error) {
        mcu_error_log("tls.reload", "error=%s", error->message);
    }
}

static void on_hangup(evutil_socket_t fd, short what, void *user)
{
    program *p = user;
    g_autoptr(GError) error = NULL;
    check_certificate(fd, what, user);
    sig_layouts_reload(&p->gateway);
    if (!sig_operators_reload(p->gateway.operators, &error)) {
        mcu_error_log("oidc.reload", "error=%s", error->message);
    }
}

static bool open_tls(program *p, GError **error)
{
    const sig_settings *s = p->settings;
    g_autofree char *certificate = NULL, *key = NULL;
    if (*s->certificate) {
        certificate = g_strdup(s->certificate);
        key = g_strdup(s->key);
    } else {
        certificate = g_build_filename(p->options.data, SIG_CERTIFICATE_FILE, NULL);
        key = g_build_filename(p->options.data, SIG_CERTIFICATE_KEY_FILE, NULL);
        if (!sig_certificate_ensure(p->options.data, error)) {
            return false;
        }
    }
    p->gateway.tls = sig_tls_new(certificate, key, error);
    if (!p->gateway.tls && *s->certificate) {
        g_prefix_error(error, "%s: ", p->options.config ? p->options.config : "configuration");
    }
    return p->gateway.tls != NULL;
}

/* ---- parts ---- */

/* What stops a first start must not end visits that run: a later gateway says it and goes on with less. */
static bool good_or_again(const program *p, bool good, GError **error)
{
    if (good || !p->options.again) {
        return good;
    }
    mcu_error_log("gateway.with_less", "error=\"%s\"", (*error)->message);
    g_clear_error(error);
    return true;
}

static void apply_fact(void *user, const sig_change *change)
{
    sig_facts_apply(user, change);
}

static void note_start(sig_gateway *g)
{
    json_t *more = json_pack("{s:s, s:I}", "build", TESSERA_VERSION, "generation", (json_int_t)g->generation);
    const sig_audit_entry e = {.event = "started", .more = more};
    sig_audit_note(g, &e);
    json_decref(more);
}

static bool open_store(program *p, GError **error)
{
    sig_gateway *g = &p->gateway;
    g_autofree char *path = g_build_filename(p->options.data, "tessera.db", NULL);
    g->facts = sig_facts_new();
    sig_commits_init(g);
    sig_audit_file *audit = sig_audit_file_open(p->options.data, g->key.private_key, error);
    g->store = audit ? sig_store_open(path, audit, mcu_wall_ns() / 1000000, error) : NULL;
    if (!g->store || !sig_store_load(g->store, apply_fact, g->facts, error)) {
        return false;
    }
    g->generation = sig_store_next_generation(g->store, error);
    if (g->generation <= 0 || !sig_store_start(g->store, g->base, error)) {
        return false;
    }
    g->audit = sig_audit_new(g);
    note_start(g);
    return true;
}

static bool open_secrets(program *p, GError **error)
{
    if (!sig_key_pair_load(&p->gateway.key, p->options.data, SIG_GATEWAY_KEY, mcu_sign_public, error)) {
        return false;
    }
    if (!sig_key_public_load(p->gateway.recording_key, p->options.data, SIG_RECORDING_KEY, mcu_seal_public, error)) {
        return false;
    }
    char *token = sig_secret_load(p->options.data, "token.key", error);
    char *admin = token ? sig_secret_load(p->options.data, "admin.key", error) : NULL;
    if (admin) {
        p->gateway.auth = sig_auth_new(token, admin);
    }
    sig_secret_free(token);
    sig_secret_free(admin);
    if (!p->gateway.auth) {
        return false;
    }
    p->gateway.operators = sig_operators_new(p->settings, p->gateway.auth);
    return good_or_again(p, sig_operators_reload(p->gateway.operators, error), error);
}

static bool open_assets(program *p, GError **error)
{
    sig_gateway *g = &p->gateway;
    g_autofree char *folder = sig_assets_find(p->settings->assets, error);
    if (!folder) {
        return false;
    }
    g_autofree char *messages = g_build_filename(folder, "api", "messages.json", NULL);
    g_autofree char *api = g_build_filename(folder, "api", "openapi.json", NULL);
    g->messages = sig_schema_load(messages, error);
    g->api = g->messages ? sig_schema_load(api, error) : NULL;
    g->assets = g->api ? sig_assets_new(folder, p->settings->frame_ancestors, error) : NULL;
    if (!g->assets || !good_or_again(p, sig_layouts_open(g, folder, error), error)) {
        return false;
    }
    const char *logo = p->settings->logo;
    g->logo = *logo ? sig_logo_read(logo, error) : NULL;
    return good_or_again(p, g->logo || !*logo, error);
}

static bool open_folder(const program *p, const char *name, int *fd, GError **error)
{
    g_autofree char *path = g_build_filename(p->options.data, name, NULL);
    if (!sig_make_private_folder(path, error)) {
        return false;
    }
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "cannot open %s", path);
    }
    return *fd >= 0;
}

/* ---- serving ---- */

static void check_closing(evutil_socket_t fd, short what, void *user);

static void check_retention(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    program *p = user;
    sig_retention_run(&p->gateway, mcu_wall_ns() / 1000000);
    sig_timer_arm(p->retention, RETENTION_CHECK_MS);
}

static void on_ready(void *user)
{
    program *p = user;
    p->ready = true;
    for (int i = 0; i < p->options.sockets; i++) {
        bool admin = p->gateway.admin_http && i >= p->options.sockets - p->options.admin_sockets;
        if (!sig_http_listen(admin ? p->gateway.admin_http : p->gateway.http, CONTROL_FD + 1 + i)) {
            mcu_error_log("http.listen", "socket=%d", i);
        }
    }
    sig_launcher_ready(p->gateway.launcher);
    sig_recording_files_tidy(&p->gateway);
    check_retention(-1, 0, p);
    mcu_info("gateway.ready", "port=%u rooms=%u adopted=%u generation=%lld", p->settings->port,
             sig_facts_live_rooms(p->gateway.facts), sig_supervisor_running(p->gateway.supervisor),
             (long long)p->gateway.generation);
    if (p->gateway.closing) {
        check_closing(-1, 0, p);
    }
}

static void on_exited(void *user, int64_t pid, int status)
{
    (void)user; /* its socket has closed: what follows happens there */
    mcu_info("room.exited", "pid=%lld status=%d", (long long)pid, status);
}

/* Without a launcher no room can be started; the rooms go on, and the next gateway finds them. */
static void on_launcher_lost(void *user)
{
    program *p = user;
    mcu_error_log("gateway.alone", "the launcher is gone=%d", 1);
    p->status = 1;
    event_base_loopbreak(p->gateway.base);
}

static void leave(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((program *)user)->gateway.base);
}

static void on_drained(void *user)
{
    sig_timer_arm(((program *)user)->goodbye, GOODBYE_MS);
}

static void stop_listening(program *p)
{
    sig_http_stop_listening(p->gateway.http);
    if (p->gateway.admin_http) {
        sig_http_stop_listening(p->gateway.admin_http);
    }
}

static void end_now(program *p)
{
    if (!p->gateway.draining) {
        mcu_info("gateway.draining", "rooms=%u", sig_supervisor_running(p->gateway.supervisor));
        p->gateway.draining = true;
        stop_listening(p);
        sig_supervisor_drain(p->gateway.supervisor, on_drained, p);
    }
}

/* Who is in a visit may still come back to it, so listening goes on. */
static void check_closing(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    program *p = user;
    if (sig_supervisor_occupied(p->gateway.supervisor) == 0 || mcu_now_ns() >= p->close_ns) {
        end_now(p);
    } else {
        sig_timer_arm(p->closing, CLOSING_CHECK_MS);
    }
}

static void close_gently(program *p, int64_t at_most_ms)
{
    if (p->gateway.closing || p->gateway.draining) {
        return;
    }
    mcu_info("gateway.closing", "occupied=%u at_most_ms=%" PRId64, sig_supervisor_occupied(p->gateway.supervisor), at_most_ms);
    p->gateway.closing = true;
    p->close_ns = mcu_now_ns() + at_most_ms * 1000000;
    if (p->ready) { /* else there may be visits that are not known yet */
        check_closing(-1, 0, p);
    }
}

static void on_close_gently(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    program *p = user;
    close_gently(p, p->settings->drain_seconds * 1000);
}

static void on_terminate(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    end_now(user);
}

static void open_events(program *p)
{
    struct event_base *base = p->gateway.base;
    struct timeval every = {CERTIFICATE_CHECK_S, 0};
    p->terminate = evsignal_new(base, SIGTERM, on_terminate, p);
    p->close_gently = evsignal_new(base, SIGUSR1, on_close_gently, p);
    p->closing = sig_timer_new(base, check_closing, p);
    p->hangup = evsignal_new(base, SIGHUP, on_hangup, p);
    p->certificate = event_new(base, -1, EV_PERSIST, check_certificate, p);
    p->goodbye = sig_timer_new(base, leave, p);
    p->retention = sig_timer_new(base, check_retention, p);
    event_add(p->terminate, NULL);
    event_add(p->close_gently, NULL);
    event_add(p->hangup, NULL);
    event_add(p->certificate, &every);
    sigset_t handled; /* the launcher starts us with these blocked, so that none ends us before */
    sigemptyset(&handled);
    sigaddset(&handled, SIGTERM);
    sigaddset(&handled, SIGHUP);
    sigaddset(&handled, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &handled, NULL);
    p->reloads = mcu_counter_get("tessera_tls_reloads_total", NULL, "Certificates loaded while running.");
}

static bool open_all(program *p, GError **error)
{
    static const sig_launcher_events events = {on_exited, on_launcher_lost};
    sig_gateway *g = &p->gateway;
    g->settings = p->settings;
    g->rooms_dir_fd = g->recordings_dir_fd = -1;
    g->base = event_base_new();
    if (!sig_make_private_folder(p->options.data, error) || !open_tls(p, error) ||
        !good_or_again(p, sig_phone_settings_check_files(g->settings->config, error), error) || !open_secrets(p, error) ||
        !open_assets(p, error) || !open_folder(p, "rooms", &g->rooms_dir_fd, error) ||
        !open_folder(p, "recordings", &g->recordings_dir_fd, error) ||
        !good_or_again(p, sig_recording_spare_open(g, error), error) || !open_store(p, error)) {
        return false;
    }
    g->offers_of_seat = sig_rate_new(g->settings->offers_per_minute, OFFER_KEYS);
    g->offers_from = sig_rate_new(OFFERS_FROM_TIMES * g->settings->offers_per_minute, OFFER_KEYS);
    g->links = sig_links_new();
    g->ice = sig_ice_new(g->base, g->settings);
    g->launcher = sig_launcher_new(g->base, CONTROL_FD, &events, p);
    g->supervisor = sig_supervisor_new(g);
    g->data = p->options.data;
    g_autoptr(GError) no_phone = NULL;
    g->phone = sig_phone_new(g, &no_phone);
    if (no_phone && !good_or_again(p, false, &no_phone)) {
        g_propagate_error(error, g_steal_pointer(&no_phone));
        return false;
    }
    g_autoptr(GError) no_store = NULL;
    g->upload = sig_upload_new(g, &no_store);
    if (no_store && !good_or_again(p, false, &no_store)) {
        g_propagate_error(error, g_steal_pointer(&no_store));
        return false;
    }
    g->http = sig_http_new(g, false, sig_routes, sig_n_routes, sig_page_fallback);
    if (g->settings->admin_port != 0) {
        g->admin_http = sig_http_new(g, true, sig_routes, sig_n_routes, sig_page_fallback);
    }
    open_events(p);
    return true;
}

static void close_events(program *p)
{
    struct event *const all[] = {p->terminate, p->close_gently, p->closing, p->hangup, p->certificate, p->goodbye, p->retention};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i]) {
            event_free(all[i]);
        }
    }
}

static void close_all(program *p)
{
    sig_gateway *g = &p->gateway;
    g->draining = true; /* what ends now starts nothing new */
    stop_listening(p);
    sig_http_drop_sockets(g->http); /* they let go of their rooms */
    if (g->admin_http) {
        sig_http_drop_sockets(g->admin_http);
    }
    sig_phone_free(g_steal_pointer(&g->phone));
    sig_launcher_free(g->launcher);
    sig_supervisor_free(g->supervisor); /* answers the requests that wait for a room */
    sig_http_free(g->admin_http);
    sig_http_free(g->http);
    sig_tools_end();
    sig_links_free(g->links);
    sig_upload_free(g->upload);
    sig_store_close(g->store);
    sig_commits_clear(g);
    sig_audit_free(g->audit);
    sig_ice_free(g->ice);
    sig_rate_free(g->offers_of_seat);
    sig_rate_free(g->offers_from);
    sig_layouts_close(g);
    g_clear_pointer(&g->logo, g_free);
    sig_assets_free(g->assets);
    sig_schema_free(g->messages);
    sig_schema_free(g->api);
    sig_operators_free(g->operators);
    sig_auth_free(g->auth);
    sig_key_pair_clear(&g->key);
    sig_facts_free(g->facts);
    close_events(p);
    event_base_free(g->base); /* runs what libevent still has to free */
    sig_tls_free(g->tls);
    const int folders[] = {g->rooms_dir_fd, g->recordings_dir_fd};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (folders[i] >= 0) {
            close(folders[i]);
        }
    }
}

static mcu_log_level level_of(const char *name)
{
    static const char *const names[] = {"", "error", "warn", "info", "debug"};
    for (unsigned i = MCU_LOG_ERROR; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (mcu_log_level)i;
        }
    }
    return MCU_LOG_INFO;
}

int main(int argc, char **argv)
{
    program p = {.options = {.closing_ms = -1}};
    g_autoptr(GError) error = NULL;
    struct stat st;
    int status = sig_options_read(&p.options, argc, argv);
    if (status >= 0) {
        return status;
    }
    if (!p.options.data || fstat(CONTROL_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fputs("tessera: is started by tessera-launcher; see tessera-launcher --help\n", stderr);
        return 2;
    }
    mcu_no_dump();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the launcher, which says when to drain */
    p.settings = sig_settings_load(p.options.config, p.options.port, &error);
    if (p.settings) {
        mcu_log_init("tessera", level_of(p.settings->log_level));
    }
    if (!p.settings || !open_all(&p, &error)) {
        fprintf(stderr, "tessera: %s\n", error ? error->message : "cannot start");
        sig_store_close(p.gateway.store); /* its thread would still sign records while OpenSSL is taken down at exit */
        return 1;
    }
    if (p.options.closing_ms >= 0) {
        close_gently(&p, p.options.closing_ms);
    }
    sig_client_warn(p.settings);
    sig_supervisor_start(p.gateway.supervisor, on_ready, &p);
    event_base_dispatch(p.gateway.base);
    close_all(&p);
    sig_settings_free(p.settings);
    mcu_info("gateway.end", "status=%d", p.status);
    return p.status;
}
