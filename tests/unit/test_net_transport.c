/* The pieces below the peer, without sockets: first byte, candidate lines, DTLS by hand, SRTP. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/net/candidate.h"
#include "mcu/net/demux.h"
#include "mcu/net/dtls.h"
#include "mcu/net/net.h"
#include "mcu/net/srtp.h"

static void test_demux(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[2];
        size_t size;
        mcu_demux_kind kind;
    } rows[] = {
        {{0, 1}, 2, MCU_DEMUX_STUN},     {{3, 0}, 2, MCU_DEMUX_STUN},     {{4, 0}, 2, MCU_DEMUX_NONE},
        {{19, 0}, 2, MCU_DEMUX_NONE},    {{20, 0}, 2, MCU_DEMUX_DTLS},    {{63, 0}, 2, MCU_DEMUX_DTLS},
        {{64, 0}, 2, MCU_DEMUX_NONE},    {{127, 0}, 2, MCU_DEMUX_NONE},   {{128, 96}, 2, MCU_DEMUX_RTP},
        {{128, 224}, 2, MCU_DEMUX_RTP},  {{191, 191}, 2, MCU_DEMUX_RTP},  {{128, 192}, 2, MCU_DEMUX_RTCP},
        {{128, 200}, 2, MCU_DEMUX_RTCP}, {{129, 223}, 2, MCU_DEMUX_RTCP}, {{192, 200}, 2, MCU_DEMUX_NONE},
        {{255, 255}, 2, MCU_DEMUX_NONE}, {{128, 0}, 1, MCU_DEMUX_NONE},   {{0, 0}, 0, MCU_DEMUX_NONE},
    };
    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        assert_int_equal(mcu_demux(rows[k].bytes, rows[k].size), rows[k].kind);
    }
}

/* ---- candidates ---- */

static void test_candidate_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mcu_status status;
    } rows[] = {
        {"candidate:1021574408 1 udp 2122260223 10.77.0.2 43548 typ host generation 0 network-id 1", MCU_OK},
        {"a=candidate:1110187920 1 tcp 1518280447 10.77.0.2 9 typ host tcptype active generation 0", MCU_OK},
        {"candidate:0 1 UDP 2122252543 10.77.0.2 53454 typ host", MCU_OK},
        {"candidate:0 1 udp 5 2001:db8::1 53454 typ srflx raddr 10.0.0.1 rport 4000", MCU_OK},
        {"candidate:0 1 udp 5 198.51.100.1 443 typ relay raddr 0.0.0.0 rport 0", MCU_OK},
        {"candidate:0 2 UDP 2122252542 10.77.0.2 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 0 10.77.0.2 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 0.0.0.0 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 127.0.0.1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 ::1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 :: 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 ::ffff:10.0.0.1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 fe80::1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 ff02::1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 169.254.1.1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 255.255.255.255 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 10.0.0.1 53 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 10.0.0.1 0 typ host", MCU_ENOSUP},
        {"candidate:0 1 tcp 5 10.0.0.1 9 typ host", MCU_ENOSUP},
        {"candidate:0 1 tcp 5 10.0.0.1 9 typ host tcptype so", MCU_ENOSUP},
        {"candidate:0 1 tcp 5 10.0.0.1 9 typ host tcptype passive", MCU_ENOSUP},
        {"candidate:0 1 udp 5 a-b-c.local 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 sctp 5 10.0.0.1 43217 typ host", MCU_ENOSUP},
        {"candidate:0 1 udp 5 10.0.0.1 43217 typ prflx", MCU_ENOSUP},
        {"candidate:0 1 udp 5 10.0.0.1 43217 typ what", MCU_ENOSUP},
        {"candidate:0 1 udp 5 10.0.0.1 70000 typ host", MCU_EINVAL},
        {"candidate:0 1 udp 4294967296 10.0.0.1 7000 typ host", MCU_EINVAL},
        {"candidate:0 1 udp 5x 10.0.0.1 7000 typ host", MCU_EINVAL},
        {"candidate:0 1 udp 5 10.0.0.1 7000 host", MCU_EINVAL},
        {"candidate:0 1 udp 5 10.0.0.1 7000 typ host raddr", MCU_EINVAL},
        {"candidate:0123456789012345678901234567890123 1 udp 5 10.0.0.1 7000 typ host", MCU_EINVAL},
        {"candidate:0\x01 1 udp 5 10.0.0.1 7000 typ host", MCU_EINVAL},
        {"candidate", MCU_EINVAL},
        {"", MCU_EINVAL},
    };
    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        mcu_candidate c;
        mcu_status s = mcu_candidate_parse(rows[k].text, false, &c);
        if (s != rows[k].status) {
            print_error("%s: %s\n", rows[k].text, mcu_status_name(s));
        }
        assert_int_equal(s, rows[k].status);
    }
    mcu_candidate c;
    assert_int_equal(mcu_candidate_parse("candidate:0 1 udp 5 127.0.0.1 43217 typ host", true, &c), MCU_OK);
}

