/* How two peers find each other over ICE and DTLS, again after a restart, and the ways in which it must fail. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/net/peer_priv.h"
#include "tests/unit/net_pair.h"

/* ---- negotiation ---- */

static unsigned wanted;

static bool restarted(net_pair *p)
{
    return p->offerer.pictures->len >= wanted && p->answerer.pictures->len >= wanted;
}

static bool offerer_has_all(net_pair *p)
{
    return p->offerer.pictures->len >= wanted;
}

static void test_ice_restart(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 10);
    unsigned changes = p->offerer.state_changes + p->answerer.state_changes;
    char *before = mcu_peer_local_description(p->answerer.peer);
    net_pair_negotiate(p, true, NULL);
    char *after = mcu_peer_local_description(p->answerer.peer);
    const char *u1 = strstr(before, "a=ice-ufrag:"), *u2 = strstr(after, "a=ice-ufrag:");
    assert_non_null(u1);
    assert_non_null(u2);
    assert_true(strncmp(u1, u2, 16) != 0);
    g_free(before);
    g_free(after);
    assert_int_equal(mcu_peer_ice_restarts(p->answerer.peer), 1);
    for (unsigned k = 10; k < 40; k++) { /* goes on while the checks run, and after */
        mcu_au *au = net_picture(MCU_CODEC_H264, k);
        assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
        net_pair_settle(p, 10);
    }
    wanted = 40;
    assert_true(net_pair_run(p, restarted, 5000));
    assert_int_equal(changes, p->offerer.state_changes + p->answerer.state_changes);
    net_pair_free(p);
}

/* Tiers of different rates take over from each other: what comes next was made at the same moment, or before. */
static void test_time_never_goes_back(void **state)
{
    (void)state;
    static const uint32_t made[] = {90000, 54000, 54000, 90000, 93600};
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 1);
    unsigned before = p->offerer.pictures->len;
    for (unsigned k = 0; k < G_N_ELEMENTS(made); k++) {
        mcu_au *au = net_h264(k + 1, k == 0, 400);
        au->ts = made[k];
        au->time_ns = (int64_t)made[k] * MCU_NS_PER_SEC / 90000;
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
    }
    wanted = before + G_N_ELEMENTS(made);
    assert_true(net_pair_run(p, offerer_has_all, 2000));
    uint32_t first = ((mcu_au *)p->offerer.pictures->pdata[before])->ts, last = first - 1;
    for (unsigned k = before; k < wanted; k++) {
        uint32_t ts = ((mcu_au *)p->offerer.pictures->pdata[k])->ts;
        assert_in_range(ts - last, 1, 3600);
        last = ts;
    }
    assert_int_equal(last - first, 3600); /* no time is lost by it */
    net_pair_free(p);
}

static char *bad_offer_text(const char *sdp)
{
    (void)sdp;
    return g_strdup("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio x UDP/TLS/RTP/SAVPF 111\r\n");
}

static void test_bad_offer_changes_nothing(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    char *before = mcu_peer_local_description(p->answerer.peer);
    static const char *const texts[] = {"", "v=0\r\n", "hello", NULL};
    for (unsigned k = 0; texts[k] != NULL; k++) {
        GError *error = NULL;
        assert_null(mcu_peer_answer(p->answerer.peer, texts[k], &error));
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_BAD_SDP));
        g_clear_error(&error);
    }
    char *bad = bad_offer_text(before);
    assert_null(mcu_peer_answer(p->answerer.peer, bad, NULL));
    g_free(bad);
    char *after = mcu_peer_local_description(p->answerer.peer);
    assert_string_equal(before, after);
    g_free(before);
    g_free(after);
    assert_true(net_pair_up(p));
    net_pair_free(p);
}

/* Candidates only by trickle: cut out of both descriptions, handed over afterwards. */
static char *without_candidates(const char *sdp, bool is_offer)
{
    (void)is_offer;
    GString *out = g_string_new(NULL);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL && **l != '\0'; l++) {
        if (!g_str_has_prefix(*l, "a=candidate:") && !g_str_has_prefix(*l, "a=end-of-candidates")) {
            g_string_append_printf(out, "%s\r\n", *l);
        }
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

static void trickle(net_end *from, net_end *to)
{
    char *sdp = mcu_peer_local_description(from->peer);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL; l++) {
        if (g_str_has_prefix(*l, "a=candidate:")) {
            assert_true(mcu_peer_add_candidate(to->peer, *l + 2, "0", NULL));
        }
    }
    assert_true(mcu_peer_add_candidate(to->peer, "", "0", NULL));
    g_strfreev(lines);
    g_free(sdp);
}

static void test_trickle(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, without_candidates);
    trickle(&p->answerer, &p->offerer);
    trickle(&p->offerer, &p->answerer);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    assert_true(p->offerer.gathered && p->answerer.gathered);
    net_pair_free(p);
}

/* The offerer's candidates never reach the answerer: its checks make them known (a browser behind mDNS names). */
static char *offer_without_candidates(const char *sdp, bool is_offer)
{
    return is_offer ? without_candidates(sdp, true) : g_strdup(sdp);
}

static void test_peer_reflexive(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, offer_without_candidates);
    assert_true(mcu_peer_add_candidate(p->answerer.peer, "candidate:1 1 udp 2113937151 1f6e-a.local 50000 typ host", "0", NULL));
    assert_true(net_pair_run(p, net_pair_up, 10000));
    mcu_peer_stats st;
    mcu_peer_get_stats(p->answerer.peer, &st);
    assert_string_equal(st.remote_candidate, "prflx/udp");
    net_pair_free(p);
}

