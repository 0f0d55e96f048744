/* A sender whose receiver is a stranger: it sends, time passes, and feedback of any kind comes back. Whatever is said, the
 * estimate stays within its bounds, what may not be believed changes nothing, and storms of requests are not answered without
 * end. */
#include <stdint.h>
#include <stdlib.h>

#include "mcu/base/bytes.h"
#include "mcu/net/sender.h"

#define MS INT64_C(1000000)
#define STEPS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *at, *end;
    mcu_sender sender;
    int64_t now_ns;
    uint64_t bytes;
} visit;

static unsigned next(visit *v)
{
    return v->at < v->end ? *v->at++ : 0;
}

static void transmit(void *user, uint8_t *packet, size_t size)
{
    (void)packet;
    ((visit *)user)->bytes += size;
}

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool same(const mcu_bwe_view *a, const mcu_bwe_view *b)
{
    return a->state == b->state && a->estimate_bps == b->estimate_bps && a->proven_bps == b->proven_bps &&
           a->full_bps == b->full_bps && a->rtt_ns == b->rtt_ns && a->loss == b->loss && a->queue_ns == b->queue_ns;
}

static void look(visit *v)
{
    mcu_bwe_view w;
    mcu_bwe_get(v->sender.bwe, v->now_ns, &w);
    check(w.estimate_bps >= MCU_BWE_FLOOR_BPS && w.estimate_bps <= MCU_BWE_MAX_BPS);
    check(w.proven_bps <= w.estimate_bps && w.rtt_ns >= 0 && w.loss <= 1);
}

static void pass_time(visit *v, unsigned ms)
{
    for (int64_t end = v->now_ns + ms * MS; v->now_ns < end; v->now_ns += 20 * MS) {
        mcu_sender_tick(&v->sender, v->now_ns);
        (void)mcu_sender_pump(&v->sender, v->now_ns);
    }
}

static void push(visit *v, mcu_pkt_kind kind, unsigned payload_size, bool first, bool last)
{
    static const uint8_t payload[MCU_RTP_PAYLOAD];
    const mcu_out *o = kind == MCU_PKT_AUDIO ? &v->sender.audio : &v->sender.video;
    mcu_rtp r = {.pt = 96, .ssrc = o->ssrc, .payload = payload, .payload_size = payload_size, .marker = last};
    mcu_rtpext_block_apply(&o->ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(kind, &r);
    pkt->first = first;
    pkt->last = last;
    pkt->keyframe = kind == MCU_PKT_VIDEO;
    (void)mcu_sender_push(&v->sender, pkt, v->now_ns);
}

static void send_picture(visit *v)
{
    unsigned n = 1 + next(v) % 40;
    if (mcu_sender_admit(&v->sender, true, n, n * 1000u, v->now_ns) == MCU_OK) {
        for (unsigned i = 0; i < n; i++) {
            push(v, MCU_PKT_VIDEO, 1000, i == 0, i + 1 == n);
        }
    }
}

/* However often they are asked for, packets do not go out again without end. */
static void storm(visit *v)
{
    uint16_t seqs[256];
    unsigned n = next(v) + 1u, from = next(v), spread = next(v);
    for (unsigned i = 0; i < n; i++) {
        seqs[i] = (uint16_t)(v->sender.video.seq - from - i * spread);
    }
    uint64_t sent = v->sender.rtx_sent;
    for (unsigned i = 0; i < 20; i++) {
        mcu_sender_retransmit(&v->sender, seqs, n, v->now_ns);
    }
    check(v->sender.rtx_sent - sent <= n);
}

static void remb(visit *v)
{
    uint64_t bps = (uint64_t)next(v) << (next(v) % 64);
    mcu_bwe_view before, after;
    mcu_bwe_get(v->sender.bwe, v->now_ns, &before);
    bool taken = mcu_bwe_remb(v->sender.bwe, bps, v->now_ns);
    mcu_bwe_get(v->sender.bwe, v->now_ns, &after);
    check(taken || same(&before, &after));
    check(taken == (bps > 0 && bps <= UINT64_C(10000000000)));
}

static void take(visit *v, const uint8_t *packet, size_t size)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    if (mcu_rtcp_begin(&it, packet, size) != MCU_OK) {
        return;
    }
    while (mcu_rtcp_next(&it, &p)) {
        mcu_bwe_view before, after;
        mcu_bwe_get(v->sender.bwe, v->now_ns, &before);
        bool refused = p.kind == MCU_RTCP_TWCC && mcu_sender_on_feedback(&v->sender, &p, v->now_ns) != MCU_OK;
        mcu_bwe_get(v->sender.bwe, v->now_ns, &after);
        check(!refused || same(&before, &after));
    }
}

/* Feedback that begins near what was sent, so that some of it is about real packets. */
static void feed_back(visit *v)
{
    uint8_t packet[256] = {0x8f, 205};
    unsigned back = next(v), count = next(v), chunks = next(v) % 16, deltas = next(v) % 100;
    size_t size = 20 + 2 * chunks + deltas;
    size = (size + 3) & ~(size_t)3;
    mcu_wr16(packet + 2, (uint16_t)(size / 4 - 1));
    mcu_wr16(packet + 12, (uint16_t)(v->sender.video.packets + v->sender.audio.packets + v->sender.rtx.packets - back));
    mcu_wr16(packet + 14, (uint16_t)(count > 250 ? 65535 : count));
    for (size_t i = 16; i < size; i++) {
        packet[i] = (uint8_t)next(v);
    }
    take(v, packet, size);
}

static void report(visit *v)
{
    mcu_bwe_block block = {.loss = next(v) / 255.0};
    block.rtt_ns = (int64_t)next(v) * next(v) * MS - 100 * MS;
    block.highest_seq = v->sender.video.seq - (next(v) - 10u);
    mcu_sender_on_report(&v->sender, &block, v->now_ns);
}

static void step(visit *v)
{
    size_t n;
    switch (next(v) % 8) {
    case 0:
        pass_time(v, 20u * (next(v) + 1));
        break;
    case 1:
        push(v, MCU_PKT_AUDIO, 80, false, false);
        break;
    case 2:
        send_picture(v);
        break;
    case 3:
        storm(v);
        break;
    case 4:
        remb(v);
        break;
    case 5:
        feed_back(v);
        break;
    case 6:
        n = next(v);
        n = n < (size_t)(v->end - v->at) ? n : (size_t)(v->end - v->at);
        take(v, v->at, n);
        v->at += n;
        break;
    default:
        report(v);
        mcu_bwe_set_goal(v->sender.bwe, next(v) * 10000u);
        break;
    }
    (void)mcu_sender_pump(&v->sender, v->now_ns);
    look(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    visit v = {.at = data, .end = data + size, .now_ns = 1000000 * MS};
    mcu_rtpext_map map = {.id = {[MCU_RTPEXT_TWCC] = 5}};
    mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = true}};
    mcu_sender_init(&v.sender, &callbacks, &v);
    v.sender.rtx_pt = 97;
    mcu_rtpext_block_init(&v.sender.video.ext, &map, &values);
    v.sender.audio.ext = v.sender.video.ext;
    for (unsigned i = 0; i < STEPS_MAX && v.at < v.end; i++) {
        step(&v);
    }
    mcu_sender_clear(&v.sender);
    return 0;
}
