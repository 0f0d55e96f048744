/* Calls over loopback sockets and a hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/bytes.h"
#include "mcu/base/clock.h"
#include "mcu/net/call_rtp_priv.h"
#include "mcu/net/rtp.h"
#include "mcu/net/srtp.h"
#include "mcu/net/telephone_event.h"

#define MS MCU_NS_PER_MS

/* ---- over loopback ---- */

typedef struct {
    mcu_call_rtp *call;
    GPtrArray *audio;
    GString *keys; /* a key down, then '.' for up */
    mcu_leg_address address, rtcp;
    int fds[2]; /* duplicates */
} end;

static void on_audio(void *user, mcu_au *take_au)
{
    g_ptr_array_add(((end *)user)->audio, take_au);
}

static void on_key(void *user, char key, bool down)
{
    g_string_append_c(((end *)user)->keys, down ? key : '.');
}

static const mcu_call_rtp_callbacks callbacks = {on_audio, on_key};

static int open_socket(mcu_leg_address *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *address = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address->v4;
    assert_int_equal(bind(fd, &address->any, size), 0);
    assert_int_equal(getsockname(fd, &address->any, &size), 0);
    return fd;
}

static void end_open(end *e)
{
    *e = (end){.audio = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref), .keys = g_string_new(NULL)};
    e->fds[0] = open_socket(&e->address);
    e->fds[1] = open_socket(&e->rtcp);
}

static void end_start(end *e, const mcu_leg_state *s)
{
    g_autoptr(GError) error = NULL;
    e->call = mcu_call_rtp_new(s, dup(e->fds[0]), dup(e->fds[1]), &callbacks, e, mcu_now_ns(), &error);
    if (e->call == NULL) {
        fail_msg("%s", error->message);
    }
}

static void end_close(end *e)
{
    mcu_call_rtp_free(e->call);
    close(e->fds[0]);
    close(e->fds[1]);
    g_ptr_array_unref(e->audio);
    g_string_free(e->keys, TRUE);
}

static mcu_leg_state state_towards(const end *remote, uint32_t ssrc, bool secure)
{
    mcu_leg_state s;
    memset(&s, 0, sizeof s);
    s.codec = MCU_CODEC_PCMU;
    s.event_pt = 101;
    s.ptime_ms = 20;
    s.ssrc = ssrc;
    s.seq = 65500;
    s.ts = 1000;
    s.remote = remote->address;
    s.remote_rtcp = remote->rtcp;
    s.secure = secure;
    memset(secure ? s.key_out : s.key_in, secure ? (int)ssrc : 0, MCU_LEG_KEY_SIZE);
    return s;
}

static void send_frames(end *from, unsigned n, uint32_t *clock)
{
    for (unsigned i = 0; i < n; i++) {
        mcu_au *au = mcu_au_new(160);
        memset(au->data, (int)(*clock / 960), 160);
        au->codec = MCU_CODEC_PCMU;
        au->ts = *clock;
        au->time_ns = mcu_now_ns();
        *clock += 960;
        assert_int_equal(mcu_call_rtp_send(from->call, au), MCU_OK);
        mcu_au_unref(au);
    }
}

static void pair_open(end *a, end *b, bool secure, mcu_leg_state *sa, mcu_leg_state *sb)
{
    end_open(a);
    end_open(b);
    *sa = state_towards(b, 1, secure);
    *sb = state_towards(a, 2, secure);
    if (secure) {
        memcpy(sa->key_in, sb->key_out, MCU_LEG_KEY_SIZE);
        memcpy(sb->key_in, sa->key_out, MCU_LEG_KEY_SIZE);
    }
    end_start(a, sa);
    end_start(b, sb);
}

/* `b` hears `n` packets, in order and without a gap, beginning with the byte `first`. */
static void expect_frames(end *b, unsigned n, unsigned first)
{
    mcu_call_rtp_read(b->call, mcu_now_ns());
    assert_int_equal(b->audio->len, n);
    for (unsigned i = 0; i < n; i++) {
        const mcu_au *au = b->audio->pdata[i];
        assert_int_equal(au->data[0], (uint8_t)(first + i));
        if (i > 0) {
            const mcu_au *before = b->audio->pdata[i - 1];
            assert_int_equal(au->seq, before->seq + 1);
            assert_int_equal(au->ts, before->ts + 160);
        }
    }
}

