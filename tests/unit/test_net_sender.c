/* The sender: what leaves first when the line is not any more what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/bytes.h"
#include "mcu/base/media.h"
#include "mcu/net/sender.h"

#define MS MCU_NS_PER_MS
#define PACKETS 40
#define BYTES 1100
#define PLAYOUT_DELAY 5 /* its header extension */
#define TWCC 6

typedef struct {
    mcu_sender s;
    int64_t now_ns;
    unsigned pictures, copies; /* packets that left */
    uint32_t picture;
    unsigned least_ms, most_ms; /* that the newest picture says it is to wait */
    mcu_twcc_recorder *far;     /* NULL = nothing is told */
    unsigned padded;            /* of the copies, nothing but padding */
} line;

static void transmit(void *user, uint8_t *packet, size_t size)
{
    line *l = user;
    mcu_rtp r;
    assert_int_equal(mcu_rtp_parse(packet, size, &r), MCU_OK);
    l->pictures += r.ssrc == l->s.video.ssrc;
    l->copies += r.ssrc == l->s.rtx.ssrc;
    l->padded += r.ssrc == l->s.rtx.ssrc && (packet[0] & 0x20) != 0;
    const uint8_t *delay;
    size_t bytes;
    if (mcu_rtpext_find(&r, PLAYOUT_DELAY, &delay, &bytes)) {
        l->least_ms = (unsigned)(delay[0] << 4 | delay[1] >> 4) * 10;
        l->most_ms = (unsigned)((delay[1] & 0xf) << 8 | delay[2]) * 10;
    }
    if (l->far != NULL && mcu_rtpext_find(&r, TWCC, &delay, &bytes)) {
        mcu_twcc_recorder_push(l->far, mcu_rd16(delay), l->now_ns);
    }
}

static void begin(line *l)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    *l = (line){.now_ns = 1000 * MCU_NS_PER_SEC};
    mcu_sender_init(&l->s, &callbacks, l);
    l->s.rtx_pt = 97;
}

static void push_picture(line *l, bool keyframe, unsigned packets)
{
    static const uint8_t payload[BYTES];
    assert_int_equal(mcu_sender_admit(&l->s, keyframe, packets, (size_t)packets * BYTES, l->now_ns), MCU_OK);
    l->picture++;
    for (unsigned i = 0; i < packets; i++) {
        mcu_rtp r = {.pt = 96, .ssrc = l->s.video.ssrc, .payload = payload, .payload_size = BYTES, .marker = i + 1 == packets};
        mcu_rtpext_block_apply(&l->s.video.ext, &r);
        mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_VIDEO, &r);
        pkt->picture = l->picture;
        pkt->keyframe = keyframe;
        pkt->first = i == 0;
        pkt->last = i + 1 == packets;
        assert_int_equal(mcu_sender_push(&l->s, pkt, l->now_ns), MCU_OK);
    }
}

static void run(line *l, unsigned ms)
{
    for (int64_t end_ns = l->now_ns + ms * MS; l->now_ns < end_ns; l->now_ns += 5 * MS) {
        if (l->now_ns % (20 * MS) == 0) {
            mcu_sender_tick(&l->s, l->now_ns);
        }
        (void)mcu_sender_pump(&l->s, l->now_ns);
    }
}

static void send_a_second(line *l)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        push_picture(l, i == 0, 1);
        run(l, 20);
    }
    run(l, 200);
    assert_int_equal(l->pictures, PACKETS);
}

/* A second of pictures over a path that loses by chance. */
static void begin_losing(line *l)
{
    begin(l);
    send_a_second(l);
    l->s.loss = 0.05;
    l->s.rtt_ns = 100 * MS;
}

/* `n` packets again, from the one `ago`. */
static void ask_for(line *l, unsigned ago, unsigned n)
{
    uint16_t seqs[PACKETS];
    for (unsigned i = 0; i < n; i++) {
        seqs[i] = (uint16_t)(l->s.video.seq - ago + i);
    }
    mcu_sender_retransmit(&l->s, seqs, n, l->now_ns);
}

static void test_copies_do_not_stand_before_a_keyframe(void **state)
{
    (void)state;
    line l;
    begin_losing(&l);
    ask_for(&l, PACKETS, PACKETS);
    mcu_pacer_set_bps(l.s.pacer, 30000);
    push_picture(&l, true, 1);
    (void)mcu_sender_pump(&l.s, l.now_ns);
    run(&l, 300);
    assert_int_equal(l.pictures, PACKETS + 1);
    assert_true(l.copies <= 1);
    mcu_sender_clear(&l.s);
}

