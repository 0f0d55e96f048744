/* participant.h - one simulated participant: joins, sends its clips, measures what comes back, comes back when it is thrown out.
 * Thread: the loop's. */
#ifndef MCU_BOT_PARTICIPANT_H
#define MCU_BOT_PARTICIPANT_H

#include "mcu/bot/crew.h"
#include "mcu/bot/hearing.h"
#include "mcu/bot/tally.h"
#include "mcu/bot/viewer.h"

typedef enum {
    MCU_PARTICIPANT_NONE = 0,
    MCU_PARTICIPANT_WAITING,    /* for its turn */
    MCU_PARTICIPANT_JOINING,    /* no seat yet */
    MCU_PARTICIPANT_CONNECTING, /* offer is out, media not up */
    MCU_PARTICIPANT_LIVE,
    MCU_PARTICIPANT_ENDED,
} mcu_participant_phase;
const char *mcu_participant_phase_name(mcu_participant_phase p);

/* Starts `delay_ms` from now. base, token and room (WHIP) are copied. */
mcu_participant *mcu_participant_new(mcu_crew *crew, unsigned index, const char *base, const char *token, const char *room,
                                     unsigned delay_ms);
void mcu_participant_free(mcu_participant *p);
void mcu_participant_leave(mcu_participant *p);
bool mcu_participant_ended(const mcu_participant *p);
const char *mcu_participant_seat(const mcu_participant *p); /* "" until joined, and by WHIP */
/* When this one last sent that number of its clip; 0 = not yet. */
int64_t mcu_participant_sent_ns(const mcu_participant *p, unsigned frame);
/* A picture that this one received has been decoded. */
void mcu_participant_saw(mcu_participant *p, const mcu_sighting *s);

/* For reports; pointers live as long as the participant. */
typedef struct {
    unsigned index;
    const char *seat, *tier, *why; /* why: of the last change for the worse */
    mcu_participant_phase phase;
    bool decodes;
    bool sends_marked;                       /* a clip with marker is being sent */
    double join_ms, up_ms, first_picture_ms; /* since it began to join; < 0 = not yet */
    unsigned signal_losses, connections;
    uint64_t sent_pictures, refused_pictures, keyframe_requests;
    unsigned sent_frame; /* number of the newest picture that was sent, and when it was due; 0 ns = none yet */
    int64_t sent_ns;
    unsigned said_packet; /* the same of what it says */
    int64_t said_ns;
    const mcu_tally *tally;
    const mcu_hearing_stats *hearing;
    mcu_peer_stats peer;
} mcu_participant_view;
void mcu_participant_look(mcu_participant *p, mcu_participant_view *out);

#endif