static void two_ends_hear_each_other_and_report(void **state)
{
    (void)state;
    for (int secure = 0; secure < 2; secure++) {
        end a, b;
        mcu_leg_state sa, sb;
        pair_open(&a, &b, secure, &sa, &sb);
        uint32_t clock = 0, back = 0;
        send_frames(&a, 50, &clock); /* wraps the sequence number on its way */
        send_frames(&b, 3, &back);
        expect_frames(&b, 50, 0);
        expect_frames(&a, 3, 0);
        int64_t later = mcu_now_ns() + 3 * MCU_NS_PER_SEC;
        mcu_call_rtp_tick(a.call, later);
        mcu_call_rtp_read(b.call, later);
        mcu_call_rtp_tick(b.call, later + 10 * MS);
        mcu_call_rtp_read(a.call, later + 20 * MS);
        mcu_call_rtp_stats t;
        mcu_call_rtp_get_stats(a.call, &t);
        assert_int_equal(t.packets_out, 50);
        assert_int_equal(t.bad + t.auth_failures + t.refused, 0);
        assert_true(t.rtt_ms >= 5 && t.rtt_ms < 15);
        mcu_call_rtp_get_stats(b.call, &t);
        assert_int_equal(t.packets_in, 50);
        assert_int_equal(t.lost, 0);
        assert_int_equal(t.bad + t.auth_failures + t.refused, 0);
        end_close(&a);
        end_close(&b);
    }
}

static void what_waited_came_when_the_kernel_says(void **state)
{
    (void)state;
    const int64_t now = 1000000 * MS, wall = 77000000 * MS;
    assert_int_equal(mcu_call_arrival_ns(wall - 7 * MS, wall, now, now - 20 * MS), now - 7 * MS);
    /* a report, read five times a second */
    assert_int_equal(mcu_call_arrival_ns(wall - 190 * MS, wall, now, now - 200 * MS), now - 190 * MS);
    /* the wall clock was set */
    assert_int_equal(mcu_call_arrival_ns(wall - 3000 * MS, wall, now, now - 20 * MS), now - 20 * MS);
    assert_int_equal(mcu_call_arrival_ns(wall + 3000 * MS, wall, now, now - 20 * MS), now);
    /* before a hand-over */
    assert_int_equal(mcu_call_arrival_ns(wall - 150 * MS, wall, now, 0), now - 150 * MS);
}

/* Another process takes `b`'s call over: the same sockets, keys whose sequence has rolled over, and what waited in between. */
static void a_call_is_handed_over_without_a_gap(void **state)
{
    (void)state;
    end a, b, heir;
    mcu_leg_state sa, sb, now;
    pair_open(&a, &b, true, &sa, &sb);
    uint32_t clock = 0, back = 0;
    send_frames(&a, 40, &clock); /* 65500..65535, 0..3: roll-over counter 1 */
    send_frames(&b, 40, &back);
    expect_frames(&b, 40, 0);
    mcu_call_rtp_tick(b.call, mcu_now_ns() + 3 * MCU_NS_PER_SEC);
    mcu_call_rtp_export(b.call, &now);
    assert_int_equal(now.seq, 4);
    assert_int_equal(now.roc_out, 1);
    assert_int_equal(now.roc_in, 1);
    assert_int_equal(now.remote_seq, 3);
    assert_int_equal(now.srtcp_index, 1);
    assert_true(now.latched);
    send_frames(&a, 10, &clock); /* waits in the socket */
    json_t *j = mcu_leg_to_json(&now);
    assert_true(mcu_leg_from_json(j, &sb, NULL));
    json_decref(j);
    end_open(&heir);
    dup2(b.fds[0], heir.fds[0]);
    dup2(b.fds[1], heir.fds[1]);
    end_start(&heir, &sb);
    expect_frames(&heir, 10, 40);
    back = 480000; /* another process, another clock */
    send_frames(&heir, 10, &back);
    mcu_call_rtp_read(a.call, mcu_now_ns());
    assert_int_equal(a.audio->len, 50);
    const mcu_au *last = a.audio->pdata[39], *next = a.audio->pdata[40];
    assert_int_equal(next->seq, last->seq + 1);
    assert_int_equal(next->ts, last->ts + 160);
    mcu_call_rtp_tick(heir.call, mcu_now_ns() + 3 * MCU_NS_PER_SEC);
    mcu_call_rtp_read(a.call, mcu_now_ns());
    mcu_call_rtp_stats t;
    mcu_call_rtp_get_stats(a.call, &t);
    assert_int_equal(t.auth_failures + t.bad, 0); /* no report was a replay either */
    end_close(&heir);
    end_close(&b);
    end_close(&a);
}

