#include "tests/unit/weak_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/weak_mixer.h"
#include "tests/unit/weak_private.h"

#define STEP_NS (5 * MS)
#define RTX_PT 97
#define RTCP_SR 200
#define STANDING_MS 80 /* as mcu_session_repeat_sound() */
#define SOUND_BPS 32000
#define COPY_BYTES 4 /* its header */
static const size_t audio_bytes[MIX_PROFILES] = {80, 50, 90, 75};
#define AUDIO_BYTES_MAX 380

static const mix_tier_spec specs[] = {{"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000},
                                      {"D", 320, 180, 10, 64000},    {"E", 320, 180, 8, 30000},   {"S", 320, 180, 1, 8000},
                                      {"D", 320, 180, 15, 50000}, /* for who speaks with hands */
                                      {"E", 176, 144, 13, 30000}};
#define CANVASES G_N_ELEMENTS(specs)
#define HANDS 2 /* the last two that move */
#define TIERS (CANVASES - HANDS)
#define STILL (TIERS - 1)
static const unsigned every_s[CANVASES] = {[STILL] = 3};

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

static void transmit(void *user, uint8_t *packet, size_t size)
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
    mcu_pkt *pkt = mcu_pkt_new(kind, &r);
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
    static const uint8_t silence[AUDIO_BYTES_MAX];
    bool due = !mcu_audio_choice_is_thin(&v->sound) || v->room->now_ns % (60 * MS) == 0;
    if (!due || mcu_ladder_silent(&v->ladder, v->choice.tier)) {
        return;
    }
    if (mcu_sender_admits_audio(&v->send, v->room->now_ns)) {
        size_t size = audio_bytes[v->sound.profile];
        push(v, MCU_PKT_AUDIO, silence, size + v->sound.copies * (size + COPY_BYTES), false);
    }
    v->audio_sent++;
}

/* ---- what comes back ---- */

static uint64_t ntp(const weak_receiver *v)
{
    return mcu_ntp_from_wall_ns(v->room->now_ns);
}

static void take_block(weak_receiver *v, const mcu_rtcp_packet *p, int64_t now_ns)
{
    mcu_rtcp_block b;
    g_assert(mcu_rtcp_get_block(p, 0, &b));
    const mcu_bwe_block told = {.loss = b.fraction / 256.0,
                                .rtt_ns = mcu_rtcp_rtt_ns(&b, mcu_ntp_mid32(ntp(v))),
                                .lsr = b.lsr,
                                .highest_seq = b.highest_seq};
    mcu_sender_on_report(&v->send, &told, now_ns);
}

static void send_report(weak_receiver *v)
{
    uint8_t packet[64];
    mcu_rtcp_writer w;
    const mcu_rtcp_sender_info info = {.ntp = ntp(v)};
    mcu_rtcp_writer_init(&w, packet, sizeof packet);
    mcu_rtcp_put_sr(&w, v->send.video.ssrc, &info, NULL, 0);
    link_model_send(v->down, packet, w.size, v->room->now_ns);
}

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
            mcu_sender_keyframe_asked(&v->send);
            mcu_view_restart(&v->view);
        } else if (p.kind == MCU_RTCP_RR) {
            take_block(v, &p, now_ns);
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
    tiers.audio_bps = mcu_audio_choice_wire_bps(&v->sound, tiers.audio_bps);
    for (unsigned i = STILL - HANDS; i < STILL; i++) {
        hands_bps[i] = mcu_tier_wire_bps(specs[i + HANDS + 1].bitrate_bps, specs[i + HANDS + 1].fps);
    }
    mcu_ladder_init(&v->ladder, &tiers, hands_bps, v->hands);
}

/* As the room does, five times less often than tiers. */
static void choose_sound(weak_receiver *v, int64_t now_ns)
{
    const mcu_bwe_view *w = &v->send.view;
    bool unheard = w->state == MCU_BWE_START;
    const mcu_audio_link link = {.loss = w->loss,
                                 .standing = (double)w->late_ns / MS > STANDING_MS || w->queued,
                                 .spare_bps = unheard ? UINT32_MAX : w->estimate_bps / 4,
                                 .full_bps = SOUND_BPS,
                                 .line_bps = unheard ? 0 : w->estimate_bps};
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
                          .drains_bps = w->drains_bps,
                          .came_bps = w->came_bps,
                          .loss = w->loss,
                          .repair = mcu_repair_share(v->send.copies_needed, v->send.loss),
                          .outage = w->state == MCU_BWE_OUTAGE,
                          .broken = w->state == MCU_BWE_BROKEN,
                          .probes = w->feedback,
                          .unheard = w->state == MCU_BWE_START};
    (void)mcu_audio_choice_fall(&v->sound, &link);
    set_ladder(v);
    const mcu_tier_table *table = &v->ladder.table;
    unsigned rung = mcu_tier_choice_step(&v->choice, table, &link, now_ns);
    unsigned tier = mcu_ladder_tier(&v->ladder, rung);
    v->switches += tier != v->tier;
    v->tier = tier;
    want(v, canvas_of(v, tier));
    mcu_bwe_set_goal(v->send.bwe, mcu_tier_choice_goal(&v->choice, table, now_ns));
}

