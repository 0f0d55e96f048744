/* crew.h - what the participants of one process share: clips, network, decoders, the way to find one another.  Thread: the
 * loop's. */
#ifndef MCU_BOT_CREW_H
#define MCU_BOT_CREW_H

#include <libsoup/soup.h>
#include <stdio.h>

#include "mcu/base/mailbox.h"
#include "mcu/base/workers.h"
#include "mcu/bot/clip.h"
#include "mcu/bot/options.h"
#include "mcu/net/peer.h"

typedef struct mcu_participant mcu_participant;

typedef struct mcu_crew {
    const mcu_bot_options *options;
    GMainLoop *loop;
    mcu_net *net;
    SoupSession *soup;
    mcu_workers *workers;
    mcu_mailbox *sightings; /* of mcu_sighting */
    GSource *sightings_source;
    GHashTable *clips; /* file name -> mcu_clip */
    GPtrArray *participants;
    FILE *windows; /* NULL = none are kept */
    int64_t start_ns;
    bool leaving;
} mcu_crew;

bool mcu_crew_init(mcu_crew *c, const mcu_bot_options *options, GError **error);
void mcu_crew_clear(mcu_crew *c); /* participants first */

/* Loads it once; NULL when there is none (said once on stderr). Faces and voices repeat beyond the last. */
const mcu_clip *mcu_crew_video_clip(mcu_crew *c, mcu_codec codec, unsigned index);
const mcu_clip *mcu_crew_audio_clip(mcu_crew *c, unsigned index);

/* Whose turn it is to speak: the index of one after the other, MCU_TURN_NS each. */
#define MCU_TURN_NS (4 * MCU_NS_PER_SEC)
unsigned mcu_crew_turn(const mcu_crew *c, int64_t now_ns);

/* Who has this seat; NULL = nobody of this process. */
mcu_participant *mcu_crew_by_seat(const mcu_crew *c, const char *seat);
/* Everybody leaves; the loop ends when all have, or a second later. */
void mcu_crew_leave(mcu_crew *c);
/* To be called by a participant that has left. */
void mcu_crew_left(mcu_crew *c);

#endif
