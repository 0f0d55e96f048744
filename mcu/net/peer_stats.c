#include <string.h>

#include "mcu/net/peer_priv.h"

#define REMB_FRESH_NS (10 * MCU_NS_PER_SEC)

static void roll(mcu_rate *r, int64_t interval_ns)
{
    r->bps = (unsigned)MIN(r->bytes * 8 * (uint64_t)MCU_NS_PER_SEC / (uint64_t)interval_ns, UINT32_MAX);
    r->bytes = 0;
}

void mcu_peer_roll_rates(mcu_peer *p, int64_t now_ns)
{
    int64_t interval_ns = p->rates_ns != 0 ? now_ns - p->rates_ns : MCU_NS_PER_SEC;
    if (interval_ns < 100 * MCU_NS_PER_MS) {
        return;
    }
    p->rates_ns = now_ns;
    roll(&p->vin.base.rate, interval_ns);
    roll(&p->cin.base.rate, interval_ns);
    roll(&p->ain.base.rate, interval_ns);
}

static void fill_in(const peer_in *in, mcu_codec codec, mcu_stream_stats *s)
{
    *s = (mcu_stream_stats){.packets = in->stats.packets,
                            .bytes = in->stats.bytes,
                            .lost = mcu_rtp_stats_lost(&in->stats),
                            .loss = in->stats.loss,
                            .rtx_packets = in->rtx_packets,
                            .dropped = in->dropped,
                            .bitrate_bps = in->rate.bps,
                            .codec = codec};
    if (in->stats.started && in->stats.clock_hz != 0) {
        s->jitter_ms = mcu_rtp_stats_jitter_ms(&in->stats);
    }
}

static void fill_out(const mcu_out *o, mcu_codec codec, mcu_stream_stats *s)
{
    *s = (mcu_stream_stats){.packets = o->packets,
                            .bytes = o->bytes,
                            .lost = (uint64_t)o->lost,
                            .loss = o->loss,
                            .jitter_ms = o->jitter_ms,
                            .bitrate_bps = o->rate.bps,
                            .codec = codec};
}

static void fill_video_out(const mcu_peer *p, mcu_stream_stats *s)
{
    fill_out(&p->send.video, mcu_peer_send_codec(p), s);
    s->bitrate_bps += p->send.rtx.rate.bps;
    s->rtx_packets = p->send.rtx_sent;
    s->nacks = p->nacks_in;
    s->plis = p->plis_in;
    s->firs = p->firs_in;
    s->pictures = p->pictures_out;
    s->keyframes = p->keyframes_out;
    s->dropped = p->send.refused;
}

static void fill_video_in(const peer_video_in *v, mcu_stream_stats *s)
{
    fill_in(&v->base, v->codec, s);
    s->nacks = v->nacks_sent;
    s->plis = v->plis_sent;
    s->firs = v->firs_sent;
    s->pictures = v->pictures;
    s->keyframes = v->keyframes;
}

void mcu_peer_set_start_bps(mcu_peer *p, unsigned bps)
{
    mcu_bwe_set_start(p->send.bwe, bps);
}

void mcu_peer_set_goal(mcu_peer *p, unsigned bps)
{
    mcu_bwe_set_goal(p->send.bwe, bps);
}

void mcu_peer_follow_voice(mcu_peer *p, double voice_ms)
{
    mcu_vplayout_follow(&p->vin.playout, mcu_vplayout_beside(voice_ms));
}

int64_t mcu_peer_voice_wait_ns(const mcu_peer *p)
{
    return mcu_vplayout_voice_ns(&p->vin.playout, mcu_net_now_ns(p->net));
}

void mcu_peer_get_link(mcu_peer *p, mcu_peer_link *out)
{
    mcu_sender_link(&p->send, mcu_net_now_ns(p->net), out);
}

void mcu_peer_get_stats(mcu_peer *p, mcu_peer_stats *out)
{
    int64_t now_ns = mcu_net_now_ns(p->net);
    memset(out, 0, sizeof *out);
    out->state = p->state;
    int64_t rtt_ns = mcu_peer_rtt_ns(p);
    out->rtt_ms = rtt_ns > 0 ? (double)rtt_ns / (double)MCU_NS_PER_MS : -1;
    out->remb_bps = p->remb_ns != 0 && now_ns - p->remb_ns < REMB_FRESH_NS ? p->remb_bps : 0;
    out->twcc_loss = mcu_twcc_history_loss(p->send.twcc, now_ns);
    out->burst = mcu_twcc_history_burst(p->send.twcc, MCU_PKT_AUDIO, now_ns);
    mcu_peer_get_link(p, &out->link);
    out->filled = p->send.copies;
    fill_in(&p->ain.base, p->ain.codec, &out->audio_in);
    out->audio_in.copies = p->ain.copies;
    out->audio_in.nacks = p->ain.nacks_sent;
    fill_video_in(&p->vin, &out->video_in);
    fill_video_in(&p->cin, &out->content_in);
    fill_out(&p->send.audio, mcu_peer_takes_audio(p) ? p->neg->audio.send_codec : MCU_CODEC_NONE, &out->audio_out);
    out->audio_out.copies = p->copies_out;
    fill_video_out(p, &out->video_out);
    out->auth_failures = p->auth_failures;
    out->bad_packets = p->bad_packets;
    out->connected_ns = p->connected_ns;
    out->last_in_ns = p->last_in_ns;
    if (p->ice != NULL) {
        mcu_ice_pair(p->ice, out->local_candidate, out->remote_candidate);
    }
}