static char *only_tcp(const char *sdp, bool is_offer)
{
    (void)is_offer;
    GString *out = g_string_new(NULL);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL && **l != '\0'; l++) {
        if (!g_str_has_prefix(*l, "a=candidate:") || strstr(*l, " tcp ") != NULL) {
            g_string_append_printf(out, "%s\r\n", *l);
        }
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

static void test_ice_tcp(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    s.net.ice_tcp = true;
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, only_tcp);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    net_pair_exchange(p, MCU_CODEC_H264, 20);
    mcu_peer_stats st;
    mcu_peer_get_stats(p->answerer.peer, &st);
    assert_non_null(strstr(st.local_candidate, "/tcp"));
    net_pair_free(p);
}

static void test_nat_address_and_ports(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    s.net.nat_address = "203.0.113.7";
    s.net.port_min = 41200;
    s.net.port_max = 41299;
    net_pair *p = net_pair_new(&s);
    char *offer = mcu_peer_offer(p->offerer.peer, false, NULL);
    assert_non_null(offer);
    const char *c = strstr(offer, "a=candidate:");
    assert_non_null(c);
    char address[64];
    unsigned port;
    assert_int_equal(sscanf(c, "a=candidate:%*s 1 udp %*u %63s %u", address, &port), 2);
    assert_string_equal(address, "203.0.113.7");
    assert_in_range(port, 41200, 41299);
    assert_null(strstr(offer, "127.0.0.1 "));
    g_free(offer);
    net_pair_free(p);
}

/* ---- how it must fail ---- */

static bool answerer_gone(net_pair *p)
{
    return p->answerer.state == MCU_PEER_GONE;
}

static char *other_fingerprint(const char *sdp, bool is_offer)
{
    char *out = g_strdup(sdp);
    for (char *at = out; is_offer && (at = strstr(at, "a=fingerprint:sha-256 ")) != NULL; at++) {
        char *digit = at + strlen("a=fingerprint:sha-256 ");
        *digit = *digit == '0' ? '1' : '0';
    }
    return out;
}

static void test_wrong_fingerprint(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, other_fingerprint);
    assert_true(net_pair_run(p, answerer_gone, 10000));
    assert_string_equal(p->answerer.why, "fingerprint mismatch");
    assert_int_not_equal(p->offerer.state, MCU_PEER_UP);
    mcu_au *au = net_h264(0, true, 100);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_EAGAIN);
    mcu_au_unref(au);
    net_pair_free(p);
}

static char *other_password(const char *sdp, bool is_offer)
{
    (void)is_offer;
    char *out = g_strdup(sdp);
    for (char *at = out; (at = strstr(at, "a=ice-pwd:")) != NULL; at++) {
        at[10] = at[10] == 'x' ? 'y' : 'x';
    }
    return out;
}

static void test_wrong_ice_password(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, other_password);
    net_pair_settle(p, 1000);
    assert_int_equal(p->answerer.state, MCU_PEER_ICE);
    assert_int_equal(p->offerer.state, MCU_PEER_ICE);
    mcu_net_test_advance(p->answerer.net, 30 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_GONE);
    assert_string_equal(p->answerer.why, "ice timeout");
    GError *error = NULL;
    assert_null(mcu_peer_answer(p->answerer.peer, "v=0\r\n", &error));
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE));
    g_clear_error(&error);
    net_pair_free(p);
}

static void test_silence(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_settle(p, 50);
    p->answerer.deaf = true;
    mcu_net_test_advance(p->answerer.net, 5 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_STALLED);
    mcu_au *au = net_opus(0, 50);
    p->answerer.deaf = false;
    assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
    wanted = 1;
    net_pair_settle(p, 100);
    mcu_au_unref(au);
    assert_int_equal(p->answerer.state, MCU_PEER_UP);
    p->answerer.deaf = true;
    net_pair_settle(p, 20);
    mcu_net_test_advance(p->answerer.net, 30 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_GONE);
    assert_string_equal(p->answerer.why, "consent expired");
    net_pair_free(p);
}

static void test_close(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    mcu_peer_free(p->offerer.peer);
    p->offerer.peer = NULL;
    assert_true(net_pair_run(p, answerer_gone, 2000));
    assert_string_equal(p->answerer.why, "closed by the remote");
    net_pair_free(p);
}

static unsigned turns(GMainContext *context, int64_t for_ns)
{
    unsigned n = 0;
    for (int64_t until_ns = mcu_now_ns() + for_ns; mcu_now_ns() < until_ns; n++) {
        g_main_context_iteration(context, TRUE);
    }
    return n;
}

/* Of two who are connected and say nothing the ticks alone go on, both at once 50 times a second, and a report or two. */
static void test_checks_end(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_settle(p, 1500);
    net_pair_go_on(p, 10000);
    unsigned n = turns(p->context, MCU_NS_PER_SEC);
    assert_true(n <= 60);
    net_pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ice_restart),
        cmocka_unit_test(test_bad_offer_changes_nothing),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_peer_reflexive),
        cmocka_unit_test(test_ice_tcp),
        cmocka_unit_test(test_nat_address_and_ports),
        cmocka_unit_test(test_wrong_fingerprint),
        cmocka_unit_test(test_wrong_ice_password),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_time_never_goes_back),
        cmocka_unit_test(test_checks_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
