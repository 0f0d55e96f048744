#include <glib.h>

#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "mcu/base/scratch.h"
#include "mcu/net/cut.h"
#include "mcu/net/sender_private.h"

#define START_BPS 800000 /* before anything is known */
#define THIN_LEAST 0.4   /* of the estimate, for pictures */
#define THIN_MOST 0.9    /* the same, where a tier that is kept needs it */
#define MAX_BPS 20000000
#define BEHIND_MAX_TS 900000               /* 10 s: more is a clock that went around while nothing was sent */
#define DRAIN_NS (100 * MCU_NS_PER_MS)     /* a picture, keyframes included, is on its way within this time */
#define WIDE_DRAIN_NS (60 * MCU_NS_PER_MS) /* the same from WIDE_BPS on */
#define WIDE_BPS 2000000
#define RECOVER_DELAY_NS (100 * MCU_NS_PER_MS) /* after a drop: the queue is this short before a keyframe is asked for */
#define STALE_NS (600 * MCU_NS_PER_MS)         /* a picture that waited longer is not worth its bytes */
#define OUTAGE_AUDIO_NS (2 * MCU_NS_PER_SEC)   /* sound goes on this long, */
#define OUTAGE_SIGN_NS (100 * MCU_NS_PER_MS)   /* then one packet of it each, to notice the end */
#define COPY_AFTER_NS (50 * MCU_NS_PER_MS)     /* past most bursts of loss */
#define AHEAD_OF_FULL 1.1                      /* where the end of the path is known bursts only stand in its queue */
#define PACKET_HEADERS (MCU_BWE_OVERHEAD + 28)
#define PACE_NS (5 * MCU_NS_PER_MS)
/* A browser that was asleep (lock screen) takes the pictures that waited in its socket for the new clock of a stream that it
 * hardly knows, and holds the first one after a pause back for 3 s: a stream that is so young is not paused. */
#define YOUNG_PICTURES 100

static void init_out(mcu_out *o, unsigned clock_hz)
{
    do {
        o->ssrc = mcu_random32();
    } while (o->ssrc == 0);
    o->ts_offset = mcu_random32();
    o->seq = (uint16_t)(mcu_random32() & 0x7fff); /* RFC 3711 3.3.1: starting low spares the receiver an early wrap */
    o->clock_hz = clock_hz;
}

uint32_t mcu_out_media_time(const mcu_out *o, const mcu_au *au)
{
    return au->ts != 0 ? au->ts : (uint32_t)(au->time_ns / 1000 * o->clock_hz / 1000000);
}

uint32_t mcu_out_picture_time(mcu_out *o, uint32_t ts, int64_t time_ns)
{
    ts += o->ts_offset;
    uint32_t behind = o->last_ts - ts;
    if (o->last_time_ns != 0 && behind < BEHIND_MAX_TS) {
        ts += behind + 1;
        time_ns += (int64_t)(behind + 1) * MCU_NS_PER_SEC / o->clock_hz;
    }
    o->last_ts = ts;
    o->last_time_ns = time_ns;
    return ts;
}

void mcu_sender_init(mcu_sender *s, const mcu_sender_callbacks *callbacks, void *user)
{
    *s = (mcu_sender){.callbacks = *callbacks, .user = user, .rtt_ns = -1, .playout_most_ms = MCU_PLAYOUT_MOST_MS};
    init_out(&s->video, 90000);
    init_out(&s->rtx, 90000);
    init_out(&s->audio, 48000);
    s->pacer = mcu_pacer_new(START_BPS);
    s->history = mcu_rtx_history_new();
    s->twcc = mcu_twcc_history_new();
    s->bwe = mcu_bwe_new(START_BPS);
    s->wanted_bps = s->pace_bps = START_BPS;
    mcu_repair_init(&s->repair);
    mcu_bwe_get(s->bwe, 0, &s->view);
}

void mcu_sender_clear(mcu_sender *s)
{
    mcu_pacer_free(s->pacer);
    mcu_rtx_history_free(s->history);
    mcu_twcc_history_free(s->twcc);
    mcu_bwe_free(s->bwe);
}

void mcu_sender_forget(mcu_sender *s)
{
    (void)mcu_pacer_drop_video(s->pacer);
    mcu_rtx_history_free(s->history);
    s->history = mcu_rtx_history_new();
    mcu_repair_forget(&s->repair);
    s->need_keyframe = true;
}

void mcu_sender_keyframe_asked(mcu_sender *s)
{
    s->keyframe_asked = true;
}

/* ---- leaving ---- */

static mcu_out *out_of(mcu_sender *s, mcu_pkt_kind kind)
{
    return kind == MCU_PKT_AUDIO ? &s->audio : kind == MCU_PKT_RTX ? &s->rtx : &s->video;
}

