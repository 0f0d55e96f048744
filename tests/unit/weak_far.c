/* The far end of a simulated room's links, and what it saw. */
#include <stdlib.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "tests/unit/weak_private.h"

#define BROWSER_ASKS 10 /* of libwebrtc */
#define BROWSER_RTT_NS (100 * MS)

static void add(samples *s, double x)
{
    if (s->n < WEAK_SAMPLES) {
        s->at[s->n++] = x;
    }
}

static void note_gap(weak_receiver *v, int64_t now_ns)
{
    int64_t from = MAX(v->shown_ns, v->begun_ns), gap = now_ns - from;
    v->gap_ns = MAX(v->gap_ns, (double)gap);
    v->frozen_ns += gap > 200 * MS ? (double)gap : 0;
}

/* Not before the delay that was asked for. */
static void show(weak_receiver *v, int64_t captured_ns, int64_t now_ns)
{
    now_ns = MAX(MAX(now_ns, captured_ns + v->playout_ns), v->shown_ns);
    note_gap(v, now_ns);
    v->shown_ns = now_ns;
    v->first_picture_ns = v->pictures++ == 0 ? now_ns : v->first_picture_ns;
    add(&v->latency, (double)(now_ns - captured_ns) / MS);
}

/* Shows every picture that is whole and hangs on the one before. */
static void advance(weak_receiver *v, int64_t now_ns)
{
    for (;;) {
        int64_t k = v->next_seq;
        if (v->packets[k % WEAK_HISTORY].index != k) {
            return;
        }
        if (v->packets[k % WEAK_HISTORY].last) {
            show(v, v->packets[k % WEAK_HISTORY].captured_ns, now_ns);
        }
        v->next_seq++;
    }
}

static void take_video(weak_receiver *v, uint16_t seq, const uint8_t *payload)
{
    int64_t index = mcu_unwrap16(&v->unwrap, seq);
    if (v->packets[index % WEAK_HISTORY].index == index) {
        return;
    }
    v->asks[seq] = 0;
    v->packets[index % WEAK_HISTORY].index = index;
    v->packets[index % WEAK_HISTORY].keyframe = payload[0];
    v->packets[index % WEAK_HISTORY].first = payload[1];
    memcpy(&v->packets[index % WEAK_HISTORY].captured_ns, payload + 2, sizeof(int64_t));
    bool begins = payload[0] && payload[1];
    if (begins && index > v->next_seq) {
        while (v->next_seq < index) { /* what is missing before a keyframe is not needed */
            v->asks[(uint16_t)v->next_seq++] = 0;
        }
        mcu_nack_forget_before(v->nack, seq);
    }
}

void weak_far_take_rtp(weak_receiver *v, const uint8_t *data, size_t size, int64_t arrival_ns)
{
    mcu_rtp r;
    const uint8_t *ext;
    size_t ext_size;
    g_assert(mcu_rtp_parse(data, size, &r) == MCU_OK);
    if (mcu_rtpext_find(&r, WEAK_TWCC_ID, &ext, &ext_size)) {
        mcu_twcc_recorder_push(v->recorder, mcu_rd16(ext), arrival_ns);
    }
    if (r.ssrc == v->send.audio.ssrc) {
        v->audio_came++;
        v->first_audio_ns = v->first_audio_ns == 0 ? arrival_ns : v->first_audio_ns;
        return;
    }
    if (mcu_rtpext_find(&r, WEAK_PLAYOUT_ID, &ext, &ext_size)) {
        v->playout_ns = (mcu_rd24(ext) >> 12) * 10 * MS + (int64_t)v->delay_ms * MS;
    }
    bool copy = r.ssrc == v->send.rtx.ssrc;
    uint16_t seq = copy ? mcu_rd16(r.payload) : r.seq;
    const uint8_t *payload = copy ? r.payload + 2 : r.payload;
    mcu_nack_push(v->nack, seq, copy, arrival_ns);
    if (v->plain && !copy) {
        (void)mcu_rtp_stats_push(&v->stats, seq, r.ts, size, arrival_ns);
    }
    take_video(v, seq, payload);
    int64_t index = mcu_unwrap16(&v->unwrap, seq);
    v->packets[index % WEAK_HISTORY].last = r.marker;
    if (v->next_seq != 0) {
        advance(v, arrival_ns);
    }
}

void weak_far_take_rtcp(weak_receiver *v, const uint8_t *data, size_t size, int64_t arrival_ns)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    g_assert(mcu_rtcp_begin(&it, data, size) == MCU_OK && mcu_rtcp_next(&it, &p) && p.kind == MCU_RTCP_SR);
    mcu_rtp_stats_on_sr(&v->stats, p.sr.ntp, arrival_ns);
}

