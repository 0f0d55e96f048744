#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/twcc.h"

#define MS INT64_C(1000000)
#define MAX_SENT 20000

typedef struct {
    unsigned received, lost, calls;
    int64_t worst_error_ns; /* of arrival differences against the truth */
    int64_t truth[MAX_SENT];
    bool has_offset;
    int64_t offset_ns;
} view;

static void on_result(void *user, const mcu_twcc_result *r)
{
    view *v = user;
    v->calls++;
    assert_int_equal(r->size, 100 + r->seq % 50);
    assert_int_equal(r->kind, r->seq % 7);
    assert_int_equal(r->sent_ns, r->seq * MS);
    if (!r->received) {
        v->lost++;
        return;
    }
    v->received++;
    int64_t offset = r->arrival_ns - v->truth[r->seq];
    if (!v->has_offset) {
        v->has_offset = true;
        v->offset_ns = offset;
    }
    int64_t error = llabs(offset - v->offset_ns);
    v->worst_error_ns = error > v->worst_error_ns ? error : v->worst_error_ns;
}

static void feed(mcu_twcc_history *h, const uint8_t *packet, size_t n, int64_t now_ns, view *v)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    assert_int_equal(mcu_rtcp_begin(&it, packet, n), MCU_OK);
    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_TWCC);
    assert_int_equal(mcu_twcc_history_feedback(h, &p, now_ns, on_result, v), MCU_OK);
}

/* Sends a packet a millisecond through a link that loses, delays and reorders; checks what the sender learns. */
static void run_link(unsigned n, unsigned loss_pct, unsigned jitter_ms, unsigned seed)
{
    mcu_twcc_recorder *r = mcu_twcc_recorder_new();
    mcu_twcc_history *h = mcu_twcc_history_new();
    view *v = calloc(1, sizeof *v);
    uint8_t packet[1200];
    unsigned arrived = 0;
    srand(seed);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(mcu_twcc_history_sent(h, 100 + i % 50, (uint8_t)(i % 7), i * MS), (uint16_t)i);
    }
    /* Arrivals in order of time: a small calendar. */
    static int order[MAX_SENT + 300][8];
    memset(order, -1, sizeof order);
    for (unsigned i = 0; i < n; i++) {
        if ((unsigned)rand() % 100 < loss_pct) {
            continue;
        }
        unsigned at = i + (jitter_ms ? (unsigned)rand() % jitter_ms : 0);
        for (unsigned k = 0; k < 8; k++) {
            if (order[at][k] < 0) {
                order[at][k] = (int)i;
                arrived++;
                break;
            }
        }
    }
    for (unsigned t = 0; t < n + 300; t++) {
        int64_t now = (1000000 + t) * MS;
        for (unsigned k = 0; k < 8 && order[t][k] >= 0; k++) {
            v->truth[order[t][k]] = now;
            mcu_twcc_recorder_push(r, (uint16_t)order[t][k], now);
            mcu_twcc_recorder_push(r, (uint16_t)order[t][k], now + 5 * MS); /* a duplicate changes nothing */
        }
        if (now >= mcu_twcc_recorder_next_ns(r)) {
            size_t size;
            while ((size = mcu_twcc_recorder_feedback(r, 1, 2, now, packet, sizeof packet)) > 0) {
                assert_true(size <= sizeof packet);
                feed(h, packet, size, now, v);
            }
            assert_true(mcu_twcc_recorder_next_ns(r) == INT64_MAX);
        }
    }
    assert_int_equal(v->received, arrived);
    assert_true(v->worst_error_ns <= MS / 4);
    if (jitter_ms == 0 && loss_pct > 0) {
        assert_true(v->lost + v->received <= n && v->lost + v->received + 300 >= n);
        double loss = mcu_twcc_history_loss(h, (1000000 + n) * MS);
        assert_true(loss > loss_pct / 100.0 - 0.06 && loss < loss_pct / 100.0 + 0.06);
    }
    free(v);
    mcu_twcc_history_free(h);
    mcu_twcc_recorder_free(r);
}

static void test_links(void **state)
{
    (void)state;
    static const struct {
        unsigned n, loss_pct, jitter_ms;
    } rows[] = {{1, 0, 0},     {500, 0, 0},   {5000, 3, 0},   {5000, 30, 0},
                {5000, 97, 0}, {3000, 0, 40}, {5000, 10, 40}, {5000, 50, 150}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_link(rows[i].n, rows[i].loss_pct, rows[i].jitter_ms, (unsigned)i + 1);
    }
}

