#include "mcu/room/room_private.h"

mcu_seat *mcu_people_by_number(mcu_room *r, uint32_t person)
{
    for (guint i = 0; i < r->order->len; i++) {
        mcu_seat *seat = r->order->pdata[i];
        if (seat->person == person) {
            return seat;
        }
    }
    return NULL;
}

unsigned mcu_people_sessions(const mcu_room *r)
{
    unsigned n = 0;
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        n += seat->session != NULL && mcu_session_is_person(seat->session);
    }
    return n;
}

static unsigned who_is(const mcu_session *s)
{
    unsigned who = 1u << mcu_who_of(s->seat->role);
    who |= s->share ? 1u << MCU_WHO_CONTENT : 0u;
    return who | (mcu_speaker_signs(s) ? 1u << MCU_WHO_SIGNING : 0u);
}

static void show_people(mcu_room *r)
{
    mcu_speaker_attend(r);
    mix_person people[MIX_MAX_PEOPLE];
    unsigned n = 0;
    for (guint i = 0; i < r->order->len && n < MIX_MAX_PEOPLE; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        const mcu_session *s = seat->session;
        if (s == NULL || !mcu_session_is_person(s)) {
            continue;
        }
        people[n++] = (mix_person){
            .person = seat->person,
            .name = seat->name,
            .camera_on = mcu_session_shows_camera(s),
            .muted = !s->audio_on || seat->muted || !s->has_voice,
            .talking = s->talking,
            .who = who_is(s),
            .rank = mcu_stage_rank(&r->stage, seat->person),
        };
    }
    mix_video_set_people(r->video, people, n);
}

/* A bit each. */
static unsigned tiers_watched(const mcu_room *r)
{
    unsigned watched = 0;
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_session *s = ((const mcu_seat *)r->order->pdata[i])->session;
        if (s != NULL && s->up) {
            watched |= 1u << s->view.current | 1u << s->view.wanted;
        }
    }
    return watched;
}

static unsigned largest_tile(const mcu_seat *seat, unsigned watched)
{
    unsigned most = 0;
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        most = MAX(most, (watched & 1u << t) ? seat->tile_px[t] : 0);
    }
    return most;
}

void mcu_people_ask_senders(mcu_room *r)
{
    unsigned people = mcu_people_sessions(r), watched = tiers_watched(r);
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        if (seat->session != NULL && seat->session->has_source) {
            mcu_peer_set_max_video_bps(seat->session->peer, mcu_uplink_bps(people, largest_tile(seat, watched)));
        }
    }
}

static gboolean run_idle(gpointer user)
{
    mcu_room *r = user;
    g_clear_pointer(&r->idle, g_source_unref);
    g_ptr_array_set_size(r->dead, 0);
    if (r->people_dirty) {
        r->people_dirty = false;
        show_people(r);
        mcu_people_ask_senders(r);
    }
    if (r->roster_dirty) {
        r->roster_dirty = false;
        r->revision++;
        mcu_room_send(r, mcu_report_roster(r), "roster");
    }
    return G_SOURCE_REMOVE;
}

static void schedule(mcu_room *r)
{
    if (r->idle != NULL) {
        return;
    }
    r->idle = g_idle_source_new();
    g_source_set_priority(r->idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(r->idle, run_idle, r, NULL);
    g_source_attach(r->idle, r->context);
}

void mcu_picture_changed(mcu_room *r)
{
    r->people_dirty = true;
    schedule(r);
}

void mcu_people_changed(mcu_room *r)
{
    r->people_dirty = true;
    mcu_roster_changed(r);
}

void mcu_roster_changed(mcu_room *r)
{
    r->roster_dirty = true;
    schedule(r);
}

void mcu_room_detach(mcu_session *s)
{
    mcu_room *r = s->room;
    if (s->seat->session == s) {
        s->seat->session = NULL;
    }
    s->closing = true;
    mcu_session_leave_mixer(s);
    g_ptr_array_add(r->dead, s);
    mcu_people_changed(r);
}
