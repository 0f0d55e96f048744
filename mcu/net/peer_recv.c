#include <string.h>

#include "mcu/net/peer_priv.h"

#define SSRC_SWITCH_NS (500 * MCU_NS_PER_MS) /* a new SSRC takes over an m-line when the old one has been silent this long */
#define FIRST_PLI_NS (300 * MCU_NS_PER_MS)   /* a sender starts with a keyframe: give it time to arrive whole */

/* ---- which m-line ---- */

const mcu_recv_pt *mcu_peer_find_pt(const mcu_neg_media *m, uint8_t pt)
{
    for (unsigned k = 0; m->accepted && k < m->n_recv_pts; k++) {
        if (m->recv_pts[k].pt == pt) {
            return &m->recv_pts[k];
        }
    }
    return NULL;
}

/* The same id may carry the mid in one m-line and something else in the other: it counts only where the value fits. */
static bool has_mid(const mcu_neg_media *m, const mcu_rtp *r)
{
    const uint8_t *data;
    size_t size;
    return m->accepted && m->ext.mid != 0 && mcu_rtpext_find(r, m->ext.mid, &data, &size) && size == strlen(m->mid) &&
           memcmp(data, m->mid, size) == 0;
}

static bool owns_ssrc(const peer_in *in, uint32_t ssrc)
{
    return ssrc != 0 && (ssrc == in->ssrc || ssrc == in->rtx_ssrc);
}

/* RFC 9143 9.2: mid, then a known SSRC, then the payload type. */
static const mcu_neg_media *find_media(const mcu_peer *p, const mcu_rtp *r)
{
    const mcu_neg_media *audio = &p->neg->audio, *video = &p->neg->video, *content = &p->neg->content;
    const struct {
        const mcu_neg_media *media;
        const peer_in *in;
    } lines[] = {{audio, &p->ain.base}, {video, &p->vin.base}, {content, &p->cin.base}};
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (has_mid(lines[i].media, r)) {
            return lines[i].media;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (owns_ssrc(lines[i].in, r->ssrc)) {
            return lines[i].media;
        }
    }
    return mcu_peer_find_pt(audio, r->pt) != NULL ? audio : mcu_peer_find_pt(video, r->pt) != NULL ? video : NULL;
}

static void note_arrival(mcu_peer *p, const mcu_neg_media *m, const mcu_rtp *r, int64_t now_ns)
{
    const uint8_t *data;
    size_t size;
    if (m->ext.twcc != 0 && mcu_rtpext_find(r, m->ext.twcc, &data, &size) && size == 2) {
        mcu_twcc_recorder_push(p->twcc_in, (uint16_t)(data[0] << 8 | data[1]), now_ns);
        mcu_peer_kick(p, mcu_twcc_recorder_next_ns(p->twcc_in));
    }
}

bool mcu_peer_take_ssrc(peer_in *in, uint32_t ssrc, unsigned clock_hz, int64_t now_ns, bool *changed)
{
    *changed = in->ssrc != ssrc || in->last_ns == 0;
    if (in->ssrc != ssrc && in->last_ns != 0 && now_ns - in->last_ns < SSRC_SWITCH_NS) {
        return false;
    }
    if (*changed) {
        in->ssrc = ssrc;
        mcu_rtp_stats_init(&in->stats, clock_hz);
    }
    in->last_ns = now_ns;
    return true;
}

/* ---- video ---- */

int64_t mcu_peer_rtt_ns(const mcu_peer *p)
{
    return p->send.rtt_ns >= 0 ? p->send.rtt_ns : p->send.view.rtt_ns;
}

/* Three chances of a retransmission, more where those are lost too, and the time that this loop was not looking. */
static int64_t hole_wait_ns(const mcu_peer *p, const peer_video_in *v)
{
    int64_t rtt_ns = mcu_peer_rtt_ns(p);
    return (mcu_nack_is_lossy(v->nack) ? 7 : 3) * (rtt_ns > 0 ? rtt_ns : 100 * MCU_NS_PER_MS) + 100 * MCU_NS_PER_MS + p->late_ns;
}