/* Three pictures' packets between two of sound: runs are those of the sound alone. */
static void test_bursts_of_one_kind(void **state)
{
    (void)state;
    enum { SOUND = 1, PICTURE = 3, EVERY = 4, SOUNDS = 240 };
    static const struct {
        unsigned of, lost; /* the first `lost` of each `of` packets of sound */
        double burst;
    } rows[] = {{1000, 0, 0}, {10, 1, 1}, {12, 4, 4}, {6, 2, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_twcc_recorder *r = mcu_twcc_recorder_new();
        mcu_twcc_history *h = mcu_twcc_history_new();
        uint8_t packet[1200];
        int64_t now = 0;
        mcu_twcc_recorder_push(r, mcu_twcc_history_sent(h, 100, PICTURE, 0), 0);
        for (unsigned k = 0; k < SOUNDS * EVERY; k++) {
            now += MS;
            bool sound = k % EVERY == 0;
            uint16_t seq = mcu_twcc_history_sent(h, 100, sound ? SOUND : PICTURE, now);
            if (!sound || k / EVERY % rows[i].of >= rows[i].lost) {
                mcu_twcc_recorder_push(r, seq, now);
            }
            if (now < mcu_twcc_recorder_next_ns(r)) {
                continue;
            }
            size_t size = mcu_twcc_recorder_feedback(r, 1, 2, now, packet, sizeof packet);
            mcu_rtcp_iter it;
            mcu_rtcp_packet p;
            assert_int_equal(mcu_rtcp_begin(&it, packet, size), MCU_OK);
            assert_true(mcu_rtcp_next(&it, &p));
            assert_int_equal(mcu_twcc_history_feedback(h, &p, now, NULL, NULL), MCU_OK);
        }
        double burst = mcu_twcc_history_burst(h, SOUND, now);
        assert_true(burst > rows[i].burst - 0.2 && burst < rows[i].burst + 0.2);
        assert_true(mcu_twcc_history_burst(h, PICTURE, now) == 0);
        assert_true(mcu_twcc_history_burst(h, MCU_TWCC_KINDS, now) == 0);
        mcu_twcc_history_free(h);
        mcu_twcc_recorder_free(r);
    }
}

static void test_sequence_wrap(void **state)
{
    (void)state;
    mcu_twcc_recorder *r = mcu_twcc_recorder_new();
    mcu_twcc_history *h = mcu_twcc_history_new();
    uint8_t packet[1200];
    int64_t now = 0;
    unsigned told = 0;
    for (unsigned i = 0; i < 200000; i++) { /* three turns of 16 bits */
        now += MS;
        uint16_t seq = mcu_twcc_history_sent(h, 100, 0, now);
        mcu_twcc_recorder_push(r, seq, now);
        if (now >= mcu_twcc_recorder_next_ns(r)) {
            size_t size = mcu_twcc_recorder_feedback(r, 1, 2, now, packet, sizeof packet);
            mcu_rtcp_iter it;
            mcu_rtcp_packet p;
            assert_int_equal(mcu_rtcp_begin(&it, packet, size), MCU_OK);
            assert_true(mcu_rtcp_next(&it, &p));
            assert_int_equal(mcu_twcc_history_feedback(h, &p, now, NULL, NULL), MCU_OK);
            told++;
        }
    }
    assert_true(told > 1900 && told < 2010);
    assert_true(mcu_twcc_history_loss(h, now) == 0.0);
    unsigned bps = mcu_twcc_history_acked_bps(h, now);
    assert_true(bps > 700000 && bps < 900000);
    mcu_twcc_history_free(h);
    mcu_twcc_recorder_free(r);
}

static void test_silence_and_jumps(void **state)
{
    (void)state;
    mcu_twcc_recorder *r = mcu_twcc_recorder_new();
    uint8_t packet[1200];
    assert_true(mcu_twcc_recorder_next_ns(r) == INT64_MAX);
    assert_int_equal(mcu_twcc_recorder_feedback(r, 1, 2, 0, packet, sizeof packet), 0);
    mcu_twcc_recorder_push(r, 0, 1000 * MS);
    mcu_twcc_recorder_push(r, 30000, 1001 * MS);  /* far ahead */
    mcu_twcc_recorder_push(r, 30001, 60000 * MS); /* a minute later: no 16-bit delta spans that */
    unsigned n = 0;
    while (mcu_twcc_recorder_feedback(r, 1, 2, 60001 * MS, packet, sizeof packet) > 0) {
        assert_true(++n < 10);
    }
    assert_true(n >= 2);
    mcu_twcc_recorder_free(r);
}

static void test_later_received_wins(void **state)
{
    (void)state;
    mcu_twcc_history *h = mcu_twcc_history_new();
    view *v = calloc(1, sizeof *v);
    for (unsigned i = 0; i < 3; i++) {
        mcu_twcc_history_sent(h, 100 + i, (uint8_t)i, i * MS);
    }
    /* 0 received, 1 lost, 2 received; then 1 received. */
    static const uint8_t first[] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 1, 0, 0xa8, 0, 4, 4};
    static const uint8_t second[] = {0xaf, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 1, 1, 0x20, 1, 8, 1};
    v->truth[0] = 64 * MS + MS;
    v->truth[1] = 64 * MS + 2 * MS;
    v->truth[2] = 64 * MS + 2 * MS;
    feed(h, first, sizeof first, 10 * MS, v);
    assert_true(v->received == 2 && v->lost == 1);
    assert_true(mcu_twcc_history_loss(h, 10 * MS) > 0.33);
    feed(h, second, sizeof second, 11 * MS, v);
    assert_int_equal(v->received, 3);
    assert_true(mcu_twcc_history_loss(h, 11 * MS) == 0.0);
    feed(h, first, sizeof first, 12 * MS, v); /* an old copy tells nothing new */
    assert_int_equal(v->calls, 4);
    assert_int_equal(v->worst_error_ns, 0);
    free(v);
    mcu_twcc_history_free(h);
}

