/* A tier's pictures are cut once: all who are sent them share the bytes, and what leaves is what each would have packed itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "mcu/net/cut.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/sender.h"
#include "mcu/net/vp8_rtp.h"

#define MS MCU_NS_PER_MS
#define RECEIVERS 20
#define PICTURE 6000
#define PACKETS 6
#define SLICES 8

/* Annex B: parameter sets that share a packet, then slices of the same length without a start code in them. */
static mcu_au *picture(bool keyframe, unsigned slices, size_t size)
{
    static const uint8_t sets[] = {0, 0, 0, 1, 0x67, 66, 0, 30, 0, 0, 0, 1, 0x68, 9, 9};
    uint8_t *bytes = malloc(sizeof sets + slices * (size + 4));
    size_t n = keyframe ? sizeof sets : 0;
    memcpy(bytes, sets, n);
    for (unsigned i = 0; i < slices; i++) {
        const uint8_t head[] = {0, 0, 0, 1, keyframe ? 0x65 : 0x41};
        for (size_t k = 0; k < size + 4; k++) {
            bytes[n + k] = k < sizeof head ? head[k] : (uint8_t)(1 + (k + i) % 255);
        }
        n += size + 4;
    }
    mcu_au *au = mcu_au_new_copy(bytes, n);
    free(bytes);
    au->codec = MCU_CODEC_H264;
    au->keyframe = keyframe;
    au->ts = 90000;
    au->time_ns = 1000 * MS;
    return au;
}

/* ---- cutting ---- */

typedef struct {
    const mcu_cut *cut;
    unsigned n;
    size_t bytes;
} against;

static void same_as_packed(void *user, const mcu_payload *p, bool last)
{
    against *a = user;
    uint8_t want[MCU_RTP_MAX], is[MCU_RTP_MAX];
    size_t size = mcu_payload_write(p, want);
    assert_true(a->n < a->cut->n);
    assert_int_equal(mcu_payload_write(&a->cut->at[a->n], is), size);
    assert_memory_equal(is, want, size);
    a->bytes += size;
    assert_int_equal(last, ++a->n == a->cut->n);
}

static void a_cut_is_what_packing_gives(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 4; row++) {
        bool units = row == 2, vp8 = row == 3;
        mcu_au *au = picture(row != 1, units ? 2 : 1, units ? 900 : PICTURE);
        au->codec = vp8 ? MCU_CODEC_VP8 : units ? MCU_CODEC_H264_UNITS : MCU_CODEC_H264;
        against a = {.cut = mcu_cut_of(au, units, 1160)};
        assert_non_null(a.cut);
        mcu_status s = vp8     ? mcu_vp8_pack(au->data, au->size, 1160, same_as_packed, &a)
                       : units ? mcu_h264_pack_units(au->data, au->size, 1160, same_as_packed, &a)
                               : mcu_h264_pack(au->data, au->size, 1160, same_as_packed, &a);
        assert_int_equal(s, MCU_OK);
        assert_int_equal(a.n, a.cut->n);
        assert_int_equal(a.bytes, a.cut->bytes);
        mcu_au_unref(au);
    }
}

static void one_is_made_for_each_way_of_cutting(void **state)
{
    (void)state;
    mcu_au *au = picture(false, SLICES, 700);
    const mcu_cut *whole = mcu_cut_of(au, false, 1160), *units = mcu_cut_of(au, true, 1160), *small = mcu_cut_of(au, false, 100);
    assert_true(whole != units && whole != small && units != small);
    assert_int_equal(units->n, SLICES);
    assert_true(small->n > SLICES);
    assert_ptr_equal(mcu_cut_of(au, false, 1160), whole);
    assert_ptr_equal(mcu_cut_of(au, true, 1160), units);
    assert_ptr_equal(mcu_cut_of(au, false, 100), small);
    assert_null(mcu_cut_of(au, true, 600)); /* a unit is larger */
    mcu_au_unref(au);
    au = mcu_au_new_copy("no start code", 13);
    au->codec = MCU_CODEC_H264;
    assert_null(mcu_cut_of(au, false, 1160));
    au->codec = MCU_CODEC_JPEG;
    assert_null(mcu_cut_of(au, false, 1160));
    mcu_au_unref(au);
}

static void *cut_it(void *user)
{
    mcu_au *au = user;
    for (size_t max = 100; max < 200; max++) {
        assert_int_equal(mcu_cut_of(au, false, max)->max, max);
    }
    mcu_au_unref(au);
    return NULL;
}

static void two_threads_may_cut_one_picture(void **state)
{
    (void)state;
    mcu_au *au = picture(true, 2, 1000);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, cut_it, mcu_au_ref(au)), 0);
    (void)cut_it(mcu_au_ref(au));
    assert_int_equal(pthread_join(other, NULL), 0);
    mcu_au_unref(au);
}

/* ---- sending ---- */

typedef struct {
    mcu_sender s;
    uint8_t left[2 * PACKETS][MCU_RTP_MAX];
    size_t size[2 * PACKETS];
    unsigned n;
} line;

