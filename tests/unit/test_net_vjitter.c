#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264_kit.h"
#include "mcu/net/h264_rtp.h"
#include "vjitter_kit.h"

#define MS MCU_NS_PER_MS

static void push_picture(mcu_vjitter *v, const vkit *s, unsigned picture, int64_t now_ns)
{
    for (unsigned i = s->first[picture]; i < s->first[picture + 1]; i++) {
        vkit_push(v, &s->packets[i], now_ns);
    }
}

static void expect(mcu_vjitter *v, const vkit *s, unsigned picture, bool key, bool after_gap, int64_t now_ns)
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
        vkit *s = vkit_new(codecs[c], 65500, 1);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 300; i++) {
            vkit_send(s, i == 0, 1 + vkit_rnd(s) % 5000);
            push_picture(v, s, i, i * 40 * MS);
            expect(v, s, i, i == 0, false, i * 40 * MS);
            expect_none(v, i * 40 * MS);
            assert_true(mcu_vjitter_next_ns(v) == INT64_MAX);
        }
        assert_false(mcu_vjitter_needs_keyframe(v));
        mcu_vjitter_free(v);
        vkit_free(s);
    }
    assert_null(mcu_vjitter_new(MCU_CODEC_OPUS));
}

static void test_shuffled(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        vkit *s = vkit_new(codecs[c], 65530, 7);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 20; i++) {
            vkit_send(s, i == 0, 3000);
        }
        unsigned order[400];
        for (unsigned i = 0; i < s->n_packets;
             i++) { /* each packet moves by at most 8 places, the first ones too; each comes twice */
            order[i] = i;
        }
        for (unsigned i = 0; i + 8 < s->n_packets; i += 8) {
            for (unsigned k = 0; k < 8; k++) {
                unsigned other = i + vkit_rnd(s) % 8, kept = order[i + k];
                order[i + k] = order[other];
                order[other] = kept;
            }
        }
        unsigned got = 0;
        for (unsigned i = 0; i < s->n_packets; i++) {
            vkit_push(v, &s->packets[order[i]], 0);
            assert_int_equal(vkit_push(v, &s->packets[order[i]], 0), MCU_ELATE);
            for (mcu_au *au; (au = mcu_vjitter_pop(v, 0)); got++) {
                assert_memory_equal(au->data, s->pictures[got]->data, au->size);
                mcu_au_unref(au);
            }
        }
        assert_int_equal(got, 20);
        mcu_vjitter_free(v);
        vkit_free(s);
    }
}

static void test_starts_in_the_middle(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        vkit *s = vkit_new(codecs[c], 100, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 6; i++) {
            vkit_send(s, i == 4, 4000);
        }
        for (unsigned i = 2; i < s->first[4]; i++) {
            vkit_push(v, &s->packets[i], 0);
            expect_none(v, 0);
        }
        assert_true(mcu_vjitter_needs_keyframe(v));
        push_picture(v, s, 4, 0);
        expect(v, s, 4, true, false, 0);
        push_picture(v, s, 5, 0);
        expect(v, s, 5, false, false, 0);
        mcu_vjitter_free(v);
        vkit_free(s);
    }
}

static void test_late_repair_within_the_wait(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        vkit *s = vkit_new(codecs[c], 65534, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 4; i++) {
            vkit_send(s, i == 0, 4000);
        }
        push_picture(v, s, 0, 0);
        expect(v, s, 0, true, false, 0);
        for (unsigned i = s->first[1] + 1; i < s->first[4]; i++) {
            vkit_push(v, &s->packets[i], 40 * MS); /* the first packet of picture 1 is missing */
        }
        expect_none(v, 40 * MS);
        assert_true(mcu_vjitter_next_ns(v) == 240 * MS);
        expect_none(v, 239 * MS);
        vkit_push(v, &s->packets[s->first[1]], 239 * MS);
        for (unsigned i = 1; i < 4; i++) {
            expect(v, s, i, false, false, 239 * MS);
        }
        expect_none(v, 239 * MS);
        assert_true(mcu_vjitter_next_ns(v) == INT64_MAX);
        mcu_vjitter_free(v);
        vkit_free(s);
    }
}

static void test_gives_up_and_waits_for_a_keyframe(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        vkit *s = vkit_new(codecs[c], 65534, 3);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        for (unsigned i = 0; i < 8; i++) {
            vkit_send(s, i == 0 || i == 5, 4000);
        }
        mcu_vjitter_set_wait_ns(v, 300 * MS);
        push_picture(v, s, 0, 0);
        expect(v, s, 0, true, false, 0);
        vkit_push(v, &s->packets[s->first[1]], 0); /* the rest of picture 1 is lost */
        push_picture(v, s, 2, 40 * MS);
        expect_none(v, 40 * MS);
        assert_true(mcu_vjitter_next_ns(v) == 340 * MS);
        expect_none(v, 339 * MS);
        assert_false(mcu_vjitter_needs_keyframe(v));
        expect_none(v, 340 * MS);
        assert_true(mcu_vjitter_needs_keyframe(v));
        assert_int_equal(vkit_push(v, &s->packets[s->first[1] + 1], 341 * MS), MCU_ELATE);
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
        vkit_free(s);
    }
}

