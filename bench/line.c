/* line.c - tessera-line: a line of a given rate and delay between two hosts, for kernels without netem.
 * tessera-line [-r KBIT] [-d MS] [-q MS] TAP TAP   makes two TAP devices and carries frames between them until SIGTERM, or until
 * whoever started it is gone. -r: rate of each way in kbit/s of IP bytes (0: any), -d: delay of one way, -q: how long a packet
 * may wait for its turn; what would wait longer is dropped. The devices may be moved to other network namespaces once "ready" is
 * said. At the end it prints what each way carried as JSON: "ab" is from the first device to the second. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, QUEUE = 1024, ETHERNET_HEADER = 14, BATCH = 64 };
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

typedef struct {
    int64_t due_ns;
    size_t size;
    uint8_t data[FRAME_MAX];
} frame;

/* One way: frames leave in the order in which they came. */
typedef struct {
    int from, to;
    int64_t free_ns; /* when the line has sent what is before a new frame */
    unsigned head, count;
    uint64_t packets, bytes, dropped;
    frame queue[QUEUE];
} way;

typedef struct {
    int64_t rate_bps, delay_ns, queue_ns;
} shape;

static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int open_tap(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
        fprintf(stderr, "tessera-line: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

static void take(way *w, const shape *s, const uint8_t *data, size_t size, int64_t now)
{
    int64_t starts = w->free_ns > now ? w->free_ns : now;
    if (w->count == QUEUE || starts - now > s->queue_ns) {
        w->dropped++;
        return;
    }
    size_t counted = size > ETHERNET_HEADER ? size - ETHERNET_HEADER : 0;
    w->free_ns = starts + (s->rate_bps > 0 ? (int64_t)counted * 8 * NS_PER_S / s->rate_bps : 0);
    frame *f = &w->queue[(w->head + w->count++) % QUEUE];
    f->due_ns = w->free_ns + s->delay_ns;
    f->size = size;
    memcpy(f->data, data, size);
    w->packets++;
    w->bytes += counted;
}

static void receive(way *w, const shape *s)
{
    uint8_t data[FRAME_MAX];
    for (int i = 0; i < BATCH; i++) {
        ssize_t n = read(w->from, data, sizeof data);
        if (n <= 0) {
            return;
        }
        take(w, s, data, (size_t)n, now_ns());
    }
}

/* Sends what is due; returns when the next frame is, INT64_MAX without one. */
static int64_t deliver(way *w, int64_t now)
{
    while (w->count > 0 && w->queue[w->head].due_ns <= now) {
        const frame *f = &w->queue[w->head];
        if (write(w->to, f->data, f->size) < 0 && errno != EIO) { /* EIO: the device is not up yet */
            w->dropped++;
        }
        w->head = (w->head + 1) % QUEUE;
        w->count--;
    }
    return w->count > 0 ? w->queue[w->head].due_ns : INT64_MAX;
}

static void carry(way ways[2], const shape *s)
{
    struct pollfd polled[2] = {{.fd = ways[0].from, .events = POLLIN}, {.fd = ways[1].from, .events = POLLIN}};
    while (!stopped) {
        int64_t next = INT64_MAX, now = now_ns();
        for (int i = 0; i < 2; i++) {
            int64_t due = deliver(&ways[i], now);
            next = due < next ? due : next;
        }
        int64_t wait = next == INT64_MAX ? NS_PER_S : next > now ? next - now : 0;
        struct timespec t = {.tv_sec = wait / NS_PER_S, .tv_nsec = wait % NS_PER_S};
        if (ppoll(polled, 2, &t, NULL) < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            if (polled[i].revents & POLLIN) {
                receive(&ways[i], s);
            }
        }
    }
}

static void tell(const char *name, const way *w, const char *after)
{
    printf("\"%s\": {\"packets\": %llu, \"bytes\": %llu, \"dropped\": %llu}%s", name, (unsigned long long)w->packets,
           (unsigned long long)w->bytes, (unsigned long long)w->dropped, after);
}

int main(int argc, char **argv)
{
    static way ways[2];
    shape s = {.queue_ns = NS_PER_S};
    for (int option; (option = getopt(argc, argv, "r:d:q:")) != -1;) {
        int64_t value = optarg ? strtoll(optarg, NULL, 10) : -1;
        int64_t *target = option == 'r' ? &s.rate_bps : option == 'd' ? &s.delay_ns : &s.queue_ns;
        if (option == '?' || value < 0 || value > 1000000) {
            return 2;
        }
        *target = value * (option == 'r' ? 1000 : NS_PER_MS);
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: tessera-line [-r KBIT] [-d MS] [-q MS] TAP TAP\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    int fd[2] = {open_tap(argv[optind]), open_tap(argv[optind + 1])};
    for (int i = 0; i < 2; i++) {
        ways[i].from = fd[i];
        ways[i].to = fd[!i];
    }
    printf("ready\n");
    fflush(stdout);
    carry(ways, &s);
    printf("{");
    tell("ab", &ways[0], ", ");
    tell("ba", &ways[1], "}\n");
    return 0;
}