/* After a crash nobody knows how far it got: the other end's counter may have rolled over unseen. */
static void a_roll_over_that_nobody_saw_is_found(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_state sa, sb;
    pair_open(&a, &b, true, &sa, &sb);
    mcu_leg_state later = sa;
    later.roc_out = 2;
    later.seq = 500;
    mcu_call_rtp_free(a.call);
    end_start(&a, &later);
    mcu_leg_state old = sb;
    old.remote_ssrc = 1;
    old.remote_seq = 600; /* seen with counter 0, long ago */
    old.roc_in = 0;
    mcu_call_rtp_free(b.call);
    end_start(&b, &old);
    uint32_t clock = 0;
    send_frames(&a, 5, &clock);
    expect_frames(&b, 5, 0);
    mcu_call_rtp_export(b.call, &old);
    assert_int_equal(old.roc_in, 2);
    end_close(&a);
    end_close(&b);
}

static void send_raw(const end *from, const end *to, uint8_t pt, uint16_t seq, uint32_t ts, const void *payload, size_t size)
{
    uint8_t packet[200];
    mcu_rtp r = {.pt = pt, .seq = seq, .ts = ts, .ssrc = 77, .payload = payload, .payload_size = size};
    size_t n = mcu_rtp_write(packet, sizeof packet, &r);
    assert_int_equal(sendto(from->fds[0], packet, n, 0, &to->address.any, sizeof to->address.v4), (ssize_t)n);
}

static void keys_are_heard_and_are_no_sound(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_state sa, sb;
    pair_open(&a, &b, false, &sa, &sb);
    uint8_t sound[160] = {1};
    uint16_t seq = 10;
    send_raw(&a, &b, 0, seq++, 1000, sound, sizeof sound);
    for (unsigned i = 0; i < 6; i++) {
        uint8_t event[4] = {5, i < 3 ? 10 : 0x8a, 1, (uint8_t)i};
        send_raw(&a, &b, 101, seq++, 1160, event, sizeof event);
    }
    send_raw(&a, &b, 101, seq++, 3000, "\x0a\x0a\x00\xa0", 4); /* a star whose end gets lost */
    send_raw(&a, &b, 13, seq++, 5000, sound, 1);               /* comfort noise was not agreed */
    mcu_call_rtp_read(b.call, mcu_now_ns());
    assert_int_equal(b.audio->len, 1);
    assert_string_equal(b.keys->str, "5.*");
    mcu_call_rtp_tick(b.call, mcu_now_ns() + 300 * MS);
    assert_string_equal(b.keys->str, "5.*.");
    mcu_call_rtp_stats t;
    mcu_call_rtp_get_stats(b.call, &t);
    assert_int_equal(t.keys, 2);
    assert_int_equal(t.bad, 1);
    end_close(&a);
    end_close(&b);
}

