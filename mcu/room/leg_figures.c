/* What is known and told of a leg: figures of its media, and what they are worth. */
#include "mcu/base/clock.h"
#include "mcu/net/mos.h"
#include "mcu/room/leg_private.h"

static mix_voice_stats playout_of(const mcu_leg *l)
{
    mix_voice_stats v = {0};
    if (l->has_voice) {
        (void)mix_audio_voice_get_stats(l->room->audio, l->seat->person, &v);
    }
    return v;
}

static double mos_of(const mcu_leg *l, const mcu_call_rtp_stats *t, const mix_voice_stats *v)
{
    uint64_t all = t->packets_in + t->lost;
    double delay_ms = MAX(t->rtt_ms, 0) / 2 + v->delay_ms;
    return mcu_mos(mcu_call_rtp_codec(l->rtp), all > 0 ? (double)t->lost / (double)all : 0, delay_ms);
}

/* Members of `call` and of `phone`. */
static json_t *figures(const mcu_leg *l)
{
    mcu_call_rtp_stats t;
    mcu_call_rtp_get_stats(l->rtp, &t);
    mix_voice_stats v = playout_of(l);
    uint64_t all = t.packets_in + t.lost;
    return json_pack("{sI ss sI sI sI sf sf sf sI sf}", "seconds", (json_int_t)((mcu_now_ns() - l->since_ns) / MCU_NS_PER_SEC),
                     "codec", mcu_codec_name(mcu_call_rtp_codec(l->rtp)), "packets_in", (json_int_t)t.packets_in, "packets_out",
                     (json_int_t)t.packets_out, "lost", (json_int_t)t.lost, "loss", all > 0 ? (double)t.lost / (double)all : 0.0,
                     "jitter_ms", t.jitter_ms, "rtt_ms", t.rtt_ms, "concealed", (json_int_t)v.concealed, "mos",
                     mos_of(l, &t, &v));
}

json_t *mcu_leg_inspection(mcu_leg *l)
{
    mcu_call_rtp_stats t;
    mcu_call_rtp_get_stats(l->rtp, &t);
    mix_voice_stats v = playout_of(l);
    json_t *j = figures(l);
    json_object_update_new(j, json_pack("{ss ss sb sb si sf sf}", "session", l->id, "state", mcu_leg_state_name(l), "clear",
                                        mcu_leg_is_clear(l), "hold", mcu_call_rtp_held(l->rtp), "volume", l->volume, "delay_ms",
                                        v.delay_ms, "target_ms", v.target_ms));
    json_object_update_new(j, json_pack("{sI sI sI sI sf}", "refused", (json_int_t)t.refused, "auth_failures",
                                        (json_int_t)t.auth_failures, "bad_packets", (json_int_t)t.bad, "keys", (json_int_t)t.keys,
                                        "remote_loss", t.remote_loss));
    if (l->pictures != NULL) {
        json_object_set_new(j, "video", mcu_leg_pictures_inspection(l->pictures));
    }
    return j;
}

void mcu_leg_report(mcu_leg *l, const char *why)
{
    json_t *m = json_pack("{ss ss ss ss ss}", "type", "leg", "seat", l->seat->id, "session", l->id, "state",
                          mcu_leg_state_name(l), "why", why);
    if (l->state == LEG_GONE) {
        json_object_set_new(m, "call", figures(l));
    }
    mcu_room_send(l->room, m, NULL);
}
