/* The room's end: its own sender. What repairs instead of its copies takes their place in it. The estimate that it follows is
 * held at the budget, since a tier that is given up says nothing of repair: where the product's own would give it up
 * is said beside the figures. */
#include <string.h>

#include "bench/repair_kit.h"
#include "mcu/net/bwe_breaker.h"
#include "mcu/net/sender.h"
#include "mcu/room/tier_choice.h"
#include "tests/unit/link_model.h"

#define STEP_NS (5 * MCU_NS_PER_MS)
#define TICK_NS (20 * MCU_NS_PER_MS)
#define WARM_UP_NS (15 * MCU_NS_PER_SEC)
#define RTX_PT 97
#define AUDIO_BYTES 80
#define AUDIO_BPS 55200
#define SPARE 1.3 /* of what pictures, sound and the product's repair need */
#define KEY_AFTER_NS MCU_NS_PER_SEC
#define RED_BYTES 1  /* before a payload of pictures */
#define FEC_BYTES 18 /* RFC 5109 7.3, 7.4: of a long mask */
#define FEC_LEFT 512 /* packets of FEC between two steps */

typedef struct {
    const repair_film *film;
    const repair_link *link;
    repair_how how;
    mcu_sender send;
    link_model *down, *up;
    repair_far *far;
    int64_t now_ns;
    unsigned position; /* in the film */
    int64_t picture_ns, key_ns;
    bool want_key;
    uint32_t id;
    unsigned planned; /* copies that the product would send */
    uint16_t seq_of[REPAIR_IDS];
    repair_packet sent[REPAIR_IDS];
    bool is_fec[65536]; /* by number of our video */
    uint16_t left[FEC_LEFT];
    unsigned n_left;
    uint64_t picture_bytes, repair_bytes;
    unsigned keyframes;
    unsigned ticks, kept; /* of these, the tier would not be given up in */
} line;

static struct {
    unsigned bps;     /* what is believed */
    mcu_bwe_view own; /* what would be */
} belief;

/* In the place of mcu_bwe_get() in this program (--wrap). */
void __real_mcu_bwe_get(const mcu_bwe *b, int64_t now_ns, mcu_bwe_view *out);
void __wrap_mcu_bwe_get(const mcu_bwe *b, int64_t now_ns, mcu_bwe_view *out);
void __wrap_mcu_bwe_get(const mcu_bwe *b, int64_t now_ns, mcu_bwe_view *out)
{
    __real_mcu_bwe_get(b, now_ns, out);
    belief.own = *out;
    out->state = out->state == MCU_BWE_START ? MCU_BWE_START : MCU_BWE_OPEN;
    out->estimate_bps = belief.bps;
    out->window_bytes = UINT32_MAX;
    out->full_bps = 0;
    out->policed = out->queued = false;
}

static bool has_fec(repair_how how)
{
    return how >= REPAIR_ULPFEC;
}

/* ---- what leaves ---- */

static void note_video(line *l, const mcu_rtp *r)
{
    repair_packet p;
    memcpy(&p, r->payload, sizeof p);
    l->is_fec[r->seq] = p.flags & REPAIR_FEC;
    if (!l->is_fec[r->seq]) {
        l->seq_of[p.id % REPAIR_IDS] = r->seq;
    } else if (l->n_left < FEC_LEFT) {
        l->left[l->n_left++] = r->seq;
    }
}

static void transmit(void *user, uint8_t *packet, size_t size)
{
    line *l = user;
    mcu_rtp r;
    g_assert(mcu_rtp_parse(packet, size, &r) == MCU_OK);
    if (r.ssrc == l->send.video.ssrc) {
        note_video(l, &r);
    }
    if (r.ssrc != l->send.audio.ssrc) {
        bool picture = r.ssrc == l->send.video.ssrc && !l->is_fec[r.seq];
        *(picture ? &l->picture_bytes : &l->repair_bytes) += size + MCU_BWE_OVERHEAD;
    }
    link_model_send(l->down, packet, size, l->now_ns);
}

