/* tessera-room: starts as an idle process that listens on descriptor 3, becomes one room, exits when the room is over. */
#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mcu/base/no_dump.h"
#include "mcu/base/sandbox.h"
#include "mcu/room/gateway.h"
#include "mcu/room/warm.h"

#define LISTEN_FD 3

typedef struct {
    GMainLoop *loop;
    mcu_gateway *gateway;
} program;

static void on_finished(void *user)
{
    program *p = user;
    g_main_loop_quit(p->loop);
}

static gboolean on_term(gpointer user)
{
    program *p = user;
    mcu_gateway_end(p->gateway, "draining");
    return G_SOURCE_CONTINUE;
}

static int usage(FILE *out, int code)
{
    fputs("tessera-room " TESSERA_VERSION
          ": one visit's media. Started by tessera-launcher with a listening socket as descriptor 3.\n"
          "  --no-sandbox   for sanitizers and debuggers only\n",
          out);
    return code;
}

/* A room is one of many: its threads, most of which work in turn, share two arenas, and large memory goes back when freed. */
static void spare_memory(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    /* x264 asks for huge pages and uses them in part; without, it is 1 to 2 % slower. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
    bool sandbox = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return usage(stdout, 0);
        }
        if (strcmp(argv[i], "--no-sandbox") != 0) {
            return usage(stderr, 2);
        }
        sandbox = false;
    }
    if (fcntl(LISTEN_FD, F_GETFD) < 0) {
        fputs("tessera-room: no listening socket on descriptor 3; start tessera-launcher instead\n", stderr);
        return 2;
    }
    (void)fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
    mcu_no_dump();
    spare_memory();
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); /* a recorder that hangs in a write is still using it when we exit */
    mcu_log_init("room", MCU_LOG_INFO);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    g_autoptr(GError) error = NULL;
    if (!mcu_room_warm(&error) || (sandbox && !mcu_sandbox_enter(mcu_room_files(), &error))) {
        mcu_error_log("room.start", "error=%s", error->message);
        return 1;
    }
    malloc_trim(0); /* what the start alone needed */
    program p = {.loop = g_main_loop_new(NULL, FALSE)};
    p.gateway = mcu_gateway_new(g_main_context_default(), LISTEN_FD, on_finished, &p);
    guint term = g_unix_signal_add(SIGTERM, on_term, &p);
    g_main_loop_run(p.loop);
    g_source_remove(term);
    mcu_gateway_free(p.gateway);
    g_main_loop_unref(p.loop);
    return 0;
}
