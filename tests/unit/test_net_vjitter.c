#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264_kit.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/nack.h"
#include "mcu/net/rtx.h"
#include "mcu/net/vjitter.h"
#include "mcu/net/vp8_rtp.h"

#define MS MCU_NS_PER_MS

/* ---- a sender that keeps what it sent ---- */

typedef struct {
    uint16_t seq;
    uint32_t ts;
    bool marker;
    uint16_t size;
    uint8_t payload[1200];
} packet;

typedef struct {
    mcu_codec codec;
    uint16_t seq;
    unsigned seed;
    unsigned n_packets, n_pictures;
    packet *packets;
    mcu_au **pictures;
    unsigned *first; /* of each picture, into packets */
    uint32_t ts;
} sender;

static const kit_sps format = {.profile = 66, .chroma = 1, .depth = 8, .width_mbs = 40, .height_mbs = 23, .crop_bottom = 4};

static sender *sender_new(mcu_codec codec, uint16_t seq, unsigned seed)
{
    sender *s = calloc(1, sizeof *s);
    s->codec = codec;
    s->seq = seq;
    s->seed = seed;
    s->ts = 0xffff0000u; /* wraps during the test */
    s->packets = calloc(40000, sizeof *s->packets);
    s->pictures = calloc(4000, sizeof(mcu_au *));
    s->first = calloc(4001, sizeof *s->first);
    return s;
}

static void sender_free(sender *s)
{
    for (unsigned i = 0; i < s->n_pictures; i++) {
        mcu_au_unref(s->pictures[i]);
    }
    free(s->packets);
    free(s->pictures);
    free(s->first);
    free(s);
}

static unsigned rnd(sender *s)
{
    s->seed = s->seed * 1103515245u + 12345u;
    return s->seed >> 16 & 0x7fff;
}

static void on_payload(void *user, const uint8_t *payload, size_t size, bool last)
{
    sender *s = user;
    packet *p = &s->packets[s->n_packets++];
    p->seq = s->seq++;
    p->ts = s->ts;
    p->marker = last;
    p->size = (uint16_t)size;
    memcpy(p->payload, payload, size);
}

static void send_picture(sender *s, bool key, size_t size)
{
    uint8_t *bytes = malloc(size + 512);
    size_t n = 0;
    if (s->codec == MCU_CODEC_H264) {
        if (key) {
            n += kit_add_sps(bytes, &format);
            n += kit_add_pps(bytes + n, 0, 0, 1);
        }
        n += kit_add_slice(bytes + n, key, 0, key ? 7 : 5, 0, size, rnd(s));
    } else {
        static const uint8_t head[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01};
        n = size + 10;
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)rnd(s);
        }
        memcpy(bytes, head, 10);
        bytes[0] = key ? 0x10 : 0x11;
    }
    s->ts += 3600;
    s->first[s->n_pictures] = s->n_packets;
    s->pictures[s->n_pictures++] = mcu_au_new_copy(bytes, n);
    s->first[s->n_pictures] = s->n_packets;
    if (s->codec == MCU_CODEC_H264) {
        assert_int_equal(mcu_h264_pack(bytes, n, 1160, on_payload, s), MCU_OK);
    } else {
        assert_int_equal(mcu_vp8_pack(bytes, n, 1160, on_payload, s), MCU_OK);
    }
    s->first[s->n_pictures] = s->n_packets;
    free(bytes);
}

static mcu_status push(mcu_vjitter *v, const packet *p, int64_t now_ns)
{
    /* An exact copy on the heap, so that the sanitizer sees every byte read too far. */
    uint8_t *copy = malloc(p->size ? p->size : 1);
    memcpy(copy, p->payload, p->size);
    mcu_rtp r = {.seq = p->seq, .ts = p->ts, .marker = p->marker, .payload = copy, .payload_size = p->size};
    mcu_status s = mcu_vjitter_push(v, &r, now_ns);
    free(copy);
    return s;
}

static void push_picture(mcu_vjitter *v, const sender *s, unsigned picture, int64_t now_ns)
{
    for (unsigned i = s->first[picture]; i < s->first[picture + 1]; i++) {
        push(v, &s->packets[i], now_ns);
    }
}