static void note_sent(mcu_sender *s, const mcu_rtpext_block *ext, mcu_pkt *pkt, int64_t now_ns)
{
    unsigned wire = pkt->size + MCU_BWE_OVERHEAD;
    int seq = -1;
    if (ext->at[MCU_RTPEXT_TWCC] != 0) {
        seq = mcu_twcc_history_sent(s->twcc, wire, (uint8_t)pkt->kind, now_ns);
        mcu_rtpext_patch_twcc(ext, pkt->data, (uint16_t)seq);
        bool video = pkt->kind != MCU_PKT_AUDIO;
        mcu_repair_sent(&s->repair, (uint16_t)seq, video, pkt->kind == MCU_PKT_RTX ? pkt->osn : mcu_rtp_get_seq(pkt->data));
    }
    mcu_bwe_sent(s->bwe, seq, wire, now_ns);
}

void mcu_sender_transmit(const mcu_sender *s, const mcu_pkt *pkt)
{
    MCU_SCRATCH uint8_t wire[MCU_RTP_MAX + MCU_SENDER_ROOM];
    s->callbacks.transmit(s->user, wire, mcu_pkt_write(pkt, wire));
}

void mcu_sender_leave(mcu_sender *s, mcu_pkt *take_pkt, int64_t now_ns)
{
    mcu_out *o = out_of(s, take_pkt->kind);
    const mcu_rtpext_block *ext = take_pkt->kind == MCU_PKT_AUDIO ? &s->audio.ext : &s->video.ext;
    mcu_rtp_set_seq(take_pkt->data, o->seq++);
    note_sent(s, ext, take_pkt, now_ns);
    mcu_rtpext_patch_abs_send_time(ext, take_pkt->data, now_ns);
    mcu_rtpext_patch_playout_delay(ext, take_pkt->data, s->playout_ms, s->playout_most_ms);
    mcu_sender_transmit(s, take_pkt);
    o->packets++;
    o->bytes += mcu_pkt_payload_size(take_pkt);
    o->rate.bytes += take_pkt->size;
    if (take_pkt->kind != MCU_PKT_VIDEO) {
        mcu_pkt_free(take_pkt);
        return;
    }
    s->picture_ns = now_ns;
    if (take_pkt->last && s->callbacks.picture_left != NULL) {
        s->callbacks.picture_left(s->user, take_pkt->media_ns, now_ns);
    }
    for (unsigned k = 1; k <= s->copies_each; k++) {
        mcu_repair_later(&s->repair, mcu_rtp_get_seq(take_pkt->data), now_ns + k * COPY_AFTER_NS);
    }
    mcu_rtx_history_put(s->history, take_pkt, now_ns);
}

/* Without sound and copies a picture is all that could show that the path is back. */
bool mcu_sender_silenced(const mcu_sender *s)
{
    bool outage = s->view.state == MCU_BWE_OUTAGE && s->admitted >= YOUNG_PICTURES && (s->rtx_pt != 0 || s->audio.packets > 0);
    return !s->fixed_rate && (outage || s->view.state == MCU_BWE_BROKEN);
}

static void hold(mcu_sender *s, int64_t now_ns)
{
    mcu_bwe_get(s->bwe, now_ns, &s->view);
    bool wait = mcu_sender_silenced(s) || (!s->fixed_rate && s->view.in_flight >= s->view.window_bytes);
    mcu_pacer_hold_video(s->pacer, wait);
}

int64_t mcu_sender_pump(mcu_sender *s, int64_t now_ns)
{
    hold(s, now_ns);
    mcu_sender_send_copies(s, now_ns);
    for (mcu_pkt *pkt; (pkt = mcu_pacer_pop(s->pacer, now_ns)) != NULL;) {
        mcu_sender_leave(s, pkt, now_ns);
        if (s->view.window_bytes != UINT32_MAX) {
            hold(s, now_ns);
        }
    }
    mcu_sender_fill(s, now_ns);
    int64_t next_ns = mcu_pacer_next_ns(s->pacer);
    return mcu_bwe_probing(s->bwe) || s->repair.n > 0 ? MIN(next_ns, now_ns + PACE_NS) : next_ns;
}

/* ---- pictures ---- */

static double ahead(unsigned bps)
{
    return bps >= 300000 ? 2.5 : bps >= MCU_SENDER_THIN_BPS ? 1.5 : 1.25;
}

/* What pictures may take of an estimate: on a thin line sound is a third of it, and a picture sent ahead of the line stands in
 * its queue, before the sound that follows. A tier that is kept on an estimate which is a little too low for it needs its rate:
 * else one picture after the other waits, until one is dropped and a keyframe takes its place. */
