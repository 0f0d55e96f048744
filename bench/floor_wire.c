/* floor_wire.c - tessera-floor-wire: what a packet costs that a room cannot avoid: a datagram over loopback and its SRTP.
 * tessera-floor-wire [-i BYTES] [-o BYTES] [-k PACKETS]   RTP sizes in and out; prints CPU microseconds a packet as JSON.
 * In = recv + unprotect, out = protect + send with loopback's delivery. AEAD_AES_128_GCM, as browsers and bots agree on. */
#include <arpa/inet.h>
#include <getopt.h>
#include <srtp2/srtp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BURST = 16, ROUNDS = 5, SIZE_MAX_BYTES = 1400 };

typedef struct {
    srtp_t out, in;
    int socket;
    struct sockaddr_in address;
    uint16_t seq;
} wire;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int open_wire(wire *w)
{
    static uint8_t key[SRTP_MAX_KEY_LEN] = {1, 2, 3};
    srtp_policy_t policy = {.key = key, .window_size = 1024, .ssrc.type = ssrc_any_outbound};
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    if (srtp_init() || srtp_create(&w->out, &policy)) {
        return -1;
    }
    policy.ssrc.type = ssrc_any_inbound;
    socklen_t length = sizeof w->address;
    w->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    w->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return srtp_create(&w->in, &policy) || w->socket < 0 || bind(w->socket, (struct sockaddr *)&w->address, length) ||
           getsockname(w->socket, (struct sockaddr *)&w->address, &length);
}

/* One burst of packets of `size` bytes; adds the CPU time of its two halves. False = something failed. */
static int burst(wire *w, int size, double *out_s, double *in_s)
{
    uint8_t packet[SIZE_MAX_BYTES + SRTP_MAX_TRAILER_LEN];
    double start = cpu_s();
    for (int i = 0; i < BURST; i++) {
        int n = size;
        memset(packet, 0x5a, 12);
        packet[0] = 0x80;
        packet[1] = 96;
        packet[2] = (uint8_t)(w->seq >> 8);
        packet[3] = (uint8_t)w->seq++;
        if (srtp_protect(w->out, packet, &n) ||
            sendto(w->socket, packet, (size_t)n, 0, (struct sockaddr *)&w->address, sizeof w->address) != n) {
            return 0;
        }
    }
    double sent = cpu_s();
    for (int i = 0; i < BURST; i++) {
        int n = (int)recv(w->socket, packet, sizeof packet, 0);
        if (n < 0 || srtp_unprotect(w->in, packet, &n)) {
            return 0;
        }
    }
    *out_s += sent - start;
    *in_s += cpu_s() - sent;
    return 1;
}

/* The best round: a shared machine only ever adds. */
static int measure(wire *w, int size, int packets, double *out_us, double *in_us)
{
    *out_us = *in_us = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double out = 0;
        double in = 0;
        int n = 0;
        for (; n < packets / ROUNDS; n += BURST) {
            if (!burst(w, size, &out, &in)) {
                return 0;
            }
        }
        *out_us = out / n * 1e6 < *out_us ? out / n * 1e6 : *out_us;
        *in_us = in / n * 1e6 < *in_us ? in / n * 1e6 : *in_us;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int in_bytes = 900;
    int out_bytes = 900;
    int packets = 40000;
    for (int o; (o = getopt(argc, argv, "i:o:k:")) != -1;) {
        int value = o == '?' ? 0 : atoi(optarg);
        if (value < 16 || (o != 'k' && value > SIZE_MAX_BYTES)) {
            fprintf(stderr, "tessera-floor-wire [-i BYTES] [-o BYTES] [-k PACKETS]\n");
            return 2;
        }
        *(o == 'i' ? &in_bytes : o == 'o' ? &out_bytes : &packets) = value;
    }
    wire w = {0};
    double in_us, out_us, unused;
    if (open_wire(&w) || !measure(&w, in_bytes, packets, &unused, &in_us) || !measure(&w, out_bytes, packets, &out_us, &unused)) {
        fprintf(stderr, "tessera-floor-wire: no SRTP or no loopback socket\n");
        return 1;
    }
    printf("{\"in_us\": %.3f, \"out_us\": %.3f}\n", in_us, out_us);
    return 0;
}