/* libwebrtc never sends FEC again, whoever says that it was lost. */
static void pump(line *l)
{
    (void)mcu_sender_pump(&l->send, l->now_ns);
    for (unsigned k = 0; k < l->n_left; k++) {
        mcu_rtx_history_arrived(l->send.history, l->left[k], l->now_ns);
    }
    l->n_left = 0;
}

static void answer(line *l, const mcu_rtcp_packet *nack)
{
    uint16_t seqs[256];
    unsigned n = mcu_rtcp_get_nack(nack, seqs, G_N_ELEMENTS(seqs)), kept = 0;
    for (unsigned k = 0; k < n; k++) {
        if (!l->is_fec[seqs[k]]) {
            seqs[kept++] = seqs[k];
        }
    }
    mcu_sender_retransmit(&l->send, seqs, kept, l->now_ns);
}

/* ---- pictures ---- */

static void push(line *l, const repair_packet *p, size_t size, bool keyframe)
{
    uint8_t payload[MCU_RTP_PAYLOAD + RED_BYTES + FEC_BYTES] = {0};
    const mcu_out *o = &l->send.video;
    bool fec = p->flags & REPAIR_FEC;
    memcpy(payload, p, sizeof *p);
    mcu_rtp r = {.pt = 96,
                 .ssrc = o->ssrc,
                 .payload = payload,
                 .payload_size = MAX(size, sizeof *p),
                 .marker = !fec && (p->flags & REPAIR_LAST)};
    mcu_rtpext_block_apply(&o->ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_VIDEO, &r);
    pkt->picture = l->send.picture;
    pkt->first = !fec && (p->flags & REPAIR_FIRST);
    pkt->last = r.marker;
    pkt->keyframe = keyframe;
    (void)mcu_sender_push(&l->send, pkt, l->now_ns);
}

static unsigned plan_block(const line *l, bool keyframe, uint32_t first, unsigned k, repair_xor *out)
{
    unsigned m = l->how == REPAIR_ULPFEC ? repair_ulpfec_count(&l->film->tier, l->link, keyframe, k) : l->planned > 0 ? k : 0;
    if (m > 0 && l->how == REPAIR_WINDOW) {
        repair_xor_window(first, m, out);
    } else if (m > 0) {
        repair_xor_within(first, k, m, out);
    }
    return m;
}

/* Room for one of each packet of a picture. */
static unsigned plan_fec(const line *l, bool keyframe, unsigned k, repair_xor *out)
{
    unsigned n = 0;
    for (unsigned from = 0; has_fec(l->how) && from < k; from += REPAIR_BLOCK) {
        n += plan_block(l, keyframe, l->id + from, MIN(k - from, REPAIR_BLOCK), out + n);
    }
    return n;
}

static void send_picture(line *l, unsigned bytes, bool keyframe)
{
    unsigned k = (bytes + MCU_RTP_PAYLOAD - 1) / MCU_RTP_PAYLOAD;
    size_t size = bytes / k + (has_fec(l->how) ? RED_BYTES : 0);
    g_autofree repair_xor *fec = g_new(repair_xor, k);
    unsigned m = plan_fec(l, keyframe, k, fec);
    uint64_t offered = l->send.offered.bytes;
    if (mcu_sender_admit(&l->send, keyframe, k + m, k * size + m * (size + FEC_BYTES), l->now_ns) != MCU_OK) {
        return;
    }
    l->send.offered.bytes -= (l->send.offered.bytes - offered) * m / (k + m); /* FEC is no picture */
    l->send.picture++;
    for (unsigned i = 0; i < k; i++, l->id++) {
        unsigned flags = (keyframe ? REPAIR_KEY : 0) | (i == 0 ? REPAIR_FIRST : 0) | (i + 1 == k ? REPAIR_LAST : 0);
        repair_packet p = {.flags = (uint8_t)flags, .id = l->id, .captured_ns = l->now_ns};
        l->sent[l->id % REPAIR_IDS] = p;
        push(l, &p, size, keyframe);
    }
    for (unsigned i = 0; i < m; i++) {
        repair_packet p = {.flags = REPAIR_FEC, .fec = fec[i]};
        push(l, &p, size + FEC_BYTES, keyframe);
    }
}