static double beside_sound(const mcu_sender *s, unsigned estimate_bps)
{
    if (estimate_bps >= MCU_SENDER_THIN_BPS) {
        return estimate_bps * ahead(estimate_bps);
    }
    double kept = MIN(s->offered.bps, THIN_MOST * estimate_bps);
    return MAX(MAX(estimate_bps - MCU_SENDER_SOUND_ON_WIRE * s->audio.rate.bps, THIN_LEAST * estimate_bps), kept);
}

/* As fast as is wanted, but not much faster than the path is believed to carry. */
static void set_pace(mcu_sender *s)
{
    double bps = s->wanted_bps;
    if (!s->fixed_rate) {
        bps = MIN(bps, beside_sound(s, s->view.estimate_bps));
        bps = s->view.full_bps != 0 ? MIN(bps, s->view.full_bps * AHEAD_OF_FULL) : bps;
    }
    s->pace_bps = (unsigned)MIN(bps, MAX_BPS);
    mcu_pacer_set_bps(s->pacer, s->pace_bps);
    s->pace_bps = MAX(s->pace_bps, MCU_PACER_MIN_BPS);
}

/* Fast enough that a picture leaves in time. */
static void want_pace(mcu_sender *s, size_t bytes)
{
    int64_t drain_ns = s->view.estimate_bps >= WIDE_BPS ? WIDE_DRAIN_NS : DRAIN_NS;
    double media_bps = s->video.rate.bps * (1 + mcu_repair_share(s->copies_each, s->loss)); /* copies go first */
    double bps = media_bps * ahead((unsigned)MIN(media_bps, MAX_BPS));
    double queued_bits = (double)mcu_pacer_video_delay_ns(s->pacer) * 1e-9 * s->pace_bps;
    s->wanted_bps = MAX(bps, (queued_bits + (double)bytes * 8) * (double)MCU_NS_PER_SEC / (double)drain_ns);
    set_pace(s);
}

mcu_status mcu_sender_admit(mcu_sender *s, bool keyframe, unsigned packets, size_t bytes, int64_t now_ns)
{
    mcu_bwe_get(s->bwe, now_ns, &s->view);
    if (keyframe && !s->fixed_rate) {
        mcu_sender_make_way(s);
    }
    want_pace(s, bytes);
    s->offered.bytes += bytes + (size_t)packets * PACKET_HEADERS;
    if (keyframe && !s->fixed_rate && !mcu_pacer_admits(s->pacer, packets, bytes)) {
        mcu_sender_clear_way(s);
    }
    if (mcu_sender_silenced(s) || (s->need_keyframe && !keyframe) || !mcu_pacer_admits(s->pacer, packets, bytes)) {
        s->need_keyframe = true;
        s->refused++;
        return MCU_EFULL;
    }
    s->need_keyframe = false;
    s->keyframe_asked = s->keyframe_asked && !keyframe;
    s->admitted += s->view.state != MCU_BWE_OUTAGE;
    return MCU_OK;
}

bool mcu_sender_admits_audio(mcu_sender *s, int64_t now_ns)
{
    bool thin = s->view.state == MCU_BWE_OUTAGE && now_ns - s->view.state_ns > OUTAGE_AUDIO_NS;
    if (thin && now_ns - s->audio_ns < OUTAGE_SIGN_NS) {
        return false;
    }
    s->audio_ns = now_ns;
    return true;
}

mcu_status mcu_sender_push(mcu_sender *s, mcu_pkt *take_pkt, int64_t now_ns)
{
    return take_pkt != NULL ? mcu_pacer_push(s->pacer, take_pkt, now_ns) : MCU_EINVAL;
}

_Static_assert(MCU_RTP_HEADER + 4 + MCU_RTPEXT_BLOCK_MAX + 2 + MCU_RTP_PAYLOAD <= MCU_RTP_MAX, "any payload fits, also as RTX");

mcu_status mcu_sender_push_picture(mcu_sender *s, mcu_au *au, uint8_t pt, bool units, int64_t now_ns)
{
    const mcu_cut *cut = mcu_cut_of(au, units, MCU_RTP_PAYLOAD);
    if (cut == NULL) {
        return MCU_EINVAL;
    }
    if (mcu_sender_admit(s, au->keyframe, cut->n, cut->bytes, now_ns) != MCU_OK) {
        return MCU_EFULL;
    }
    mcu_rtp r = {.pt = pt, .ssrc = s->video.ssrc};
    r.ts = mcu_out_picture_time(&s->video, mcu_out_media_time(&s->video, au), au->time_ns != 0 ? au->time_ns : now_ns);
    mcu_rtpext_block_apply(&s->video.ext, &r);
    s->picture++;
    for (unsigned i = 0; i < cut->n; i++) {
        r.marker = i + 1 == cut->n;
        mcu_pkt *pkt = mcu_pkt_new_shared(MCU_PKT_VIDEO, &r, au, &cut->at[i]);
        pkt->first = i == 0;
        pkt->last = r.marker;
        pkt->media_ns = au->time_ns;
        pkt->keyframe = au->keyframe;
        pkt->picture = s->picture;
        (void)mcu_sender_push(s, pkt, now_ns);
    }
    return MCU_OK;
}

