#include "mcu/net/rtx.h"

#include <glib.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/net/window.h"

#define MIN_RTT_NS INT64_C(10000000)
#define FILLING_FROM 64  /* newest packets */
#define FLOOR_BYTES 4000 /* a second: 32 kbit/s */
#define MORE_MOST 1.5    /* of the media */

typedef struct {
    mcu_pkt *packet;
    int64_t answered_ns; /* 0 = never */
    unsigned copies;
    bool arrived;
} slot;

struct mcu_rtx_history {
    mcu_unwrap unwrap;
    int64_t oldest;       /* nothing before it is kept, extended */
    int64_t floor;        /* first packet of the newest complete keyframe, extended, */
    int64_t floor_ns;     /* and when it begins to count; until then: */
    int64_t spared_from;  /* what the keyframe before it left */
    int64_t spared_ns;    /* by the next one */
    int64_t keyframe_at;  /* first packet of a keyframe that is going out; -1 = none */
    uint32_t keyframe_id; /* its picture */
    mcu_window media, repair;
    unsigned share_pct;
    slot slots[MCU_RTX_PACKETS];
};

mcu_rtx_history *mcu_rtx_history_new(void)
{
    mcu_rtx_history *h = g_new0(mcu_rtx_history, 1);
    h->keyframe_at = -1;
    h->share_pct = MCU_RTX_SHARE_PCT;
    return h;
}

void mcu_rtx_history_free(mcu_rtx_history *h)
{
    for (unsigned i = 0; h && i < MCU_RTX_PACKETS; i++) {
        mcu_pkt_free(h->slots[i].packet);
    }
    g_free(h);
}

/* What nobody may ask for any more is not kept; of the newest some are, to fill probes. */
static void forget_old(mcu_rtx_history *h, int64_t now_ns)
{
    h->oldest = MAX(h->oldest, h->unwrap.newest - MCU_RTX_PACKETS + 1);
    for (; h->oldest <= h->unwrap.newest - FILLING_FROM; h->oldest++) {
        slot *s = &h->slots[(uint64_t)h->oldest % MCU_RTX_PACKETS];
        if (s->packet && now_ns - s->packet->sent_ns <= MCU_RTX_AGE_NS) {
            return;
        }
        mcu_pkt_free(s->packet);
        *s = (slot){0};
    }
}

void mcu_rtx_history_put(mcu_rtx_history *h, mcu_pkt *take_packet, int64_t now_ns)
{
    uint16_t seq = mcu_rtp_get_seq(take_packet->data);
    int64_t index = mcu_unwrap16(&h->unwrap, seq);
    if (take_packet->first && take_packet->keyframe) {
        h->keyframe_at = index;
        h->keyframe_id = take_packet->picture;
    }
    if (h->keyframe_at >= 0 && take_packet->picture == h->keyframe_id && take_packet->data[1] & 0x80) {
        h->spared_from = now_ns >= h->floor_ns ? h->floor : h->spared_from;
        h->floor = h->keyframe_at;
        h->floor_ns = now_ns + h->spared_ns;
        h->keyframe_at = -1;
    }
    take_packet->sent_ns = now_ns;
    mcu_window_add(&h->media, now_ns, take_packet->size);
    slot *s = &h->slots[seq % MCU_RTX_PACKETS];
    mcu_pkt_free(s->packet);
    *s = (slot){.packet = take_packet};
    forget_old(h, now_ns);
}

void mcu_rtx_history_spare(mcu_rtx_history *h, int64_t spared_ns)
{
    h->spared_ns = spared_ns;
}

void mcu_rtx_history_allow(mcu_rtx_history *h, double more)
{
    h->share_pct = MCU_RTX_SHARE_PCT + (unsigned)(CLAMP(more, 0, MORE_MOST) * 100);
}

/* there_ns: when it would have come. */
static slot *find_for(mcu_rtx_history *h, uint16_t seq, int64_t now_ns, int64_t there_ns)
{
    slot *s = &h->slots[seq % MCU_RTX_PACKETS];
    int64_t index = h->unwrap.newest + mcu_seq_diff(seq, (uint16_t)h->unwrap.newest);
    bool kept = s->packet && mcu_rtp_get_seq(s->packet->data) == seq && now_ns - s->packet->sent_ns <= MCU_RTX_AGE_NS;
    return kept && index >= (there_ns < h->floor_ns ? h->spared_from : h->floor) ? s : NULL;
}

