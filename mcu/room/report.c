#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/freeze.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/room_private.h"

#define WEAK_QUALITY 2
#define SAME_QUALITY_NS (2 * MCU_NS_PER_SEC)
#define LISTED_QUALITY_NS (5 * MCU_NS_PER_SEC) /* in everybody's list */
#define LOSSY 0.03                             /* the page has other advice from there on */

static const char *tier_of(const mcu_session *s)
{
    return mcu_room_options_tier_name(&s->room->options, mcu_canvas_tier(s->room, s->view.current));
}

/* `view`, where it is not everybody's. */
static void add_view(json_t *to, const mcu_room *r, unsigned canvas)
{
    const char *view = mcu_canvas_view(r, canvas);
    if (view != NULL) {
        json_object_set_new(to, "view", json_string(view));
    }
}

static const char *state_of(const mcu_session *s)
{
    switch (mcu_peer_get_state(s->peer)) {
    case MCU_PEER_UP:
        return "up";
    case MCU_PEER_STALLED:
        return "stalled";
    case MCU_PEER_GONE:
        return "gone";
    case MCU_PEER_NONE:
    case MCU_PEER_NEW:
    case MCU_PEER_ICE:
    case MCU_PEER_DTLS:
        break;
    }
    return "connecting";
}

/* What a roster says of a person, however that person is connected. */
static json_t *row(const mcu_room *r, const mcu_seat *seat, const char *kind, const char *tier, const char *state)
{
    const mcu_session *s = seat->session;
    const mcu_leg *l = seat->leg;
    json_t *p = json_pack("{ss ss ss ss ss ss}", "seat", seat->id, "name", seat->name, "role", seat->role, "kind", kind, "tier",
                          tier, "state", state);
    bool shows = (s != NULL && mcu_session_shows_camera(s)) || mcu_leg_pictures_shown(mcu_leg_get_pictures(l));
    json_object_update_new(p, json_pack("{sb sb sb sb}", "audio", mcu_seat_is_heard(seat), "video", shows, "muted", seat->muted,
                                        "talking", mcu_seat_talking(seat)));
    json_object_update_new(
        p, json_pack("{sb sb sb}", "host", seat->host, "hand", mcu_seat_hand(seat), "share", s != NULL && s->share));
    if (mcu_freeze_of(r, seat) != NULL) {
        json_object_set_new(p, "frozen", json_string(mcu_freeze_of(r, seat)));
    }
    json_t *sound = mcu_seat_sound_json(seat);
    if (json_object_size(sound) > 0) {
        json_object_set(p, "sound", sound);
    }
    json_decref(sound);
    if (l != NULL) {
        json_object_update_new(p, json_pack("{sb sb}", "phone", true, "clear", mcu_leg_is_clear(l)));
    }
    return p;
}

static json_t *session_row(const mcu_session *s)
{
    json_t *p = row(s->room, s->seat, mcu_session_kind_name(s->kind), tier_of(s), state_of(s));
    json_object_set_new(p, "weak", json_boolean(s->weak));
    if (s->listed_quality >= 0) {
        json_object_set_new(p, "quality", json_integer(s->listed_quality));
    }
    add_view(p, s->room, s->view.current);
    return p;
}

static json_t *leg_row(const mcu_room *r, const mcu_seat *seat)
{
    const mcu_leg_pictures *pictures = mcu_leg_get_pictures(seat->leg);
    return row(r, seat, "phone", pictures != NULL ? mcu_leg_pictures_tier(pictures) : "audio", mcu_leg_state_name(seat->leg));
}

json_t *mcu_report_roster(mcu_room *r)
{
    json_t *list = json_array();
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        const mcu_session *s = seat->session;
        if (s != NULL && s->up) {
            json_array_append_new(list, session_row(s));
        } else if (seat->leg != NULL) {
            json_array_append_new(list, leg_row(r, seat));
        }
    }
    return json_pack("{ss sI so}", "type", "roster", "revision", (json_int_t)r->revision, "participants", list);
}

