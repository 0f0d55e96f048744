#include "tests/unit/weak_room.h"

#include <math.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/media.h"
#include "mcu/net/nack.h"
#include "mcu/room/audio_choice.h"
#include "mcu/room/view.h"
#include "tests/unit/weak_mixer.h"

#define MS MCU_NS_PER_MS
#define STEP_NS (5 * MS)
#define TWCC_ID 5
#define PLAYOUT_ID 6
#define RTX_PT 97
#define HISTORY 8192
#define SAMPLES 20000
#define AUDIO_BYTES 80
#define THIN_AUDIO_BYTES 90 /* of 60 ms */
#define THIN_WIRE_BPS 20000

static const mix_tier_spec specs[] = {{"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000},
                                      {"D", 320, 180, 10, 64000},    {"E", 320, 180, 8, 30000},   {"S", 320, 180, 1, 8000},
                                      {"D", 320, 180, 15, 50000}, /* for who speaks with hands */
                                      {"E", 176, 144, 12, 30000}};
#define CANVASES G_N_ELEMENTS(specs)
#define HANDS 2 /* the last two that move */
#define TIERS (CANVASES - HANDS)
#define STILL (TIERS - 1)
static const unsigned every_s[CANVASES] = {[STILL] = 3};

struct weak_room {
    int64_t now_ns;
    uint32_t seed;
    weak_receiver *receivers[WEAK_ROOM_MAX];
    unsigned n;
};

typedef struct {
    double *at;
    unsigned n;
} samples;

struct weak_receiver {
    weak_room *room;
    mcu_sender send;
    mcu_view view;
    mcu_tier_choice choice;
    mcu_audio_choice sound;
    mcu_ladder ladder;
    bool hands;
    link_model *down, *up;
    uint32_t picture;
    /* the far end */
    mcu_twcc_recorder *recorder;
    mcu_nack *nack;
    mcu_unwrap unwrap;
    int64_t next_seq; /* the first packet that is missing; 0 = waits for a keyframe */
    struct {
        int64_t index, captured_ns;
        bool keyframe, first, last;
    } packets[HISTORY];
    int64_t pli_ns, shown_ns, playout_ns;
    /* figures */
    int64_t begun_ns, first_picture_ns, first_audio_ns;
    unsigned pictures, switches, tier;
    unsigned delay_ms; /* of the link */
    double frozen_ns, gap_ns;
    samples latency, queue;
    unsigned audio_sent, audio_came, lost_before, carried_before;
    uint64_t bytes, bytes_before;
};

const mcu_tier_table *weak_room_tiers(void)
{
    static mcu_tier_table table;
    table.n_tiers = TIERS;
    table.audio_bps = 55200;
    for (unsigned i = 0; i < TIERS; i++) {
        table.still[i] = every_s[i] > 0;
        table.wire_bps[i] = mcu_tier_wire_bps(specs[i].bitrate_bps, specs[i].fps);
    }
    return &table;
}

/* ---- what the server sends ---- */

static void transmit(void *user, const uint8_t *packet, size_t size)
{
    weak_receiver *v = user;
    v->bytes += size + MCU_BWE_OVERHEAD;
    link_model_send(v->down, packet, size, v->room->now_ns);
}

static void push(weak_receiver *v, mcu_pkt_kind kind, const uint8_t *payload, size_t size, bool marker)
{
    const mcu_out *o = kind == MCU_PKT_AUDIO ? &v->send.audio : &v->send.video;
    mcu_rtp r = {
        .pt = kind == MCU_PKT_AUDIO ? 111 : 96, .ssrc = o->ssrc, .payload = payload, .payload_size = size, .marker = marker};
    mcu_rtpext_block_apply(&o->ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(kind);
    pkt->size = (uint16_t)mcu_rtp_write(pkt->data, sizeof pkt->data, &r);
    pkt->picture = v->picture;
    pkt->first = kind == MCU_PKT_VIDEO && payload[1];
    pkt->last = marker;
    pkt->keyframe = kind == MCU_PKT_VIDEO && payload[0];
    (void)mcu_sender_push(&v->send, pkt, v->room->now_ns);
}

/* Capture to complete is counted from `captured_ns`. */
static bool send_picture(weak_receiver *v, unsigned tier, const mcu_au *au, int64_t captured_ns)
{
    int64_t now = v->room->now_ns;
    if (!mcu_view_pass(&v->view, tier, au)) {
        return false;
    }
    unsigned n = (unsigned)((au->size + MCU_RTP_PAYLOAD - 1) / MCU_RTP_PAYLOAD);
    if (mcu_sender_admit(&v->send, au->keyframe, n, au->size, now) != MCU_OK) {
        v->view.needs_keyframe = true;
        return false;
    }
    v->picture++;
    uint8_t payload[MCU_RTP_PAYLOAD] = {au->keyframe};
    memcpy(payload + 2, &captured_ns, sizeof captured_ns);
    for (unsigned i = 0; i < n; i++) {
        payload[1] = i == 0;
        size_t size = au->size / n;
        push(v, MCU_PKT_VIDEO, payload, MAX(size, 16), i + 1 == n);
    }
    return true;
}

static void on_picture(void *user, unsigned tier, const mcu_au *au)
{
    weak_room *r = user;
    for (unsigned i = 0; i < r->n; i++) {
        (void)send_picture(r->receivers[i], tier, au, au->time_ns);
    }
}

/* As mcu_session_enter(). */
static void enter(weak_receiver *v)
{
    mcu_au *const *kept;
    unsigned tier = v->view.wanted, n = mcu_view_cached(&v->view, v->send.view.estimate_bps * 3 / 4 / 8, &kept);
    bool shown = n > 0;
    for (unsigned k = 0; k < n && shown; k++) {
        shown = send_picture(v, tier, kept[k], kept[n - 1]->time_ns);
    }
    if (!shown) {
        mcu_view_restart(&v->view);
    }
}

static void want(weak_receiver *v, unsigned canvas)
{
    if (mcu_view_want(&v->view, canvas)) {
        enter(v);
    }
}

static void send_audio(weak_receiver *v)
{
    static const uint8_t silence[THIN_AUDIO_BYTES];
    bool due = !mcu_audio_choice_is_thin(&v->sound) || v->room->now_ns % (60 * MS) == 0;
    if (!due || mcu_ladder_silent(&v->ladder, v->choice.tier)) {
        return;
    }
    if (mcu_sender_admits_audio(&v->send, v->room->now_ns)) {
        push(v, MCU_PKT_AUDIO, silence, mcu_audio_choice_is_thin(&v->sound) ? THIN_AUDIO_BYTES : AUDIO_BYTES, false);
    }
    v->audio_sent++;
}

/* ---- what the far end does ---- */

static void add(samples *s, double x)
{
    if (s->n < SAMPLES) {
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
        if (v->packets[k % HISTORY].index != k) {
            return;
        }
        if (v->packets[k % HISTORY].last) {
            show(v, v->packets[k % HISTORY].captured_ns, now_ns);
        }
        v->next_seq++;
    }
}

static void take_video(weak_receiver *v, uint16_t seq, const uint8_t *payload)
{
    int64_t index = mcu_unwrap16(&v->unwrap, seq);
    if (v->packets[index % HISTORY].index == index) {
        return;
    }
    v->packets[index % HISTORY].index = index;
    v->packets[index % HISTORY].keyframe = payload[0];
    v->packets[index % HISTORY].first = payload[1];
    memcpy(&v->packets[index % HISTORY].captured_ns, payload + 2, sizeof(int64_t));
    bool begins = payload[0] && payload[1];
    if (begins && index > v->next_seq) {
        v->next_seq = index; /* what is missing before a keyframe is not needed */
        mcu_nack_forget_before(v->nack, seq);
    }
}

static void take_rtp(weak_receiver *v, const uint8_t *data, size_t size, int64_t arrival_ns)
{
    mcu_rtp r;
    const uint8_t *ext;
    size_t ext_size;
    g_assert(mcu_rtp_parse(data, size, &r) == MCU_OK);
    if (mcu_rtpext_find(&r, TWCC_ID, &ext, &ext_size)) {
        mcu_twcc_recorder_push(v->recorder, mcu_rd16(ext), arrival_ns);
    }
    if (r.ssrc == v->send.audio.ssrc) {
        v->audio_came++;
        v->first_audio_ns = v->first_audio_ns == 0 ? arrival_ns : v->first_audio_ns;
        return;
    }
    if (mcu_rtpext_find(&r, PLAYOUT_ID, &ext, &ext_size)) {
        v->playout_ns = (mcu_rd24(ext) >> 12) * 10 * MS + (int64_t)v->delay_ms * MS;
    }
    bool copy = r.ssrc == v->send.rtx.ssrc;
    uint16_t seq = copy ? mcu_rd16(r.payload) : r.seq;
    const uint8_t *payload = copy ? r.payload + 2 : r.payload;
    mcu_nack_push(v->nack, seq, copy, arrival_ns);
    take_video(v, seq, payload);
    int64_t index = mcu_unwrap16(&v->unwrap, seq);
    v->packets[index % HISTORY].last = r.marker;
    if (v->next_seq != 0) {
        advance(v, arrival_ns);
    }
}

static void feed_back(weak_receiver *v, int64_t now_ns)
{
    uint8_t out[1200];
    bool due = mcu_twcc_recorder_next_ns(v->recorder) <= now_ns;
    size_t n = due ? mcu_twcc_recorder_feedback(v->recorder, 1, 2, now_ns, out, sizeof out) : 0;
    if (n > 0) {
        link_model_send(v->up, out, n, now_ns);
    }
    uint16_t seqs[64];
    unsigned asked = mcu_nack_due(v->nack, v->send.view.rtt_ns, now_ns, seqs, 64);
    bool tired =
        mcu_nack_take_gave_up(v->nack) || (v->shown_ns != 0 && now_ns - MAX(v->shown_ns, v->pli_ns) > 3 * MCU_NS_PER_SEC);
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

/* ---- what comes back ---- */

static void take_rtcp(weak_receiver *v, const uint8_t *data, size_t size, int64_t now_ns)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    uint16_t seqs[256];
    g_assert(mcu_rtcp_begin(&it, data, size) == MCU_OK);
    while (mcu_rtcp_next(&it, &p)) {
        if (p.kind == MCU_RTCP_TWCC) {
            (void)mcu_sender_on_feedback(&v->send, &p, now_ns);
        } else if (p.kind == MCU_RTCP_NACK) {
            mcu_sender_retransmit(&v->send, seqs, mcu_rtcp_get_nack(&p, seqs, 256), now_ns);
        } else if (p.kind == MCU_RTCP_PLI) {
            mcu_view_restart(&v->view);
        }
    }
}

static unsigned canvas_of(const weak_receiver *v, unsigned tier)
{
    if (tier >= TIERS) {
        return CANVASES;
    }
    return v->hands && tier + HANDS >= STILL ? tier + HANDS + 1 : tier;
}

static void set_ladder(weak_receiver *v)
{
    mcu_tier_table tiers = *weak_room_tiers();
    int hands_bps[MCU_TIERS_MAX] = {0};
    if (mcu_audio_choice_is_thin(&v->sound)) {
        tiers.audio_bps = THIN_WIRE_BPS;
    }
    for (unsigned i = STILL - HANDS; i < STILL; i++) {
        hands_bps[i] = mcu_tier_wire_bps(specs[i + HANDS + 1].bitrate_bps, specs[i + HANDS + 1].fps);
    }
    mcu_ladder_init(&v->ladder, &tiers, hands_bps, v->hands);
}

/* As the room does, four times less often than tiers. */
static void choose_sound(weak_receiver *v, int64_t now_ns)
{
    const mcu_bwe_view *w = &v->send.view;
    const mcu_audio_link link = {.loss = 0, .line_bps = w->state == MCU_BWE_START ? 0 : w->estimate_bps};
    if (now_ns % (500 * MS) == 0) {
        mcu_audio_choice_step(&v->sound, &link, now_ns);
    }
}

static void choose(weak_receiver *v, int64_t now_ns)
{
    const mcu_bwe_view *w = &v->send.view;
    mcu_peer_link link = {.estimate_bps = w->estimate_bps,
                          .proven_bps = w->proven_bps,
                          .queue_ms = (double)w->late_ns / MS,
                          .loss = w->loss,
                          .repair = mcu_repair_share(v->send.copies_each, v->send.loss),
                          .outage = w->state == MCU_BWE_OUTAGE,
                          .broken = w->state == MCU_BWE_BROKEN,
                          .probes = w->feedback,
                          .unheard = w->state == MCU_BWE_START};
    set_ladder(v);
    const mcu_tier_table *table = &v->ladder.table;
    unsigned rung = mcu_tier_choice_step(&v->choice, table, &link, now_ns);
    unsigned tier = mcu_ladder_tier(&v->ladder, rung);
    v->switches += tier != v->tier;
    v->tier = tier;
    want(v, canvas_of(v, tier));
    mcu_bwe_set_goal(v->send.bwe, mcu_tier_choice_goal(&v->choice, table, now_ns));
}

static void step_receiver(weak_receiver *v)
{
    int64_t now = v->room->now_ns, at;
    size_t size;
    const uint8_t *data;
    while ((data = link_model_receive(v->down, &size, &at, now)) != NULL) {
        take_rtp(v, data, size, at);
    }
    if (now % (20 * MS) == 0) {
        feed_back(v, now);
    }
    while ((data = link_model_receive(v->up, &size, &at, now)) != NULL) {
        take_rtcp(v, data, size, now);
    }
    if (now % (20 * MS) == 0) {
        send_audio(v);
        mcu_sender_tick(&v->send, now);
        if (mcu_sender_wants_keyframe(&v->send) && now % (500 * MS) == 0) {
            mcu_view_restart(&v->view);
        }
    }
    if (now % (100 * MS) == 0) {
        choose_sound(v, now);
        choose(v, now);
    }
    (void)mcu_sender_pump(&v->send, now);
    add(&v->queue, link_model_queue_ms(v->down, now));
}

/* ---- life ---- */

weak_room *weak_room_new(uint32_t seed)
{
    weak_room *r = g_new0(weak_room, 1);
    r->now_ns = 1000 * MCU_NS_PER_SEC;
    r->seed = seed * 747796405u + 1;
    weak_mixer_begin(specs, every_s, CANVASES, r->seed, on_picture, r);
    weak_mixer_step(r->now_ns);
    return r;
}

static void lay_out(mcu_out *o)
{
    mcu_rtpext_map map = {.id = {[MCU_RTPEXT_TWCC] = TWCC_ID, [MCU_RTPEXT_PLAYOUT_DELAY] = PLAYOUT_ID}};
    mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = true, [MCU_RTPEXT_PLAYOUT_DELAY] = true}};
    mcu_rtpext_block_init(&o->ext, &map, &values);
}

