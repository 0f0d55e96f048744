/* session_tier.c - which tier, and how much sound, one connection gets.  Thread: the loop. */
#include "mcu/room/room_private.h"

#define STANDING_MS 80

static unsigned chosen_tier(const mcu_session *s)
{
    return mcu_ladder_tier(&s->ladder, s->choice.tier);
}

/* Who speaks with hands has another, and thinner sound leaves more to pictures: the tier stays when the ladder is changed. */
static void set_ladder(mcu_session *s)
{
    const mcu_room_options *o = &s->room->options;
    mcu_tier_table tiers = o->tiers;
    tiers.audio_bps = mcu_audio_choice_wire_bps(&s->sound, tiers.audio_bps);
    unsigned tier = chosen_tier(s), carried = mcu_ladder_tier(&s->ladder, s->choice.carried), rungs = s->ladder.table.n_tiers;
    mcu_ladder_init(&s->ladder, &tiers, o->hands_bps, s->seat->signing && !s->seat->fixed);
    if (rungs != 0 && rungs != s->ladder.table.n_tiers) {
        s->choice.tier = mcu_ladder_rung(&s->ladder, tier);
        s->choice.carried = mcu_ladder_rung(&s->ladder, carried);
    }
}

static unsigned first_tier(const mcu_session *s)
{
    return s->room->options.tiers.n_tiers > 1 ? 1 : 0;
}

/* A picture or none, but always of one size: what else is wished for waits until the person connects again. */
static unsigned keep_size(mcu_session *s, unsigned tier, unsigned top)
{
    unsigned n = s->room->options.tiers.n_tiers;
    if (tier >= n) {
        return n;
    }
    if (s->tier_kept > n) {
        s->tier_kept = tier;
    }
    bool too_thin = chosen_tier(s) > MAX(s->tier_kept, top);
    return s->tier_kept >= s->tier_able && !too_thin ? s->tier_kept : n;
}

unsigned mcu_session_wanted_tier(const mcu_session *s)
{
    unsigned own = s->tier_wished, chosen = s->seat->tier_chosen, n = s->room->options.tiers.n_tiers;
    return own > n ? chosen : chosen > n ? own : MAX(own, chosen);
}

/* What is chosen by hand caps what the link is given, and shows what seems of no use. */
unsigned mcu_session_top_tier(const mcu_session *s)
{
    unsigned top = MAX(s->seat->tier_cap, s->tier_able), wanted = mcu_session_wanted_tier(s);
    if (wanted <= s->room->options.tiers.n_tiers) {
        return MAX(top, wanted);
    }
    return s->seat->fixed ? top : MAX(top, s->tier_useful);
}

int mcu_session_carries(const mcu_session *s)
{
    return mcu_link_carries(&s->choice, &s->ladder.table);
}

/* Of a path on which nothing can be shown but by sending, an operator may know. */
static bool takes_word(const mcu_session *s)
{
    return s->blind && s->seat->tier_chosen <= s->room->options.tiers.n_tiers;
}

void mcu_session_apply_tier(mcu_session *s)
{
    unsigned n = s->room->options.tiers.n_tiers;
    unsigned top = mcu_session_top_tier(s);
    if (s->room->without_largest && n > 1 && !s->seat->fixed) {
        top = MAX(top, 1);
    }
    mcu_tier_choice_cap(&s->choice, mcu_ladder_rung(&s->ladder, top));
    unsigned tier = takes_word(s) ? top : chosen_tier(s);
    if (s->still_due && tier == n) {
        tier = MAX(n - 1, top);
    }
    if (s->view.codec == MCU_CODEC_NONE) {
        tier = n;
    } else if (s->seat->fixed) {
        tier = keep_size(s, tier, top);
    }
    if (mcu_view_want(&s->view, mcu_canvas_for(s, tier))) {
        mcu_session_enter(s);
    }
}

/* Before anything is known of the path: too large a tier would fill a thin line for seconds, and the voice would wait behind it.
 */