static void test_hostile_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t body[16]; /* base, count, reference, number, chunks, deltas */
        size_t size;
    } rows[] = {
        {"no packets", {0, 0, 0, 0, 0, 0, 0, 0, 0x20, 1, 0, 0}, 12},
        {"no chunks", {0, 0, 0, 9, 0, 0, 0, 0}, 8},
        {"count above the history", {0, 0, 0xff, 0xff, 0, 0, 0, 0, 0x3f, 0xff, 0, 0}, 12},
        {"deltas missing", {0, 0, 0, 9, 0, 0, 0, 0, 0x20, 9, 1, 1}, 12},
        {"large deltas missing", {0, 0, 0, 2, 0, 0, 0, 0, 0x40, 2, 1, 1}, 12},
        {"reserved symbol in a run", {0, 0, 0, 1, 0, 0, 0, 0, 0x60, 1, 1, 1}, 12},
        {"reserved symbol in a vector", {0, 0, 0, 1, 0, 0, 0, 0, 0xf0, 0, 1, 1}, 12},
        {"runs of nothing", {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 16},
        {"the next one to be sent came", {0, 20, 0, 1, 0, 0, 0, 0, 0x20, 1, 4, 1}, 12},
        {"the next one is lost", {0, 20, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2}, 12},
        {"far ahead", {0x40, 0, 0, 1, 0, 0, 0, 0, 0x20, 1, 4, 1}, 12},
        {"before the first", {0xff, 0, 0, 1, 0, 0, 0, 0, 0x20, 1, 4, 1}, 12},
        {"lost before the first", {0xff, 0, 0, 9, 0, 0, 0, 0, 0, 9, 0, 2}, 12},
        {"the last one and the next", {0, 19, 0, 2, 0, 0, 0, 0, 0x20, 2, 4, 4}, 12},
    };
    mcu_twcc_history *h = mcu_twcc_history_new();
    view *v = calloc(1, sizeof *v);
    for (unsigned i = 0; i < 20; i++) {
        mcu_twcc_history_sent(h, 100, 0, 0);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packet[32] = {0x8f, 205, 0, (uint8_t)(2 + rows[i].size / 4)};
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        memcpy(packet + 12, rows[i].body, rows[i].size);
        assert_int_equal(mcu_rtcp_begin(&it, packet, 12 + rows[i].size), MCU_OK);
        assert_true(mcu_rtcp_next(&it, &p));
        if (mcu_twcc_history_feedback(h, &p, 0, on_result, v) != MCU_EINVAL) {
            fail_msg("%s", rows[i].name);
        }
    }
    assert_int_equal(v->calls, 0);
    free(v);
    mcu_twcc_history_free(h);
}

/* What is forgotten, told of before, or lost behind the last one that was sent may be spoken of: feedback comes late and twice.
 */
static void test_late_and_repeated_feedback_is_no_lie(void **state)
{
    (void)state;
    static const struct {
        uint16_t base;
        uint8_t count, chunk, delta;
    } rows[] = {{5, 1, 0x20, 4}, {5, 1, 0x20, 4}, {19995, 1, 0x20, 4}, {20000 - 3, 6, 0, 0}, {20000 - 9000, 2, 0, 0}};
    mcu_twcc_history *h = mcu_twcc_history_new();
    for (unsigned i = 0; i < 20000; i++) {
        mcu_twcc_history_sent(h, 100, 0, i * MS);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packet[24] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, rows[i].count};
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        packet[12] = (uint8_t)(rows[i].base >> 8);
        packet[13] = (uint8_t)rows[i].base;
        packet[20] = rows[i].chunk;
        packet[21] = rows[i].count;
        packet[22] = rows[i].delta;
        assert_int_equal(mcu_rtcp_begin(&it, packet, sizeof packet), MCU_OK);
        assert_true(mcu_rtcp_next(&it, &p));
        assert_int_equal(mcu_twcc_history_feedback(h, &p, 20000 * MS, NULL, NULL), MCU_OK);
    }
    mcu_twcc_history_free(h);
}