static void expect(mcu_vjitter *v, const sender *s, unsigned picture, bool key, bool after_gap, int64_t now_ns)
{
    mcu_au *au = mcu_vjitter_pop(v, now_ns);
    assert_non_null(au);
    assert_int_equal(au->size, s->pictures[picture]->size);
    assert_memory_equal(au->data, s->pictures[picture]->data, au->size);
    assert_int_equal(au->keyframe, key);
    assert_int_equal(au->after_gap, after_gap);
    assert_int_equal(au->codec, s->codec);
    if (key) {
        assert_int_equal(au->width_px, 640);
        assert_int_equal(au->height_px, 360);
    }
    mcu_au_unref(au);
}

static void expect_none(mcu_vjitter *v, int64_t now_ns)
{
    assert_null(mcu_vjitter_pop(v, now_ns));
}

static const mcu_codec codecs[2] = {MCU_CODEC_H264, MCU_CODEC_VP8};

/* ---- cases ---- */

static void test_in_order_over_the_wrap(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 65500, 1);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 300; i++) {
            send_picture(s, i == 0, 1 + rnd(s) % 5000);
            push_picture(v, s, i, i * 40 * MS);
            expect(v, s, i, i == 0, false, i * 40 * MS);
            expect_none(v, i * 40 * MS);
            assert_true(mcu_vjitter_next_ns(v) == INT64_MAX);
        }
        assert_false(mcu_vjitter_needs_keyframe(v));
        mcu_vjitter_free(v);
        sender_free(s);
    }
    assert_null(mcu_vjitter_new(MCU_CODEC_OPUS));
}

static void test_shuffled(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 65530, 7);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 20; i++) {
            send_picture(s, i == 0, 3000);
        }
        unsigned order[400];
        for (unsigned i = 0; i < s->n_packets;
             i++) { /* each packet moves by at most 8 places, the first ones too; each comes twice */
            order[i] = i;
        }
        for (unsigned i = 0; i + 8 < s->n_packets; i += 8) {
            for (unsigned k = 0; k < 8; k++) {
                unsigned other = i + rnd(s) % 8, kept = order[i + k];
                order[i + k] = order[other];
                order[other] = kept;
            }
        }
        unsigned got = 0;
        for (unsigned i = 0; i < s->n_packets; i++) {
            push(v, &s->packets[order[i]], 0);
            assert_int_equal(push(v, &s->packets[order[i]], 0), MCU_ELATE);
            for (mcu_au *au; (au = mcu_vjitter_pop(v, 0)); got++) {
                assert_memory_equal(au->data, s->pictures[got]->data, au->size);
                mcu_au_unref(au);
            }
        }
        assert_int_equal(got, 20);
        mcu_vjitter_free(v);
        sender_free(s);
    }
}

static void test_starts_in_the_middle(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 100, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 6; i++) {
            send_picture(s, i == 4, 4000);
        }
        for (unsigned i = 2; i < s->first[4]; i++) {
            push(v, &s->packets[i], 0);
            expect_none(v, 0);
        }
        assert_true(mcu_vjitter_needs_keyframe(v));
        push_picture(v, s, 4, 0);
        expect(v, s, 4, true, false, 0);
        push_picture(v, s, 5, 0);
        expect(v, s, 5, false, false, 0);
        mcu_vjitter_free(v);
        sender_free(s);
    }
}

static void test_late_repair_within_the_wait(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 65534, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 4; i++) {
            send_picture(s, i == 0, 4000);
        }
        push_picture(v, s, 0, 0);
        expect(v, s, 0, true, false, 0);
        for (unsigned i = s->first[1] + 1; i < s->first[4]; i++) {
            push(v, &s->packets[i], 40 * MS); /* the first packet of picture 1 is missing */
        }
        expect_none(v, 40 * MS);
        assert_true(mcu_vjitter_next_ns(v) == 240 * MS);
        expect_none(v, 239 * MS);
        push(v, &s->packets[s->first[1]], 239 * MS);
        for (unsigned i = 1; i < 4; i++) {
            expect(v, s, i, false, false, 239 * MS);
        }
        expect_none(v, 239 * MS);
        assert_true(mcu_vjitter_next_ns(v) == INT64_MAX);
        mcu_vjitter_free(v);
        sender_free(s);
    }
}