/* The pictures before a keyframe that is for somebody else are on their way, and shown once they are whole. */
static void test_what_chance_took_comes_before_a_keyframe(void **state)
{
    (void)state;
    line l;
    begin_losing(&l);
    ask_for(&l, 4, 2);
    mcu_repair_later(&l.s.repair, (uint16_t)(l.s.video.seq - 2), l.now_ns + 20 * MS);
    push_picture(&l, true, 1);
    run(&l, 200);
    assert_int_equal(l.pictures, PACKETS + 1);
    assert_int_equal(l.copies, 3);
    ask_for(&l, 2, 1);
    run(&l, 100);
    assert_int_equal(l.copies, 3 + 2); /* asked for while it may still be shown: twice on such a path */
    run(&l, 200);
    ask_for(&l, 3, 1);
    run(&l, 100);
    assert_int_equal(l.copies, 5);
    mcu_sender_clear(&l.s);
}

/* What is on its way before a large one is no reason to wait for the next. */
static void test_a_keyframe_finds_room(void **state)
{
    (void)state;
    line l;
    begin_losing(&l);
    push_picture(&l, false, 1);
    push_picture(&l, false, 1);
    run(&l, 20);
    assert_true(mcu_pacer_depth(l.s.pacer) > 0);
    push_picture(&l, true, MCU_PACER_PACKETS - 1);
    mcu_sender_clear(&l.s);
}

static void test_who_asked_for_a_keyframe_waits_for_nothing_before_it(void **state)
{
    (void)state;
    line l;
    begin_losing(&l);
    ask_for(&l, 4, 4);
    mcu_sender_keyframe_asked(&l.s);
    push_picture(&l, true, 1);
    run(&l, 200);
    ask_for(&l, 2, 1);
    run(&l, 100);
    assert_int_equal(l.copies, 0);
    mcu_sender_clear(&l.s);
}

/* What waits for longer than a picture may is of no use to anybody: nothing new gets past it. */
static void test_copies_that_became_old_do_not_leave(void **state)
{
    (void)state;
    line l;
    begin(&l);
    send_a_second(&l);
    ask_for(&l, PACKETS, PACKETS);
    assert_true(mcu_pacer_depth(l.s.pacer) > 5);
    l.s.wanted_bps = MCU_PACER_MIN_BPS; /* the line is a thin one: each takes 0.8 s */
    run(&l, 1000);
    assert_int_equal(mcu_pacer_depth(l.s.pacer), 0);
    assert_true(l.copies <= 2);
    mcu_sender_clear(&l.s);
}

static mcu_pkt *copy(uint16_t size)
{
    mcu_pkt *p = mcu_pkt_new(MCU_PKT_RTX, &(mcu_rtp){0});
    p->size = size;
    return p;
}

static void test_copies_wait_no_longer_than_pictures(void **state)
{
    (void)state;
    mcu_pacer *p = mcu_pacer_new(80000); /* 100 ms each */
    unsigned taken = 0;
    while (mcu_pacer_push(p, copy(1000), 0) == MCU_OK) {
        taken++;
    }
    assert_in_range(taken, 5, 7);
    mcu_pacer_free(p);
}

static void look(line *l, unsigned remb_bps, unsigned least_ms, unsigned most_ms)
{
    assert_true(mcu_bwe_remb(l->s.bwe, remb_bps, l->now_ns));
    for (unsigned i = 0; i < 10; i++) {
        mcu_bwe_feedback(l->s.bwe, l->now_ns);
        run(l, 100);
    }
    push_picture(l, true, 1);
    run(l, 300);
    assert_int_equal(l->least_ms, least_ms);
    assert_int_equal(l->most_ms, most_ms);
}

/* The sound of a thin line is late behind single packets of pictures; pictures would be as late for its sake. */
static void test_pictures_wait_for_sound_but_not_long_on_a_thin_line(void **state)
{
    (void)state;
    line l;
    begin(&l);
    const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_PLAYOUT_DELAY] = PLAYOUT_DELAY}};
    const mcu_rtpext_values values = {.has = {[MCU_RTPEXT_PLAYOUT_DELAY] = true}};
    mcu_rtpext_block_init(&l.s.video.ext, &map, &values);
    look(&l, 500000, 0, 10000);
    look(&l, 64000, 10, 60);
    look(&l, 140000, 10, 60); /* not to and fro */
    look(&l, 500000, 0, 10000);
    mcu_sender_clear(&l.s);
}

