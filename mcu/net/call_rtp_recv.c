/* call_rtp_recv.c - see call_rtp_priv.h. */
#include "mcu/net/call_rtp_priv.h"

#define SSRC_SWITCH_NS (500 * MCU_NS_PER_MS) /* another SSRC takes over when the one before has been silent this long */

void mcu_call_key_up(mcu_call_rtp *c)
{
    char key = c->key;
    c->key = 0;
    if (key != 0 && c->callbacks.on_key != NULL) {
        c->callbacks.on_key(c->user, key, false);
    }
}

static bool take_ssrc(mcu_call_rtp *c, uint32_t ssrc, int64_t now_ns)
{
    if (ssrc != c->ssrc) {
        if (c->ssrc_ns != 0 && now_ns - c->ssrc_ns < SSRC_SWITCH_NS) {
            return false;
        }
        mcu_call_key_up(c);
        c->event = (mcu_telephone_event){0};
        c->seq = (mcu_unwrap){0};
        mcu_rtp_stats_init(&c->stats, mcu_leg_clock_hz(c->state.codec));
        c->ssrc = ssrc;
    }
    c->heard = true;
    c->ssrc_ns = now_ns;
    return true;
}

static void on_event(mcu_call_rtp *c, const mcu_rtp *r, int64_t now_ns)
{
    char key;
    mcu_status s = mcu_telephone_event_push(&c->event, r->ts, r->payload, r->payload_size, now_ns, &key);
    c->bad += s == MCU_EINVAL;
    if (s != MCU_OK) {
        return;
    }
    if (key != 0) {
        mcu_call_key_up(c);
        c->keys++;
        c->key = key;
        if (c->callbacks.on_key != NULL) {
            c->callbacks.on_key(c->user, key, true);
        }
    }
    if (c->key != 0 && !c->event.down) {
        mcu_call_key_up(c);
    }
}

static void on_audio(mcu_call_rtp *c, const mcu_rtp *r, uint32_t seq, int64_t now_ns)
{
    mcu_au *au = c->callbacks.on_audio != NULL ? mcu_au_new_copy(r->payload, r->payload_size) : NULL;
    if (au == NULL) {
        return;
    }
    au->codec = c->state.codec;
    au->ts = r->ts;
    au->seq = seq;
    au->time_ns = now_ns;
    c->callbacks.on_audio(c->user, au);
}

static void on_rtp(mcu_call_rtp *c, const mcu_rtp *r, size_t wire, int64_t now_ns)
{
    bool event = c->state.event_pt != 0 && r->pt == c->state.event_pt;
    if (mcu_rtp_stats_push(&c->stats, r->seq, r->ts, wire, now_ns) != MCU_OK) {
        c->bad++;
        return;
    }
    uint32_t seq = (uint32_t)mcu_unwrap16(&c->seq, r->seq);
    c->newest_seq = (uint16_t)c->seq.newest;
    c->last_in_ns = now_ns;
    if (event) {
        on_event(c, r, now_ns);
    } else if (r->payload_size > 0) {
        on_audio(c, r, seq, now_ns);
    }
}

static bool agreed(const mcu_call_rtp *c, uint8_t pt)
{
    return pt == c->state.pt_in || (c->state.event_pt != 0 && pt == c->state.event_pt);
}

void mcu_call_on_packet(mcu_call_rtp *c, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns)
{
    mcu_rtp r;
    size_t wire = size;
    if (c->srtp != NULL && mcu_srtp_unprotect_rtp(c->srtp, packet, &size) != MCU_OK) {
        c->auth_failures++;
        return;
    }
    if (mcu_rtp_parse(packet, size, &r) != MCU_OK || !agreed(c, r.pt)) {
        c->bad++;
        return;
    }
    if (!mcu_latch_take(&c->latch, from, c->srtp != NULL, now_ns)) {
        c->refused++;
        return;
    }
    if (!c->connected && c->srtp == NULL && mcu_latch_settled(&c->latch, now_ns)) {
        mcu_call_connect(c);
    }
    if (!take_ssrc(c, r.ssrc, now_ns)) {
        c->bad++;
        return;
    }
    on_rtp(c, &r, wire, now_ns);
}