static void drop_pictures(peer_video_in *v)
{
    mcu_vjitter_free(v->jitter);
    v->jitter = NULL;
    mcu_vplayout_clear(&v->playout);
}

static void restart_video(peer_video_in *v, mcu_codec codec, int64_t now_ns)
{
    drop_pictures(v);
    v->jitter = mcu_vjitter_new(codec);
    v->codec = codec;
    if (v->nack == NULL) {
        v->nack = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    }
    mcu_nack_reset(v->nack);
    v->wants_keyframe = true;
    v->wants_from_ns = now_ns + FIRST_PLI_NS;
}

static void give_pictures(mcu_peer *p, peer_video_in *v, int64_t now_ns)
{
    void (*on_picture)(void *user, mcu_au *take_au) = v == &p->cin ? p->callbacks.on_content : p->callbacks.on_picture;
    for (mcu_au *au; (au = mcu_vplayout_pop(&v->playout, now_ns)) != NULL;) {
        if (on_picture != NULL) {
            on_picture(p->user, au);
        } else {
            mcu_au_unref(au);
        }
    }
}

/* After every push, and in the tick for what has waited long enough. */
static void pop_pictures(mcu_peer *p, peer_video_in *v, int64_t now_ns)
{
    if (v->jitter == NULL) {
        return;
    }
    bool gave_up = mcu_nack_take_gave_up(v->nack); /* then a keyframe that is here already waits for nothing */
    mcu_vjitter_set_wait_ns(v->jitter, gave_up ? 0 : hole_wait_ns(p, v));
    for (mcu_au *au; (au = mcu_vjitter_pop(v->jitter, now_ns)) != NULL;) {
        v->pictures++;
        if (au->keyframe) {
            v->keyframes++;
            v->wants_keyframe = gave_up = false;
        }
        mcu_vplayout_push(&v->playout, au, v == &p->vin && mcu_nack_is_losing(v->nack)); /* a screen does not move */
        give_pictures(p, v, now_ns);
    }
    give_pictures(p, v, now_ns);
    uint16_t past;
    if (mcu_vjitter_is_past(v->jitter, &past)) {
        mcu_nack_forget_before(v->nack, past);
    }
    if (!v->wants_keyframe && (gave_up || mcu_vjitter_needs_keyframe(v->jitter))) {
        v->wants_keyframe = true;
        v->wants_from_ns = now_ns;
    }
}

static void note_playout_delay(peer_video_in *v, const mcu_neg_media *m, const mcu_rtp *r)
{
    const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_PLAYOUT_DELAY] = m->ext.playout_delay}};
    mcu_rtpext_values values;
    mcu_rtpext_read(r, &map, &values);
    if (values.has[MCU_RTPEXT_PLAYOUT_DELAY]) {
        mcu_vplayout_ask(&v->playout, values.playout_min_ms * MCU_NS_PER_MS, values.playout_max_ms * MCU_NS_PER_MS);
    }
}

/* `restored`: it came by RTX. */
static void push_video(mcu_peer *p, peer_video_in *v, mcu_codec codec, const mcu_rtp *r, bool restored, int64_t now_ns)
{
    if (v->jitter == NULL || codec != v->codec) {
        if (restored) {
            return;
        }
        restart_video(v, codec, now_ns);
    }
    if (v->jitter == NULL) {
        v->base.dropped++;
        return;
    }
    const mcu_neg_media *m = mcu_peer_video_media(p, v);
    if (!restored) {
        note_playout_delay(v, m, r);
    }
    if (m->fb & MCU_FB_NACK) {
        mcu_nack_push(v->nack, r->seq, restored, now_ns);
    }
    mcu_status s = mcu_vjitter_push(v->jitter, r, now_ns);
    if (s == MCU_EINVAL || s == MCU_ENOSUP) {
        v->base.dropped++;
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
    }
    pop_pictures(p, v, now_ns);
}