json_t *mcu_report_layout(mcu_room *r, unsigned tier, const mix_tile *tiles, unsigned n)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++) {
        const mcu_seat *owner = mcu_freeze_owner(r, tiles[i].person);
        const mcu_seat *sharer = owner != NULL ? owner : mcu_people_by_content(r, tiles[i].person);
        const mcu_seat *seat = sharer != NULL ? sharer : mcu_people_by_number(r, tiles[i].person);
        if (seat == NULL) {
            continue;
        }
        json_t *tile = json_pack("{ss si si si si}", "seat", seat->id, "x", tiles[i].x_px, "y", tiles[i].y_px, "w",
                                 tiles[i].width_px, "h", tiles[i].height_px);
        if (sharer != NULL) {
            json_object_set_new(tile, "content", json_true());
        }
        if (owner != NULL) {
            json_object_set_new(tile, "frozen", json_true());
        }
        json_array_append_new(list, tile);
    }
    const mix_tier_spec *spec = &r->options.video.tiers[tier];
    json_t *m = json_pack("{ss ss si si so}", "type", "layout", "tier", spec->name, "width", spec->width_px, "height",
                          spec->height_px, "tiles", list);
    add_view(m, r, tier);
    return m;
}

void mcu_report_session(mcu_session *s, const char *state, const char *why)
{
    mcu_room_send(
        s->room,
        json_pack("{ss ss ss ss ss}", "type", "session", "seat", s->seat->id, "session", s->id, "state", state, "why", why),
        NULL);
}

static mcu_ease ease_of(const mcu_session *s)
{
    const unsigned n = s->room->options.tiers.n_tiers;
    if (s->hushed) {
        return MCU_EASE_SILENT;
    }
    unsigned top = mcu_session_top_tier(s);
    if (s->view.codec == MCU_CODEC_NONE) {
        top = n;
    } else if (s->seat->fixed) {
        top = s->tier_kept <= n ? s->tier_kept : top;
    }
    mcu_ease ease = mcu_ease_of(mcu_canvas_tier(s->room, s->view.current), top, mcu_tiers_moving(&s->room->options.tiers), n,
                                s->sound.copies);
    bool weak = mcu_session_carries(s) <= WEAK_QUALITY;
    return ease != MCU_EASE_SMALLER || weak ? ease : s->sound.copies > 0 ? MCU_EASE_REPEATED : MCU_EASE_NONE;
}

/* Everybody's list says whose connection is weak; each person is told what is done about it. */
static void note_weakness(mcu_session *s, int64_t now_ns)
{
    const bool weak = s->quality >= 0 && s->quality <= WEAK_QUALITY;
    s->ease = ease_of(s);
    const bool turned = weak != s->weak;
    if (turned) {
        s->weak = weak;
        mcu_people_changed(s->room);
    }
    if (s->quality != s->listed_quality && (turned || now_ns - s->listed_ns >= LISTED_QUALITY_NS)) {
        s->listed_quality = s->quality;
        s->listed_ns = now_ns;
        mcu_roster_changed(s->room);
    }
}

/* On a thin line each message is a noticeable part of it: the same words again only after a while. */
static bool is_news(mcu_session *s, const mcu_said_quality *now)
{
    mcu_said_quality *said = &s->said_quality;
    bool same = said->at_ns != 0 && said->quality == now->quality && said->ease == now->ease && said->hold_ms == now->hold_ms &&
                said->canvas == now->canvas && said->lossy == now->lossy;
    if (same && now->at_ns - said->at_ns < SAME_QUALITY_NS) {
        return false;
    }
    *said = *now;
    return true;
}

void mcu_report_quality(mcu_session *s, const mcu_peer_stats *given)
{
    mcu_peer_stats fresh;
    if (given == NULL) {
        mcu_peer_get_stats(s->peer, &fresh);
        given = &fresh;
    }
    double out = given->link.loss;
    double in = MAX(given->audio_in.loss, given->video_in.loss);
    s->quality = mcu_link_quality(out, in, given->rtt_ms, given->state == MCU_PEER_STALLED, mcu_session_carries(s));
    const int64_t now_ns = mcu_now_ns();
    note_weakness(s, now_ns);
    const mcu_said_quality now = {.at_ns = now_ns,
                                  .quality = s->quality,
                                  .ease = s->ease,
                                  .hold_ms = mcu_peer_takes_copies(s->peer) ? mcu_audio_choice_hold_ms(&s->sound) : 0,
                                  .canvas = s->view.current,
                                  .lossy = MAX(out, in) > LOSSY};
    if (!is_news(s, &now)) {
        return;
    }
    g_autofree char *key = g_strdup_printf("quality %s", s->seat->id);
    json_t *m =
        json_pack("{ss ss si ss ss sf sf si}", "type", "quality", "seat", s->seat->id, "quality", s->quality, "tier", tier_of(s),
                  "ease", mcu_ease_name(s->ease), "loss", MAX(out, in), "rtt", given->rtt_ms, "hold", (int)now.hold_ms);
    add_view(m, s->room, s->view.current);
    mcu_room_send(s->room, m, key);
}