static void transmit(void *user, uint8_t *packet, size_t size)
{
    line *l = user;
    memcpy(l->left[l->n % (2 * PACKETS)], packet, size);
    l->size[l->n++ % (2 * PACKETS)] = size;
    memset(packet, 0xee, size + MCU_SENDER_ROOM); /* as if it were protected there */
}

static void begin(line *l, uint8_t rtx_pt)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    static const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_MID] = 1, [MCU_RTPEXT_TWCC] = 3}};
    mcu_rtpext_values v = {.has = {[MCU_RTPEXT_MID] = true, [MCU_RTPEXT_TWCC] = true}, .mid = "v"};
    l->n = 0;
    mcu_sender_init(&l->s, &callbacks, l);
    mcu_rtpext_block_init(&l->s.video.ext, &map, &v);
    l->s.rtx_pt = rtx_pt;
}

static void give(line *l, mcu_au *au, int64_t now_ns)
{
    assert_int_equal(mcu_sender_push_picture(&l->s, au, 96, false, now_ns), MCU_OK);
    for (unsigned k = 0; k < 200; k++) {
        (void)mcu_sender_pump(&l->s, now_ns + k * MS);
    }
}

/* Packet `i` left as it was cut, and does again when it is asked for. */
static void leaves_twice(line *l, mcu_au *au, const mcu_payload *payload, unsigned i)
{
    give(l, au, 1000 * MS);
    assert_int_equal(l->n, PACKETS);
    const uint16_t seq = (uint16_t)(l->s.video.seq - PACKETS + i);
    uint8_t want[MCU_RTP_MAX];
    mcu_rtp r, again;
    assert_int_equal(mcu_rtp_parse(l->left[i], l->size[i], &r), MCU_OK);
    assert_true(r.seq == seq && r.pt == 96 && r.ssrc == l->s.video.ssrc && r.marker == (i + 1 == PACKETS));
    assert_int_equal(mcu_payload_write(payload, want), r.payload_size);
    assert_memory_equal(r.payload, want, r.payload_size);
    mcu_sender_retransmit(&l->s, &seq, 1, 1300 * MS);
    (void)mcu_sender_pump(&l->s, 1310 * MS);
    assert_int_equal(l->n, PACKETS + 1);
    const uint8_t *copy = l->left[PACKETS];
    if (l->s.rtx_pt == 0) { /* the same bytes: nothing new under one IV */
        assert_int_equal(l->size[PACKETS], l->size[i]);
        assert_memory_equal(copy, l->left[i], l->size[i]);
        return;
    }
    assert_int_equal(mcu_rtp_parse(copy, l->size[PACKETS], &again), MCU_OK);
    assert_true(again.pt == 97 && again.ssrc == l->s.rtx.ssrc && again.ts == r.ts && again.marker == r.marker);
    assert_int_equal(again.payload[0] << 8 | again.payload[1], seq);
    assert_int_equal(again.payload_size, r.payload_size + 2);
    assert_memory_equal(again.payload + 2, r.payload, r.payload_size);
}

static void whole_packets_leave_and_leave_again(void **state)
{
    (void)state;
    line *l = malloc(sizeof *l);
    mcu_au *au = picture(false, 1, PICTURE);
    const mcu_cut *cut = mcu_cut_of(au, false, MCU_RTP_PAYLOAD);
    for (unsigned i = 0; i < 2 * PACKETS; i++) { /* a line each: answers have a share */
        begin(l, i < PACKETS ? 0 : 97);
        leaves_twice(l, au, &cut->at[i % PACKETS], i % PACKETS);
        mcu_sender_clear(&l->s);
    }
    assert_int_equal(atomic_load(&au->refs), 1);
    mcu_au_unref(au);
    free(l);
}

static void many_receivers_keep_the_bytes_once(void **state)
{
    (void)state;
    line *lines = malloc(RECEIVERS * sizeof *lines);
    mcu_au *au = picture(false, 1, PICTURE);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        begin(&lines[i], 97);
        give(&lines[i], au, 1000 * MS);
        assert_int_equal(lines[i].n, PACKETS);
    }
    assert_int_equal(atomic_load(&au->refs), 1 + RECEIVERS * PACKETS);
    const mcu_au_note *only = atomic_load(&au->notes);
    assert_non_null(only);
    assert_null(only->next);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        const mcu_pkt *p = mcu_rtx_history_get(lines[i].s.history, (uint16_t)(lines[i].s.video.seq - 1), 1300 * MS);
        assert_non_null(p);
        assert_true(p->size > PICTURE / PACKETS);
        assert_true(malloc_usable_size((void *)(uintptr_t)p) < 160);
        mcu_sender_clear(&lines[i].s);
    }
    assert_int_equal(atomic_load(&au->refs), 1);
    mcu_au_unref(au);
    free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_is_what_packing_gives),        cmocka_unit_test(one_is_made_for_each_way_of_cutting),
        cmocka_unit_test(two_threads_may_cut_one_picture),    cmocka_unit_test(whole_packets_leave_and_leave_again),
        cmocka_unit_test(many_receivers_keep_the_bytes_once),
    };
    return cmocka_run_group_tests_name("net_cut", tests, NULL, NULL);
}