static void on_media(mcu_peer *p, peer_video_in *v, const mcu_recv_pt *pt, const mcu_rtp *r, size_t wire, int64_t now_ns)
{
    bool changed;
    if (!mcu_peer_take_ssrc(&v->base, r->ssrc, 90000, now_ns, &changed)) {
        v->base.dropped++;
        return;
    }
    v->base.rate.bytes += wire;
    if (changed && v->jitter != NULL) {
        restart_video(v, pt->codec, now_ns);
    }
    if (mcu_rtp_stats_push(&v->base.stats, r->seq, r->ts, wire, now_ns) != MCU_OK) {
        v->base.dropped++;
        return;
    }
    push_video(p, v, pt->codec, r, false, now_ns);
}

static void on_rtx(mcu_peer *p, peer_video_in *v, const mcu_recv_pt *pt, const mcu_rtp *r, size_t wire, int64_t now_ns)
{
    const mcu_recv_pt *media = pt->apt >= 0 ? mcu_peer_find_pt(mcu_peer_video_media(p, v), (uint8_t)pt->apt) : NULL;
    if (media == NULL || media->codec == MCU_CODEC_NONE || v->base.last_ns == 0) {
        v->base.dropped++;
        return;
    }
    v->base.rtx_ssrc = r->ssrc;
    v->base.rtx_packets++;
    v->base.rate.bytes += wire;
    mcu_rtp inner;
    mcu_status s = mcu_rtx_unpack(r, v->base.ssrc, media->pt, &inner);
    if (s == MCU_OK) {
        push_video(p, v, media->codec, &inner, true, now_ns);
    } else if (s != MCU_EAGAIN) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
    }
}

void mcu_peer_pop_pictures(mcu_peer *p, int64_t now_ns)
{
    pop_pictures(p, &p->vin, now_ns);
    pop_pictures(p, &p->cin, now_ns);
}

/* ---- entry ---- */

void mcu_peer_on_rtp(mcu_peer *p, const uint8_t *packet, size_t size, int64_t now_ns)
{
    mcu_rtp r;
    if (mcu_rtp_parse(packet, size, &r) != MCU_OK) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        return;
    }
    const mcu_neg_media *m = find_media(p, &r);
    if (m == NULL) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        return;
    }
    peer_video_in *v = m == &p->neg->video ? &p->vin : m == &p->neg->content ? &p->cin : NULL;
    peer_in *in = v != NULL ? &v->base : &p->ain.base;
    note_arrival(p, m, &r, now_ns);
    const mcu_recv_pt *pt = mcu_peer_find_pt(m, r.pt);
    if (pt == NULL || !m->recv) {
        in->dropped++;
    } else if (v == NULL) {
        mcu_peer_on_audio(p, pt, &r, size, now_ns);
    } else if (pt->codec != MCU_CODEC_NONE) {
        on_media(p, v, pt, &r, size, now_ns);
    } else {
        on_rtx(p, v, pt, &r, size, now_ns);
    }
}

/* ---- negotiation ---- */

static void expect(peer_in *in, const mcu_neg_media *m)
{
    if (m->remote_ssrc != 0 && m->remote_ssrc != in->ssrc) {
        in->ssrc = m->remote_ssrc;
        in->last_ns = 0;
    }
    if (m->remote_rtx_ssrc != 0) {
        in->rtx_ssrc = m->remote_rtx_ssrc;
    }
}

static void apply_video(mcu_peer *p, peer_video_in *v)
{
    const mcu_neg_media *m = mcu_peer_video_media(p, v);
    expect(&v->base, m);
    if (!m->recv && v->jitter != NULL) {
        drop_pictures(v);
        v->wants_keyframe = false;
    }
}

void mcu_peer_apply_recv(mcu_peer *p)
{
    uint32_t before = p->ain.base.ssrc;
    expect(&p->ain.base, &p->neg->audio);
    if (p->ain.base.ssrc != before) {
        mcu_peer_clear_audio(&p->ain);
    }
    apply_video(p, &p->vin);
    apply_video(p, &p->cin);
}

static void clear_video(peer_video_in *v)
{
    drop_pictures(v);
    mcu_nack_free(v->nack);
    v->nack = NULL;
}

void mcu_peer_clear_recv(mcu_peer *p)
{
    clear_video(&p->vin);
    clear_video(&p->cin);
    mcu_peer_clear_audio(&p->ain);
}
