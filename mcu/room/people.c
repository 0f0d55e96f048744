#include "mcu/room/freeze.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/record.h"
#include "mcu/room/room_private.h"

enum { SILENT_TILES_MAX = 3, RECENT_SPEAKERS = 4 }; /* more callers than that share one tile; turns at speaking */

mcu_seat *mcu_people_by_number(const mcu_room *r, uint32_t person)
{
    for (guint i = 0; i < r->order->len; i++) {
        mcu_seat *seat = r->order->pdata[i];
        if (seat->person == person) {
            return seat;
        }
    }
    return NULL;
}

mcu_seat *mcu_people_by_content(mcu_room *r, uint32_t content)
{
    return content & MCU_CONTENT_NUMBER ? mcu_people_by_number(r, content & ~MCU_CONTENT_NUMBER) : NULL;
}

unsigned mcu_people_sessions(const mcu_room *r)
{
    unsigned n = 0;
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        n += mcu_seat_is_person(seat);
    }
    return n;
}

static unsigned who_is(const mcu_seat *seat)
{
    const mcu_session *s = seat->session;
    unsigned who = 1u << mcu_who_of(seat->role);
    who |= s != NULL && s->share && !mcu_peer_gives_content(s->peer) ? 1u << MCU_WHO_CONTENT : 0u; /* instead of the camera */
    return who | (s != NULL && mcu_speaker_signs(s) ? 1u << MCU_WHO_SIGNING : 0u);
}

/* Before the people: of what is too much for the decoders, a screen is the last to go. What somebody holds is the first: it is
 * what all are to look at. */
static unsigned list_screens(mcu_room *r, mix_person people[MIX_MAX_PEOPLE])
{
    unsigned n = mcu_freeze_person(r, &people[0]);
    for (guint i = 0; i < r->order->len && n < MIX_MAX_PEOPLE; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        if (seat->session != NULL && seat->session->content_live) {
            people[n++] = (mix_person){.person = seat->content,
                                       .name = seat->name,
                                       .camera_on = true,
                                       .masked = mcu_record_masks(r, seat),
                                       .who = 1u << MCU_WHO_CONTENT,
                                       .rank = MIX_RANK_NEVER};
        }
    }
    return n;
}

/* Only on the phone, and without the floor of late: nothing to look at. */
static bool is_silent_caller(const mcu_room *r, const mcu_seat *seat)
{
    bool caller = seat->leg != NULL && !mcu_leg_pictures_shown(mcu_leg_get_pictures(seat->leg)) &&
                  (seat->session == NULL || !mcu_session_is_person(seat->session));
    return caller && !mcu_seat_talking(seat) && mcu_stage_rank(&r->stage, seat->person) >= RECENT_SPEAKERS;
}

static unsigned count_silent_callers(const mcu_room *r)
{
    unsigned n = 0;
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        n += mcu_seat_is_person(seat) && is_silent_caller(r, seat);
    }
    return n;
}

static mix_person person_of(const mcu_room *r, const mcu_seat *seat)
{
    const mcu_session *s = seat->session;
    bool by_call = mcu_leg_pictures_shown(mcu_leg_get_pictures(seat->leg));
    return (mix_person){
        .person = seat->person,
        .name = seat->name,
        .camera_on = by_call || (s != NULL && mcu_session_shows_camera(s)),
        .muted = !mcu_seat_is_heard(seat),
        .talking = mcu_seat_talking(seat),
        .phone = seat->leg != NULL && !by_call,
        .hold = seat->leg != NULL && mcu_leg_on_hold(seat->leg),
        .hand = mcu_seat_hand(seat),
        .weak = s != NULL && s->weak,
        .camera_off = s != NULL && mcu_session_is_person(s) && seat->sends_video && !s->video_on && !by_call,
        .masked = mcu_record_masks(r, seat),
        .who = who_is(seat),
        .rank = mcu_stage_rank(&r->stage, seat->person),
        .signer = seat->signer,
    };
}

/* Interpreters first, they sit for others; then as they joined. Returns whether anybody's place is another than before. */
static bool number_signers(mcu_room *r)
{
    unsigned place = 0;
    bool changed = false;
    for (int others = 0; others <= 1; others++) {
        for (guint i = 0; i < r->order->len; i++) {
            mcu_seat *seat = r->order->pdata[i];
            if ((mcu_who_of(seat->role) != MCU_WHO_INTERPRETER) == others) {
                bool signs = seat->session != NULL && mcu_speaker_signs(seat->session);
                unsigned now = signs ? ++place : 0;
                changed = changed || now != seat->signer;
                seat->signer = now;
            }
        }
    }
    r->signers = place;
    return changed;
}

void mcu_people_show(mcu_room *r)
{
    mcu_speaker_attend(r);
    bool renumbered = number_signers(r);
    mix_person people[MIX_MAX_PEOPLE];
    unsigned n = list_screens(r, people), silent = count_silent_callers(r);
    bool fold = silent > SILENT_TILES_MAX, folded = false, screen = n > 0;
    char many[16]; /* in any language */
    g_snprintf(many, sizeof many, "\xc3\x97 %u", silent);
    for (guint i = 0; i < r->order->len && n < MIX_MAX_PEOPLE; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        bool folds = fold && mcu_seat_is_person(seat) && is_silent_caller(r, seat);
        if (!mcu_seat_is_person(seat) || (folds && folded)) {
            continue;
        }
        people[n] = person_of(r, seat);
        if (folds) { /* the first of them stands for all */
            folded = true;
            people[n].name = many;
            people[n].muted = people[n].hold = people[n].hand = false;
        }
        screen = screen || (people[n].who & 1u << MCU_WHO_CONTENT);
        n++;
    }
    uint64_t scene = mix_video_scene(r->video) + 1;
    mix_video_set_people(r->video, people, n);
    mcu_record_shown(r, people, n, scene);
    if (screen != r->screen || renumbered) {
        r->screen = screen;
        mcu_canvases_changed(r);
    }
}

static gboolean run_idle(gpointer user)
{
    mcu_room *r = user;
    g_clear_pointer(&r->idle, g_source_unref);
    g_ptr_array_set_size(r->dead, 0);
    g_ptr_array_set_size(r->dead_legs, 0);
    if (r->people_dirty) {
        r->people_dirty = false;
        mcu_people_show(r);
        mcu_senders_ask(r);
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
    mcu_record_people(r);
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
