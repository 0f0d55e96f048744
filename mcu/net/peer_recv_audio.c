#include <string.h>

#include "mcu/net/opus_rtp.h"
#include "mcu/net/peer_priv.h"

#define SOUND_NS (400 * MCU_NS_PER_MS) /* the longest that playout waits, but just after a queue drained */
#define VAIN_NS (340 * MCU_NS_PER_MS)  /* of which a packet and a tick pass before one is asked for */
#define SOUND_PACKETS 32               /* what is further back was concealed long ago */

static unsigned audio_clock(mcu_codec c)
{
    return c == MCU_CODEC_OPUS ? 48000 : 8000;
}

static void hand_on_audio(mcu_peer *p, const uint8_t *data, size_t size, uint32_t ts, uint32_t seq, int64_t now_ns)
{
    peer_audio_in *a = &p->ain;
    a->had[seq % PEER_AUDIO_SEEN] = seq + 1;
    if (size == 0 || p->callbacks.on_audio == NULL) {
        return;
    }
    mcu_au *au = mcu_au_new_copy(data, size);
    if (au == NULL) {
        a->base.dropped++;
        return;
    }
    au->codec = a->codec;
    au->ts = ts;
    au->seq = seq;
    au->time_ns = now_ns;
    p->callbacks.on_audio(p->user, au);
}

/* It came, or a copy of it. */
static void note(peer_audio_in *a, uint16_t seq, bool restored, int64_t now_ns)
{
    if (a->nack == NULL) {
        a->nack = mcu_nack_new(SOUND_NS, VAIN_NS);
    }
    mcu_nack_push(a->nack, seq, restored, now_ns);
    mcu_nack_forget_before(a->nack, (uint16_t)(a->seq.newest - SOUND_PACKETS));
}

void mcu_peer_clear_audio(peer_audio_in *a)
{
    mcu_nack_free(a->nack);
    a->nack = NULL;
}

/* How many packets ago a copy was sent (RFC 2198 does not say): by its time where that is whole packets, else by its place. */
static uint32_t packets_back(const mcu_red_block *copy, unsigned place, size_t primary_size, const uint8_t *primary)
{
    mcu_opus_packet o;
    if (mcu_opus_parse(primary, primary_size, &o) == MCU_OK && copy->back % o.samples == 0 && copy->back > 0) {
        return copy->back / o.samples;
    }
    return place;
}

/* What is missing of the copies, then the primary. */
static void on_red(mcu_peer *p, uint8_t pt, const mcu_rtp *r, uint32_t seq, int64_t now_ns)
{
    mcu_red_block blocks[MCU_RED_BLOCKS];
    unsigned n = 0;
    if (mcu_red_parse(r->payload, r->payload_size, blocks, &n) != MCU_OK || blocks[n - 1].pt != pt) {
        p->ain.base.dropped++;
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        return;
    }
    const mcu_red_block *primary = &blocks[n - 1];
    for (unsigned i = 0; i + 1 < n; i++) {
        const uint32_t of = seq - packets_back(&blocks[i], n - 1 - i, primary->size, primary->data);
        if (blocks[i].pt == pt && blocks[i].size > 0 && p->ain.had[of % PEER_AUDIO_SEEN] != of + 1) {
            p->ain.copies++;
            note(&p->ain, (uint16_t)of, true, now_ns);
            hand_on_audio(p, blocks[i].data, blocks[i].size, r->ts - blocks[i].back, of, now_ns);
        }
    }
    hand_on_audio(p, primary->data, primary->size, r->ts, seq, now_ns);
}

void mcu_peer_on_audio(mcu_peer *p, const mcu_recv_pt *pt, const mcu_rtp *r, size_t wire, int64_t now_ns)
{
    peer_audio_in *a = &p->ain;
    const mcu_recv_pt *media = pt->apt >= 0 ? mcu_peer_find_pt(&p->neg->audio, (uint8_t)pt->apt) : pt;
    bool changed;
    if (media == NULL || media->codec == MCU_CODEC_NONE ||
        !mcu_peer_take_ssrc(&a->base, r->ssrc, audio_clock(media->codec), now_ns, &changed)) {
        a->base.dropped += !pt->dtmf;
        if (pt->dtmf && r->ssrc == a->base.ssrc && a->nack != NULL) {
            mcu_nack_push(a->nack, r->seq, false, now_ns); /* a key is no hole */
        }
        return;
    }
    if (changed || a->codec != media->codec) {
        a->codec = media->codec;
        a->base.stats.clock_hz = audio_clock(media->codec);
        a->seq = (mcu_unwrap){0};
        memset(a->had, 0, sizeof a->had);
        mcu_peer_clear_audio(a);
    }
    a->base.rate.bytes += wire;
    bool answer = a->nack != NULL && mcu_nack_is_answer(a->nack, r->seq, now_ns); /* libwebrtc sends it again without RTX */
    a->base.rtx_packets += answer;
    if (!answer && mcu_rtp_stats_push(&a->base.stats, r->seq, r->ts, wire, now_ns) != MCU_OK) {
        a->base.dropped++;
        return;
    }
    uint32_t seq = (uint32_t)mcu_unwrap16(&a->seq, r->seq);
    note(a, r->seq, answer, now_ns);
    if (media != pt) {
        on_red(p, media->pt, r, seq, now_ns);
    } else {
        hand_on_audio(p, r->payload, r->payload_size, r->ts, seq, now_ns);
    }
}
