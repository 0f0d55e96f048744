/* record.h - the recording of the room: when it runs, what it takes, what the gateway is told.  Thread: loop.
 * It watches the recorded tier and listens to the whole mix like a receiver, so their encoders live as long as it runs; what it
 * takes goes to recorder/ and never waits. With policy "everyone" it begins when all who are here have agreed; who comes later
 * and has not is masked: then it watches a canvas of its own and hears a mix of its own, until all have agreed. It has a canvas
 * of its own also while people do not want to see the evidence in their picture. Which canvas it is changes between two ticks,
 * without a gap or a repetition (splice.h); back to what people watch it goes at the keyframe that a recorded tier has every four
 * seconds. */
#ifndef MCU_ROOM_RECORD_H
#define MCU_ROOM_RECORD_H

#include "mcu/room/room_private.h"

#define MCU_RECORD_LISTENER UINT32_MAX /* towards the audio mixer; no seat has this number */

bool mcu_request_record(mcu_room *r, const json_t *message, GError **error);

void mcu_record_picture(mcu_room *r, unsigned tier, mcu_au *au);
void mcu_record_sound(mcu_room *r, mcu_au *au);
void mcu_record_people(mcu_room *r); /* somebody came, went or agreed */
void mcu_record_layout(mcu_room *r);
void mcu_record_caption(mcu_room *r); /* the gateway said what it is, or who sees it */
/* These people are in the picture from this scene on: nobody's canvas that shows who is masked is recorded. */
void mcu_record_shown(mcu_room *r, const mix_person *people, unsigned n, uint64_t scene);
bool mcu_record_shares(const mcu_room *r);                      /* what is recorded now is a picture that people may watch */
unsigned mcu_record_watched(const mcu_room *r);                 /* canvases, a bit each */
bool mcu_record_masks(const mcu_room *r, const mcu_seat *seat); /* it is neither seen nor heard in the recording */
void mcu_record_tick(mcu_room *r);
void mcu_record_announce(mcu_room *r);

/* The room is over: true = it has to wait, mcu_room_finish() is called again when the last segment has ended or 3 s have passed.
 */
bool mcu_record_holds_finish(mcu_room *r, const char *reason);
void mcu_record_free(mcu_room *r);

#endif
