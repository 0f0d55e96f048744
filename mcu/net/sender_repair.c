/* What one sender sends again: answers, copies, probes and signs of life. */
#include <glib.h>

#include "mcu/base/media.h"
#include "mcu/net/sender_private.h"

#define OUTAGE_SIGN_NS (100 * MCU_NS_PER_MS) /* then one packet of it each, to notice the end */
#define PADDING_BYTES 224
#define PADDING_LEAST_BYTES 64
#define PADDING_HEADERS (MCU_BWE_OVERHEAD + 28) /* on the wire */
#define SIGN_BYTES 400
#define FILL_PACKETS 32  /* in one go */
#define LOSS_UP 0.02     /* a tick: 1 s */
#define LOSS_DOWN 0.002  /* 10 s */
#define LOSS_QUEUED 0.05 /* while a queue stands: 0.4 s */
#define FAR_LOSS 0.04    /* with more the circuit breaker is near */
#define TWICE_LOSS 0.03
#define TWICE_AFTER_NS (20 * MCU_NS_PER_MS)
#define AGAIN 2        /* times the loss: so much of the media goes again, */
#define AGAIN_CHANCE 3 /* where it is known to be chance: what is refused too often browsers give up */
#define SPARED_LOSS 0.01
#define SPARED_NS (300 * MCU_NS_PER_MS) /* as long as pictures are held back for what is sent again, or nearly */
#define QUEUE_NS (100 * MCU_NS_PER_MS)
#define PAUSED_NS (600 * MCU_NS_PER_MS) /* no picture leaves any more */
#define PLAYOUT_UP_MS 2                 /* a tick: 100 ms a second */
#define PLAYOUT_DOWN_MS 1
#define WIDE_BPS 160000
#define WAIT_FOR_SOUND_MS 50
#define PLAYOUT_STEP_MS 10              /* of the header extension */
#define JITTER_NS (100 * MCU_NS_PER_MS) /* what an answer may take beside the path; not a queue that goes */

static mcu_pkt *copy_of(const mcu_sender *s, const mcu_pkt *original)
{
    return mcu_rtx_pack(original, s->rtx.ssrc, s->rtx_pt);
}

/* Padding alone, as libwebrtc sends it on the SSRC of copies: where there is no packet to copy, or the line is thin and none is
 * small enough. A whole packet stands there for as long as a picture: with copies of twice what is wanted, pictures of 64 kbit/s
 * are frozen for 1.15 % of the time instead of 0.64, of 100 kbit/s for 0.3 instead of 0 (test_room_fallen_line). */
static mcu_pkt *padding(const mcu_sender *s, unsigned most)
{
    uint8_t payload[PADDING_BYTES] = {0};
    unsigned size = CLAMP(most, PADDING_LEAST_BYTES + PADDING_HEADERS, PADDING_BYTES + PADDING_HEADERS) - PADDING_HEADERS;
    payload[size - 1] = (uint8_t)size; /* RFC 3550 5.1 */
    mcu_rtp r = {.pt = s->rtx_pt, .ts = s->video.last_ts, .ssrc = s->rtx.ssrc, .payload = payload, .payload_size = size};
    mcu_rtpext_block_apply(&s->video.ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_RTX, &r);
    pkt->osn = (uint16_t)(s->video.seq + 0x8000); /* nothing that is kept, now or soon */
    pkt->data[0] |= 0x20;
    return pkt;
}

/* What fills is also repair: a copy of the newest pictures; of older ones when there are none, so that sound alone can probe too.
 */
static mcu_pkt *filling(mcu_sender *s, unsigned most, bool larger, int64_t now_ns)
{
    const mcu_pkt *original = mcu_rtx_history_filling(s->history, most, false, MCU_RTX_AGE_NS, now_ns);
    original = original != NULL ? original : mcu_rtx_history_filling(s->history, most, larger, INT64_MAX, now_ns);
    return original != NULL ? copy_of(s, original) : padding(s, most);
}

