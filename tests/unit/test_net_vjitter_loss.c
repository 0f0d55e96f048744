/* Pictures through a network that loses packets and their repair, and garbage in their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/nack.h"
#include "vjitter_kit.h"

#define MS MCU_NS_PER_MS

static const mcu_codec codecs[2] = {MCU_CODEC_H264, MCU_CODEC_VP8};

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
    vkit *s = vkit_new(codec, 65000, seed);
    mcu_vjitter *v = mcu_vjitter_new(codec);
    mcu_nack *nack = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    event *queue = calloc(400000, sizeof *queue);
    unsigned n_queue = 0, done = 0, got = 0, due_n;
    uint16_t due[64];
    mcu_vjitter_set_wait_ns(v, 3 * rtt_ns + 100 * MS);
    for (int64_t now = 0; now < pictures * 40 * MS + 2000 * MS; now += 5 * MS) {
        if (now % (40 * MS) == 0 && now / (40 * MS) < pictures) {
            unsigned first = s->n_packets;
            vkit_send(s, now == 0, 500 + vkit_rnd(s) % 6000);
            /* No later packet shows that the last ones were lost, and nobody knows of packets before the first that came. */
            bool tail = now / (40 * MS) == pictures - 1;
            for (unsigned i = first; i < s->n_packets; i++) {
                if (tail || i == 0 || vkit_rnd(s) % 100 >= loss_pct) {
                    queue[n_queue++] = (event){.at_ns = now + rtt_ns / 2 + (vkit_rnd(s) % 3) * 5 * MS, .packet = i};
                }
            }
        }
        for (unsigned i = done; i < n_queue; i++) {
            event *e = &queue[i];
            if (e->at_ns < 0 || e->at_ns > now) {
                continue;
            }
            const vkit_packet *p = &s->packets[e->packet];
            mcu_nack_push(nack, p->seq, e->rtx, now);
            vkit_push(v, p, now);
            e->at_ns = -1;
        }
        while (done < n_queue && queue[done].at_ns < 0) {
            done++;
        }
        while ((due_n = mcu_nack_due(nack, rtt_ns, now, due, 64)) > 0) {
            for (unsigned i = 0; i < due_n; i++) {
                if (vkit_rnd(s) % 100 >= rtx_loss_pct) {
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
    vkit_free(s);
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
        vkit *s = vkit_new(codecs[c], 0, 99);
        mcu_vjitter *v = mcu_vjitter_new(codecs[c]);
        int64_t now = 0;
        for (unsigned i = 0; i < 60000; i++) {
            vkit_packet p = {.seq = (uint16_t)(vkit_rnd(s) % 100 == 0 ? vkit_rnd(s) * 2 : i),
                             .ts = i / (1 + vkit_rnd(s) % 5),
                             .marker = vkit_rnd(s) % 3 == 0,
                             .size = (uint16_t)(vkit_rnd(s) % 20)};
            for (unsigned k = 0; k < p.size; k++) {
                p.payload[k] = (uint8_t)vkit_rnd(s);
            }
            vkit_push(v, &p, now);
            now += MS;
            for (mcu_au *au; (au = mcu_vjitter_pop(v, now));) {
                mcu_au_unref(au);
            }
            assert_true(mcu_vjitter_next_ns(v) > now);
        }
        mcu_vjitter_free(v);
        vkit_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_loss_is_repaired),
        cmocka_unit_test(test_garbage_never_harms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
