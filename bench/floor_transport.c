/* floor_transport.c - tessera-floor-transport: what carrying a visit's packets costs that a room cannot avoid: libnice, SRTP and
 * a loop that wakes up for them, paced in real time. tessera-floor-transport [-n PEERS] [-i BYTES] [-I PACKETS] [-o BYTES] [-O
 * PACKETS] [-s SECONDS]   RTP sizes, and packets a second of each peer, in and out. Prints the CPU milliseconds a second of the
 * near side's thread as JSON. Each 20 ms every peer is sent what is due, all peers at once; what comes from a peer comes in one
 * burst each 20 ms, each peer in a phase of its own. AEAD_AES_128_GCM, as browsers and bots agree on. */
#include <getopt.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/net/ice.h"
#include "mcu/net/srtp.h"

enum { PEERS_MAX = 16, BYTES_MAX = 1400, SLOT_MS = 20, SETTLE_MS = 1000, PATIENCE_S = 15 };

typedef struct end end;
typedef struct {
    end *side;
    mcu_ice *ice;
    mcu_srtp *srtp;
    uint16_t seq;
    double due; /* packets */
} line;

struct end {
    bool near;
    end *other;
    unsigned n, bytes, packets; /* each peer's, a second */
    GMainContext *context;
    GMainLoop *loop;
    mcu_ice_config config;
    line lines[PEERS_MAX];
    atomic_uint connected;
    uint64_t slots, received;
    bool counts;
    double cpu_s;
    uint64_t counted;
    int64_t from_ns, to_ns; /* of the measurement */
    bool failed;
};

static pthread_barrier_t gathered;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_state(void *user, mcu_ice_state state)
{
    line *l = user;
    if (state == MCU_ICE_CONNECTED) {
        atomic_fetch_add(&l->side->connected, 1);
    }
}

static void on_data(void *user, uint8_t *data, size_t size)
{
    line *l = user;
    l->side->received += mcu_srtp_unprotect_rtp(l->srtp, data, &size) == MCU_OK;
}

static void send_one(line *l)
{
    uint8_t packet[BYTES_MAX + MCU_SRTP_OVERHEAD] = {0x80, 96, (uint8_t)(l->seq >> 8), (uint8_t)l->seq, [11] = 1};
    size_t size = l->side->bytes;
    l->seq++;
    if (mcu_srtp_protect_rtp(l->srtp, packet, &size) == MCU_OK) {
        (void)mcu_ice_send(l->ice, packet, size);
    }
}

static void send_due(line *l)
{
    for (l->due += l->side->packets * SLOT_MS / 1e3; l->due >= 1; l->due--) {
        send_one(l);
    }
}

/* The near side sends to all at once; each peer of the far side has its own moment. */
static int64_t slot_ns(const end *e)
{
    return SLOT_MS * MCU_NS_PER_MS / (e->near ? 1 : e->n);
}

static void count(end *e, int64_t now_ns)
{
    if (!e->counts && now_ns >= e->from_ns) {
        e->counts = true;
        e->cpu_s = cpu_s();
        e->counted = e->received;
    }
    if (now_ns >= e->to_ns) {
        e->cpu_s = cpu_s() - e->cpu_s;
        e->counted = e->received - e->counted;
        g_main_loop_quit(e->loop);
    }
}

static gboolean on_slot(gpointer user)
{
    end *e = user;
    int64_t now_ns = mcu_now_ns();
    for (unsigned i = 0; i < e->n; i++) {
        if (e->near || e->slots % e->n == i) {
            send_due(&e->lines[i]);
        }
    }
    e->slots++;
    count(e, now_ns);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *s, GSourceFunc call, gpointer user)
{
    g_source_set_ready_time(s, g_source_get_ready_time(s) + slot_ns(user) / 1000);
    return call(user);
}

static bool open_lines(end *e, GError **error)
{
    static const char *const addresses[] = {"127.0.0.1", NULL};
    static const mcu_ice_callbacks callbacks = {.on_state = on_state, .on_data = on_data};
    static const mcu_srtp_keys keys = {.profile = MCU_SRTP_AEAD_AES_128_GCM, .local = {1, 2, 3}, .remote = {1, 2, 3}};
    const mcu_net_config net = {.addresses = addresses, .loopback = true};
    bool fine = mcu_ice_config_init(&e->config, e->context, &net, error);
    for (unsigned i = 0; fine && i < e->n; i++) {
        line *l = &e->lines[i];
        l->side = e;
        l->srtp = mcu_srtp_new(&keys, error);
        l->ice = mcu_ice_new(&e->config, e->near, &callbacks, l, error);
        fine = l->srtp && l->ice && mcu_ice_gather(l->ice, error);
    }
    return fine;
}

