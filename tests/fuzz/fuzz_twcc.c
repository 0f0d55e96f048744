/* Feedback from a stranger, and our recorder driven by arbitrary arrivals: what it writes, our own history must read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/twcc.h"

#define BACK_MOST 20000 /* 16 bits tell no more apart */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_result(void *user, const mcu_twcc_result *r)
{
    unsigned *n = user;
    *n += r->received;
}

static mcu_status read_feedback(mcu_twcc_history *h, const uint8_t *data, size_t size, unsigned *received)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    mcu_status s = mcu_rtcp_begin(&it, data, size);
    while (s == MCU_OK && mcu_rtcp_next(&it, &p)) {
        if (p.kind == MCU_RTCP_TWCC) {
            s = mcu_twcc_history_feedback(h, &p, 1000, on_result, received);
        }
    }
    return s;
}

static void drive(const uint8_t *data, size_t size)
{
    mcu_twcc_recorder *r = mcu_twcc_recorder_new();
    mcu_twcc_history *h = mcu_twcc_history_new();
    uint8_t out[1200];
    unsigned received = 0;
    int64_t now = 1000000000, seq = 0, sent = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        seq += (int8_t)data[i]; /* forwards and backwards */
        seq = seq < 0 ? 0 : seq < sent - BACK_MOST ? sent - BACK_MOST : seq;
        for (; sent <= seq; sent++) {
            mcu_twcc_history_sent(h, 100, 0, 0);
        }
        now += (int64_t)data[i + 1] * data[i + 1] * 50000;
        mcu_twcc_recorder_push(r, (uint16_t)seq, now);
        size_t n;
        size_t room = 64 + data[i + 1] * 4u;
        unsigned rounds = 0;
        while (mcu_twcc_recorder_next_ns(r) <= now && (n = mcu_twcc_recorder_feedback(r, 1, 2, now, out, room)) > 0) {
            if (n > room || read_feedback(h, out, n, &received) != MCU_OK || ++rounds > 5000) {
                abort();
            }
        }
    }
    mcu_twcc_history_free(h);
    mcu_twcc_recorder_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mcu_twcc_history *h;
    unsigned received = 0;
    if (size > 0 && data[0] == 0) {
        drive(data + 1, size - 1);
        return 0;
    }
    if (!h) {
        h = mcu_twcc_history_new();
    }
    for (unsigned i = 0; i < 64; i++) {
        mcu_twcc_history_sent(h, 100, 0, 0);
    }
    read_feedback(h, data, size, &received);
    if (received > MCU_TWCC_HISTORY) {
        abort();
    }
    return 0;
}
