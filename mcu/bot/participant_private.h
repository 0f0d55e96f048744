/* participant_private.h - a participant's insides, shared by its signaling and its media.  Thread: the loop's. */
#ifndef MCU_BOT_PARTICIPANT_PRIVATE_H
#define MCU_BOT_PARTICIPANT_PRIVATE_H

#include "mcu/base/clock.h"
#include "mcu/bot/ear.h"
#include "mcu/bot/participant.h"
#include "mcu/bot/playout.h"
#include "mcu/bot/signal.h"

#define MCU_SENT_MAX 1024

struct mcu_participant {
    mcu_crew *crew;
    unsigned index;
    mcu_participant_phase phase;
    char seat[MCU_SEAT_MAX];
    char *why;
    mcu_signal *signal;
    mcu_peer *peer; /* NULL = none */
    bool offered;   /* this peer's offer has been sent */
    guint start_timer, answer_timer, gather_timer, again_idle;
    mcu_playout video, audio;
    GSource *ticker;
    mcu_scene *scene;
    int64_t scene_ns;   /* when it came */
    mcu_viewer *viewer; /* NULL = does not decode */
    mcu_hearing *hearing;
    mcu_ear *ear; /* NULL = keeps nothing of what it hears */
    mcu_tally tally;
    int64_t began_ns, joined_ns, up_ns;
    unsigned signal_losses, connections;
    uint64_t sent_pictures, refused_pictures, keyframe_requests;
    unsigned sent_frame;
    int64_t sent_frame_ns;
    unsigned said_packet; /* of the clip of what it says: the newest, and when that was due */
    int64_t said_ns;
    int64_t due_ns[MCU_SENT_MAX];  /* of the clip's pictures: when one was last due */
    int64_t sent_ns[MCU_SENT_MAX]; /* when its last packet had left, 0 = not yet */
};

void mcu_participant_set_phase(mcu_participant *p, mcu_participant_phase phase, const char *why);
/* Throws away the connection and asks for a fresh session, from an idle callback. */
void mcu_participant_again(mcu_participant *p, const char *why);

/* participant_media.c: a new connection and its offer; the end of it. */
void mcu_participant_connect(mcu_participant *p);
void mcu_participant_disconnect(mcu_participant *p);
void mcu_participant_answer(mcu_participant *p, const char *sdp);
void mcu_participant_restart_ice(mcu_participant *p);
/* The clock of what is sent: made with the participant, free of work until media is up. */
GSource *mcu_participant_ticker_new(mcu_participant *p);

#endif
