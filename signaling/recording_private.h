/* recording_private.h - what recording.c, recording_process.c and recording_consent.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_RECORDING_PRIVATE_H
#define SIGNALING_RECORDING_PRIVATE_H

#include "mcu/base/signing.h"
#include "signaling/recording.h"
#include "signaling/recording_files.h"
#include "signaling/room_private.h"

typedef enum {
    SIG_RECORDING_NONE = 0,
    SIG_RECORDING_OFF,
    SIG_RECORDING_WRITING, /* that it is to begin */
    SIG_RECORDING_ASKING,  /* not everybody has agreed yet */
    SIG_RECORDING_ON,
    SIG_RECORDING_HELD, /* somebody is there who has not agreed, on a tier that cannot mask */
    SIG_RECORDING_PAUSED,
    SIG_RECORDING_STOPPING,
} sig_recording_turn;

struct sig_recording {
    sig_room *room;
    sig_recording_turn turn;
    char id[SIG_ID_MAX + 1];
    char policy[SIG_WORD_MAX + 1];
    bool begun;                    /* in the present process */
    bool rested;                   /* it was paused when it was stopped: nothing is recorded while it ends */
    char failed[SIG_ID_MAX + 1];   /* why the one before ended, where nobody wanted that; "" = somebody did */
    unsigned starting;             /* the number of the newest beginning: an older one whose files come late begins nothing */
    int64_t segment;               /* the next one's number */
    char hash[MCU_AUDIT_HASH + 1]; /* of the newest proven head */
    GHashTable *coming;            /* seats on their way to the process */
    GHashTable *refusing;          /* seats whose no is not on the disk yet -> its number */
    unsigned answers;              /* so far: their numbers */
    struct event *deadline;        /* of stopping */
};

void sig_recording_turn_to(sig_recording *c, sig_recording_turn turn, const char *reason); /* durable, and everybody hears */
void sig_recording_end(sig_recording *c, const char *reason);
GPtrArray *sig_recording_missing(const sig_recording *c); /* present seats that have not agreed; owns its names */
void sig_recording_note(const sig_recording *c, const char *event, const char *operation, const json_t *more);

/* ---- to the process (recording_process.c) ---- */
bool sig_recording_can_begin(const sig_recording *c, const char **why_not);
void sig_recording_begin(sig_recording *c);
void sig_recording_tell(sig_recording *c, const char *action, const char *reason); /* "pause", "resume", "stop" */
void sig_recording_tell_caption(const sig_recording *c);                           /* what the picture says about it */
typedef struct {
    bool records, clock, visit; /* the mark, the clock with its zone, the visit's id */
} sig_caption;
/* What it is to say; false = nothing, ever. */
bool sig_recording_caption(const sig_settings *settings, sig_recording_turn turn, sig_caption *out);
const char *sig_recording_process_key(const sig_recording *c); /* that it signs with; "" = it cannot */
void sig_recording_more_files(const sig_recording *c, unsigned n, bool spare);
void sig_recording_interrupt(const sig_recording *c); /* recording_said.c: the process is gone, with what it was writing */

/* ---- files (recording_files.c) ---- */
#define SIG_FILES_AHEAD 2
typedef struct {
    char name[SIG_FILE_MAX + 1]; /* ID/NAME.tsr or spare/ID/NAME.tsr in DATA/recordings: empty, its folder entry durable */
    int fd;
    bool spare;
} sig_recording_file;
/* Makes 0..SIG_FILES_AHEAD and, with `spare`, one in the spare folder, on the store's thread; then sig_recording_files_made().
 * False = too much is waiting there. */
bool sig_recording_files_make(const sig_recording *c, unsigned n, bool spare, unsigned start);
/* Hands them to the process (recording_process.c); `start` that is still wanted (c->starting): it begins to record. False =
 * nobody needs them. The descriptors stay the caller's. */
bool sig_recording_files_made(sig_recording *c, unsigned start, const sig_recording_file *files, unsigned n);
int sig_recording_spare_fd(int recordings_dir_fd); /* the caller's; -1 = errno */
bool sig_recording_file_is_ours(const sig_recording *c, const char *name);

/* ---- folders (recording_tidy.c) ---- */
/* Files that were handed out and not used are removed, soon, on the store's thread: of this recording, whose process is gone or
 * has let go of them. */
void sig_recording_drop_unused(const sig_recording *c);
bool sig_recording_disk_ok(const sig_gateway *g); /* more than the reserve is free */

#endif