static void test_gives_up_and_waits_for_a_keyframe(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 65534, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 8; i++) {
            send_picture(s, i == 0 || i == 5, 4000);
        }
        mcu_vjitter_set_wait_ns(v, 300 * MS);
        push_picture(v, s, 0, 0);
        expect(v, s, 0, true, false, 0);
        push(v, &s->packets[s->first[1]], 0); /* the rest of picture 1 is lost */
        push_picture(v, s, 2, 40 * MS);
        expect_none(v, 40 * MS);
        assert_true(mcu_vjitter_next_ns(v) == 340 * MS);
        expect_none(v, 339 * MS);
        assert_false(mcu_vjitter_needs_keyframe(v));
        expect_none(v, 340 * MS);
        assert_true(mcu_vjitter_needs_keyframe(v));
        assert_int_equal(push(v, &s->packets[s->first[1] + 1], 341 * MS), MCU_ELATE);
        push_picture(v, s, 3, 350 * MS);
        expect_none(v, 350 * MS);
        push_picture(v, s, 5, 360 * MS); /* picture 4 never comes; the keyframe behind the hole does not wait for it */
        expect(v, s, 5, true, true, 360 * MS);
        push_picture(v, s, 6, 400 * MS);
        expect(v, s, 6, false, false, 400 * MS);
        mcu_vjitter_stats stats;
        mcu_vjitter_get_stats(v, &stats);
        assert_int_equal(stats.pictures, 3);
        assert_int_equal(stats.keyframes, 2);
        assert_int_equal(stats.given_up, 2);
        assert_int_equal(stats.skipped, c == 0 ? 1 : 2); /* H.264 cannot tell that 2 is whole: its start is not marked */
        mcu_vjitter_free(v);
        sender_free(s);
    }
}

static void test_border_by_timestamp_and_padding(void **state)
{
    (void)state;
    sender *s = sender_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    send_picture(s, true, 3000);
    s->packets[s->n_packets - 1].marker = false;
    packet *pad = &s->packets[s->n_packets++]; /* a probe between the pictures, with the old timestamp */
    *pad = (packet){.seq = s->seq++, .ts = s->ts};
    s->first[1] = s->n_packets;
    send_picture(s, false, 3000);
    for (unsigned i = 0; i < s->first[1]; i++) {
        push(v, &s->packets[i], 0);
        expect_none(v, 0);
    }
    push(v, &s->packets[s->first[1]], 0);
    expect(v, s, 0, true, false, 0);
    for (unsigned i = s->first[1] + 1; i < s->n_packets; i++) {
        push(v, &s->packets[i], 0);
    }
    expect(v, s, 1, false, false, 0);
    packet probe = {.seq = s->seq++, .ts = s->ts}; /* and behind one */
    push(v, &probe, 0);
    send_picture(s, false, 3000);
    push_picture(v, s, 2, 0);
    expect(v, s, 2, false, false, 0);
    mcu_vjitter_free(v);
    sender_free(s);
}

static void test_idr_without_parameter_sets(void **state)
{
    (void)state;
    sender *s = sender_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    uint8_t params[128], slice[256];
    size_t n_params = kit_add_sps(params, &format);
    n_params += kit_add_pps(params + n_params, 0, 0, 1);
    size_t n_slice = kit_add_slice(slice, true, 0, 7, 0, 100, 5);
    send_picture(s, true, 100);
    push_picture(v, s, 0, 0);
    expect(v, s, 0, true, false, 0);
    mcu_vjitter_reset(v);
    s->ts += 3600;
    unsigned at = s->n_packets;
    mcu_h264_pack(slice, n_slice, 1160, on_payload, s);
    push(v, &s->packets[at], 0);
    mcu_au *au = mcu_vjitter_pop(v, 0);
    assert_non_null(au);
    assert_true(au->keyframe && au->after_gap);
    assert_int_equal(au->size, n_params + n_slice); /* the sets of the first keyframe stand in front */
    assert_memory_equal(au->data, params, n_params);
    assert_memory_equal(au->data + n_params, slice, n_slice);
    assert_int_equal(au->width_px, 640);
    mcu_au_unref(au);
    mcu_vjitter_free(v);
    sender_free(s);
}

