/* What a stranger, and a participant with valid keys and bad intentions, may send: nothing of it ends or disturbs a connection.
 */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "tests/unit/net_pair.h"

/* ---- without keys ---- */

static void test_short_and_forged_srtp(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_works(p);
    uint8_t packet[200] = {0x80, 96};
    unsigned n = 0;
    for (size_t size = 0; size <= 60; size++) {
        mcu_peer_test_inject(p->answerer.peer, packet, size);
        n += size >= 2;
    }
    packet[1] = 201; /* RTCP */
    for (size_t size = 2; size <= 60; size++, n++) {
        mcu_peer_test_inject(p->answerer.peer, packet, size);
    }
    /* Lengths inside the header that pass the end of the packet. */
    static const uint8_t heads[][4] = {{0x8f, 96}, {0x90, 96}, {0x9f, 96}, {0xbf, 96}, {0x9f, 201}, {0x81, 0xc8, 0xff, 0xff}};
    for (size_t h = 0; h < G_N_ELEMENTS(heads); h++) {
        memset(packet, 0xff, sizeof packet);
        memcpy(packet, heads[h], sizeof heads[h]);
        for (size_t size = 12; size <= sizeof packet; size++, n++) {
            mcu_peer_test_inject(p->answerer.peer, packet, size);
        }
    }
    mcu_peer_stats s = net_stats(p->answerer.peer);
    assert_int_equal(s.auth_failures, n);
    assert_int_equal(s.state, MCU_PEER_UP);
    net_pair_works(p);
    net_pair_free(p);
}

static void test_random_datagrams(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    uint8_t packet[1500];
    for (unsigned k = 0; k < 3000; k++) {
        size_t size = 1 + mcu_random32() % sizeof packet;
        mcu_random(packet, size);
        if (k % 3 == 0) {
            packet[0] = (uint8_t)(0x80 | (packet[0] & 0x3f));
        } else if (k % 3 == 1) {
            packet[0] = (uint8_t)(20 + packet[0] % 44); /* DTLS */
        }
        mcu_peer_test_inject(p->answerer.peer, packet, size);
    }
    net_pair_works(p);
    net_pair_free(p);
}

static uint8_t captured[1600];
static size_t captured_size;

static bool capture(void *user, bool outgoing, mcu_demux_kind kind, const uint8_t *data, size_t size)
{
    (void)user;
    if (!outgoing && kind == MCU_DEMUX_RTP && size <= sizeof captured) {
        memcpy(captured, data, size);
        captured_size = size;
    }
    return true;
}

static void test_replay_and_bit_flips(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    mcu_peer_test_set_filter(p->answerer.peer, capture, NULL);
    net_pair_works(p);
    assert_true(captured_size > 30);
    uint8_t original[1600];
    size_t size = captured_size;
    memcpy(original, captured, size);
    uint64_t before = net_stats(p->answerer.peer).auth_failures;
    mcu_peer_test_inject(p->answerer.peer, original, size);
    assert_int_equal(net_stats(p->answerer.peer).auth_failures, before + 1);
    for (size_t k = 2; k < 200; k++) { /* beyond the type byte, which decides between RTP and RTCP */
        uint8_t copy[1600];
        memcpy(copy, original, size);
        copy[k % size] ^= (uint8_t)(1u << (k % 8));
        mcu_peer_test_inject(p->answerer.peer, copy, size);
    }
    assert_int_equal(net_stats(p->answerer.peer).auth_failures, before + 199);
    net_pair_works(p);
    net_pair_free(p);
}

static void send_from_elsewhere(const char *sdp, const uint8_t *data, size_t size)
{
    const char *c = strstr(sdp, "a=candidate:");
    assert_non_null(c);
    char address[64];
    unsigned port;
    assert_int_equal(sscanf(c, "a=candidate:%*s 1 udp %*u %63s %u", address, &port), 2);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    for (int k = 0; k < 20; k++) {
        assert_true(sendto(fd, data, size, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)size);
    }
    close(fd);
}

static unsigned dtls_seen;

static bool count_dtls(void *user, bool outgoing, mcu_demux_kind kind, const uint8_t *data, size_t size)
{
    (void)user;
    (void)data;
    dtls_seen += !outgoing && kind == MCU_DEMUX_DTLS && size == 100;
    return true;
}

/* A ClientHello sprayed at the port before and after the handshake: an address that no check has validated is not heard. */
static void test_dtls_from_elsewhere(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    uint8_t hello[100] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 87, 1};
    dtls_seen = 0;
    mcu_peer_test_set_filter(p->answerer.peer, count_dtls, NULL);
    net_pair_negotiate(p, false, NULL);
    char *sdp = mcu_peer_local_description(p->answerer.peer);
    send_from_elsewhere(sdp, hello, sizeof hello);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    send_from_elsewhere(sdp, hello, sizeof hello);
    uint8_t srtp[100] = {0x80, 96};
    send_from_elsewhere(sdp, srtp, sizeof srtp);
    net_pair_settle(p, 100);
    assert_int_equal(dtls_seen, 0);
    assert_int_equal(net_stats(p->answerer.peer).auth_failures, 0);
    g_free(sdp);
    net_pair_works(p);
    net_pair_free(p);
}