static void test_candidate_print(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "candidate:1 1 udp 2122260223 10.77.0.2 43548 typ host",
        "candidate:2 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active",
        "candidate:3 1 udp 77 198.51.100.1 40000 typ relay raddr 10.0.0.1 rport 4000",
        "candidate:4 1 tcp 77 198.51.100.1 40000 typ srflx raddr 10.0.0.1 rport 4000 tcptype passive",
    };
    for (size_t k = 0; k < G_N_ELEMENTS(texts); k++) {
        mcu_candidate c;
        char out[MCU_CANDIDATE_TEXT_MAX];
        assert_int_equal(mcu_candidate_parse(texts[k], false, &c), MCU_OK);
        assert_true(mcu_candidate_print(&c, out, sizeof out));
        assert_string_equal(out, texts[k]);
        assert_false(mcu_candidate_print(&c, out, 20));
    }
}

/* ---- DTLS ---- */

typedef struct {
    GQueue *to; /* GBytes */
    unsigned sent, lose_from, lose_to;
    size_t largest;
} wire;

static void on_send(void *user, const uint8_t *datagram, size_t size)
{
    wire *w = user;
    w->largest = MAX(w->largest, size);
    if (w->sent < w->lose_from || w->sent >= w->lose_to) {
        g_queue_push_tail(w->to, g_bytes_new(datagram, size));
    }
    w->sent++;
}

static void deliver(GQueue *q, mcu_dtls *d)
{
    for (GBytes *b; (b = g_queue_pop_head(q)) != NULL;) {
        size_t size;
        const uint8_t *data = g_bytes_get_data(b, &size);
        (void)mcu_dtls_feed(d, data, size);
        g_bytes_unref(b);
    }
}

typedef struct {
    mcu_certificate *client_certificate, *server_certificate;
    GQueue to_client, to_server;
    wire client_wire, server_wire;
    mcu_dtls *client, *server;
} dtls_pair;

static void dtls_open(dtls_pair *p, const mcu_fingerprint *client_expects)
{
    memset(p, 0, sizeof *p);
    p->client_certificate = mcu_certificate_new(NULL);
    p->server_certificate = mcu_certificate_new(NULL);
    p->client_wire.to = &p->to_server;
    p->server_wire.to = &p->to_client;
    const mcu_fingerprint *of_server = mcu_certificate_fingerprint(p->server_certificate);
    p->client = mcu_dtls_new(p->client_certificate, true, client_expects != NULL ? client_expects : of_server, on_send,
                             &p->client_wire, NULL);
    p->server = mcu_dtls_new(p->server_certificate, false, mcu_certificate_fingerprint(p->client_certificate), on_send,
                             &p->server_wire, NULL);
    assert_non_null(p->client);
    assert_non_null(p->server);
    assert_int_equal(mcu_dtls_start(p->server), MCU_DTLS_HANDSHAKE);
    assert_int_equal(mcu_dtls_start(p->client), MCU_DTLS_HANDSHAKE);
}

static void dtls_flow(dtls_pair *p)
{
    while (!g_queue_is_empty(&p->to_client) || !g_queue_is_empty(&p->to_server)) {
        deliver(&p->to_server, p->server);
        deliver(&p->to_client, p->client);
    }
}

static void dtls_end(dtls_pair *p)
{
    mcu_dtls_free(p->client);
    mcu_dtls_free(p->server);
    mcu_certificate_free(p->client_certificate);
    mcu_certificate_free(p->server_certificate);
    g_queue_clear_full(&p->to_client, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&p->to_server, (GDestroyNotify)g_bytes_unref);
}

static void test_dtls(void **state)
{
    (void)state;
    dtls_pair p;
    dtls_open(&p, NULL);
    mcu_srtp_keys a, b;
    assert_false(mcu_dtls_export_keys(p.client, &a));
    dtls_flow(&p);
    assert_int_equal(mcu_dtls_get_state(p.client), MCU_DTLS_DONE);
    assert_int_equal(mcu_dtls_get_state(p.server), MCU_DTLS_DONE);
    assert_in_range(p.client_wire.largest, 100, MCU_DTLS_MTU);
    assert_in_range(p.server_wire.largest, 100, MCU_DTLS_MTU);
    assert_true(mcu_dtls_export_keys(p.client, &a) && mcu_dtls_export_keys(p.server, &b));
    assert_int_equal(a.profile, MCU_SRTP_AEAD_AES_128_GCM);
    assert_memory_equal(a.local, b.remote, sizeof a.local);
    assert_memory_equal(a.remote, b.local, sizeof a.local);
    assert_memory_not_equal(a.remote, a.local, sizeof a.local);
    mcu_dtls_close(p.client);
    dtls_flow(&p);
    assert_int_equal(mcu_dtls_get_state(p.server), MCU_DTLS_CLOSED);
    dtls_end(&p);
}

