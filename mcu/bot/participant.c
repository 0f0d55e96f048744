#include "mcu/bot/participant.h"

#include <string.h>

#include "mcu/base/log.h"
#include "mcu/bot/participant_private.h"

enum { AGAIN_MS = 500 };
static const int64_t SLIDE_NS = 500 * MCU_NS_PER_MS; /* after a layout: the slide itself, and what names and the line take */

const char *mcu_participant_phase_name(mcu_participant_phase p)
{
    static const char *const names[] = {"none", "waiting", "joining", "connecting", "live", "ended"};
    return (unsigned)p < G_N_ELEMENTS(names) ? names[p] : "none";
}

void mcu_participant_set_phase(mcu_participant *p, mcu_participant_phase phase, const char *why)
{
    if (p->phase != phase) {
        mcu_debug("bot.phase", "index=%u from=%s to=%s why=%s", p->index, mcu_participant_phase_name(p->phase),
                  mcu_participant_phase_name(phase), why);
        p->phase = phase;
    }
    g_free(p->why);
    p->why = g_strdup(why);
}

static gboolean again(gpointer user)
{
    mcu_participant *p = user;
    p->again_idle = 0;
    mcu_participant_disconnect(p);
    mcu_signal_rejoin(p->signal);
    return G_SOURCE_REMOVE;
}

void mcu_participant_again(mcu_participant *p, const char *why)
{
    if (p->phase == MCU_PARTICIPANT_ENDED || p->again_idle != 0) {
        return;
    }
    mcu_participant_set_phase(p, MCU_PARTICIPANT_JOINING, why);
    p->again_idle = g_timeout_add(AGAIN_MS, again, p);
}

/* ---- signaling ---- */

static void on_joined(void *user, const char *seat, bool resumed)
{
    mcu_participant *p = user;
    const mcu_bot_options *o = p->crew->options;
    g_strlcpy(p->seat, seat, sizeof(p->seat));
    if (p->joined_ns == 0) {
        p->joined_ns = mcu_now_ns();
    }
    if (!resumed || p->peer == NULL) {
        mcu_participant_connect(p);
    } else if (mcu_peer_get_state(p->peer) == MCU_PEER_STALLED) {
        mcu_participant_restart_ice(p);
    }
    mcu_signal_state(p->signal, mcu_bot_sends_audio(o) && !o->mute, mcu_bot_sends_video(o));
    if (o->tier != NULL) {
        mcu_signal_tier(p->signal, o->tier);
    }
}

static void on_answer(void *user, const char *sdp)
{
    mcu_participant_answer(user, sdp);
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    const mcu_participant *p = user;
    if (p->peer != NULL) {
        (void)mcu_peer_add_candidate(p->peer, candidate, mid, NULL);
    }
}

static void on_layout(void *user, const json_t *message)
{
    mcu_participant *p = user;
    mcu_scene *scene = mcu_scene_new(message);
    if (scene != NULL) {
        mcu_scene_unref(p->scene);
        p->scene = scene;
        p->scene_ns = mcu_now_ns();
    }
}

static void on_restart(void *user)
{
    mcu_participant_connect(user);
}

static void on_down(void *user, const char *why)
{
    mcu_participant *p = user;
    p->signal_losses++;
    mcu_debug("bot.signal", "index=%u down=%s", p->index, why);
}

static void on_refused(void *user, const char *why)
{
    mcu_participant *p = user;
    mcu_warn("bot.refused", "index=%u why=%s", p->index, why);
    if (p->phase != MCU_PARTICIPANT_LIVE) {
        mcu_participant_again(p, why);
    }
}

static void on_ended(void *user, const char *why)
{
    mcu_participant *p = user;
    mcu_participant_set_phase(p, MCU_PARTICIPANT_ENDED, why);
    mcu_crew_left(p->crew);
}

static const mcu_signal_callbacks callbacks = {on_joined,  on_answer, on_candidate, on_layout,
                                               on_restart, on_down,   on_refused,   on_ended};

/* ---- life ---- */

static gboolean start(gpointer user)
{
    mcu_participant *p = user;
    p->start_timer = 0;
    p->began_ns = mcu_now_ns();
    mcu_participant_set_phase(p, MCU_PARTICIPANT_JOINING, "start");
    mcu_signal_start(p->signal);
    return G_SOURCE_REMOVE;
}

