/* repair.c - tessera-repair: what forward error correction would add to sending again, for a receiver of VP8, the same on every
 * run: time is stepped and chance is drawn from a seed. tessera-repair -t WxH@FPS:KBPS [-n STREAMS] [-f TICKS] [-q] CLIP...
 * Pictures of one tier as large as the room's VP8 encoder makes them go over modelled lines by the room's own sender, repaired in
 * each of the ways of repair_kit.h, at the same rate and held back as long at the far end. Prints, as JSON, for each line and
 * way the share of the time that stood still, what repair weighed, and how old pictures were. -q: a tenth of the time. */
#include <stdio.h>

#include "bench/repair_kit.h"
#include "mcu/base/log.h"

#define SECONDS 600

static const char *const names[REPAIR_HOWS] = {"none", "rtx", "copies", "ulpfec", "equal", "window"};

static const repair_link chances[] = {{0.02, 0, 0}, {0.05, 0, 0}, {0.10, 0, 0}, {0.20, 0, 0}, {0.30, 0, 0}, {0.10, 4, 0}};
static const unsigned rtts_ms[] = {50, 100, 300, 600};

static void print_film(const repair_film *film)
{
    uint64_t bytes = 0;
    unsigned packets = 0, one = 0;
    for (unsigned i = 1; i < film->n; i++) {
        unsigned k = (film->bytes[i] + MCU_RTP_PAYLOAD - 1) / MCU_RTP_PAYLOAD;
        bytes += film->bytes[i];
        packets += k;
        one += k == 1;
    }
    unsigned n = MAX(film->n, 2) - 1;
    printf("{\"pictures\": %u, \"keyframe_packets\": %u, \"packets_each\": %.2f, \"in_one\": %.3f, \"kbps\": %.1f, \"lines\": [",
           film->n, (film->bytes[0] + MCU_RTP_PAYLOAD - 1) / MCU_RTP_PAYLOAD, (double)packets / n, (double)one / n,
           (double)bytes * 8e-3 * film->tier.fps / n);
}

static void run_line(const repair_film *film, const repair_link *link, unsigned seconds)
{
    printf("{\"loss\": %.2f, \"burst\": %.0f, \"rtt_ms\": %u, \"ways\": {", link->loss, link->burst, link->rtt_ms);
    for (repair_how how = REPAIR_RTX; how < REPAIR_HOWS; how++) {
        repair_result r = repair_run(film, link, how, seconds);
        printf("%s\"%s\": {\"frozen\": %.5f, \"overhead\": %.3f, \"delay_p95_ms\": %.0f, \"keyframes\": %u, \"copies\": %u, "
               "\"kept\": %.2f, \"kbps\": %u}",
               how > REPAIR_RTX ? ", " : "", names[how], r.frozen, r.overhead, r.delay_p95_ms, r.keyframes, r.copies, r.kept,
               r.budget_bps / 1000);
    }
    printf("}}");
}

static void run(const repair_film *film, unsigned seconds)
{
    print_film(film);
    for (unsigned i = 0; i < G_N_ELEMENTS(chances) * G_N_ELEMENTS(rtts_ms); i++) {
        repair_link link = chances[i / G_N_ELEMENTS(rtts_ms)];
        link.rtt_ms = rtts_ms[i % G_N_ELEMENTS(rtts_ms)];
        printf("%s", i > 0 ? ", " : "");
        run_line(film, &link, seconds);
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    bench_task task;
    bool quick = false;
    g_autoptr(GError) error = NULL;
    mcu_log_init("tessera-repair", MCU_LOG_WARN);
    bool fine = bench_task_read(&task, argc, argv, "q", &quick);
    repair_film *film = g_new0(repair_film, 1);
    if (fine && repair_film_make(&task, film, &error)) {
        run(film, quick ? SECONDS / 10 : SECONDS);
    } else {
        fprintf(stderr, "tessera-repair: %s\n", error ? error->message : "no pictures");
        fine = false;
    }
    bench_task_clear(&task);
    g_free(film);
    return fine ? 0 : 2;
}
