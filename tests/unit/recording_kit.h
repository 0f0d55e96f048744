/* recording_kit.h - what tests of the recorder share: keys, pictures and packets that look real, a writer into temporary files.
 */
#ifndef TESTS_UNIT_RECORDING_KIT_H
#define TESTS_UNIT_RECORDING_KIT_H

#include "recorder/reader.h"
#include "recorder/writer.h"

#define KIT_START_NS (INT64_C(1000) * MCU_NS_PER_SEC)
#define KIT_TICK_NS (40 * MCU_NS_PER_MS)

typedef struct {
    uint8_t gateway[32], gateway_public[32];
    uint8_t recipient[32], recipient_public[32];
    rec_config config; /* recording "rec1", room "room1", segment 0, tier A */
} kit_keys;
void kit_keys_make(kit_keys *k);

/* A picture whose payload says which one it is; every 100th a keyframe. A packet likewise. */
mcu_au *kit_picture(unsigned number, bool keyframe, size_t size);
mcu_au *kit_packet(unsigned number, size_t size);

/* Feeds pictures at 25 a second and packets at 50 from `from_ms` to `to_ms` of the recording. */
void kit_feed(rec_writer *w, unsigned from_ms, unsigned to_ms);
void kit_item(rec_writer *w, rec_item item);               /* one item, as from the queue */
int kit_file(rec_writer *w, const char *name, bool spare); /* a temporary file, added; a duplicate of its descriptor */

typedef struct {
    GPtrArray *messages; /* json_t */
    unsigned keyframes_wanted;
} kit_said;
extern const rec_callbacks kit_callbacks; /* user is a kit_said */
void kit_said_clear(kit_said *s);
const json_t *kit_last(const kit_said *s, const char *state); /* NULL = none */
unsigned kit_count(const kit_said *s, const char *state);

/* A whole segment of `ms` in a temporary file; the descriptor is the caller's. `keys` is made. */
int kit_segment(kit_keys *keys, unsigned ms);
/* The data key by the recipient's private half. */
bool kit_unlock(rec_reader *r, int fd, const kit_keys *keys);
int kit_copy(int fd); /* the same bytes in another temporary file */

#endif