void mcu_report_sound(mcu_session *s, const mcu_peer_stats *stats, int64_t now_ns)
{
    const mcu_sound_sight sight = {
        .up = s->up && s->seat->leg == NULL && mcu_session_is_person(s) && !s->seat->signing, /* hands need no telephone */
        .stalled = stats->state == MCU_PEER_STALLED,
        .speaks = s->audio_on && s->seat->sends_audio && mcu_peer_gives_audio(s->peer),
        .packets = stats->audio_in.packets,
        .loss = MAX(stats->audio_in.loss, stats->audio_out.loss),
    };
    if (mcu_lost_sound_step(&s->lost, &sight, now_ns)) {
        mcu_info("session.sound", "seat=%s session=%s dead=%d", s->seat->id, s->id, s->lost.dead);
        mcu_room_send(s->room,
                      json_pack("{ss ss ss sb}", "type", "sound", "seat", s->seat->id, "session", s->id, "dead", s->lost.dead),
                      NULL);
    }
}

static json_t *stream_json(const mcu_stream_stats *t)
{
    return json_pack("{sI sI sI sf sf sI sI sI sI sI sI sI sI sI}", "packets", (json_int_t)t->packets, "bytes",
                     (json_int_t)t->bytes, "lost", (json_int_t)t->lost, "loss", t->loss, "jitter_ms", t->jitter_ms, "bitrate_bps",
                     (json_int_t)t->bitrate_bps, "rtx", (json_int_t)t->rtx_packets, "copies", (json_int_t)t->copies, "nacks",
                     (json_int_t)t->nacks, "plis", (json_int_t)t->plis, "firs", (json_int_t)t->firs, "pictures",
                     (json_int_t)t->pictures, "keyframes", (json_int_t)t->keyframes, "dropped", (json_int_t)t->dropped);
}

/* What the playout buffer of this person's voice does; concealed = made up for sound that did not come in time. */
static json_t *playout_json(const mcu_session *s)
{
    mix_voice_stats v = {0};
    if (s->has_voice) {
        (void)mix_audio_voice_get_stats(s->room->audio, s->seat->person, &v);
    }
    return json_pack("{sf sf sI sI sI}", "delay_ms", v.delay_ms, "target_ms", v.target_ms, "concealed", (json_int_t)v.concealed,
                     "recovered", (json_int_t)v.fec_used, "late", (json_int_t)v.late);
}

static json_t *session_json(mcu_session *s)
{
    mcu_peer_stats t;
    mcu_peer_get_stats(s->peer, &t);
    unsigned n = s->room->options.tiers.n_tiers;
    unsigned wanted = mcu_session_wanted_tier(s);
    json_t *out = json_pack("{ss ss ss ss ss ss sb sb sb sb}", "seat", s->seat->id, "session", s->id, "name", s->seat->name,
                            "role", s->seat->role, "kind", mcu_session_kind_name(s->kind), "state", state_of(s), "audio",
                            mcu_seat_is_heard(s->seat), "video", mcu_session_shows_camera(s), "muted", s->seat->muted, "talking",
                            mcu_seat_talking(s->seat));
    json_object_update_new(out, json_pack("{sb sb}", "hand", s->hand, "share", s->share));
    json_object_update_new(out, json_pack("{ss ss ss ss si sf sf sI s{ss ss} ss ss}", "tier", tier_of(s), "tier_wanted",
                                          wanted <= n ? mcu_room_options_tier_name(&s->room->options, wanted) : "auto",
                                          "tier_able", mcu_room_options_tier_name(&s->room->options, s->tier_able), "tier_useful",
                                          mcu_room_options_tier_name(&s->room->options, s->tier_useful), "quality", s->quality,
                                          "rtt_ms", t.rtt_ms, "estimate_bps", (double)t.link.estimate_bps, "connected_ms",
                                          (json_int_t)(s->up ? (mcu_now_ns() - s->up_ns) / MCU_NS_PER_MS : 0), "candidates",
                                          "local", t.local_candidate, "remote", t.remote_candidate, "codec_in",
                                          mcu_codec_name(t.video_in.codec), "codec_out", mcu_codec_name(s->view.codec)));
    json_object_set_new(out, "playout", playout_json(s));
    json_object_set_new(out, "sound", mcu_seat_sound_json(s->seat));
    json_object_update_new(out, json_pack("{s{so so} s{so so} sI sI}", "in", "audio", stream_json(&t.audio_in), "video",
                                          stream_json(&t.video_in), "out", "audio", stream_json(&t.audio_out), "video",
                                          stream_json(&t.video_out), "bad_packets", (json_int_t)t.bad_packets, "auth_failures",
                                          (json_int_t)t.auth_failures));
    if (mcu_peer_gives_content(s->peer)) {
        json_object_set_new(json_object_get(out, "in"), "content", stream_json(&t.content_in));
    }
    return out;
}

