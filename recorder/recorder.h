/* recorder.h - records one view of a room: takes coded pictures and packets, writes sealed segments on a thread of its own.
 * Thread: every call and callback on the loop that runs `context`; nothing here waits for the disk. What the disk is too slow for
 * waits in memory (REC_QUEUE_VIDEO bytes, sound REC_QUEUE_AUDIO), then is left out and stated as a gap, pictures first. */
#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include <jansson.h>

#include "mcu/base/media.h"
#include "recorder/header.h"

#define REC_QUEUE_VIDEO (4u * 1024 * 1024)
#define REC_QUEUE_AUDIO (6u * 1024 * 1024)
#define REC_FILES_MAX 16
#define REC_FILE_NAME_MAX 64

typedef struct {
    rec_header header; /* recording, room, segment (of the first), software, policy, tier, previous, certificate */
    uint8_t recipient[MCU_SEAL_KEY];
    char kid[MCU_SEAL_KID_MAX + 1];
    uint8_t room_private[MCU_SIGN_KEY];
    uint64_t reserve_bytes; /* a segment begins only with so much free */
    int64_t sound_age_ns;   /* see rec_cutter_new() */
} rec_config;

typedef struct {
    /* A message `recording` of the room protocol; consumed. `state` is a literal. */
    void (*message)(void *user, const char *state, json_t *take);
    void (*keyframe_wanted)(void *user); /* a segment waits for one */
} rec_callbacks;

typedef struct rec_recorder rec_recorder;
rec_recorder *rec_recorder_new(GMainContext *context, const rec_config *config, const rec_callbacks *callbacks, void *user,
                               GError **error);
/* Waits at most `wait_ms` for the disk; a thread that hangs in a write is left behind. No callback during or after. */
void rec_recorder_free(rec_recorder *r, unsigned wait_ms);

/* A file for a segment: empty, open for reading and writing. MCU_EFULL: it was closed. */
mcu_status rec_recorder_add_file(rec_recorder *r, int take_fd, const char *name, bool spare);

/* `begin` is answered by `started`, or by `error` and `stopped`. `private_facts` (names of seats) goes sealed into each segment.
 */
void rec_recorder_begin(rec_recorder *r);
void rec_recorder_end(rec_recorder *r, const char *reason, bool stop); /* not `stop`: pause, begin may follow */
void rec_recorder_event(rec_recorder *r, int64_t at_ns, json_t *take);
void rec_recorder_private(rec_recorder *r, json_t *take);

/* Borrowed. False: left out, the queue is full. */
bool rec_recorder_picture(rec_recorder *r, mcu_au *au);
bool rec_recorder_sound(rec_recorder *r, mcu_au *au);

#endif
