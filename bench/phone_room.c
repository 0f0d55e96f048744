/* phone_room.c - tessera-phone-room: a room of telephones and nothing else, PCMU in clear over loopback.
 * tessera-phone-room [-n LEGS] [-t TALKERS] [-s SECONDS]   prints as JSON the CPU milliseconds that the room's process takes for
 * a second and leg, and how long a sound takes through it: from the packet that brings it to the packet that takes it on, less
 * the way inside them. The telephones are a process of their own, so that their work is not counted. */
#include <arpa/inet.h>
#include <getopt.h>
#include <glib-unix.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/bytes.h"
#include "mcu/base/clock.h"
#include "mcu/base/leg.h"
#include "mcu/base/log.h"
#include "mcu/net/srtp.h"
#include "mcu/room/room.h"
#include "mixer/g711.h"

enum {
    LEGS_MAX = 60,
    FRAME = 160,
    HEADER = 12,
    RATE = 8000,
    TICK_MS = 20,
    WARM_S = 3,
    PULSE_TICKS = 25,
    PULSE_LENGTH = 5,
    LOUD = 2000
};

typedef struct {
    unsigned legs, talkers, seconds;
    int room[LEGS_MAX][2], far[LEGS_MAX][2];
    mcu_leg_address room_at[LEGS_MAX], far_at[LEGS_MAX][2];
} bench;

static int open_socket(mcu_leg_address *at)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof at->v4;
    *at = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || bind(fd, &at->any, size) != 0 || getsockname(fd, &at->any, &size) != 0) {
        perror("tessera-phone-room: socket");
        exit(1);
    }
    return fd;
}

/* ---- the telephones ---- */

typedef struct {
    const bench *b;
    unsigned tick;
    int64_t pulse_ns; /* when the newest pulse left; 0 = it has been heard by all that will */
    bool heard[LEGS_MAX];
    unsigned n_delays;
    double delays_ms[4096];
} telephones;

static bool pulsing(const telephones *t)
{
    return t->tick >= (WARM_S + t->b->seconds + 1) * 1000 / TICK_MS;
}

static int16_t sample(const telephones *t, unsigned leg, unsigned i)
{
    double at = (double)(t->tick * FRAME + i) / RATE;
    if (pulsing(t)) {
        return leg == 0 && t->tick % PULSE_TICKS < PULSE_LENGTH ? (int16_t)(9000 * sin(2 * M_PI * 1000 * at + 1)) : 0;
    }
    return leg < t->b->talkers ? (int16_t)(5000 * sin(2 * M_PI * (300 + 40 * leg) * at) * pow(sin(M_PI * 4 * at), 2)) : 0;
}

static void send_all(telephones *t)
{
    for (unsigned leg = 0; leg < t->b->legs; leg++) {
        uint8_t packet[HEADER + FRAME] = {0x80, 0};
        mcu_wr16(packet + 2, (uint16_t)t->tick);
        mcu_wr32(packet + 4, t->tick * FRAME);
        mcu_wr32(packet + 8, 1000 + leg);
        for (unsigned i = 0; i < FRAME; i++) {
            packet[HEADER + i] = mix_linear_to_ulaw(sample(t, leg, i));
        }
        (void)sendto(t->b->far[leg][0], packet, sizeof packet, 0, &t->b->room_at[leg].any, sizeof t->b->room_at[leg].v4);
    }
    if (pulsing(t) && t->tick % PULSE_TICKS == 0) {
        t->pulse_ns = mcu_now_ns();
        memset(t->heard, 0, sizeof t->heard);
    }
}

