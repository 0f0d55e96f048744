/* tessera-lab: a link between two hosts that is as bad as you say, for kernels without netem.
 * tessera-lab [-s SEED] [-f SCHEDULE] [SETTING...] DOWN UP   makes two TUN devices and carries packets between them until
 * SIGTERM, or until whoever started it is gone. DOWN is on the server's side, UP on the person's. The devices may be moved to
 * other network namespaces once "ready" is said. Settings and schedules are those of shape.h and schedule.h. Lines on the
 * standard input while it runs: settings; "schedule FILE" (its time begins now); "figures" prints what each way carried as a line
 * of JSON, and begins the percentiles of waiting anew; "queue" prints how long a packet that comes now would wait, in ms. What is
 * wrong is said on the standard error as a line, and changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/network/lab/schedule.h"
#include "tests/network/lab/way.h"

enum { PACKET_MAX = 65536, BATCH = 64, LINE_MAX_SIZE = 1024, FILE_MAX = 65536 };
#define NS_PER_S INT64_C(1000000000)

typedef struct {
    int device[LAB_WAYS]; /* packets that go down are read from device[LAB_DOWN] */
    lab_way *ways[LAB_WAYS];
    lab_shape shapes[LAB_WAYS];
    lab_schedule schedule;
    char line[LINE_MAX_SIZE];
    size_t line_size;
    bool input; /* the standard input is open */
} lab;

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