weak_receiver *weak_room_join(weak_room *r, const link_profile *down, const link_profile *up, unsigned start_tier)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    weak_receiver *v = g_new0(weak_receiver, 1);
    v->room = r;
    mcu_sender_init(&v->send, &callbacks, v);
    v->send.rtx_pt = RTX_PT;
    lay_out(&v->send.video);
    lay_out(&v->send.audio);
    mcu_view_init(&v->view, (mix_video *)r, MCU_CODEC_H264, CANVASES);
    set_ladder(v);
    mcu_tier_choice_init(&v->choice, &v->ladder.table, start_tier, 0, r->now_ns);
    v->tier = start_tier;
    v->delay_ms = down->delay_ms;
    v->down = link_model_new(down, r->seed + 2 * r->n);
    v->up = link_model_new(up, r->seed + 2 * r->n + 1);
    v->recorder = mcu_twcc_recorder_new();
    v->nack = mcu_nack_new();
    v->latency.at = g_new(double, SAMPLES);
    v->queue.at = g_new(double, SAMPLES);
    r->receivers[r->n++] = v;
    want(v, start_tier);
    weak_room_begin(v);
    return v;
}

void weak_room_hands(weak_receiver *v)
{
    v->hands = true;
    set_ladder(v);
    v->choice.tier = mcu_ladder_rung(&v->ladder, v->tier);
    want(v, canvas_of(v, v->tier));
}