static void what_strangers_send_is_refused_and_counted(void **state)
{
    (void)state;
    end a, b, thief;
    mcu_leg_state sa, sb;
    mcu_call_rtp_stats t;
    uint8_t sound[160] = {0};
    end_open(&thief);
    pair_open(&a, &b, false, &sa, &sb);
    send_raw(&a, &b, 0, 1, 1000, sound, sizeof sound);
    send_raw(&thief, &b, 0, 2, 1160, sound, sizeof sound);
    sendto(thief.fds[1], "\x80\xc9\0\1\0\0\0\1", 8, 0, &b.rtcp.any, sizeof b.rtcp.v4);
    sendto(thief.fds[0], "x", 1, 0, &b.address.any, sizeof b.address.v4);
    mcu_call_rtp_read(b.call, mcu_now_ns());
    mcu_call_rtp_get_stats(b.call, &t);
    assert_int_equal(b.audio->len, 1);
    assert_int_equal(t.refused, 1); /* a report from the same host is taken, another medium's packet is not */
    assert_int_equal(t.bad, 1);
    end_close(&a);
    end_close(&b);
    pair_open(&a, &b, true, &sa, &sb);
    send_raw(&thief, &b, 0, 2, 1160, sound, sizeof sound);
    mcu_call_rtp_read(b.call, mcu_now_ns());
    mcu_call_rtp_get_stats(b.call, &t);
    assert_int_equal(t.auth_failures, 1);
    assert_int_equal(b.audio->len, 0);
    end_close(&a);
    end_close(&b);
    end_close(&thief);
}

static bool is_connected(const end *e)
{
    mcu_leg_address peer;
    socklen_t size = sizeof peer;
    return getpeername(e->fds[0], &peer.any, &size) == 0;
}

/* The kernel takes a clear call's packets from its other end alone; whoever else may send has to be let in again. */
static void a_socket_is_connected_to_who_is_certain(void **state)
{
    (void)state;
    end a, b, moved, heir;
    mcu_leg_state sa, sb;
    uint8_t sound[160] = {0};
    pair_open(&a, &b, true, &sa, &sb);
    uint32_t clock = 0, back = 0;
    send_frames(&a, 2, &clock);
    expect_frames(&b, 2, 0);
    assert_false(is_connected(&b)); /* what is authenticated may come from anywhere */
    end_close(&a);
    end_close(&b);
    pair_open(&a, &b, false, &sa, &sb);
    end_open(&moved);
    send_raw(&a, &b, 0, 1, 1000, sound, sizeof sound);
    expect_frames(&b, 1, 0);
    assert_true(is_connected(&b));
    send_frames(&b, 2, &back);
    expect_frames(&a, 2, 0);
    sb.remote = moved.address;
    sb.remote_rtcp = moved.rtcp;
    assert_true(mcu_call_rtp_change(b.call, &sb, mcu_now_ns(), NULL));
    assert_false(is_connected(&b));
    send_raw(&moved, &b, 0, 2, 1160, sound, sizeof sound);
    mcu_call_rtp_read(b.call, mcu_now_ns());
    assert_int_equal(b.audio->len, 2);
    assert_true(is_connected(&b));
    sb.remote = a.address; /* the next owner of the socket knows another address */
    end_open(&heir);
    dup2(b.fds[0], heir.fds[0]);
    end_start(&heir, &sb);
    send_raw(&a, &b, 0, 3, 1320, sound, sizeof sound);
    mcu_call_rtp_read(heir.call, mcu_now_ns());
    assert_int_equal(heir.audio->len, 1);
    end_close(&heir);
    end_close(&a);
    end_close(&b);
    end_close(&moved);
}