/* ---- with keys ---- */

static unsigned video_pt(net_pair *p)
{
    char *sdp = mcu_peer_local_description(p->answerer.peer);
    const char *m = strstr(sdp, "m=video ");
    unsigned pt = 0;
    assert_non_null(m);
    assert_int_equal(sscanf(m, "m=video %*u UDP/TLS/RTP/SAVPF %u", &pt), 1);
    g_free(sdp);
    return pt;
}

static void test_garbage_payloads(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    unsigned pt = video_pt(p);
    uint8_t packet[1400];
    for (unsigned k = 0; k < 2000; k++) {
        size_t size = 12 + mcu_random32() % (k % 4 == 0 ? 20 : 600);
        mcu_random(packet, size);
        packet[0] = (uint8_t)(k % 5 == 0 ? 0x80 | (packet[0] & 0x3f) : 0x80);
        packet[1] = (uint8_t)(k % 7 == 0 ? packet[1] & 0x7f : pt | (packet[1] & 0x80));
        if (packet[1] >= 192 && packet[1] <= 223) {
            packet[1] = (uint8_t)pt;
        }
        packet[2] = (uint8_t)(k >> 8);
        packet[3] = (uint8_t)k;
        memset(packet + 8, 0x33, 4);
        (void)mcu_peer_test_send_rtp(p->offerer.peer, packet, size);
        if (k % 50 == 0) {
            net_pair_settle(p, 1);
        }
    }
    net_pair_settle(p, 50);
    mcu_peer_stats s = net_stats(p->answerer.peer);
    assert_true(s.bad_packets + s.video_in.dropped + s.audio_in.dropped > 100);
    assert_int_equal(s.state, MCU_PEER_UP);
    net_pair_settle(p, 700); /* the garbage SSRC falls silent, the real one takes over */
    net_pair_works(p);
    net_pair_free(p);
}

static void test_garbage_rtcp(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_works(p);
    uint8_t packet[600];
    for (unsigned k = 0; k < 3000; k++) {
        size_t words = 2 + mcu_random32() % 60;
        mcu_random(packet, words * 4);
        packet[0] = (uint8_t)(0x80 | (packet[0] & (k % 4 == 0 ? 0x3f : 0x1f)));
        packet[1] = (uint8_t)(200 + k % 8);
        if (k % 3 != 0) { /* a true length, so that the body is looked at */
            packet[2] = 0;
            packet[3] = (uint8_t)(words - 1);
        }
        (void)mcu_peer_test_send_rtcp(p->offerer.peer, packet, words * 4);
        if (k % 50 == 0) {
            net_pair_settle(p, 1);
        }
    }
    net_pair_settle(p, 50);
    assert_true(net_stats(p->answerer.peer).bad_packets > 100);
    net_pair_works(p);
    net_pair_free(p);
}

/* PLI as fast as they can be sent: at most four requests a second reach the encoder. */
static void test_pli_storm(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_works(p);
    uint32_t be = htonl(net_ssrc(p->answerer.peer, "m=video", "a=ssrc:", 1));
    uint8_t pli[12] = {0x81, 206, 0, 2, 1, 2, 3, 4};
    memcpy(pli + 8, &be, 4);
    unsigned before = p->answerer.keyframe_requests;
    for (int k = 0; k < 500; k++) {
        assert_int_equal(mcu_peer_test_send_rtcp(p->offerer.peer, pli, sizeof pli), MCU_OK);
        net_pair_settle(p, 1);
    }
    assert_true(net_stats(p->answerer.peer).video_out.plis > 400);
    assert_in_range(p->answerer.keyframe_requests - before, 1, 8);
    net_pair_free(p);
}

/* ---- RED and FEC inside each other (RFC 2198, RFC 5109) ---- */

#define RED_PT 118
#define FEC_PT 120

/* As browsers offer it; what is answered has neither. */
static char *with_fec(const char *sdp, bool is_offer)
{
    static const char maps[] = "a=rtpmap:118 red/90000\r\na=rtpmap:120 ulpfec/90000\r\n";
    const char *video = strstr(sdp, "m=video "), *line_end = strstr(video, "\r\n"), *rtpmap = strstr(video, "a=rtpmap:");
    assert_true(line_end != NULL && rtpmap > line_end);
    if (!is_offer) {
        assert_null(strstr(sdp, " red/90000"));
        assert_null(strcasestr(sdp, "ulpfec"));
        assert_true(strstr(video, " 118") == NULL || strstr(video, " 118") > line_end);
        return g_strdup(sdp);
    }
    return g_strdup_printf("%.*s 118 120%.*s%s%s", (int)(line_end - sdp), sdp, (int)(rtpmap - line_end), line_end, maps, rtpmap);
}