void mcu_sender_fill(mcu_sender *s, int64_t now_ns)
{
    if (s->rtx_pt == 0 || s->fixed_rate) {
        return;
    }
    bool larger = s->view.estimate_bps >= MCU_SENDER_THIN_BPS;
    for (unsigned k = 0; k < FILL_PACKETS && mcu_bwe_filling(s->bwe, now_ns) > 0; k++) {
        mcu_pkt *pkt = filling(s, mcu_bwe_filling_most(s->bwe), larger, now_ns);
        if (pkt != NULL) {
            mcu_sender_leave(s, pkt, now_ns);
            s->copies++;
        }
    }
}

/* What the path carries beyond the media and its sound. */
static unsigned spare_bps(const mcu_sender *s)
{
    unsigned media = s->video.rate.bps + s->audio.rate.bps;
    return s->view.estimate_bps > media ? s->view.estimate_bps - media : 0;
}

void mcu_sender_send_copies(mcu_sender *s, int64_t now_ns)
{
    uint16_t seq;
    while (mcu_repair_due(&s->repair, now_ns, &seq)) {
        const mcu_pkt *original = mcu_rtx_history_get(s->history, seq, now_ns);
        bool may = original != NULL && mcu_repair_afford(&s->repair, original->size + MCU_BWE_OVERHEAD, spare_bps(s), now_ns);
        mcu_pkt *pkt = may ? copy_of(s, original) : NULL;
        if (pkt != NULL && mcu_pacer_push(s->pacer, pkt, now_ns) == MCU_OK) {
            s->copies++;
        }
    }
}

void mcu_sender_show_a_sign(mcu_sender *s, int64_t now_ns)
{
    if (s->view.state != MCU_BWE_OUTAGE || s->rtx_pt == 0 || now_ns - MAX(s->audio_ns, s->sign_ns) < 2 * OUTAGE_SIGN_NS) {
        return;
    }
    mcu_pkt *pkt = filling(s, SIGN_BYTES, false, now_ns);
    if (pkt != NULL) {
        s->sign_ns = now_ns;
        mcu_sender_leave(s, pkt, now_ns);
    }
}

static int64_t round_trip_ns(const mcu_sender *s)
{
    return s->rtt_ns >= 0 ? s->rtt_ns : s->view.rtt_ns;
}

/* The same where no queue stands: what is planned by it outlasts one. */
static int64_t path_rtt_ns(const mcu_sender *s)
{
    return s->view.path_rtt_ns > 0 ? s->view.path_rtt_ns : round_trip_ns(s);
}

/* Loss is taken in fast and forgotten slowly: what is done about it changes the picture. Copies would only fill a full queue, and
 * what a policer takes: a line that became thin has no room for those of the line that it was. On a far one, where all repair is
 * copies, a tier that has no room for them is given up instead. */
static void smooth_loss(mcu_sender *s)
{
    bool far = s->view.path_rtt_ns > MCU_REPAIR_FAR_NS && MAX(s->loss, s->view.loss) < FAR_LOSS;
    bool queued = s->view.queued && !far;
    double loss = queued || s->view.loss < 0 ? 0 : s->view.loss;
    s->loss += (loss - s->loss) * (loss > s->loss ? LOSS_UP : queued ? LOSS_QUEUED : LOSS_DOWN);
    s->loss = s->view.policed ? 0 : s->loss;
}

/* Browsers hold pictures back for their sound, whose buffer is long where one picture after the other stands before it: on a thin
 * line sound may follow its picture, which few notice up to 125 ms (ITU-R BT.1359). The least is never 0 beside such a bound: a
 * browser would show each picture as it comes then, evenly or not. */
