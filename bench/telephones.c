#include "bench/telephones.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mcu/base/bytes.h"
#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "mixer/g711.h"

enum { FRAME = 160, HEADER = 12, RATE = 8000, TICK_MS = 20, PULSE_TICKS = 25, PULSE_LENGTH = 5, LOUD = 2000 };

bool telephones_options(telephones *t, int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "n:t:s:")) != -1;) {
        unsigned value = o == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);
        if (value < 1 || value > TELEPHONES_MAX) {
            return false;
        }
        *(o == 'n' ? &t->n : o == 't' ? &t->talkers : &t->seconds) = value;
    }
    return true;
}

int telephones_socket(mcu_leg_address *at)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof at->v4;
    *at = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || bind(fd, &at->any, size) != 0 || getsockname(fd, &at->any, &size) != 0) {
        perror("socket");
        exit(1);
    }
    return fd;
}

typedef struct {
    const telephones *b;
    unsigned tick;
    int64_t pulse_ns; /* wall clock: when the newest pulse left; 0 = none has */
    bool heard[TELEPHONES_MAX];
    unsigned n_delays;
    double delays_ms[4096];
} session;

static bool pulsing(const session *t)
{
    return t->tick >= (TELEPHONES_WARM_S + t->b->seconds + 1) * 1000 / TICK_MS;
}

static int16_t sample(const session *t, unsigned leg, unsigned i)
{
    double at = (double)(t->tick * FRAME + i) / RATE;
    if (pulsing(t)) {
        return leg == 0 && t->tick % PULSE_TICKS < PULSE_LENGTH ? (int16_t)(9000 * sin(2 * M_PI * 1000 * at + 1)) : 0;
    }
    return leg < t->b->talkers ? (int16_t)(5000 * sin(2 * M_PI * (300 + 40 * leg) * at) * pow(sin(M_PI * 4 * at), 2)) : 0;
}

static void send_all(session *t)
{
    if (pulsing(t) && t->tick % PULSE_TICKS == 0) {
        t->pulse_ns = mcu_wall_ns();
        memset(t->heard, 0, sizeof t->heard);
    }
    for (unsigned leg = 0; leg < t->b->n; leg++) {
        uint8_t packet[HEADER + FRAME] = {0x80, 0};
        mcu_wr16(packet + 2, (uint16_t)t->tick);
        mcu_wr32(packet + 4, t->tick * FRAME);
        mcu_wr32(packet + 8, 1000 + leg);
        for (unsigned i = 0; i < FRAME; i++) {
            packet[HEADER + i] = mix_linear_to_ulaw(sample(t, leg, i));
        }
        (void)sendto(t->b->fd[leg], packet, sizeof packet, 0, &t->b->to[leg].any, sizeof t->b->to[leg].v4);
    }
}

/* When the kernel got it, so that it does not count when somebody looked. */
static int64_t stamp_of(struct msghdr *m)
{
    struct timespec t = {0};
    const struct cmsghdr *h = CMSG_FIRSTHDR(m);
    if (h != NULL && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS) {
        memcpy(&t, CMSG_DATA(h), sizeof t);
    }
    return t.tv_sec * MCU_NS_PER_SEC + t.tv_nsec;
}

static void look_for_pulse(session *t, unsigned leg, const uint8_t *packet, unsigned n, int64_t stamp_ns)
{
    for (unsigned i = HEADER; i < n; i++) {
        if (abs(mix_ulaw_to_linear(packet[i])) > LOUD) {
            t->heard[leg] = true;
            if (t->n_delays < G_N_ELEMENTS(t->delays_ms)) {
                t->delays_ms[t->n_delays++] = (double)(stamp_ns - t->pulse_ns) / 1e6 + (i - HEADER) * 1000.0 / RATE;
            }
            return;
        }
    }
}

static void receive(session *t, unsigned leg)
{
    for (;;) {
        uint8_t packet[1500];
        _Alignas(struct cmsghdr) uint8_t note[CMSG_SPACE(sizeof(struct timespec))];
        struct iovec part = {packet, sizeof packet};
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = note, .msg_controllen = sizeof note};
        ssize_t n = recvmsg(t->b->fd[leg], &m, MSG_DONTWAIT);
        if (n < 0) {
            return;
        }
        if (t->pulse_ns != 0 && leg != 0 && !t->heard[leg]) {
            look_for_pulse(t, leg, packet, (unsigned)n, stamp_of(&m));
        }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void telephones_talk(const telephones *b, int out)
{
    static session t;
    unsigned seconds = TELEPHONES_WARM_S + b->seconds + TELEPHONES_AFTER_S;
    t.b = b;
    for (unsigned i = 0; i < b->n; i++) {
        (void)setsockopt(b->fd[i], SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    }
    /* Nobody waits for a packet: who sends one wakes nobody, as when it leaves by a network. */
    for (int64_t next_ns = mcu_now_ns(); t.tick < seconds * 1000 / TICK_MS; next_ns += TICK_MS * MCU_NS_PER_MS) {
        mcu_sleep_until_ns(next_ns);
        for (unsigned i = 0; i < b->n; i++) {
            receive(&t, i);
        }
        send_all(&t);
        t.tick++;
    }
    qsort(t.delays_ms, t.n_delays, sizeof *t.delays_ms, by_value);
    double p50 = t.n_delays ? t.delays_ms[t.n_delays / 2] : -1, p95 = t.n_delays ? t.delays_ms[t.n_delays * 95 / 100] : -1;
    dprintf(out, "\"delay_p50_ms\": %.1f, \"delay_p95_ms\": %.1f, \"pulses\": %u", p50, p95, t.n_delays);
}