bool weak_room_silent(const weak_receiver *v)
{
    return mcu_ladder_silent(&v->ladder, v->choice.tier);
}

static void receiver_free(weak_receiver *v)
{
    mcu_view_clear(&v->view);
    mcu_sender_clear(&v->send);
    link_model_free(v->down);
    link_model_free(v->up);
    mcu_twcc_recorder_free(v->recorder);
    mcu_nack_free(v->nack);
    g_free(v->latency.at);
    g_free(v->queue.at);
    g_free(v);
}

void weak_room_free(weak_room *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        receiver_free(r->receivers[i]);
    }
    weak_mixer_end();
    g_free(r);
}

void weak_room_link(weak_receiver *v, const link_profile *down, const link_profile *up)
{
    link_model_set(v->down, down);
    link_model_set(v->up, up);
}

void weak_room_run(weak_room *r, double seconds)
{
    int64_t end = r->now_ns + (int64_t)(seconds * 1e9);
    for (; r->now_ns < end; r->now_ns += STEP_NS) {
        weak_mixer_step(r->now_ns);
        for (unsigned i = 0; i < r->n; i++) {
            step_receiver(r->receivers[i]);
        }
    }
}

unsigned weak_room_keyframes(const weak_room *r, unsigned tier)
{
    (void)r;
    return weak_mixer_keyframes(tier);
}

double weak_room_until(weak_room *r, const weak_receiver *v, unsigned tier, double limit)
{
    double seconds = 0;
    while (seconds <= limit && weak_room_tier(v) > tier) {
        weak_room_run(r, 0.05);
        seconds += 0.05;
    }
    return seconds;
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

unsigned weak_room_tier(const weak_receiver *v)
{
    return v->view.current >= TIERS && v->view.current < CANVASES ? v->view.current - HANDS - 1 : MIN(v->view.current, TIERS);
}

double weak_room_queue_ms(const weak_receiver *v)
{
    return link_model_queue_ms(v->down, v->room->now_ns);
}