static void receive(telephones *t, unsigned leg)
{
    uint8_t packet[1500];
    ssize_t n = recv(t->b->far[leg][0], packet, sizeof packet, MSG_DONTWAIT);
    if (n < HEADER || t->pulse_ns == 0 || leg == 0 || t->heard[leg]) {
        return;
    }
    for (unsigned i = 0; i < (unsigned)n - HEADER; i++) {
        if (abs(mix_ulaw_to_linear(packet[HEADER + i])) > LOUD) {
            t->heard[leg] = true;
            double ms = (double)(mcu_now_ns() - t->pulse_ns) / 1e6 + i * 1000.0 / RATE;
            if (t->n_delays < G_N_ELEMENTS(t->delays_ms)) {
                t->delays_ms[t->n_delays++] = ms;
            }
            return;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void talk(const bench *b, unsigned seconds, int to)
{
    static telephones t;
    struct pollfd fds[LEGS_MAX];
    t.b = b;
    for (unsigned i = 0; i < b->legs; i++) {
        fds[i] = (struct pollfd){.fd = b->far[i][0], .events = POLLIN};
    }
    int64_t next_ns = mcu_now_ns();
    while (t.tick < seconds * 1000 / TICK_MS) {
        int64_t left_ns = next_ns - mcu_now_ns();
        if (left_ns <= 0) {
            send_all(&t);
            t.tick++;
            next_ns += TICK_MS * MCU_NS_PER_MS;
        } else if (poll(fds, b->legs, (int)(left_ns / MCU_NS_PER_MS) + 1) > 0) {
            for (unsigned i = 0; i < b->legs; i++) {
                if (fds[i].revents) {
                    receive(&t, i);
                }
            }
        }
    }
    qsort(t.delays_ms, t.n_delays, sizeof *t.delays_ms, by_value);
    double p50 = t.n_delays ? t.delays_ms[t.n_delays / 2] : -1, p95 = t.n_delays ? t.delays_ms[t.n_delays * 95 / 100] : -1;
    dprintf(to, "\"delay_p50_ms\": %.1f, \"delay_p95_ms\": %.1f, \"pulses\": %u", p50, p95, t.n_delays);
}

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
    for (unsigned i = 0; i < b->legs; i++) {
        g_autofree char *seat = g_strdup_printf("p%u", i);
        json_array_append_new(seats, json_pack("{ss ss ss}", "seat", seat, "name", "Phone", "role", "guest"));
    }
    json_t *open = json_pack("{ss ss so}", "room", "bench", "name", "Bench", "seats", seats);
    mcu_room *r = mcu_room_new(g_main_context_default(), open, &callbacks, NULL, NULL);
    json_decref(open);
    for (unsigned i = 0; r != NULL && i < b->legs; i++) {
        g_autofree char *seat = g_strdup_printf("p%u", i), *session = g_strdup_printf("c%u", i);
        mcu_leg_state s = {.codec = MCU_CODEC_PCMU, .ptime_ms = TICK_MS, .event_pt = 101, .ssrc = 1 + i};
        s.remote = b->far_at[i][0];
        s.remote_rtcp = b->far_at[i][1];
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
    g_timeout_add(WARM_S * 1000, begin, &m);
    g_timeout_add((WARM_S + b->seconds) * 1000, end, &m);
    g_unix_fd_add(from, G_IO_IN | G_IO_HUP, on_done, &m);
    g_main_loop_run(m.loop);
    g_main_loop_unref(m.loop);
    ssize_t n = read(from, text, sizeof text - 1);
    mcu_room_free(r);
    printf("{\"cpu_ms_per_leg\": %.4f, %s}\n", (m.end_s - m.begin_s) * 1000 / b->seconds / b->legs,
           n > 0 ? text : "\"pulses\": 0");
    return 0;
}

int main(int argc, char **argv)
{
    bench b = {.legs = 10, .talkers = 10, .seconds = 10};
    for (int o; (o = getopt(argc, argv, "n:t:s:")) != -1;) {
        unsigned value = o == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);
        if (value < 1 || value > LEGS_MAX) {
            fprintf(stderr, "tessera-phone-room [-n LEGS] [-t TALKERS] [-s SECONDS]\n");
            return 2;
        }
        *(o == 'n' ? &b.legs : o == 't' ? &b.talkers : &b.seconds) = value;
    }
    mcu_log_init("bench", MCU_LOG_WARN);
    for (unsigned i = 0; i < b.legs; i++) {
        mcu_leg_address unused;
        b.room[i][0] = open_socket(&b.room_at[i]);
        b.room[i][1] = open_socket(&unused);
        b.far[i][0] = open_socket(&b.far_at[i][0]);
        b.far[i][1] = open_socket(&b.far_at[i][1]);
    }
    int ends[2];
    if (pipe(ends) != 0) {
        return 1;
    }
    pid_t child = fork(); /* before any library has started anything */
    if (child == 0) {
        talk(&b, WARM_S + b.seconds + 7, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    int status = run_room(&b, ends[0]);
    waitpid(child, NULL, 0);
    return status;
}