static json_t *video_json(mcu_room *r)
{
    mix_video_stats t;
    mix_video_get_stats(r->video, &t);
    static const char *const stages[] = {"decode", "scale", "compose", "encode", "label", "other"};
    json_t *cpu = json_object();
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
        json_object_set_new(cpu, stages[i], json_real(t.cpu_s[i]));
    }
    json_t *tiers = json_array();
    for (unsigned i = 0; i < r->options.video.n_tiers; i++) {
        if (i < r->options.tiers.n_tiers || t.encoded[i] > 0) { /* of the others those that were ever needed */
            json_t *one = json_pack("{ss sI sI sI}", "tier", r->options.video.tiers[i].name, "encoded", (json_int_t)t.encoded[i],
                                    "keyframes", (json_int_t)t.keyframes[i], "unchanged", (json_int_t)t.skipped_unchanged[i]);
            add_view(one, r, i);
            json_array_append_new(tiers, one);
        }
    }
    return json_pack("{si si si si sI sI sI sI sI so so}", "overload", t.overload, "live_encoders", t.live_encoders, "live_tiers",
                     t.live_tiers, "sources", t.sources, "ticks", (json_int_t)t.ticks, "late_ticks", (json_int_t)t.late_ticks,
                     "missed_ticks", (json_int_t)t.missed_ticks, "frames_replaced", (json_int_t)t.frames_replaced, "queue_drops",
                     (json_int_t)t.queue_drops, "tiers", tiers, "cpu_s", cpu);
}

static json_t *audio_json(mcu_room *r)
{
    mix_audio_stats t;
    mix_audio_get_stats(r->audio, &t);
    return json_pack("{si si si sI sI sI sI sI s{sf sf sf}}", "voices", t.voices, "listeners", t.listeners, "encodes_last_tick",
                     t.encodes_last_tick, "ticks", (json_int_t)t.ticks, "late_ticks", (json_int_t)t.late_ticks, "concealed",
                     (json_int_t)t.concealed, "fec_used", (json_int_t)t.fec_used, "dropped",
                     (json_int_t)(t.dropped_late + t.dropped_full), "cpu_s", "decode", t.cpu_s[0], "mix", t.cpu_s[1], "encode",
                     t.cpu_s[2]);
}

json_t *mcu_report_inspection(mcu_room *r)
{
    json_t *list = json_array();
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        json_t *p = seat->session != NULL ? session_json(seat->session) : seat->leg != NULL ? leg_row(r, seat) : NULL;
        if (p != NULL && seat->leg != NULL) {
            json_object_set_new(p, "phone", mcu_leg_inspection(seat->leg));
        }
        if (p != NULL && seat->session == NULL) {
            json_object_set_new(p, "session", json_string(mcu_leg_id(seat->leg)));
        }
        if (p != NULL) {
            json_array_append_new(list, p);
        }
    }
    return json_pack("{ss ss ss ss sI so so so}", "type", "inspection", "room", r->id, "name", r->name, "layout", r->layout,
                     "revision", (json_int_t)r->revision, "participants", list, "video", video_json(r), "audio", audio_json(r));
}