static void test_dtls_wrong_fingerprint(void **state)
{
    (void)state;
    static const char *const hashes[] = {"sha-256", "sha-1", "sha-512"};
    for (size_t k = 0; k < G_N_ELEMENTS(hashes); k++) {
        mcu_certificate *other = mcu_certificate_new(NULL);
        mcu_fingerprint f = *mcu_certificate_fingerprint(other);
        g_strlcpy(f.hash, hashes[k], sizeof f.hash);
        dtls_pair p;
        dtls_open(&p, &f);
        dtls_flow(&p);
        assert_int_equal(mcu_dtls_get_state(p.client), MCU_DTLS_FAILED);
        assert_string_equal(mcu_dtls_why(p.client), "fingerprint mismatch");
        assert_int_not_equal(mcu_dtls_get_state(p.server), MCU_DTLS_DONE);
        mcu_srtp_keys keys;
        assert_false(mcu_dtls_export_keys(p.client, &keys));
        dtls_end(&p);
        mcu_certificate_free(other);
    }
}

static bool dtls_done(const dtls_pair *p)
{
    return mcu_dtls_get_state(p->client) == MCU_DTLS_DONE && mcu_dtls_get_state(p->server) == MCU_DTLS_DONE;
}

/* Each datagram of the handshake lost once: the timers bring it back. The last flight is the server's: it is done before the
 * client has it. */
static void test_dtls_loss(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 4; lost++) {
        dtls_pair p;
        dtls_open(&p, NULL);
        g_queue_clear_full(&p.to_server, (GDestroyNotify)g_bytes_unref); /* the first flight */
        wire *w = lost % 2 == 0 ? &p.server_wire : &p.client_wire;
        w->lose_from = w->sent + lost / 2;
        w->lose_to = w->lose_from + 1;
        for (int round = 0; round < 8 && !dtls_done(&p); round++) {
            int64_t next = MIN(mcu_dtls_next_ns(p.client, 0), mcu_dtls_next_ns(p.server, 0));
            assert_true(next <= 700 * INT64_C(1000000));
            g_usleep((gulong)(next / 1000) + 1000); /* OpenSSL reads the clock itself */
            (void)mcu_dtls_timeout(p.client);
            (void)mcu_dtls_timeout(p.server);
            dtls_flow(&p);
        }
        assert_true(dtls_done(&p));
        dtls_end(&p);
    }
}

static void test_dtls_garbage(void **state)
{
    (void)state;
    dtls_pair p;
    dtls_open(&p, NULL);
    uint8_t junk[300];
    for (size_t k = 0; k < sizeof junk; k++) {
        memset(junk, (int)k, sizeof junk);
        junk[0] = (uint8_t)(20 + k % 44);
        (void)mcu_dtls_feed(p.server, junk, 1 + k);
    }
    dtls_flow(&p);
    assert_int_equal(mcu_dtls_get_state(p.server), MCU_DTLS_DONE);
    dtls_end(&p);
}

/* ---- SRTP ---- */

static void keys_for(mcu_srtp_profile profile, mcu_srtp_keys *a, mcu_srtp_keys *b)
{
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
    a->profile = b->profile = profile;
    for (size_t k = 0; k < MCU_SRTP_KEY_MAX; k++) {
        a->local[k] = b->remote[k] = (uint8_t)k;
        a->remote[k] = b->local[k] = (uint8_t)(100 + k);
    }
}