/* Feedback is 3 % of what the path back carries, within 100 to 250 ms. */
static void test_how_often_is_told(void **state)
{
    (void)state;
    static const struct {
        unsigned bps;
        int64_t least_ms, most_ms;
    } rows[] = {{0, 250, 250},      {64000, 250, 250},  {106000, 250, 250},    {133333, 199, 201},
                {200000, 132, 134}, {270000, 100, 100}, {UINT32_MAX, 100, 100}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_twcc_recorder *r = mcu_twcc_recorder_new();
        uint8_t packet[200];
        int64_t now = 1000 * MS;
        mcu_twcc_recorder_path(r, rows[i].bps);
        mcu_twcc_recorder_push(r, 1, now);
        assert_in_range(mcu_twcc_recorder_next_ns(r) - now, rows[i].least_ms * MS, rows[i].most_ms * MS);
        now = mcu_twcc_recorder_next_ns(r);
        assert_true(mcu_twcc_recorder_feedback(r, 1, 2, now, packet, sizeof packet) > 0);
        mcu_twcc_recorder_push(r, 2, now + MS);
        assert_in_range(mcu_twcc_recorder_next_ns(r) - now, rows[i].least_ms * MS, rows[i].most_ms * MS);
        mcu_twcc_recorder_free(r);
    }
}

static void test_reference_wrap(void **state)
{
    (void)state;
    mcu_twcc_history *h = mcu_twcc_history_new();
    view *v = calloc(1, sizeof *v);
    uint8_t packet[64];
    mcu_twcc_recorder *r = mcu_twcc_recorder_new();
    int64_t turn = (INT64_C(1) << 24) * 64 * MS; /* 24 bits of 64 ms */
    for (unsigned i = 0; i < 40; i++) {
        mcu_twcc_history_sent(h, 100 + i, (uint8_t)(i % 7), i * MS);
        int64_t now = turn - 2000 * MS + i * 100 * MS;
        v->truth[i] = now;
        mcu_twcc_recorder_push(r, (uint16_t)i, now);
        size_t n = mcu_twcc_recorder_feedback(r, 1, 2, now, packet, sizeof packet);
        feed(h, packet, n, now, v);
    }
    assert_int_equal(v->received, 40);
    assert_true(v->worst_error_ns <= MS / 4);
    mcu_twcc_recorder_free(r);
    free(v);
    mcu_twcc_history_free(h);
}

static void note_arrival(void *user, const mcu_twcc_result *r)
{
    *(int64_t *)user = r->arrival_ns;
}

/* Six days with each word: nanoseconds run out after minutes. */
static void test_a_reference_that_races(void **state)
{
    (void)state;
    mcu_twcc_history *h = mcu_twcc_history_new();
    uint32_t reference = 0;
    int64_t arrival_ns = 0;
    for (unsigned i = 0; i < 20000; i++) {
        uint16_t seq = mcu_twcc_history_sent(h, 100, 0, i * MS);
        uint8_t packet[24] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 1};
        packet[16] = (uint8_t)(reference >> 16);
        packet[17] = (uint8_t)(reference >> 8);
        packet[18] = (uint8_t)reference;
        packet[20] = 0x20;
        packet[21] = 1;
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        assert_int_equal(mcu_rtcp_begin(&it, packet, sizeof packet), MCU_OK);
        assert_true(mcu_rtcp_next(&it, &p));
        assert_int_equal(mcu_twcc_history_feedback(h, &p, i * MS, note_arrival, &arrival_ns), MCU_OK);
        assert_true(arrival_ns >= 0 && arrival_ns < INT64_MAX / 16);
        reference = (reference + 0x7fffff) & 0xffffff;
    }
    mcu_twcc_history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_bursts_of_one_kind),
        cmocka_unit_test(test_sequence_wrap),
        cmocka_unit_test(test_silence_and_jumps),
        cmocka_unit_test(test_later_received_wins),
        cmocka_unit_test(test_hostile_table),
        cmocka_unit_test(test_late_and_repeated_feedback_is_no_lie),
        cmocka_unit_test(test_how_often_is_told),
        cmocka_unit_test(test_reference_wrap),
        cmocka_unit_test(test_a_reference_that_races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