static void test_border_by_timestamp_and_padding(void **state)
{
    (void)state;
    vkit *s = vkit_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    vkit_send(s, true, 3000);
    s->packets[s->n_packets - 1].marker = false;
    vkit_packet *pad = &s->packets[s->n_packets++]; /* a probe between the pictures, with the old timestamp */
    *pad = (vkit_packet){.seq = s->seq++, .ts = s->ts};
    s->first[1] = s->n_packets;
    vkit_send(s, false, 3000);
    for (unsigned i = 0; i < s->first[1]; i++) {
        vkit_push(v, &s->packets[i], 0);
        expect_none(v, 0);
    }
    vkit_push(v, &s->packets[s->first[1]], 0);
    expect(v, s, 0, true, false, 0);
    for (unsigned i = s->first[1] + 1; i < s->n_packets; i++) {
        vkit_push(v, &s->packets[i], 0);
    }
    expect(v, s, 1, false, false, 0);
    vkit_packet probe = {.seq = s->seq++, .ts = s->ts}; /* and behind one */
    vkit_push(v, &probe, 0);
    vkit_send(s, false, 3000);
    push_picture(v, s, 2, 0);
    expect(v, s, 2, false, false, 0);
    mcu_vjitter_free(v);
    vkit_free(s);
}

static void test_idr_without_parameter_sets(void **state)
{
    (void)state;
    vkit *s = vkit_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    uint8_t params[128], slice[256];
    size_t n_params = kit_add_sps(params, &vkit_format);
    n_params += kit_add_pps(params + n_params, 0, 0, 1);
    size_t n_slice = kit_add_slice(slice, true, 0, 7, 0, 100, 5);
    vkit_send(s, true, 100);
    push_picture(v, s, 0, 0);
    expect(v, s, 0, true, false, 0);
    mcu_vjitter_reset(v);
    s->ts += 3600;
    unsigned at = s->n_packets;
    mcu_h264_pack(slice, n_slice, 1160, vkit_on_payload, s);
    vkit_push(v, &s->packets[at], 0);
    mcu_au *au = mcu_vjitter_pop(v, 0);
    assert_non_null(au);
    assert_true(au->keyframe && au->after_gap);
    assert_int_equal(au->size, n_params + n_slice); /* the sets of the first keyframe stand in front */
    assert_memory_equal(au->data, params, n_params);
    assert_memory_equal(au->data + n_params, slice, n_slice);
    assert_int_equal(au->width_px, 640);
    mcu_au_unref(au);
    mcu_vjitter_free(v);
    vkit_free(s);
}

static void test_malformed_picture_needs_a_keyframe(void **state)
{
    (void)state;
    vkit *s = vkit_new(MCU_CODEC_H264, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_H264);
    for (unsigned i = 0; i < 3; i++) {
        vkit_send(s, i != 1, 4000);
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
    vkit_packet bad = {.seq = 1, .size = 1, .payload = {0x10}};
    assert_int_equal(vkit_push(w, &bad, 0), MCU_EINVAL);
    mcu_vjitter_free(w);
    mcu_vjitter_free(v);
    vkit_free(s);
}

static void test_window_and_restart(void **state)
{
    (void)state;
    vkit *s = vkit_new(MCU_CODEC_VP8, 10, 3);
    mcu_vjitter *v = mcu_vjitter_new(MCU_CODEC_VP8);
    vkit_send(s, true, 100);
    push_picture(v, s, 0, 0);
    expect(v, s, 0, true, false, 0);
    for (unsigned i = 0; i < 3000; i++) { /* a picture that never ends: bounded */
        vkit_packet p = {.seq = (uint16_t)(11 + i), .ts = 5, .size = 100, .payload = {i == 0 ? 0x10 : 0x00, 1}};
        vkit_push(v, &p, 0);
        expect_none(v, 0);
    }
    assert_true(mcu_vjitter_needs_keyframe(v));
    s->seq = 20000; /* an outage: far ahead */
    vkit_send(s, true, 5000);
    push_picture(v, s, 1, 0);
    expect(v, s, 1, true, true, 0);
    s->seq = 5000; /* the sender began anew, behind: one packet is not believed, the next is */
    vkit_send(s, true, 5000);
    vkit_send(s, true, 5000);
    push_picture(v, s, 2, 0);
    push_picture(v, s, 3, 0);
    expect(v, s, 3, true, true, 0);
    expect_none(v, 0);
    mcu_vjitter_free(v);
    vkit_free(s);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