static void connect_lines(end *e)
{
    for (unsigned i = 0; i < e->n; i++) {
        const mcu_ice *far = e->other->lines[i].ice;
        (void)mcu_ice_set_remote(e->lines[i].ice, mcu_ice_ufrag(far), mcu_ice_pwd(far));
        for (const char *const *c = mcu_ice_candidates(far); *c; c++) {
            (void)mcu_ice_add_candidate(e->lines[i].ice, *c);
        }
        mcu_ice_end_of_candidates(e->lines[i].ice);
    }
}

static void run_lines(end *e)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    int64_t until_ns = mcu_now_ns() + PATIENCE_S * MCU_NS_PER_SEC;
    while (atomic_load(&e->connected) < e->n || atomic_load(&e->other->connected) < e->n) {
        e->failed = mcu_now_ns() > until_ns;
        if (e->failed) {
            return;
        }
        while (g_main_context_iteration(e->context, FALSE)) {
        }
        g_usleep(1000);
    }
    GSource *s = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(s, on_slot, e, NULL);
    e->from_ns = mcu_now_ns() + SETTLE_MS * MCU_NS_PER_MS;
    e->to_ns += e->from_ns;
    g_source_set_ready_time(s, g_get_monotonic_time());
    g_source_attach(s, e->context);
    g_main_loop_run(e->loop);
    g_source_destroy(s);
    g_source_unref(s);
}

static void *run(void *arg)
{
    end *e = arg;
    g_autoptr(GError) error = NULL;
    e->context = g_main_context_new();
    e->loop = g_main_loop_new(e->context, FALSE);
    g_main_context_push_thread_default(e->context);
    e->failed = !open_lines(e, &error);
    if (error) {
        fprintf(stderr, "tessera-floor-transport: %s\n", error->message);
    }
    pthread_barrier_wait(&gathered);
    if (!e->failed && !e->other->failed) {
        connect_lines(e);
        run_lines(e);
    }
    pthread_barrier_wait(&gathered); /* the other one is still sending */
    for (unsigned i = 0; i < e->n; i++) {
        mcu_ice_free(e->lines[i].ice);
        mcu_srtp_free(e->lines[i].srtp);
    }
    mcu_ice_config_clear(&e->config);
    g_main_context_pop_thread_default(e->context);
    g_main_loop_unref(e->loop);
    g_main_context_unref(e->context);
    return NULL;
}

static bool read_options(int argc, char **argv, end *near, end *far, int *seconds)
{
    for (int o; (o = getopt(argc, argv, "n:i:I:o:O:s:")) != -1;) {
        int value = o == '?' ? 0 : atoi(optarg);
        bool bytes = o == 'i' || o == 'o';
        if (value < (bytes ? 16 : 1) || value > (o == 'n' ? PEERS_MAX : bytes ? BYTES_MAX : 10000)) {
            return false;
        }
        switch (o) {
        case 'n':
            near->n = far->n = (unsigned)value;
            break;
        case 's':
            *seconds = value;
            break;
        default: {
            end *e = o == 'o' || o == 'O' ? near : far;
            *(bytes ? &e->bytes : &e->packets) = (unsigned)value;
        }
        }
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static end near = {.near = true, .n = 4, .bytes = 900, .packets = 100}, far = {.n = 4, .bytes = 900, .packets = 100};
    int seconds = 5;
    mcu_log_init("tessera-floor-transport", MCU_LOG_WARN);
    if (!read_options(argc, argv, &near, &far, &seconds)) {
        fprintf(stderr, "tessera-floor-transport [-n PEERS] [-i BYTES] [-I PACKETS] [-o BYTES] [-O PACKETS] [-s SECONDS]\n");
        return 2;
    }
    near.other = &far;
    far.other = &near;
    near.to_ns = seconds * MCU_NS_PER_SEC;
    far.to_ns = near.to_ns + SETTLE_MS * MCU_NS_PER_MS; /* sends until the near side has counted */
    pthread_barrier_init(&gathered, NULL, 2);
    pthread_t threads[2];
    g_autoptr(GError) error = NULL;
    bool fine = mcu_srtp_warm(&error) && pthread_create(&threads[0], NULL, run, &near) == 0;
    if (!fine || pthread_create(&threads[1], NULL, run, &far) != 0) {
        fprintf(stderr, "tessera-floor-transport: no SRTP or no threads\n");
        return 1;
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    if (near.failed || far.failed || near.counted == 0) {
        fprintf(stderr, "tessera-floor-transport: no packet came through\n");
        return 1;
    }
    printf("{\"total_ms\": %.3f, \"in_per_s\": %.1f}\n", near.cpu_s * 1e3 / seconds, (double)near.counted / seconds);
    return 0;
}