void weak_far_report(weak_receiver *v, int64_t now_ns)
{
    uint8_t out[64];
    mcu_rtcp_block block;
    mcu_rtcp_writer w;
    if (v->stats.started && mcu_rtp_stats_report(&v->stats, v->send.video.ssrc, now_ns, &block)) {
        mcu_rtcp_writer_init(&w, out, sizeof out);
        mcu_rtcp_put_rr(&w, 1, &block, 1);
        link_model_send(v->up, out, w.size, now_ns);
    }
}

/* A browser asks ten times for a packet and says nothing when it gives up. */
static unsigned still_asked(weak_receiver *v, uint16_t *seqs, unsigned n)
{
    unsigned kept = 0;
    for (unsigned k = 0; k < n; k++) {
        if (v->asks[seqs[k]] < BROWSER_ASKS) {
            v->asks[seqs[k]]++;
            seqs[kept++] = seqs[k];
        }
    }
    return kept;
}

void weak_far_feed_back(weak_receiver *v, int64_t now_ns)
{
    uint8_t out[1200];
    bool due = mcu_twcc_recorder_next_ns(v->recorder) <= now_ns;
    size_t n = due ? mcu_twcc_recorder_feedback(v->recorder, 1, 2, now_ns, out, sizeof out) : 0;
    if (n > 0) {
        link_model_send(v->up, out, n, now_ns);
    }
    uint16_t seqs[64];
    int64_t rtt_ns = v->send.view.rtt_ns > 0 ? v->send.view.rtt_ns : BROWSER_RTT_NS;
    int64_t once_ns = rtt_ns * (mcu_nack_is_lossy(v->nack) ? 2 : 1); /* browsers ask once in a round trip */
    unsigned asked = still_asked(v, seqs, mcu_nack_due(v->nack, once_ns, now_ns, seqs, 64));
    int64_t since_ns = v->shown_ns != 0 ? v->shown_ns : v->begun_ns;
    bool tired = since_ns != 0 && now_ns - MAX(since_ns, v->pli_ns) > 3 * MCU_NS_PER_SEC;
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, out, sizeof out);
    if (asked > 0) {
        mcu_rtcp_put_nack(&w, 1, v->send.video.ssrc, seqs, asked);
    }
    if (tired) {
        v->pli_ns = now_ns;
        mcu_rtcp_put_pli(&w, 1, v->send.video.ssrc);
    }
    if (w.size > 0) {
        link_model_send(v->up, out, w.size, now_ns);
    }
}

void weak_far_note_queue(weak_receiver *v, double ms)
{
    add(&v->queue, ms);
}

/* ---- figures ---- */

void weak_room_begin(weak_receiver *v)
{
    v->begun_ns = v->room->now_ns;
    v->pictures = v->switches = v->audio_sent = v->audio_came = 0;
    v->frozen_ns = v->gap_ns = 0;
    v->first_picture_ns = v->first_audio_ns = 0;
    v->latency.n = v->queue.n = 0;
    v->lost_before = link_model_lost(v->down);
    v->carried_before = link_model_carried(v->down);
    v->bytes_before = v->bytes;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(samples *s, double q)
{
    qsort(s->at, s->n, sizeof s->at[0], compare);
    return s->n > 0 ? s->at[(unsigned)((s->n - 1) * q)] : 0;
}

static unsigned ms_after(const weak_receiver *v, int64_t at_ns)
{
    return at_ns == 0 ? UINT_MAX : (unsigned)((at_ns - v->begun_ns) / MS);
}

weak_view weak_room_end(weak_receiver *v)
{
    note_gap(v, v->room->now_ns);
    double seconds = (double)(v->room->now_ns - v->begun_ns) * 1e-9;
    unsigned carried = link_model_carried(v->down) - v->carried_before;
    return (weak_view){.pictures = v->pictures,
                       .seconds = seconds,
                       .frozen = v->frozen_ns * 1e-9 / seconds,
                       .longest_gap_ms = v->gap_ns / MS,
                       .fps = v->pictures / seconds,
                       .latency_p50_ms = quantile(&v->latency, 0.5),
                       .latency_p95_ms = quantile(&v->latency, 0.95),
                       .queue_p95_ms = quantile(&v->queue, 0.95),
                       .audio_lost = v->audio_sent > 0 ? 1 - (double)v->audio_came / v->audio_sent : 0,
                       .lost = carried > 0 ? (double)(link_model_lost(v->down) - v->lost_before) / carried : 0,
                       .sent_bps = (double)(v->bytes - v->bytes_before) * 8 / seconds,
                       .switches = v->switches,
                       .first_picture_ms = ms_after(v, v->first_picture_ns),
                       .first_audio_ms = ms_after(v, v->first_audio_ns)};
}
