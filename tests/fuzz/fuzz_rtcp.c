/* A compound from a stranger, every item of it; what we write from what we read must read the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_nack(const mcu_rtcp_packet *p)
{
    uint16_t seqs[2000], again[2000];
    uint8_t out[16384];
    mcu_rtcp_writer w;
    mcu_rtcp_iter it;
    mcu_rtcp_packet q;
    unsigned n = mcu_rtcp_get_nack(p, seqs, 2000);
    mcu_rtcp_writer_init(&w, out, sizeof out);
    mcu_rtcp_put_nack(&w, p->sender_ssrc, p->media_ssrc, seqs, n);
    if (n == 0 || w.overflow || mcu_rtcp_begin(&it, out, w.size) != MCU_OK || !mcu_rtcp_next(&it, &q)) {
        abort();
    }
    /* Repeats inside one item melt together, nothing new may appear. */
    unsigned m = mcu_rtcp_get_nack(&q, again, 2000);
    if (m > n || m == 0 || again[0] != seqs[0]) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    if (mcu_rtcp_begin(&it, data, size) != MCU_OK) {
        return 0;
    }
    size_t covered = 0;
    while (mcu_rtcp_next(&it, &p)) {
        covered += 4u * ((size_t)(p.data[2] << 8 | p.data[3]) + 1);
        mcu_rtcp_block b = {0};
        uint32_t ssrc;
        uint8_t seq;
        char cname[20];
        for (unsigned i = 0; i <= p.n; i++) {
            bool any = mcu_rtcp_get_block(&p, i, &b) || mcu_rtcp_get_fir(&p, i, &ssrc, &seq) || mcu_rtcp_get_ssrc(&p, i, &ssrc) ||
                       mcu_rtcp_get_cname(&p, i, &ssrc, cname, sizeof cname);
            if (any && i == p.n) {
                abort();
            }
        }
        mcu_rtcp_rtt_ns(&b, 5);
        if (p.kind == MCU_RTCP_NACK) {
            check_nack(&p);
        }
    }
    if (covered != size) {
        abort();
    }
    return 0;
}
