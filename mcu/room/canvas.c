/* Which picture of a tier somebody watches: everybody's, the one for his role, the one for a telephone held upright, the one for
 * who speaks with hands, or the one while a screen is shown. */
#include "mcu/room/room_private.h"

static bool fits(const mcu_session *s, const mix_tier_spec *spec)
{
    mcu_decode_limits limits = mcu_peer_decode_limits(s->peer);
    return mcu_decode_limits_allow(&limits, spec->width_px, spec->height_px, spec->fps, spec->bitrate_bps);
}

/* Whoever speaks with hands looks at the others who do, and the first of them at the next. */
static bool is_for_hands(const mcu_session *s, const mcu_canvas *c)
{
    return s->seat->signing && !s->seat->fixed && c->signer == (s->seat->signer == 1 ? 2 : 1);
}

/* A picture of a screen has the first who speaks with hands in it, whom he himself need not see. */
static bool needs_the_next(const mcu_session *s)
{
    return s->seat->signer == 1 && s->room->signers > 1;
}

/* Hands in a few pictures a second say nothing; nor has the line of who speaks with them room for more than a canvas for hands.
 */
static bool is_for_screen(const mcu_session *s, const mcu_canvas *c)
{
    bool hands = s->room->signers > 0 || (s->seat->signing && s->room->options.hands_bps[c->tier] != 0);
    return s->room->screen && !s->seat->fixed && c->hands == hands;
}

static bool is_laid_out(const mcu_room *r, unsigned canvas)
{
    const mix_tier_spec *spec = &r->options.video.tiers[canvas];
    return mcu_layout_has_view(mcu_layouts_find(r->options.layouts, r->layout), r->options.canvases[canvas].view, spec->name,
                               spec->width_px, spec->height_px);
}

/* Hands that are seen nowhere else come before all, then a screen, which has to be read and needs the width; then hands, then a
 * telephone held upright, then what the layout keeps for the role. Devices whose picture may not change its size stay with the
 * tier's own. */
enum { NOT_HIS, OF_ROLE, UPRIGHT, HANDS, SCREEN, HANDS_ALONE };

static int worth(const mcu_session *s, unsigned canvas)
{
    const mcu_room *r = s->room;
    const mcu_canvas *c = &r->options.canvases[canvas];
    const mix_tier_spec *spec = &r->options.video.tiers[canvas];
    if (c->recorded) {
        return NOT_HIS;
    }
    if (c->signer > 0) {
        int hands = needs_the_next(s) ? HANDS_ALONE : HANDS;
        return is_for_hands(s, c) && fits(s, spec) ? hands : NOT_HIS;
    }
    if (c->screen) {
        return is_for_screen(s, c) && fits(s, spec) ? SCREEN : NOT_HIS;
    }
    if (c->upright) {
        return s->upright && !r->screen && !s->seat->fixed && fits(s, spec) ? UPRIGHT : NOT_HIS;
    }
    return c->view != MCU_WHO_NONE && c->view == mcu_who_of(s->seat->role) && is_laid_out(r, canvas) ? OF_ROLE : NOT_HIS;
}

unsigned mcu_canvas_for(const mcu_session *s, unsigned tier)
{
    const mcu_room_options *o = &s->room->options;
    if (tier >= o->tiers.n_tiers) {
        return o->video.n_tiers;
    }
    unsigned best = tier;
    int most = NOT_HIS;
    for (unsigned i = o->tiers.n_tiers; i < o->video.n_tiers; i++) {
        int more = o->canvases[i].tier == tier ? worth(s, i) : NOT_HIS;
        if (more > most) {
            most = more;
            best = i;
        }
    }
    return best;
}

unsigned mcu_canvas_shared(const mcu_room *r, unsigned tier)
{
    const mcu_room_options *o = &r->options;
    for (unsigned i = o->tiers.n_tiers; i < o->video.n_tiers && o->recorded_view != MCU_WHO_NONE; i++) {
        const mcu_canvas *c = &o->canvases[i];
        if (c->tier == tier && c->view == o->recorded_view && !c->recorded && is_laid_out(r, i)) {
            return i;
        }
    }
    return tier;
}

unsigned mcu_canvas_tier(const mcu_room *r, unsigned canvas)
{
    return canvas < r->options.video.n_tiers ? r->options.canvases[canvas].tier : r->options.tiers.n_tiers;
}

const char *mcu_canvas_view(const mcu_room *r, unsigned canvas)
{
    const mcu_canvas *c = &r->options.canvases[canvas];
    if (canvas >= r->options.video.n_tiers ||
        (!c->recorded && !c->screen && !c->signer && !c->upright && c->view == MCU_WHO_NONE)) {
        return NULL;
    }
    if (c->recorded) {
        return "recording";
    }
    if (c->signer > 0) {
        return "signing";
    }
    return c->screen ? "screen" : c->upright ? "upright" : mcu_who_name(c->view);
}

void mcu_canvases_changed(mcu_room *r)
{
    for (guint i = 0; i < r->order->len; i++) {
        mcu_session *s = ((mcu_seat *)r->order->pdata[i])->session;
        if (s != NULL && s->up && !s->closing) {
            mcu_session_apply_tier(s);
        }
    }
}