static mcu_status hear(line *l, const uint8_t *feedback, size_t size)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    assert_int_equal(mcu_rtcp_begin(&it, feedback, size), MCU_OK);
    assert_true(mcu_rtcp_next(&it, &p));
    return mcu_sender_on_feedback(&l->s, &p, l->now_ns);
}

/* The far end tells what has come. */
static void tell(line *l)
{
    uint8_t feedback[1200];
    size_t size = mcu_twcc_recorder_feedback(l->far, 1, 2, l->now_ns, feedback, sizeof feedback);
    assert_true(size > 0);
    assert_int_equal(hear(l, feedback, size), MCU_OK);
}

static void begin_heard(line *l)
{
    const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_TWCC] = TWCC}};
    const mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = true}};
    begin(l);
    mcu_rtpext_block_init(&l->s.video.ext, &map, &values);
    l->s.audio.ext = l->s.video.ext;
    l->far = mcu_twcc_recorder_new();
}

static void push_sound(line *l)
{
    static const uint8_t payload[80];
    mcu_rtp r = {.pt = 111, .ssrc = l->s.audio.ssrc, .payload = payload, .payload_size = sizeof payload};
    mcu_rtpext_block_apply(&l->s.audio.ext, &r);
    assert_int_equal(mcu_sender_push(&l->s, mcu_pkt_new(MCU_PKT_AUDIO, &r), l->now_ns), MCU_OK);
}

/* A probe wants packets that are smaller than any of the pictures. On a wide line they are copies nevertheless, so that what it
 * sends is of use; on a thin one a large copy would stand before the next picture. */
static void test_probes_are_copies_but_not_large_ones_on_a_thin_line(void **state)
{
    (void)state;
    static const struct {
        unsigned start_bps;
        bool pictures, copies;
    } rows[] = {{150000, true, true}, {60000, true, false}, {150000, false, false}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        line l;
        begin_heard(&l);
        mcu_bwe_set_start(l.s.bwe, rows[i].start_bps);
        for (unsigned k = 0; k < 10; k++) {
            if (rows[i].pictures && k % 5 == 0) {
                push_picture(&l, k == 0, 1);
            }
            push_sound(&l);
            run(&l, 100);
            tell(&l);
        }
        assert_int_equal(l.copies, 0);
        mcu_bwe_set_goal(l.s.bwe, 5000000);
        run(&l, 100);
        assert_true(mcu_bwe_probing(l.s.bwe));
        assert_true(mcu_bwe_filling_most(l.s.bwe) < BYTES);
        assert_true(l.copies >= 2);
        assert_int_equal(l.padded, rows[i].copies ? 0 : l.copies);
        mcu_twcc_recorder_free(l.far);
        mcu_sender_clear(&l.s);
    }
}

/* Well-formed words about packets that were never sent are no sign of life. */
static void test_lies_end_no_outage(void **state)
{
    (void)state;
    static const uint8_t lie[] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0x20, 0, 0, 2, 0, 0, 1, 7, 0x20, 2, 4, 4};
    line l;
    begin_heard(&l);
    for (unsigned i = 0; i < 40; i++) {
        push_picture(&l, i == 0, 1);
        run(&l, 100);
        tell(&l);
    }
    assert_int_equal(l.s.view.state, MCU_BWE_OPEN);
    mcu_twcc_recorder *far = l.far;
    l.far = NULL;
    for (unsigned i = 0; i < 20; i++) {
        push_picture(&l, false, 1);
        run(&l, 100);
        assert_int_equal(hear(&l, lie, sizeof lie), MCU_EINVAL);
    }
    assert_int_equal(l.s.view.state, MCU_BWE_OUTAGE);
    l.far = far;
    push_picture(&l, false, 1);
    run(&l, 100);
    tell(&l);
    assert_int_equal(l.s.view.state, MCU_BWE_OPEN);
    mcu_twcc_recorder_free(far);
    mcu_sender_clear(&l.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_do_not_stand_before_a_keyframe),
        cmocka_unit_test(test_what_chance_took_comes_before_a_keyframe),
        cmocka_unit_test(test_a_keyframe_finds_room),
        cmocka_unit_test(test_who_asked_for_a_keyframe_waits_for_nothing_before_it),
        cmocka_unit_test(test_copies_that_became_old_do_not_leave),
        cmocka_unit_test(test_copies_wait_no_longer_than_pictures),
        cmocka_unit_test(test_pictures_wait_for_sound_but_not_long_on_a_thin_line),
        cmocka_unit_test(test_lies_end_no_outage),
        cmocka_unit_test(test_probes_are_copies_but_not_large_ones_on_a_thin_line),
    };
    return cmocka_run_group_tests_name("net_sender", tests, NULL, NULL);
}