mcu_participant *mcu_participant_new(mcu_crew *crew, unsigned index, const char *base, const char *token, const char *room,
                                     unsigned delay_ms)
{
    const mcu_bot_options *o = crew->options;
    mcu_participant *p = g_new0(mcu_participant, 1);
    p->crew = crew;
    p->index = index;
    p->why = g_strdup("");
    p->signal = room != NULL ? mcu_signal_whip_new(crew->soup, base, room, token, o->insecure, &callbacks, p)
                             : mcu_signal_ws_new(crew->soup, base, token, o->insecure, &callbacks, p);
    if (o->decode < 0 || index < (unsigned)o->decode) {
        p->viewer = mcu_viewer_new(crew->workers, crew->sightings, index);
        p->hearing = mcu_hearing_new(o->tone ? MCU_HEARING_MAX_TONES : 0);
        if (index == 0 && o->record != NULL) {
            p->ear = mcu_ear_new(fopen(o->record, "we"), mcu_now_ns());
        }
    }
    mcu_tally_init(&p->tally);
    p->ticker = mcu_participant_ticker_new(p);
    mcu_participant_set_phase(p, MCU_PARTICIPANT_WAITING, "new");
    p->start_timer = g_timeout_add(delay_ms, start, p);
    return p;
}

void mcu_participant_free(mcu_participant *p)
{
    if (p->start_timer != 0) {
        g_source_remove(p->start_timer);
    }
    if (p->again_idle != 0) {
        g_source_remove(p->again_idle);
    }
    mcu_participant_disconnect(p);
    mcu_signal_free(p->signal);
    g_source_destroy(p->ticker);
    g_source_unref(p->ticker);
    mcu_viewer_free(p->viewer);
    mcu_hearing_free(p->hearing);
    mcu_ear_free(p->ear);
    mcu_tally_clear(&p->tally);
    mcu_scene_unref(p->scene);
    g_free(p->why);
    g_free(p);
}

void mcu_participant_leave(mcu_participant *p)
{
    if (p->start_timer != 0) {
        g_source_remove(p->start_timer);
        p->start_timer = 0;
    }
    if (p->phase == MCU_PARTICIPANT_WAITING) {
        mcu_participant_set_phase(p, MCU_PARTICIPANT_ENDED, "left");
    } else if (p->phase != MCU_PARTICIPANT_ENDED) {
        mcu_signal_leave(p->signal);
    }
}

bool mcu_participant_ended(const mcu_participant *p)
{
    return p->phase == MCU_PARTICIPANT_ENDED;
}

const char *mcu_participant_seat(const mcu_participant *p)
{
    return p->seat;
}

int64_t mcu_participant_sent_ns(const mcu_participant *p, unsigned frame)
{
    return frame < MCU_SENT_MAX ? p->sent_ns[frame] : 0;
}

void mcu_participant_saw(mcu_participant *p, const mcu_sighting *s)
{
    if (!s->decoded) {
        p->tally.undecodable++;
        return;
    }
    p->tally.decoded++;
    p->tally.width_px = s->width_px;
    p->tally.height_px = s->height_px;
    for (unsigned i = 0; i < s->n_readings; i++) {
        const mcu_reading *r = &s->readings[i];
        const char *seat = s->scene->tiles[r->tile].seat;
        mcu_tile_tally *tile = mcu_tally_tile(&p->tally, seat);
        if (!r->readable) {
            tile->unreadable++;
            if (s->shown_ns - p->scene_ns < SLIDE_NS) {
                mcu_tally_sliding(tile, s->shown_ns);
            }
            continue;
        }
        const mcu_participant *who = mcu_crew_by_seat(p->crew, seat);
        const int64_t sent_ns = who != NULL ? mcu_participant_sent_ns(who, r->frame) : 0;
        mcu_tally_reading(tile, r->person, r->frame, s->shown_ns, sent_ns > 0 ? s->arrival_ns - sent_ns : 0);
    }
}

static double since_ms(const mcu_participant *p, int64_t at_ns)
{
    return at_ns == 0 || p->began_ns == 0 ? -1 : (double)(at_ns - p->began_ns) / 1e6;
}

void mcu_participant_look(mcu_participant *p, mcu_participant_view *out)
{
    static const mcu_hearing_stats silence;
    *out = (mcu_participant_view){
        .index = p->index,
        .seat = p->seat,
        .tier = p->scene != NULL ? p->scene->tier : "",
        .why = p->why,
        .phase = p->phase,
        .decodes = p->viewer != NULL,
        .sends_marked = p->sent_pictures > 0 && (p->video.clip == NULL || p->video.clip->marked) && !p->crew->options->plain,
        .join_ms = since_ms(p, p->joined_ns),
        .up_ms = since_ms(p, p->up_ns),
        .first_picture_ms = since_ms(p, p->tally.first_ns),
        .signal_losses = p->signal_losses,
        .connections = p->connections,
        .sent_pictures = p->sent_pictures,
        .sent_frame = p->sent_frame,
        .sent_ns = p->sent_frame_ns,
        .said_packet = p->said_packet,
        .said_ns = p->said_ns,
        .refused_pictures = p->refused_pictures,
        .keyframe_requests = p->keyframe_requests,
        .tally = &p->tally,
        .hearing = p->hearing != NULL ? mcu_hearing_get(p->hearing) : &silence,
    };
    if (p->peer != NULL) {
        mcu_peer_get_stats(p->peer, &out->peer);
    }
}