static void next_picture(line *l)
{
    if (l->now_ns < l->picture_ns) {
        return;
    }
    l->picture_ns += MCU_NS_PER_SEC / l->film->tier.fps;
    bool wanted = l->want_key && l->now_ns - l->key_ns >= KEY_AFTER_NS;
    l->position = wanted || l->position == l->film->n ? 0 : l->position;
    bool keyframe = l->position == 0;
    if (keyframe) {
        l->want_key = false;
        l->key_ns = l->now_ns;
        l->keyframes++;
    }
    send_picture(l, l->film->bytes[l->position++], keyframe);
}

static void send_audio(line *l)
{
    static const uint8_t silence[AUDIO_BYTES];
    mcu_rtp r = {.pt = 111, .ssrc = l->send.audio.ssrc, .payload = silence, .payload_size = AUDIO_BYTES};
    mcu_rtpext_block_apply(&l->send.audio.ext, &r);
    if (mcu_sender_admits_audio(&l->send, l->now_ns)) {
        (void)mcu_sender_push(&l->send, mcu_pkt_new(MCU_PKT_AUDIO, &r), l->now_ns);
    }
}

/* ---- time ---- */

static double need_bps(const repair_film *film, unsigned copies, double loss)
{
    const mix_tier_spec *t = &film->tier;
    return AUDIO_BPS + mcu_tier_wire_bps(t->bitrate_bps, t->fps) * (1 + mcu_repair_share(copies, loss));
}

/* The plan is the product's, with its hysteresis and its delay at the far end; what is done is what is measured. */
static void tick(line *l)
{
    l->send.copies_each = l->planned;
    mcu_sender_tick(&l->send, l->now_ns);
    l->planned = l->send.copies_each;
    bool instead = l->how == REPAIR_EQUAL || l->how == REPAIR_WINDOW;
    l->send.copies_each = l->how == REPAIR_COPIES ? l->planned : instead && l->planned > 0 ? l->planned - 1 : 0;
    l->send.twice = l->send.twice && l->how != REPAIR_RTX;
    l->ticks++;
    l->kept +=
        belief.own.state != MCU_BWE_BROKEN && belief.own.estimate_bps >= need_bps(l->film, l->send.copies_needed, l->send.loss);
    l->want_key = l->want_key || (mcu_sender_wants_keyframe(&l->send) && l->now_ns % (500 * MCU_NS_PER_MS) == 0);
}

static void hear(line *l, const uint8_t *data, size_t size)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    g_assert(mcu_rtcp_begin(&it, data, size) == MCU_OK);
    while (mcu_rtcp_next(&it, &p)) {
        if (p.kind == MCU_RTCP_TWCC) {
            (void)mcu_sender_on_feedback(&l->send, &p, l->now_ns);
        } else if (p.kind == MCU_RTCP_NACK) {
            answer(l, &p);
        } else if (p.kind == MCU_RTCP_PLI) {
            l->want_key = true;
        }
    }
}

static void step(line *l)
{
    uint8_t said[1200];
    size_t size;
    int64_t at_ns;
    const uint8_t *data;
    while ((data = link_model_receive(l->down, &size, &at_ns, l->now_ns)) != NULL) {
        repair_far_take(l->far, data, size, at_ns);
    }
    bool ticks = l->now_ns % TICK_NS == 0;
    while (ticks && (size = repair_far_say(l->far, l->send.view.rtt_ns, l->now_ns, said, sizeof said)) > 0) {
        link_model_send(l->up, said, size, l->now_ns);
    }
    while ((data = link_model_receive(l->up, &size, &at_ns, l->now_ns)) != NULL) {
        hear(l, data, size);
    }
    if (ticks) {
        send_audio(l);
        tick(l);
    }
    next_picture(l);
    pump(l);
}

