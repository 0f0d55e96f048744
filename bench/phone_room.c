/* phone_room.c - tessera-phone-room: a room of telephones and nothing else, PCMU in clear over loopback.
 * tessera-phone-room [-n LEGS] [-t TALKERS] [-s SECONDS]   prints as JSON the CPU milliseconds that the room's process takes for
 * a second and leg, and how long a sound takes through it: from the packet that brings it to the packet that takes it on, less
 * the way inside them. The telephones are a process of their own, so that their work is not counted. */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/telephones.h"
#include "mcu/base/log.h"
#include "mcu/net/srtp.h"
#include "mcu/room/room.h"

typedef struct {
    telephones phones;
    int room[TELEPHONES_MAX][2];
    mcu_leg_address far_at[TELEPHONES_MAX];
    mcu_leg_address far_rtcp[TELEPHONES_MAX];
} bench;

/* ---- the room ---- */

static void on_send(void *user, json_t *take, const char *coalesce)
{
    (void)user;
    (void)coalesce;
    if (g_strcmp0(json_string_value(json_object_get(take, "type")), "error") == 0) {
        fprintf(stderr, "tessera-phone-room: %s\n", json_string_value(json_object_get(take, "message")));
        exit(1);
    }
    json_decref(take);
}

static void on_finished(void *user, const char *reason)
{
    (void)user;
    (void)reason;
}

static mcu_room *open_room(bench *b)
{
    static const mcu_room_callbacks callbacks = {.send = on_send, .finished = on_finished};
    json_t *seats = json_array();
    for (unsigned i = 0; i < b->phones.n; i++) {
        g_autofree char *seat = g_strdup_printf("p%u", i);
        json_array_append_new(seats, json_pack("{ss ss ss}", "seat", seat, "name", "Phone", "role", "guest"));
    }
    json_t *open = json_pack("{ss ss so}", "room", "bench", "name", "Bench", "seats", seats);
    mcu_room *r = mcu_room_new(g_main_context_default(), open, &callbacks, NULL, NULL);
    json_decref(open);
    for (unsigned i = 0; r != NULL && i < b->phones.n; i++) {
        g_autofree char *seat = g_strdup_printf("p%u", i), *session = g_strdup_printf("c%u", i);
        mcu_leg_state s = {.codec = MCU_CODEC_PCMU, .ptime_ms = 20, .event_pt = 101, .ssrc = 1 + i};
        s.remote = b->far_at[i];
        s.remote_rtcp = b->far_rtcp[i];
        json_t *m = json_pack("{ss ss ss so}", "type", "leg", "seat", seat, "session", session, "leg", mcu_leg_to_json(&s));
        mcu_room_handle_fds(r, m, b->room[i], 2);
        json_decref(m);
    }
    return r;
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

typedef struct {
    GMainLoop *loop;
    double begin_s, end_s;
} meter;

static gboolean begin(gpointer user)
{
    ((meter *)user)->begin_s = cpu_s();
    return G_SOURCE_REMOVE;
}

static gboolean end(gpointer user)
{
    ((meter *)user)->end_s = cpu_s();
    return G_SOURCE_REMOVE;
}

static gboolean on_done(int fd, GIOCondition condition, gpointer user)
{
    (void)fd;
    (void)condition;
    g_main_loop_quit(((meter *)user)->loop);
    return G_SOURCE_REMOVE;
}

static int run_room(bench *b, int from)
{
    char text[256] = "";
    mcu_room *r = mcu_srtp_warm(NULL) ? open_room(b) : NULL;
    if (r == NULL) {
        return 1;
    }
    meter m = {.loop = g_main_loop_new(NULL, FALSE)};
    g_timeout_add(TELEPHONES_WARM_S * 1000, begin, &m);
    g_timeout_add((TELEPHONES_WARM_S + b->phones.seconds) * 1000, end, &m);
    g_unix_fd_add(from, G_IO_IN | G_IO_HUP, on_done, &m);
    g_main_loop_run(m.loop);
    g_main_loop_unref(m.loop);
    ssize_t n = read(from, text, sizeof text - 1);
    mcu_room_free(r);
    printf("{\"cpu_ms_per_leg\": %.4f, %s}\n", (m.end_s - m.begin_s) * 1000 / b->phones.seconds / b->phones.n,
           n > 0 ? text : "\"pulses\": 0");
    return 0;
}

int main(int argc, char **argv)
{
    bench b = {.phones = {.n = 10, .talkers = 10, .seconds = 10}};
    if (!telephones_options(&b.phones, argc, argv)) {
        fprintf(stderr, "tessera-phone-room [-n LEGS] [-t TALKERS] [-s SECONDS]\n");
        return 2;
    }
    mcu_log_init("bench", MCU_LOG_WARN);
    for (unsigned i = 0; i < b.phones.n; i++) {
        mcu_leg_address unused;
        b.room[i][0] = telephones_socket(&b.phones.to[i]);
        b.room[i][1] = telephones_socket(&unused);
        b.phones.fd[i] = telephones_socket(&b.far_at[i]);
        (void)telephones_socket(&b.far_rtcp[i]); /* nobody reads the reports */
    }
    int ends[2];
    if (pipe(ends) != 0) {
        return 1;
    }
    pid_t child = fork(); /* before any library has started anything */
    if (child == 0) {
        telephones_talk(&b.phones, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    int status = run_room(&b, ends[0]);
    waitpid(child, NULL, 0);
    return status;
}