/* RED whose one block is RED and so on, at last FEC that protects everything before it, itself too. */
static size_t nested(uint8_t *out, uint8_t pt, uint8_t inner, uint16_t seq, uint32_t ssrc)
{
    const uint32_t be = htonl(ssrc);
    const uint8_t fec[] = {0, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0, 0xff, 0xff, 0, 40, 0xff, 0xff};
    memset(out, 0, 12);
    out[0] = 0x80;
    out[1] = pt;
    out[2] = (uint8_t)(seq >> 8);
    out[3] = (uint8_t)seq;
    memcpy(out + 8, &be, sizeof be);
    memset(out + 12, inner, 600);
    out[612] = FEC_PT;
    memcpy(out + 613, fec, sizeof fec);
    return 613 + sizeof fec;
}

/* Nothing takes them apart: each is dropped where it comes in, and counted. */
static void test_nested_red_and_fec(void **state)
{
    (void)state;
    enum { PACKETS = 50, UNKNOWN = 0x44444444 };
    net_pair_setup setup = net_pair_defaults();
    net_pair *p = net_pair_new(&setup);
    uint8_t packet[700];
    net_pair_negotiate(p, false, with_fec);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    net_pair_works(p);
    /* that its media have not used yet: of sound, and of what is sent again */
    const uint32_t video = net_ssrc(p->offerer.peer, "m=video", "a=ssrc-group:FID ", 2);
    const uint32_t audio = net_ssrc(p->offerer.peer, "m=audio", "a=ssrc:", 1);
    const mcu_peer_stats before = net_stats(p->answerer.peer);
    for (uint16_t k = 0; k < PACKETS; k++) {
        const uint8_t pt = k % 2 == 0 ? RED_PT : FEC_PT;
        size_t size = nested(packet, pt, RED_PT, k, video);
        assert_int_equal(mcu_peer_test_send_rtp(p->offerer.peer, packet, size), MCU_OK);
        size = nested(packet, pt, RED_PT, k, UNKNOWN);
        assert_int_equal(mcu_peer_test_send_rtp(p->offerer.peer, packet, size), MCU_OK);
        size = nested(packet, 63, 63, k, audio); /* red of sound is taken, but not in itself */
        assert_int_equal(mcu_peer_test_send_rtp(p->offerer.peer, packet, size), MCU_OK);
        net_pair_settle(p, 1);
    }
    net_pair_settle(p, 50);
    const mcu_peer_stats after = net_stats(p->answerer.peer);
    assert_int_equal(after.video_in.dropped - before.video_in.dropped, PACKETS);
    assert_int_equal(after.audio_in.dropped - before.audio_in.dropped, PACKETS);
    assert_int_equal(after.bad_packets - before.bad_packets, 2 * PACKETS);
    assert_int_equal(after.video_in.packets, before.video_in.packets);
    assert_int_equal(p->answerer.audio->len, 0);
    net_pair_works(p);
    net_pair_free(p);
}

/* ---- candidates ---- */

static void test_candidates(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host", true},
        {"candidate:1 2 udp 2113937151 192.0.2.1 50001 typ host", true},
        {"candidate:1 1 udp 0 192.0.2.1 50000 typ host", true},
        {"candidate:1 1 udp 1 224.0.0.1 50000 typ host", true},
        {"candidate:1 1 udp 1 abc.local 50000 typ host", true},
        {"candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", true},
        {"candidate:1 1 udp 1 192.0.2.1 53 typ host", true},
        {"candidate:1 1 udp 1 192.0.2.1 99999 typ host", false},
        {"candidate:1 1 udp 99999999999 192.0.2.1 50000 typ host", false},
        {"candidate:1 1 udp -1 192.0.2.1 50000 typ host", false},
        {"candidate:", false},
        {"candidate:1 1 udp 1 192.0.2.1 50000 typ", false},
        {"candidate:1 1 udp 1 192.0.2.1 50000", false},
        {"hello", false},
        {"candidate:\xff\xfe 1 udp 1 192.0.2.1 50000 typ host", false},
    };
    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
        GError *error = NULL;
        bool ok = mcu_peer_add_candidate(p->answerer.peer, rows[k].text, "0", &error);
        if (ok != rows[k].ok) {
            print_error("%s\n", rows[k].text);
        }
        assert_int_equal(ok, rows[k].ok);
        g_clear_error(&error);
    }
    unsigned taken = 0;
    for (unsigned k = 0; k < 100; k++) {
        char text[128];
        snprintf(text, sizeof text, "candidate:1 1 udp %u 192.0.2.2 %u typ host", 1000 + k, 40000 + k);
        taken += mcu_peer_add_candidate(p->answerer.peer, text, "0", NULL);
    }
    assert_in_range(taken, 10, 32);
    net_pair_works(p);
    net_pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_and_forged_srtp),
        cmocka_unit_test(test_random_datagrams),
        cmocka_unit_test(test_replay_and_bit_flips),
        cmocka_unit_test(test_dtls_from_elsewhere),
        cmocka_unit_test(test_garbage_payloads),
        cmocka_unit_test(test_garbage_rtcp),
        cmocka_unit_test(test_pli_storm),
        cmocka_unit_test(test_nested_red_and_fec),
        cmocka_unit_test(test_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
