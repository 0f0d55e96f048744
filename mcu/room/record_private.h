/* record_private.h - what record*.c share.  Thread: loop. */
#ifndef MCU_ROOM_RECORD_PRIVATE_H
#define MCU_ROOM_RECORD_PRIVATE_H

#include "mcu/room/record.h"
#include "mcu/room/splice.h"
#include "recorder/recorder.h"

typedef struct {
    int fd;
    char name[REC_FILE_NAME_MAX + 1];
    bool spare;
} mcu_record_file;

typedef struct mcu_slate mcu_slate;

struct mcu_record {
    mcu_room *room;
    char id[MCU_ID_MAX + 1];
    mcu_record_file files[REC_FILES_MAX]; /* that came before `start`; owned */
    unsigned n_files;
    rec_recorder *recorder; /* NULL until `start` */
    unsigned tier;
    int own_canvas;                     /* of that tier; -1 = none: it holds instead of masking */
    mcu_splice splice;                  /* the tier's canvas, a role's, or its own */
    bool own;                           /* what goes out now is of its own canvas */
    uint64_t scenes_from, scenes_until; /* pictures that people watch show nobody who is masked, and all that is to be seen */
    bool begun;       /* a segment has begun, here or in an earlier process: from now on people are masked, not waited for */
    bool masking;     /* somebody is */
    bool everyone;    /* policy: everybody here must have agreed */
    bool wanted;      /* started and not paused */
    bool running;     /* the recorder was told to begin and not to end */
    bool watching;    /* holds a use of the tier, listens to the mix */
    bool stopping;    /* nothing begins any more */
    json_t *consents; /* seat -> event `consent` */
    json_t *masked;   /* seat -> true: those of whom the recording says that they are masked */
    json_t *here;     /* seat -> true: those whose joining is in the recording */
    json_t *names, *waiting, *state;
    json_t *stopped;  /* the last message, for when this is gone */
    json_t *start_id; /* of the request that has not been answered */
    const char *failure;
    int64_t last_key_ns, newest_ns; /* media clock of the newest keyframe, and of anything */
    mcu_slate *slate;
    GSource *finish_timer;
    char *finish_reason; /* the room waits for the end of the recording */
};

extern const rec_callbacks mcu_record_callbacks;

void mcu_record_drop(mcu_record *c); /* not inside a callback of the recorder */
void mcu_record_settle(mcu_record *c);
void mcu_record_stop(mcu_record *c, const char *reason);
/* record_people.c: what changed among the people goes into the recording; masks are set, the right canvas is asked for. */
void mcu_record_note_people(mcu_record *c);
bool mcu_record_takes(const mcu_record *c, unsigned canvas, const mcu_au *au);
json_t *mcu_record_not_agreed(const mcu_record *c); /* of those who are here; caller's */
void mcu_record_event(mcu_record *c, const char *what, const char *member, const char *value);
void mcu_record_say(mcu_record *c, const char *state, json_t *take);
/* record_said.c; `message` is borrowed. A new recording forgets the one before. */
void mcu_record_remember(mcu_record *c, const char *state, json_t *message);
void mcu_record_forget(mcu_room *r);
/* record_slate.c: at the end of a segment a picture says that there is a pause. */
#define MCU_RECORD_SLATE_WORDS 64                                /* characters */
void mcu_record_slate_prepare(mcu_record *c, const char *words); /* makes it meanwhile */
void mcu_record_pause(mcu_record *c);                            /* shows it, later ends the segment */
void mcu_record_slate_end(mcu_record *c);                        /* at once, if it shows */
void mcu_record_slate_clear(mcu_record *c);
/* The pending `start`: NULL = ok, else why not. Once. */
void mcu_record_answer(mcu_record *c, const char *failure);

#endif
