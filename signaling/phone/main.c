/* main.c - tessera-phone: connects to the gateway, opens SIP as it says, and runs the loop.  Descriptor 3 is the folder with the
 * gateway's socket. It ends by itself when there has been neither a gateway nor a call for a minute. */
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/no_dump.h"
#include "mcu/base/sandbox.h"
#include "mcu/net/srtp.h"
#include "signaling/phone/call.h"
#include "signaling/phone/link.h"
#include "signaling/phone/prompts.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

#define FOLDER_FD 3
#define SOCKET_NAME "phone"
#define ALONE_S 60
#define SHUTDOWN_MS 2000
#define CHANGED_S 2

typedef struct {
    tel_phone phone;
    unsigned alone, changed; /* GLib sources */
    int status;
} program;

static unsigned count_calls(const program *p)
{
    return g_hash_table_size(p->phone.calls);
}

static gboolean on_alone(void *user)
{
    program *p = user;
    if (count_calls(p) > 0) {
        return G_SOURCE_CONTINUE;
    }
    mcu_info("phone.alone", "seconds=%d", ALONE_S);
    p->alone = 0;
    g_main_loop_quit(p->phone.loop);
    return G_SOURCE_REMOVE;
}

static void watch_alone(program *p, bool alone)
{
    if (p->alone) {
        g_source_remove(p->alone);
        p->alone = 0;
    }
    if (alone) {
        p->alone = g_timeout_add_seconds(ALONE_S, on_alone, p);
    }
}

static void fail(program *p, const GError *error)
{
    mcu_error_log("phone.start", "error=\"%s\"", error->message);
    p->status = 1;
    g_main_loop_quit(p->phone.loop);
}

/* The certificate has been read, the ports are open: prompts and names are all that is left to look up. */
static bool shut_the_rest(const tel_config *c, GError **error)
{
    const char *const readable[] = {c->prompts, "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", NULL};
    return mcu_sandbox_enter(readable, error);
}

static void begin(program *p, json_t *config)
{
    g_autoptr(GError) error = NULL;
    p->phone.config = tel_config_new(config, &error);
    if (!p->phone.config) {
        fail(p, error);
        return;
    }
    p->phone.prompts = tel_prompts_new(p->phone.config->prompts);
    tel_prompts_name_clinic(p->phone.prompts, p->phone.config->languages, p->phone.config->clinic);
    p->phone.next_port = p->phone.config->rtp_min;
    p->phone.ua = tel_ua_new(&p->phone, &error);
    if (!p->phone.ua || !shut_the_rest(p->phone.config, &error)) {
        fail(p, error);
        return;
    }
    mcu_info("phone.ready", "port=%u tls_port=%u trunks=%u", p->phone.config->port, p->phone.config->tls_port,
             p->phone.config->n_trunks);
}

static gboolean on_changed(void *user)
{
    program *p = user;
    if (count_calls(p) == 0) {
        g_main_loop_quit(p->phone.loop);
    }
    return G_SOURCE_CONTINUE;
}

/* Another configuration: calls go on as they are; after the last of them the launcher starts us anew. */
static void watch_config(program *p, const json_t *config)
{
    bool same = json_equal(config, p->phone.config->json);
    if (!same && !p->changed) {
        mcu_info("phone.changed", "calls=%u", count_calls(p));
        p->changed = g_timeout_add_seconds(CHANGED_S, on_changed, p);
    } else if (same && p->changed) {
        g_source_remove(p->changed);
        p->changed = 0;
    }
}

static void on_hello(void *user, json_t *config)
{
    program *p = user;
    watch_alone(p, false);
    if (!p->phone.ua) {
        begin(p, config);
        return;
    }
    watch_config(p, config);
    if (p->changed && count_calls(p) == 0) {
        g_main_loop_quit(p->phone.loop);
        return;
    }
    GHashTableIter i;
    void *call = NULL;
    g_hash_table_iter_init(&i, p->phone.calls);
    while (g_hash_table_iter_next(&i, NULL, &call)) {
        tel_call_tell(call);
    }
    for (unsigned t = 0; tel_ua_trunk(p->phone.ua, t); t++) {
        tel_trunk_tell(tel_ua_trunk(p->phone.ua, t));
    }
}

static void on_message(void *user, const char *type, const json_t *m)
{
    program *p = user;
    const char *id = json_string_value(json_object_get(m, "call")), *reason = json_string_value(json_object_get(m, "reason"));
    tel_call *c = id ? g_hash_table_lookup(p->phone.calls, id) : NULL;
    const char *number = json_string_value(json_object_get(m, "number"));
    if (strcmp(type, "dial") == 0 && p->phone.ua) {
        tel_call_dial(&p->phone, m);
    } else if (strcmp(type, "adopt") == 0 && p->phone.ua) {
        tel_call_adopt(&p->phone, m);
    } else if (strcmp(type, "hangup") == 0 && c) {
        tel_call_hang_up(c, reason ? reason : "ended");
    } else if (strcmp(type, "transfer") == 0 && c && number) {
        tel_call_transfer(c, number);
    } else if (strcmp(type, "keyframe") == 0 && c) {
        tel_call_ask_keyframe(c);
    } else if (strcmp(type, "again") == 0 && c) {
        tel_call_hand_again(c);
    }
}

static void on_lost(void *user)
{
    watch_alone(user, true);
}

static gboolean on_signal(void *user)
{
    g_main_loop_quit(((program *)user)->phone.loop);
    return G_SOURCE_CONTINUE;
}

static void let_signals_through(void)
{
    sigset_t all;
    sigemptyset(&all);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGHUP);
    sigaddset(&all, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static void close_all(program *p)
{
    watch_alone(p, false);
    if (p->changed) {
        g_source_remove(p->changed);
    }
    g_hash_table_destroy(p->phone.calls);
    tel_ua_free(p->phone.ua, SHUTDOWN_MS);
    tel_link_free(p->phone.link);
    tel_prompts_free(p->phone.prompts);
    tel_config_free(p->phone.config);
    g_main_loop_unref(p->phone.loop);
}

int main(int argc, char **argv)
{
    static const tel_link_events events = {on_hello, on_message, on_lost};
    program p = {0};
    struct stat st;
    g_autoptr(GError) error = NULL;
    if (argc > 1 || fstat(FOLDER_FD, &st) != 0 || !S_ISDIR(st.st_mode)) {
        fprintf(stderr, "%s: is started by tessera-launcher when the configuration has [phone] listen\n", argv[0]);
        return 2;
    }
    mcu_no_dump();
    mcu_log_init("phone", MCU_LOG_INFO);
    if (!mcu_srtp_warm(&error)) {
        mcu_error_log("phone.srtp", "error=\"%s\"", error->message);
        return 1;
    }
    p.phone.loop = g_main_loop_new(NULL, FALSE);
    p.phone.calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, tel_call_free);
    g_unix_signal_add(SIGTERM, on_signal, &p);
    let_signals_through();
    watch_alone(&p, true);
    p.phone.link = tel_link_new(FOLDER_FD, SOCKET_NAME, &events, &p);
    g_main_loop_run(p.phone.loop);
    close_all(&p);
    mcu_info("phone.end", "status=%d", p.status);
    return p.status;
}