static int open_tun(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
        fprintf(stderr, "tessera-lab: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

/* ---- what is said to it ---- */

static void complain(const char *what)
{
    fprintf(stderr, "tessera-lab: %s\n", what);
}

static bool apply(lab *l, const char *settings)
{
    char why[160];
    if (!lab_shape_read(l->shapes, settings, why, sizeof why)) {
        complain(why);
        return false;
    }
    for (int i = 0; i < LAB_WAYS; i++) {
        lab_way_set(l->ways[i], &l->shapes[i], now_ns());
    }
    return true;
}

static bool start_schedule(lab *l, const char *path)
{
    static char text[FILE_MAX];
    char why[200];
    FILE *f = fopen(path, "re");
    if (!f) {
        (void)snprintf(why, sizeof why, "%s: %s", path, strerror(errno));
        complain(why);
        return false;
    }
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    if (!lab_schedule_read(&l->schedule, text, why, sizeof why)) {
        complain(why);
        return false;
    }
    lab_schedule_begin(&l->schedule, now_ns());
    return true;
}

static void tell(const char *name, const lab_way *w, const char *after)
{
    const lab_figures *f = &w->figures;
    printf("\"%s\": {\"packets\": %llu, \"bytes\": %llu, \"delivered\": %llu, \"delivered_bytes\": %llu, \"full\": %llu, "
           "\"policed\": %llu, \"lost\": %llu, \"reordered\": %llu, \"wait_p50_ms\": %u, \"wait_p95_ms\": %u, \"wait_max_ms\": "
           "%u}%s",
           name, (unsigned long long)f->packets, (unsigned long long)f->bytes, (unsigned long long)f->delivered,
           (unsigned long long)f->delivered_bytes, (unsigned long long)f->full, (unsigned long long)f->policed,
           (unsigned long long)f->lost, (unsigned long long)f->reordered, lab_way_wait_ms(w, 0.5), lab_way_wait_ms(w, 0.95),
           lab_way_wait_ms(w, 1), after);
}

static void tell_figures(lab *l)
{
    printf("{");
    tell("down", l->ways[LAB_DOWN], ", ");
    tell("up", l->ways[LAB_UP], "}\n");
    fflush(stdout);
    lab_way_clear_waits(l->ways[LAB_DOWN]);
    lab_way_clear_waits(l->ways[LAB_UP]);
}

static void tell_queue(const lab *l)
{
    const int64_t now = now_ns();
    printf("queue down %u up %u\n", lab_way_queue_ms(l->ways[LAB_DOWN], now), lab_way_queue_ms(l->ways[LAB_UP], now));
    fflush(stdout);
}

static void obey(lab *l, const char *line)
{
    if (strcmp(line, "figures") == 0) {
        tell_figures(l);
    } else if (strcmp(line, "queue") == 0) {
        tell_queue(l);
    } else if (strncmp(line, "schedule ", 9) == 0) {
        (void)start_schedule(l, line + 9);
    } else {
        (void)apply(l, line);
    }
}

static void listen_to_input(lab *l)
{
    ssize_t n = read(STDIN_FILENO, l->line + l->line_size, sizeof l->line - 1 - l->line_size);
    if (n <= 0 || l->line_size + (size_t)n == sizeof l->line - 1) {
        l->input = n < 0 && errno == EINTR;
        return;
    }
    l->line_size += (size_t)n;
    l->line[l->line_size] = '\0';
    for (char *end; (end = strchr(l->line, '\n')) != NULL;) {
        *end = '\0';
        obey(l, l->line);
        l->line_size -= (size_t)(end + 1 - l->line);
        memmove(l->line, end + 1, l->line_size + 1);
    }
}

/* ---- packets ---- */

static void receive(int device, lab_way *w)
{
    static uint8_t data[PACKET_MAX];
    for (int i = 0; i < BATCH; i++) {
        ssize_t n = read(device, data, sizeof data);
        if (n <= 0) {
            return;
        }
        lab_way_put(w, data, (size_t)n, now_ns());
    }
}

static void deliver(lab_way *w, int device, int64_t now)
{
    for (lab_packet *p; (p = lab_way_take(w, now)) != NULL; free(p)) {
        (void)!write(device, p->data, p->size); /* a device that is not up yet loses it */
    }
}

static int64_t serve(lab *l)
{
    int64_t now = now_ns();
    for (const char *settings; (settings = lab_schedule_take(&l->schedule, now)) != NULL;) {
        (void)apply(l, settings);
    }
    deliver(l->ways[LAB_DOWN], l->device[LAB_UP], now);
    deliver(l->ways[LAB_UP], l->device[LAB_DOWN], now);
    int64_t next = lab_schedule_next_ns(&l->schedule);
    for (int i = 0; i < LAB_WAYS; i++) {
        int64_t due = lab_way_next_ns(l->ways[i]);
        next = due < next ? due : next;
    }
    return next == INT64_MAX ? NS_PER_S : next > now ? next - now : 0;
}

static void carry(lab *l)
{
    while (!stopped) {
        int64_t wait = serve(l);
        struct pollfd polled[] = {{.fd = l->device[LAB_DOWN], .events = POLLIN},
                                  {.fd = l->device[LAB_UP], .events = POLLIN},
                                  {.fd = l->input ? STDIN_FILENO : -1, .events = POLLIN}};
        struct timespec t = {.tv_sec = wait / NS_PER_S, .tv_nsec = wait % NS_PER_S};
        if (ppoll(polled, 3, &t, NULL) < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < LAB_WAYS; i++) {
            if (polled[i].revents & POLLIN) {
                receive(l->device[i], l->ways[i]);
            }
        }
        if (polled[2].revents != 0) {
            listen_to_input(l);
        }
    }
}

static bool set_up(lab *l, int argc, char **argv)
{
    uint64_t seed = 1;
    bool ok = true;
    for (int option; (option = getopt(argc, argv, "s:f:")) != -1;) {
        if (option == 's') {
            seed = strtoull(optarg, NULL, 10);
        } else {
            ok = ok && option == 'f' && start_schedule(l, optarg);
        }
    }
    for (int i = 0; i < LAB_WAYS; i++) {
        lab_shape_clear(&l->shapes[i]);
        l->ways[i] = lab_way_new(seed * LAB_WAYS + (unsigned)i);
        ok = ok && l->ways[i];
    }
    for (; ok && optind < argc - LAB_WAYS; optind++) {
        ok = apply(l, argv[optind]);
    }
    if (ok && argc - optind != LAB_WAYS) {
        complain("usage: tessera-lab [-s SEED] [-f SCHEDULE] [SETTING...] DOWN UP");
        return false;
    }
    return ok;
}

int main(int argc, char **argv)
{
    static lab l = {.input = true};
    if (!set_up(&l, argc, argv)) {
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    l.device[LAB_DOWN] = open_tun(argv[optind]);
    l.device[LAB_UP] = open_tun(argv[optind + 1]);
    printf("ready\n");
    fflush(stdout);
    carry(&l);
    tell_figures(&l);
    lab_way_free(l.ways[LAB_DOWN]);
    lab_way_free(l.ways[LAB_UP]);
    return 0;
}