static slot *find(mcu_rtx_history *h, uint16_t seq, int64_t now_ns)
{
    return find_for(h, seq, now_ns, now_ns);
}

void mcu_rtx_history_arrived(mcu_rtx_history *h, uint16_t seq, int64_t now_ns)
{
    slot *s = find(h, seq, now_ns);
    if (s) {
        s->arrived = true;
    }
}

bool mcu_rtx_history_has_arrived(mcu_rtx_history *h, uint16_t seq, int64_t now_ns)
{
    const slot *s = find(h, seq, now_ns);
    return s && s->arrived;
}

const mcu_pkt *mcu_rtx_history_get(mcu_rtx_history *h, uint16_t seq, int64_t now_ns)
{
    slot *s = find(h, seq, now_ns);
    if (!s || s->arrived) {
        return NULL;
    }
    s->copies++;
    return s->packet;
}

mcu_status mcu_rtx_history_answer(mcu_rtx_history *h, uint16_t seq, int64_t rtt_ns, int64_t now_ns, const mcu_pkt **out)
{
    slot *s = find_for(h, seq, now_ns, now_ns + rtt_ns / 2);
    if (!s) {
        return MCU_ELATE;
    }
    if (s->answered_ns != 0 && now_ns - s->answered_ns < MAX(rtt_ns, MIN_RTT_NS)) {
        return MCU_EAGAIN;
    }
    int64_t share = mcu_window_sum(&h->media, now_ns) * h->share_pct / 100;
    if (mcu_window_sum(&h->repair, now_ns) + s->packet->size > MAX(share, FLOOR_BYTES)) {
        return MCU_EFULL;
    }
    mcu_window_add(&h->repair, now_ns, s->packet->size);
    s->answered_ns = now_ns;
    s->copies++;
    *out = s->packet;
    return MCU_OK;
}

/* Small enough before large, then the less often sent, or the smaller of two that are large. */
static bool fills_better(const slot *a, const slot *b, unsigned most)
{
    bool a_fits = a->packet->size <= most, b_fits = b->packet->size <= most;
    return a_fits != b_fits ? a_fits : a_fits ? a->copies < b->copies : a->packet->size < b->packet->size;
}

const mcu_pkt *mcu_rtx_history_filling(mcu_rtx_history *h, unsigned most, bool larger, int64_t age_ns, int64_t now_ns)
{
    slot *best = NULL;
    for (unsigned k = 0; k < FILLING_FROM; k++) {
        slot *s = &h->slots[(uint16_t)(h->unwrap.newest - k) % MCU_RTX_PACKETS];
        bool young = s->packet && now_ns - s->packet->sent_ns <= age_ns;
        if (young && (larger || s->packet->size <= most) && (!best || fills_better(s, best, most))) {
            best = s;
        }
    }
    if (best) {
        best->copies++;
    }
    return best ? best->packet : NULL;
}

mcu_pkt *mcu_rtx_pack(const mcu_pkt *original, uint32_t rtx_ssrc, uint8_t rtx_pt)
{
    uint8_t osn[2]; /* RFC 4588 4 */
    memcpy(osn, original->data + 2, sizeof osn);
    mcu_pkt *p = mcu_pkt_new_around(MCU_PKT_RTX, original, osn, sizeof osn);
    if (p != NULL) {
        p->data[1] = (uint8_t)((p->data[1] & 0x80) | (rtx_pt & 0x7f)); /* RFC 3550 5.1: marker, payload type */
        mcu_rtp_set_seq(p->data, 0);
        mcu_wr32(p->data + 8, rtx_ssrc);
        p->osn = mcu_rtp_get_seq(original->data);
        p->keyframe = original->keyframe;
        p->picture = original->picture;
    }
    return p;
}

mcu_status mcu_rtx_unpack(const mcu_rtp *rtx, uint32_t media_ssrc, uint8_t media_pt, mcu_rtp *out)
{
    if (rtx->payload_size == 0) {
        return MCU_EAGAIN;
    }
    if (rtx->payload_size < 2) {
        return MCU_EINVAL;
    }
    *out = *rtx;
    out->ssrc = media_ssrc;
    out->pt = media_pt;
    out->seq = mcu_rd16(rtx->payload);
    out->payload += 2;
    out->payload_size -= 2;
    return MCU_OK;
}