bool mcu_sender_wants_keyframe(const mcu_sender *s)
{
    return s->need_keyframe && !mcu_sender_silenced(s) && mcu_pacer_video_delay_ns(s->pacer) < RECOVER_DELAY_NS;
}

static void roll(mcu_rate *r, int64_t interval_ns)
{
    r->bps = (unsigned)MIN(r->bytes * 8 * (uint64_t)MCU_NS_PER_SEC / (uint64_t)interval_ns, UINT32_MAX);
    r->bytes = 0;
}

static void roll_rates(mcu_sender *s, int64_t now_ns)
{
    int64_t interval_ns = now_ns - s->rates_ns;
    if (interval_ns >= MCU_NS_PER_SEC) {
        s->rates_ns = now_ns;
        roll(&s->video.rate, interval_ns);
        roll(&s->rtx.rate, interval_ns);
        roll(&s->audio.rate, interval_ns);
        roll(&s->offered, interval_ns);
    }
}

void mcu_sender_tick(mcu_sender *s, int64_t now_ns)
{
    roll_rates(s, now_ns);
    mcu_bwe_tick(s->bwe, now_ns);
    mcu_bwe_get(s->bwe, now_ns, &s->view);
    bool stale = !s->fixed_rate && mcu_pacer_video_age_ns(s->pacer, now_ns) > STALE_NS;
    if ((stale || mcu_sender_silenced(s)) && mcu_pacer_drop_video(s->pacer) > 0) {
        s->need_keyframe = true;
    }
    if (mcu_pacer_copies_age_ns(s->pacer, now_ns) > STALE_NS) { /* of a line that became thin: they stand before what is new */
        mcu_pacer_drop_copies(s->pacer);
    }
    set_pace(s);
    mcu_sender_show_a_sign(s, now_ns);
    mcu_sender_plan_repair(s);
}

/* ---- what is heard ---- */

typedef struct {
    mcu_sender *sender;
    int64_t now_ns;
} reading;

static void on_result(void *user, const mcu_twcc_result *r)
{
    const reading *k = user;
    mcu_sender *s = k->sender;
    uint16_t seq;
    mcu_bwe_result(s->bwe, r, k->now_ns);
    if (!mcu_repair_is_video(&s->repair, r->seq, &seq)) {
        return;
    }
    if (r->received) {
        mcu_rtx_history_arrived(s->history, seq, k->now_ns);
    } else if (!mcu_rtx_history_has_arrived(s->history, seq, k->now_ns)) {
        (void)mcu_sender_retransmit(s, &seq, 1, k->now_ns);
    }
}

mcu_status mcu_sender_on_feedback(mcu_sender *s, const mcu_rtcp_packet *twcc, int64_t now_ns)
{
    reading k = {s, now_ns};
    mcu_status status = mcu_twcc_history_feedback(s->twcc, twcc, now_ns, on_result, &k);
    if (status == MCU_OK) {
        mcu_bwe_feedback(s->bwe, now_ns);
        mcu_bwe_get(s->bwe, now_ns, &s->view);
    }
    return status;
}

void mcu_sender_on_report(mcu_sender *s, const mcu_bwe_block *block, int64_t now_ns)
{
    mcu_bwe_report(s->bwe, block, s->video.packets, now_ns);
    mcu_bwe_get(s->bwe, now_ns, &s->view);
}

void mcu_sender_link(const mcu_sender *s, int64_t now_ns, mcu_peer_link *out)
{
    mcu_bwe_view view;
    mcu_bwe_get(s->bwe, now_ns, &view);
    *out = (mcu_peer_link){.estimate_bps = view.estimate_bps,
                           .proven_bps = view.proven_bps,
                           .queue_ms = (double)view.late_ns / (double)MCU_NS_PER_MS,
                           .drains_bps = view.drains_bps,
                           .came_bps = view.came_bps,
                           .loss = view.loss,
                           .queued = view.queued,
                           .repair = mcu_repair_share(s->copies_needed, s->loss),
                           .outage = view.state == MCU_BWE_OUTAGE,
                           .broken = view.state == MCU_BWE_BROKEN,
                           .probes = view.feedback && s->rtx_pt != 0,
                           .unheard = view.state == MCU_BWE_START};
}
