#include "mcu/room/larger.h"

#define FULL_PX (1280 * 720)                           /* more is not asked for */
#define CEILING_BPS 4000000                            /* a keyframe of that size within half a second */
#define PATIENCE_NS (2500 * MCU_NS_PER_MS)             /* a person waits */
#define SETTLE_NS (600 * MCU_NS_PER_MS)                /* from the first picture of a new size to a sharp one */
#define ASKED_MS (5 * PATIENCE_NS / 4 / MCU_NS_PER_MS) /* the page goes back by itself, also when nobody tells it */

bool mcu_larger_ask(mcu_room *r, const mcu_seat *seat, bool screen, uint32_t source, int64_t now_ns)
{
    mcu_session *s = seat->session;
    if (s == NULL || !s->has_source || seat->leg != NULL) {
        return false;
    }
    if (r->larger.source == source) {
        return true;
    }
    unsigned px = mix_video_source_px(r->video, source);
    r->larger =
        (mcu_larger){.source = source, .person = seat->person, .screen = screen, .first_px = px, .px = px, .asked_ns = now_ns};
    mcu_senders_ask(r);
    if (source == seat->content) {
        mcu_peer_request_content_keyframe(s->peer);
    } else {
        mcu_peer_request_keyframe(s->peer);
    }
    mcu_room_send(r,
                  json_pack("{ss ss ss ss sI}", "type", "larger", "seat", seat->id, "session", s->id, "what",
                            screen ? "screen" : "camera", "ms", (json_int_t)ASKED_MS),
                  NULL);
    return true;
}

void mcu_larger_end(mcu_room *r)
{
    if (r->larger.source != 0) {
        r->larger = (mcu_larger){0};
        mcu_senders_ask(r);
    }
}

bool mcu_larger_due(mcu_room *r, int64_t now_ns)
{
    mcu_larger *l = &r->larger;
    unsigned px = mix_video_source_px(r->video, l->source);
    if (px > l->px) {
        l->px = px;
        l->grown_ns = now_ns;
    }
    bool large = l->px > l->first_px || l->first_px >= FULL_PX;
    int64_t since_ns = l->px > l->first_px ? l->grown_ns : l->asked_ns;
    return (large && now_ns - since_ns >= SETTLE_NS) || now_ns - l->asked_ns >= PATIENCE_NS;
}

unsigned mcu_larger_bps(const mcu_room *r, const mcu_seat *seat)
{
    return r->larger.source != 0 && r->larger.person == seat->person ? CEILING_BPS : 0;
}