static unsigned tier_to_begin_with(const mcu_session *s)
{
    const mcu_tier_table *tiers = &s->room->options.tiers;
    return s->line_bps == 0 ? first_tier(s) : MAX(first_tier(s), mcu_tier_that_fits(tiers, s->line_bps));
}

void mcu_session_picture_sent(mcu_session *s)
{
    if (s->still_due) {
        s->still_due = false;
        mcu_session_apply_tier(s);
        mcu_report_quality(s, NULL);
        mcu_roster_changed(s->room);
    }
}

void mcu_session_begin_tier(mcu_session *s)
{
    const unsigned n = s->room->options.tiers.n_tiers;
    set_ladder(s);
    mcu_tier_choice_init(&s->choice, &s->ladder.table, mcu_ladder_rung(&s->ladder, tier_to_begin_with(s)),
                         mcu_ladder_rung(&s->ladder, mcu_session_top_tier(s)), s->up_ns);
    s->still_due = chosen_tier(s) == n && mcu_session_top_tier(s) < n && !s->seat->fixed;
}

/* A quarter of the path, at most, goes to copies of sound; as long as nothing is known of it some room is believed in. */
void mcu_session_repeat_sound(mcu_session *s, const mcu_peer_stats *stats, int64_t now_ns)
{
    const int bitrate_bps = s->room->options.audio.bitrate_bps;
    const mcu_audio_link link = {
        .loss = stats->link.loss >= 0 ? stats->link.loss : stats->audio_out.loss,
        .burst = stats->burst,
        .standing = stats->link.queue_ms > STANDING_MS || stats->link.queued,
        .spare_bps = stats->link.unheard ? UINT32_MAX : stats->link.estimate_bps / 4,
        .full_bps = bitrate_bps > 0 ? (unsigned)bitrate_bps : 32000,
        .line_bps = stats->link.unheard ? s->line_bps : stats->link.estimate_bps,
    };
    mcu_audio_choice_step(&s->sound, &link, now_ns);
    mcu_peer_set_audio_copies(s->peer, s->sound.copies, s->sound.stride);
    if (s->has_listener) {
        (void)mix_audio_listener_profile(s->room->audio, s->seat->person, s->sound.profile);
    }
}

/* A voice waits in its playout buffer, longer on a line with jitter; its picture would lead it. Where pictures are repaired the
 * voice would lead them. Hands do not wait. */
static void keep_in_step(mcu_session *s)
{
    mix_voice_stats voice = {0};
    if (s->has_voice && !s->seat->signing) {
        (void)mix_audio_voice_get_stats(s->room->audio, s->seat->person, &voice);
    }
    if (s->has_voice) {
        mix_audio_voice_wait(s->room->audio, s->seat->person, s->seat->signing ? 0 : mcu_peer_voice_wait_ns(s->peer));
    }
    mcu_peer_follow_voice(s->peer, MAX(voice.target_ms - voice.spare_ms, voice.delay_ms));
}

/* Ahead of the tier, which has what sound leaves. */
static void fall_with_line(mcu_session *s, const mcu_peer_link *link)
{
    if (mcu_audio_choice_fall(&s->sound, link) && s->has_listener) {
        (void)mix_audio_listener_profile(s->room->audio, s->seat->person, s->sound.profile);
    }
}

void mcu_session_tick(mcu_session *s, int64_t now_ns)
{
    if (!s->up || s->closing) {
        return;
    }
    keep_in_step(s);
    mcu_peer_link link;
    mcu_peer_get_link(s->peer, &link);
    fall_with_line(s, &link);
    set_ladder(s);
    mcu_tier_choice_step(&s->choice, &s->ladder.table, &link, now_ns);
    s->blind = !link.probes && !link.broken;
    mcu_session_apply_tier(s);
    bool shows = s->view.codec != MCU_CODEC_NONE;
    s->hushed = shows && mcu_ladder_silent(&s->ladder, s->choice.tier);
    mcu_peer_set_goal(s->peer, shows ? mcu_tier_choice_goal(&s->choice, &s->ladder.table, now_ns) : 0);
}