static void test_malformed_picture_needs_a_keyframe(void **state)
{
    (void)state;
    sender *s = sender_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    for (unsigned i = 0; i < 3; i++) {
        send_picture(s, i != 1, 4000);
    }
    push_picture(v, s, 0, 0);
    expect(v, s, 0, true, false, 0);
    s->packets[s->first[1] + 1].payload[1] |= 0x80; /* a second FU-A start */
    push_picture(v, s, 1, 0);
    expect_none(v, 0);
    assert_true(mcu_vjitter_needs_keyframe(v));
    push_picture(v, s, 2, 0);
    expect(v, s, 2, true, true, 0);
    mcu_vjitter *w = mcu_vjitter_new(MCU_CODEC_VP8);
    packet bad = {.seq = 1, .size = 1, .payload = {0x10}};
    assert_int_equal(push(w, &bad, 0), MCU_EINVAL);
    mcu_vjitter_free(w);
    mcu_vjitter_free(v);
    sender_free(s);
}

static void test_window_and_restart(void **state)
{
    (void)state;
    sender *s = sender_new(MCU_CODEC_VP8, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_VP8);
    send_picture(s, true, 100);
    push_picture(v, s, 0, 0);
    expect(v, s, 0, true, false, 0);
    for (unsigned i = 0; i < 3000; i++) { /* a picture that never ends: bounded */
        packet p = {.seq = (uint16_t)(11 + i), .ts = 5, .size = 100, .payload = {i == 0 ? 0x10 : 0x00, 1}};
        push(v, &p, 0);
        expect_none(v, 0);
    }
    assert_true(mcu_vjitter_needs_keyframe(v));
    s->seq = 20000; /* an outage: far ahead */
    send_picture(s, true, 5000);
    push_picture(v, s, 1, 0);
    expect(v, s, 1, true, true, 0);
    s->seq = 5000; /* the sender began anew, behind: one packet is not believed, the next is */
    send_picture(s, true, 5000);
    send_picture(s, true, 5000);
    push_picture(v, s, 2, 0);
    push_picture(v, s, 3, 0);
    expect(v, s, 3, true, true, 0);
    expect_none(v, 0);
    mcu_vjitter_free(v);
    sender_free(s);
}

/* ---- through a bad network ---- */

typedef struct {
    int64_t at_ns;
    unsigned packet;
    bool rtx;
} event;

/* Sends 25 pictures a second; loses media and retransmissions; answers NACKs from the history one way later. Returns pictures
 * received. */