static void plan_playout(mcu_sender *s)
{
    int64_t rtt_ns = MIN(round_trip_ns(s), path_rtt_ns(s) + JITTER_NS);
    unsigned target = mcu_repair_playout_ms(s->copies_needed, s->loss, rtt_ns, s->view.spacing_ns);
    s->thin = s->view.feedback && s->view.estimate_bps < (s->thin ? WIDE_BPS : MCU_SENDER_THIN_BPS);
    s->playout_ms = target > s->playout_ms ? s->playout_ms + MIN(target - s->playout_ms, PLAYOUT_UP_MS)
                                           : s->playout_ms - MIN(s->playout_ms - target, PLAYOUT_DOWN_MS);
    s->playout_ms = s->thin ? MAX(s->playout_ms, PLAYOUT_STEP_MS) : s->playout_ms;
    s->playout_most_ms = s->thin ? s->playout_ms + WAIT_FOR_SOUND_MS : MCU_PLAYOUT_MOST_MS;
}

/* The one more takes what the tier leaves: it is no reason for a smaller one. */
static void plan_copies(mcu_sender *s, bool may)
{
    bool more = s->copies_each > s->copies_needed;
    s->copies_needed = may ? mcu_repair_copies(s->copies_needed, s->loss, path_rtt_ns(s)) : 0;
    double needs_bps = s->offered.bps * (1 + mcu_repair_share(s->copies_needed + 1, s->loss));
    double has_bps = s->view.estimate_bps - MCU_SENDER_SOUND_ON_WIRE * s->audio.rate.bps;
    more = mcu_repair_one_more(more, s->copies_needed, path_rtt_ns(s), needs_bps, has_bps);
    s->copies_each = s->copies_needed + more;
}

void mcu_sender_clear_way(mcu_sender *s)
{
    mcu_rtx_history_spare(s->history, 0);
    (void)mcu_pacer_drop_video(s->pacer);
    mcu_pacer_drop_copies(s->pacer);
    mcu_repair_forget(&s->repair);
}

/* Pictures that are on their way are shown before the keyframe, once what chance took of them has come again; behind a queue
 * nobody needs them. */
void mcu_sender_make_way(mcu_sender *s)
{
    bool queue = s->view.queued || mcu_pacer_video_delay_ns(s->pacer) > QUEUE_NS;
    if (s->need_keyframe || s->keyframe_asked || queue || s->loss < SPARED_LOSS) {
        mcu_sender_clear_way(s);
    } else {
        mcu_rtx_history_spare(s->history, SPARED_NS);
    }
}

void mcu_sender_plan_repair(mcu_sender *s)
{
    bool copies = s->rtx_pt != 0 && !s->fixed_rate && !mcu_sender_silenced(s);
    smooth_loss(s);
    plan_copies(s, copies);
    s->twice = copies && s->loss > TWICE_LOSS;
    mcu_rtx_history_allow(s->history, (s->view.feedback ? AGAIN_CHANCE : AGAIN) * s->loss);
    plan_playout(s);
}

/* Without RTX the same bytes go out once more: protecting them again gives the same ciphertext, nothing new under one IV. */
static bool resend(mcu_sender *s, const mcu_pkt *original, int64_t now_ns)
{
    if (s->rtx_pt == 0) {
        mcu_sender_transmit(s, original);
        return true;
    }
    mcu_pkt *pkt = copy_of(s, original);
    return pkt != NULL && mcu_pacer_push(s->pacer, pkt, now_ns) == MCU_OK;
}

unsigned mcu_sender_retransmit(mcu_sender *s, const uint16_t *seqs, unsigned n, int64_t now_ns)
{
    if (now_ns - s->picture_ns > PAUSED_NS + MAX(round_trip_ns(s), 0)) { /* the next one is a keyframe: answers are in its way */
        return 0;
    }
    uint64_t before = s->rtx_sent;
    for (unsigned k = 0; k < n; k++) {
        const mcu_pkt *original;
        if (mcu_rtx_history_answer(s->history, seqs[k], round_trip_ns(s), now_ns, &original) == MCU_OK) {
            s->rtx_sent += resend(s, original, now_ns);
            if (s->twice) {
                mcu_repair_later(&s->repair, seqs[k], now_ns + TWICE_AFTER_NS);
            }
        }
    }
    return (unsigned)(s->rtx_sent - before);
}