static void signalling_changes_a_call_in_flight(void **state)
{
    (void)state;
    end a, b, moved;
    mcu_leg_state sa, sb;
    pair_open(&a, &b, false, &sa, &sb);
    end_open(&moved);
    uint32_t clock = 0;
    send_frames(&a, 2, &clock);
    expect_frames(&b, 2, 0);
    mcu_leg_state next = sb;
    next.remote = moved.address;
    next.remote_rtcp = moved.rtcp;
    next.hold = true;
    assert_true(mcu_call_rtp_change(b.call, &next, mcu_now_ns(), NULL));
    assert_true(mcu_call_rtp_held(b.call));
    mcu_au *au = mcu_au_new(160);
    au->codec = MCU_CODEC_PCMU;
    assert_int_equal(mcu_call_rtp_send(b.call, au), MCU_EAGAIN); /* nothing is sent to who holds */
    next.hold = false;
    next.ptime_ms = 40;
    assert_true(mcu_call_rtp_change(b.call, &next, mcu_now_ns(), NULL));
    for (unsigned i = 1; i < 5; i++) {
        au->ts = i * 960;
        assert_int_equal(mcu_call_rtp_send(b.call, au), MCU_OK);
    }
    uint8_t packet[1500];
    mcu_rtp r;
    uint32_t ts = 0;
    for (unsigned i = 0; i < 2; i++) { /* two packets of 40 ms arrive at the new place */
        ssize_t n = recv(moved.fds[0], packet, sizeof packet, MSG_DONTWAIT);
        assert_int_equal(n, 12 + 320);
        assert_int_equal(mcu_rtp_parse(packet, (size_t)n, &r), MCU_OK);
        assert_int_equal(r.ts - ts, i == 0 ? r.ts : 320);
        ts = r.ts;
    }
    assert_true(recv(moved.fds[0], packet, sizeof packet, MSG_DONTWAIT) < 0);
    next.codec = MCU_CODEC_OPUS;
    next.pt_in = next.pt_out = 111;
    assert_true(mcu_call_rtp_change(b.call, &next, mcu_now_ns(), NULL));
    assert_int_equal(mcu_call_rtp_send(b.call, au), MCU_ENOSUP);
    mcu_leg_address v6;
    assert_true(mcu_leg_address_parse("[::1]:5", &v6));
    next.remote = v6;
    assert_false(mcu_call_rtp_change(b.call, &next, mcu_now_ns(), NULL));
    mcu_au_unref(au);
    end_close(&a);
    end_close(&b);
    end_close(&moved);
}

/* A phone behind another door answers with a key of its own; ours stays, and so must the place in its stream. */
static void a_new_key_of_theirs_leaves_ours_where_it_is(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_state sa, sb, after = {0};
    pair_open(&a, &b, true, &sa, &sb);
    uint32_t clock = 0, back = 0;
    send_frames(&a, 50, &clock); /* past the first roll-over */
    expect_frames(&b, 50, 0);
    int64_t later = mcu_now_ns() + 3 * MCU_NS_PER_SEC;
    mcu_call_rtp_tick(a.call, later); /* a report */
    memset(sa.key_in, 9, sizeof sa.key_in);
    memset(sb.key_out, 9, sizeof sb.key_out);
    assert_true(mcu_call_rtp_change(a.call, &sa, later, NULL)); /* says no counters, as a re-INVITE */
    assert_true(mcu_call_rtp_change(b.call, &sb, later, NULL));
    mcu_call_rtp_export(a.call, &after);
    assert_int_equal(after.roc_out, 1);
    assert_int_equal(after.srtcp_index, 1);
    send_frames(&a, 3, &clock);
    send_frames(&b, 3, &back);
    expect_frames(&b, 53, 0);
    expect_frames(&a, 3, 0);
    mcu_leg_wipe(&after);
    end_close(&a);
    end_close(&b);
}

int main(void)
{
    assert_true(mcu_srtp_warm(NULL));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waited_came_when_the_kernel_says),
        cmocka_unit_test(two_ends_hear_each_other_and_report),
        cmocka_unit_test(a_call_is_handed_over_without_a_gap),
        cmocka_unit_test(a_roll_over_that_nobody_saw_is_found),
        cmocka_unit_test(keys_are_heard_and_are_no_sound),
        cmocka_unit_test(what_strangers_send_is_refused_and_counted),
        cmocka_unit_test(signalling_changes_a_call_in_flight),
        cmocka_unit_test(a_socket_is_connected_to_who_is_certain),
        cmocka_unit_test(a_new_key_of_theirs_leaves_ours_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