static void run_until(line *l, int64_t end_ns)
{
    for (; l->now_ns < end_ns; l->now_ns += STEP_NS) {
        step(l);
    }
}

/* ---- life ---- */

static double breaker_cap_bps(const repair_link *link)
{
    mcu_bwe_breaker b = {0};
    for (int64_t now_ns = 0; now_ns < 60 * MCU_NS_PER_SEC; now_ns += MCU_NS_PER_SEC) {
        (void)mcu_bwe_breaker_tick(&b, link->loss, link->rtt_ms * MCU_NS_PER_MS, now_ns);
    }
    return mcu_bwe_breaker_cap_bps(&b);
}

/* The same for all ways of one line: also for a copy more, where the circuit breaker leaves room for it. */
static unsigned budget_bps(const repair_film *film, const repair_link *link)
{
    unsigned copies = MAX(mcu_repair_copies(0, link->loss, link->rtt_ms * MCU_NS_PER_MS), 1);
    double least = SPARE * need_bps(film, copies, link->loss), more = SPARE * need_bps(film, copies + 1, link->loss);
    return (unsigned)MAX(least, MIN(more, breaker_cap_bps(link)));
}

static void open_line(line *l, unsigned bps)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_TWCC] = REPAIR_TWCC_ID, [MCU_RTPEXT_PLAYOUT_DELAY] = REPAIR_PLAYOUT_ID}};
    const mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = true, [MCU_RTPEXT_PLAYOUT_DELAY] = true}};
    const unsigned delay_ms = l->link->rtt_ms / 2;
    const link_profile way = {.delay_ms = delay_ms, .loss = l->link->loss, .burst = l->link->burst};
    mcu_sender_init(&l->send, &callbacks, l);
    l->send.rtx_pt = RTX_PT;
    mcu_rtpext_block_init(&l->send.video.ext, &map, &values);
    mcu_rtpext_block_init(&l->send.audio.ext, &map, &values);
    mcu_bwe_set_start(l->send.bwe, bps);
    belief.bps = bps;
    l->down = link_model_new(&way, 1);
    l->up = link_model_new(&way, 2);
    const repair_far_setup setup = {l->send.video.ssrc, l->send.rtx.ssrc, (int)delay_ms, l->seq_of, l->sent};
    l->far = repair_far_new(&setup);
    l->now_ns = l->picture_ns = 1000 * MCU_NS_PER_SEC;
    l->id = REPAIR_FIRST_ID;
}

repair_result repair_run(const repair_film *film, const repair_link *link, repair_how how, unsigned seconds)
{
    line *l = g_new0(line, 1);
    l->film = film;
    l->link = link;
    l->how = how;
    repair_result result = {.budget_bps = budget_bps(film, link)};
    open_line(l, result.budget_bps);
    run_until(l, l->now_ns + WARM_UP_NS);
    l->picture_bytes = l->repair_bytes = 0;
    l->keyframes = l->ticks = l->kept = 0;
    repair_far_begin(l->far, l->now_ns);
    run_until(l, l->now_ns + seconds * MCU_NS_PER_SEC);
    repair_far_end(l->far, l->now_ns, &result);
    result.overhead = (double)l->repair_bytes / (double)MAX(l->picture_bytes, 1);
    result.keyframes = l->keyframes;
    result.copies = l->planned;
    result.kept = (double)l->kept / l->ticks;
    mcu_sender_clear(&l->send);
    link_model_free(l->down);
    link_model_free(l->up);
    repair_far_free(l->far);
    g_free(l);
    return result;
}
