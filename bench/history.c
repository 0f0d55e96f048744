/* history.c - tessera-history: what a tier's pictures cost that many receivers are sent and may ask for again, the same on every
 * run: time is stepped. tessera-history [RECEIVERS [SECONDS]]. The receivers are clear calls to a socket that nobody reads.
 * Prints the bytes that are kept at the end for each of them and the packets that left; instructions are counted by callgrind. */
#include <arpa/inet.h>
#include <glib.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/net/call_video.h"

#define RECEIVERS 20
#define SECONDS 4
#define FPS 25
#define PICTURE 6000 /* bytes: tier A */
#define STEP_NS (10 * MCU_NS_PER_MS)

static void ignore_picture(void *user, mcu_au *take_au)
{
    (void)user;
    mcu_au_unref(take_au);
}

static void ignore(void *user)
{
    (void)user;
}

static int open_socket(mcu_leg_address *out)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof out->v4;
    *out = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    g_assert(fd >= 0 && bind(fd, &out->any, size) == 0 && getsockname(fd, &out->any, &size) == 0);
    return fd;
}

static mcu_call_video *receiver(const mcu_leg_address *sink)
{
    static const mcu_call_video_callbacks callbacks = {ignore_picture, ignore, ignore};
    const mcu_leg_video state = {.pt = 97, .send = true, .remote = *sink, .remote_rtcp = *sink, .max_kbps = 4000};
    mcu_leg_address own;
    int rtp = open_socket(&own), rtcp = open_socket(&own);
    mcu_call_video *v = mcu_call_video_new(&state, rtp, rtcp, &callbacks, NULL, 0, NULL);
    g_assert(v != NULL);
    return v;
}

/* One slice without a start code in it. */
static mcu_au *picture(unsigned n, int64_t now_ns)
{
    mcu_au *au = mcu_au_new(PICTURE);
    for (unsigned i = 0; i < PICTURE; i++) {
        au->data[i] = (uint8_t)(1 + (i * 31 + n * 17) % 255);
    }
    const uint8_t head[5] = {0, 0, 0, 1, n == 0 ? 0x65 : 0x41};
    memcpy(au->data, head, sizeof head);
    au->codec = MCU_CODEC_H264;
    au->keyframe = n == 0;
    au->time_ns = now_ns;
    au->ts = (uint32_t)(now_ns / 1000 * 9 / 100) + 1;
    return au;
}

static void run(mcu_call_video **to, unsigned n, unsigned seconds)
{
    const unsigned each = (unsigned)(MCU_NS_PER_SEC / STEP_NS / FPS);
    for (unsigned step = 0; step < seconds * FPS * each; step++) {
        int64_t now_ns = (int64_t)(step + 1) * STEP_NS;
        mcu_au *au = step % each == 0 ? picture(step / each, now_ns) : NULL;
        for (unsigned i = 0; i < n; i++) {
            g_assert(au == NULL || mcu_call_video_send(to[i], au, now_ns) == MCU_OK);
            mcu_call_video_step(to[i], now_ns);
        }
        mcu_au_unref(au);
    }
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : RECEIVERS, seconds = argc > 2 ? (unsigned)atoi(argv[2]) : SECONDS;
    mcu_leg_address sink;
    int fd = open_socket(&sink);
    mcu_call_video **to = g_new0(mcu_call_video *, n + 1);
    for (unsigned i = 0; i < n; i++) {
        to[i] = receiver(&sink);
    }
    size_t before = mallinfo2().uordblks;
    run(to, n, seconds);
    size_t kept = mallinfo2().uordblks - before;
    uint64_t packets = 0;
    for (unsigned i = 0; i < n; i++) {
        mcu_call_video_stats stats;
        mcu_call_video_get_stats(to[i], &stats);
        packets += stats.packets_out;
        mcu_call_video_free(to[i]);
    }
    printf("receivers %u packets %llu kept %zu each %zu\n", n, (unsigned long long)packets, kept, kept / MAX(n, 1));
    g_free(to);
    close(fd);
    return 0;
}
