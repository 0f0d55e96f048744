/* room_kit.h - a room of two seats, s1 (Ann, patient) and s2 (Bob, clinician, muted), over fakes; what it says is kept.
 * Thread: the test's. */
#ifndef TESTS_UNIT_ROOM_KIT_H
#define TESTS_UNIT_ROOM_KIT_H

#include "mcu/room/room.h"
#include "tests/unit/fake_media.h"

typedef struct {
    mcu_room *room;
    json_t *sent; /* everything said to the gateway, in order */
    bool finished;
} room_kit;

int room_kit_setup(void **state); /* cmocka's; *state is a room_kit */
room_kit *room_kit_new(json_t *take_config);
int room_kit_teardown(void **state); /* checks that nothing is held any more */
void room_kit_settle(void);          /* runs what the loop has to run */
void room_kit_say(room_kit *f, json_t *take);
void room_kit_say_fd(room_kit *f, json_t *take, int take_fd);
extern const uint8_t room_kit_signing_key[32];
const json_t *room_kit_heard(const room_kit *f, const char *type); /* the newest of a type, borrowed; NULL = none */
const char *room_kit_member(const json_t *m, const char *key);
void room_kit_offer(room_kit *f, const char *seat, const char *session, const char *sdp);
mcu_peer *room_kit_join(room_kit *f, const char *seat, const char *session); /* offer, and its connection is up */

/* Its link has shown that it carries everything: the largest tier that it may have. */
void room_kit_rise(room_kit *f, const char *seat);

#endif