static void srtp_round_trip(mcu_srtp_profile profile)
{
    mcu_srtp_keys ka, kb;
    keys_for(profile, &ka, &kb);
    mcu_srtp *a = mcu_srtp_new(&ka, NULL), *b = mcu_srtp_new(&kb, NULL);
    assert_non_null(a);
    assert_non_null(b);
    uint8_t plain[100] = {0x80, 96, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4}, packet[100 + MCU_SRTP_OVERHEAD];
    memcpy(packet, plain, sizeof plain);
    size_t size = sizeof plain;
    assert_int_equal(mcu_srtp_protect_rtp(a, packet, &size), MCU_OK);
    assert_true(size > sizeof plain && size <= sizeof packet);
    uint8_t wire_copy[sizeof packet];
    memcpy(wire_copy, packet, size);
    size_t wire_size = size;
    assert_int_equal(mcu_srtp_unprotect_rtp(b, packet, &size), MCU_OK);
    assert_int_equal(size, sizeof plain);
    assert_memory_equal(packet, plain, sizeof plain);
    memcpy(packet, wire_copy, wire_size);
    size = wire_size;
    assert_int_equal(mcu_srtp_unprotect_rtp(b, packet, &size), MCU_EAUTH); /* replay */
    for (size_t cut = 0; cut < wire_size; cut++) {
        memcpy(packet, wire_copy, wire_size);
        size = cut;
        assert_int_equal(mcu_srtp_unprotect_rtp(b, packet, &size), MCU_EAUTH);
        size = cut;
        assert_int_equal(mcu_srtp_unprotect_rtcp(b, packet, &size), MCU_EAUTH);
    }
    /* The same bytes again, for a receiver without RTX, become the same packet. */
    memcpy(packet, plain, sizeof plain);
    size = sizeof plain;
    assert_int_equal(mcu_srtp_protect_rtp(a, packet, &size), MCU_OK);
    assert_memory_equal(packet, wire_copy, wire_size);
    uint8_t rr[8 + MCU_SRTP_OVERHEAD] = {0x80, 201, 0, 1, 1, 2, 3, 4};
    size = 8;
    assert_int_equal(mcu_srtp_protect_rtcp(a, rr, &size), MCU_OK);
    assert_int_equal(mcu_srtp_unprotect_rtcp(b, rr, &size), MCU_OK);
    assert_int_equal(size, 8);
    mcu_srtp_free(a);
    mcu_srtp_free(b);
}

static void test_srtp(void **state)
{
    (void)state;
    srtp_round_trip(MCU_SRTP_AEAD_AES_128_GCM);
    srtp_round_trip(MCU_SRTP_AES128_CM_SHA1_80);
    mcu_srtp_keys none = {0};
    assert_null(mcu_srtp_new(&none, NULL));
}

/* ---- timers ---- */

typedef struct {
    unsigned iterations, timer_at, other_at;
    int64_t timer_ns;
} wake_ups;

static void on_timer(void *user, int64_t now_ns)
{
    wake_ups *w = user;
    w->timer_at = w->iterations;
    w->timer_ns = now_ns;
}

static gboolean on_other(gpointer user)
{
    wake_ups *w = user;
    w->other_at = w->iterations;
    return G_SOURCE_REMOVE;
}

/* A moment after one of the grid's points, which it returns. */
static int64_t arm_after_grid(mcu_timer *t)
{
    int64_t point_ns = (mcu_now_ns() / MCU_NET_GRID_NS + 3) * MCU_NET_GRID_NS;
    mcu_timer_arm(t, point_ns + MCU_NS_PER_MS);
    return point_ns;
}

static void iterate_until_timer(GMainContext *context, wake_ups *w)
{
    while (w->timer_at == 0) {
        w->iterations++;
        g_main_context_iteration(context, TRUE);
    }
}

static void test_timers_wait_for_company(void **state)
{
    (void)state;
    GMainContext *context = g_main_context_new();
    mcu_net *net = mcu_net_new(context, NULL, NULL);
    assert_non_null(net);
    wake_ups alone = {0}, along = {0};
    mcu_timer *t = mcu_timer_new(net->timers, on_timer, &alone);
    int64_t point_ns = arm_after_grid(t);
    iterate_until_timer(context, &alone);
    assert_true(alone.timer_ns >= point_ns + MCU_NET_GRID_NS);
    mcu_timer_free(t);

    t = mcu_timer_new(net->timers, on_timer, &along);
    point_ns = arm_after_grid(t);
    GSource *other = g_timeout_source_new(0);
    g_source_set_ready_time(other, (point_ns + 2 * MCU_NS_PER_MS) / 1000);
    g_source_set_callback(other, on_other, &along, NULL);
    g_source_attach(other, context);
    iterate_until_timer(context, &along);
    assert_int_equal(along.timer_at, along.other_at);
    g_source_unref(other);
    mcu_timer_free(t);
    mcu_net_free(net);
    g_main_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demux),
        cmocka_unit_test(test_candidate_lines),
        cmocka_unit_test(test_candidate_print),
        cmocka_unit_test(test_dtls),
        cmocka_unit_test(test_dtls_wrong_fingerprint),
        cmocka_unit_test(test_dtls_loss),
        cmocka_unit_test(test_dtls_garbage),
        cmocka_unit_test(test_srtp),
        cmocka_unit_test(test_timers_wait_for_company),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