static void send_other(weak_receiver *v, link_model *way, unsigned bps, size_t size, double *bytes)
{
    static const uint8_t other[WEAK_OTHER];
    for (*bytes += bps * (STEP_NS * 1e-9) / 8; *bytes >= (double)size; *bytes -= (double)size) {
        link_model_send(way, other, size, v->room->now_ns);
    }
}

static void step_receiver(weak_receiver *v)
{
    int64_t now = v->room->now_ns, at;
    size_t size;
    const uint8_t *data;
    while ((data = link_model_receive(v->down, &size, &at, now)) != NULL) {
        if (data[0] != 0 && data[1] == RTCP_SR) {
            weak_far_take_rtcp(v, data, size, at);
        } else if (data[0] != 0) {
            weak_far_take_rtp(v, data, size, at);
        }
    }
    send_other(v, v->up, v->sends_bps, WEAK_OTHER, &v->sends_bytes);
    send_other(v, v->down, v->beside_bps, WEAK_BESIDE, &v->beside_bytes);
    if (now % (20 * MS) == 0) {
        weak_far_feed_back(v, now);
    }
    if (v->plain && now % MCU_NS_PER_SEC == 0) {
        send_report(v);
        weak_far_report(v, now);
    }
    while ((data = link_model_receive(v->up, &size, &at, now)) != NULL) {
        if (data[0] != 0) {
            take_rtcp(v, data, size, now);
        }
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
    weak_far_note_queue(v, link_model_queue_ms(v->down, now));
}

/* ---- life ---- */

static double link_seconds; /* of all rooms */

/* Read by `bench/run constants`. */
static void say_hours(void)
{
    printf("simulated %.2f link-hours\n", link_seconds / 3600);
}

weak_room *weak_room_new(uint32_t seed)
{
    static bool says;
    if (!says) {
        says = true;
        (void)atexit(say_hours);
    }
    weak_room *r = g_new0(weak_room, 1);
    r->now_ns = 1000 * MCU_NS_PER_SEC;
    r->seed = seed * 747796405u + 1;
    weak_mixer_begin(specs, every_s, CANVASES, r->seed, on_picture, r);
    weak_mixer_step(r->now_ns);
    return r;
}

static void lay_out(mcu_out *o, bool twcc)
{
    mcu_rtpext_map map = {.id = {[MCU_RTPEXT_TWCC] = WEAK_TWCC_ID, [MCU_RTPEXT_PLAYOUT_DELAY] = WEAK_PLAYOUT_ID}};
    mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = twcc, [MCU_RTPEXT_PLAYOUT_DELAY] = true}};
    mcu_rtpext_block_init(&o->ext, &map, &values);
}

weak_receiver *weak_room_join(weak_room *r, const link_profile *down, const link_profile *up, unsigned start_tier)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    weak_receiver *v = g_new0(weak_receiver, 1);
    v->room = r;
    mcu_sender_init(&v->send, &callbacks, v);
    v->send.rtx_pt = RTX_PT;
    lay_out(&v->send.video, true);
    lay_out(&v->send.audio, true);
    mcu_view_init(&v->view, (mix_video *)r, MCU_CODEC_H264, CANVASES, mcu_tiers_moving(weak_room_tiers()));
    set_ladder(v);
    mcu_tier_choice_init(&v->choice, &v->ladder.table, start_tier, 0, r->now_ns);
    v->tier = start_tier;
    v->delay_ms = down->delay_ms;
    v->down = link_model_new(down, r->seed + 2 * r->n);
    v->up = link_model_new(up, r->seed + 2 * r->n + 1);
    v->recorder = mcu_twcc_recorder_new();
    v->nack = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    v->latency.at = g_new(double, WEAK_SAMPLES);
    v->queue.at = g_new(double, WEAK_SAMPLES);
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

void weak_room_plain(weak_receiver *v)
{
    v->plain = true;
    lay_out(&v->send.video, false);
    lay_out(&v->send.audio, false);
    mcu_rtp_stats_init(&v->stats, 90000);
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

void weak_room_sends(weak_receiver *v, unsigned bps)
{
    v->sends_bps = bps;
}

void weak_room_beside(weak_receiver *v, unsigned bps)
{
    v->beside_bps = bps;
}

void weak_room_run(weak_room *r, double seconds)
{
    int64_t end = r->now_ns + (int64_t)(seconds * 1e9);
    link_seconds += seconds * r->n;
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

unsigned weak_room_tier(const weak_receiver *v)
{
    return v->view.current >= TIERS && v->view.current < CANVASES ? v->view.current - HANDS - 1 : MIN(v->view.current, TIERS);
}

double weak_room_queue_ms(const weak_receiver *v)
{
    return link_model_queue_ms(v->down, v->room->now_ns);
}

void weak_view_print(const char *name, unsigned seed, const weak_view *w, unsigned tier)
{
    printf("%-22s seed %u: tier %c frozen %.2f%% gap %.0f ms fps %.1f latency %.0f/%.0f ms queue p95 %.0f ms lost %.2f%% %.0f "
           "kbit/s switches %u\n",
           name, seed, "ABCDES-"[tier], w -> frozen * 100, w -> longest_gap_ms, w -> fps, w -> latency_p50_ms,
           w -> latency_p95_ms, w -> queue_p95_ms, w -> lost * 100, w -> sent_bps / 1000, w -> switches);
}
