/* record_kit.h - what tests of the room's recording share: what the gateway says, what the mixers hand out, what is in the file.
 * Thread: the test's. Recording "rec1" of tier A; who fails to get what it waits for fails the test. */
#ifndef TESTS_UNIT_RECORD_KIT_H
#define TESTS_UNIT_RECORD_KIT_H

#include "tests/unit/recording_kit.h"
#include "tests/unit/room_kit.h"

extern kit_keys record_kit_keys; /* made anew by each start */

/* Runs the loop until the newest `recording` message has this state. */
const json_t *record_kit_await(room_kit *f, const char *state);
int record_kit_file(room_kit *f, const char *name); /* given to the room; a descriptor for the caller */
json_t *record_kit_start(const char *policy);
void record_kit_act(room_kit *f, const char *action);
json_t *record_kit_consent(const char *seat, bool given);

/* Tier A's pictures and the mix; the first picture and each hundredth is a keyframe. */
void record_kit_feed(unsigned from_ms, unsigned to_ms);

/* Encoders as the mixer runs them: of each canvas in use a picture a tick, a keyframe first and when asked for, at most one a
 * second; each picture says its tick and its canvas. */
typedef struct {
    unsigned tick;
    struct {
        bool runs;
        unsigned asked, key_tick, pictures;
    } of[MIX_MAX_TIERS];
} record_studio;
void record_kit_ticks(record_studio *s, unsigned ticks);

bool record_kit_has_event(rec_reader *r, const char *text);
bool record_kit_has_media(rec_reader *r, const char *text); /* unlocked before */
/* The numbers behind each "`word` N!" in the media, in the order of the file; caller's, of unsigned. */
GArray *record_kit_numbers(rec_reader *r, const char *word);
#define RECORD_KIT_CANVAS 1000000u /* picture N is of tick N % this, canvas N / this */

#endif