static unsigned run_network(mcu_codec codec, unsigned loss_pct, unsigned rtx_loss_pct, int64_t rtt_ns, unsigned pictures,
                            unsigned seed)
{
    sender *s = sender_new(codec, 65000, seed);
    mcu_vjitter *v = mcu_vjitter_new(codec);
    mcu_nack *nack = mcu_nack_new();
    event *queue = calloc(400000, sizeof *queue);
    unsigned n_queue = 0, done = 0, got = 0, due_n;
    uint16_t due[64];
    mcu_vjitter_set_wait_ns(v, 3 * rtt_ns + 100 * MS);
    for (int64_t now = 0; now < pictures * 40 * MS + 2000 * MS; now += 5 * MS) {
        if (now % (40 * MS) == 0 && now / (40 * MS) < pictures) {
            unsigned first = s->n_packets;
            send_picture(s, now == 0, 500 + rnd(s) % 6000);
            /* No later packet shows that the last ones were lost, and nobody knows of packets before the first that came. */
            bool tail = now / (40 * MS) == pictures - 1;
            for (unsigned i = first; i < s->n_packets; i++) {
                if (tail || i == 0 || rnd(s) % 100 >= loss_pct) {
                    queue[n_queue++] = (event){.at_ns = now + rtt_ns / 2 + (rnd(s) % 3) * 5 * MS, .packet = i};
                }
            }
        }
        for (unsigned i = done; i < n_queue; i++) {
            event *e = &queue[i];
            if (e->at_ns < 0 || e->at_ns > now) {
                continue;
            }
            const packet *p = &s->packets[e->packet];
            mcu_nack_push(nack, p->seq, e->rtx, now);
            push(v, p, now);
            e->at_ns = -1;
        }
        while (done < n_queue && queue[done].at_ns < 0) {
            done++;
        }
        while ((due_n = mcu_nack_due(nack, rtt_ns, now, due, 64)) > 0) {
            for (unsigned i = 0; i < due_n; i++) {
                if (rnd(s) % 100 >= rtx_loss_pct) {
                    queue[n_queue++] =
                        (event){.at_ns = now + rtt_ns, .packet = (unsigned)(uint16_t)(due[i] - 65000), .rtx = true};
                }
            }
        }
        for (mcu_au *au; (au = mcu_vjitter_pop(v, now));) {
            if (loss_pct == 0 || !mcu_vjitter_needs_keyframe(v)) {
                while (s->pictures[got]->size != au->size || memcmp(s->pictures[got]->data, au->data, au->size) != 0) {
                    assert_true(++got < s->n_pictures); /* always one that was sent, in order */
                }
            }
            got++;
            mcu_au_unref(au);
        }
    }
    mcu_vjitter_stats stats;
    mcu_vjitter_get_stats(v, &stats);
    free(queue);
    mcu_nack_free(nack);
    mcu_vjitter_free(v);
    sender_free(s);
    return (unsigned)stats.pictures;
}

static void test_random_loss_is_repaired(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_pct, rtx_loss_pct, rtt_ms;
    } rows[] = {{0, 0, 20}, {3, 0, 20}, {3, 3, 60}, {10, 0, 100}, {10, 10, 60}, {20, 0, 60}, {30, 10, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int c = 0; c < 2; c++) {
            unsigned got =
                run_network(codecs[c], rows[i].loss_pct, rows[i].rtx_loss_pct, rows[i].rtt_ms * MS, 500, (unsigned)i + 11);
            if (got != 500) {
                fail_msg("loss %u %%, rtx loss %u %%, rtt %u ms: %u of 500", rows[i].loss_pct, rows[i].rtx_loss_pct,
                         rows[i].rtt_ms, got);
            }
        }
    }
}

static void test_garbage_never_harms(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sender *s = sender_new(codecs[c], 0, 99);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        int64_t now = 0;
        for (unsigned i = 0; i < 60000; i++) {
            packet p = {.seq = (uint16_t)(rnd(s) % 100 == 0 ? rnd(s) * 2 : i),
                        .ts = i / (1 + rnd(s) % 5),
                        .marker = rnd(s) % 3 == 0,
                        .size = (uint16_t)(rnd(s) % 20)};
            for (unsigned k = 0; k < p.size; k++) {
                p.payload[k] = (uint8_t)rnd(s);
            }
            push(v, &p, now);
            now += MS;
            for (mcu_au *au; (au = mcu_vjitter_pop(v, now));) {
                mcu_au_unref(au);
            }
            assert_true(mcu_vjitter_next_ns(v) > now);
        }
        mcu_vjitter_free(v);
        sender_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_over_the_wrap),
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_starts_in_the_middle),
        cmocka_unit_test(test_late_repair_within_the_wait),
        cmocka_unit_test(test_gives_up_and_waits_for_a_keyframe),
        cmocka_unit_test(test_border_by_timestamp_and_padding),
        cmocka_unit_test(test_idr_without_parameter_sets),
        cmocka_unit_test(test_malformed_picture_needs_a_keyframe),
        cmocka_unit_test(test_window_and_restart),
        cmocka_unit_test(test_random_loss_is_repaired),
        cmocka_unit_test(test_garbage_never_harms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
