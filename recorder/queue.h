/* queue.h - from the loop to the recorder's thread: bounded by bytes, pictures give way before sound, and what gave way is said
 * in the stream itself when it goes on. Media goes over REC_BATCH_NS of it at a time, so that the thread is not woken for each
 * packet; all else goes at once, behind what waits.  Thread: put_* on the loop; take on the recorder's thread. */
#ifndef RECORDER_QUEUE_H
#define RECORDER_QUEUE_H

#include <jansson.h>

#include "mcu/base/media.h"

#define REC_BATCH_NS (100 * MCU_NS_PER_MS)

typedef enum {
    REC_ITEM_NONE = 0,
    REC_ITEM_PICTURE,
    REC_ITEM_SOUND,
    REC_ITEM_EVENT,
    REC_ITEM_GAP,
    REC_ITEM_PRIVATE,
    REC_ITEM_FILE,
    REC_ITEM_BEGIN,
    REC_ITEM_END,
    REC_ITEM_QUIT,
} rec_item_kind;

typedef struct {
    rec_item_kind kind;
    mcu_au *au;
    json_t *json;
    int64_t at_ns, to_ns; /* media clock; of a gap: from and to */
    int fd;
    bool flag;     /* FILE: spare; END: stop; GAP: pictures */
    char text[65]; /* FILE: name; END: reason */
} rec_item;

typedef struct rec_queue rec_queue;
rec_queue *rec_queue_new(void);
void rec_queue_free(rec_queue *q);

bool rec_queue_picture(rec_queue *q, mcu_au *au); /* borrowed; after a gap only a keyframe goes in */
bool rec_queue_sound(rec_queue *q, mcu_au *au);
bool rec_queue_put(rec_queue *q, rec_item item); /* takes au, json and fd; false: full, they are gone */

rec_item *rec_queue_take(rec_queue *q, int64_t deadline_ns); /* waits; NULL = nothing came; until the next one is taken */
void rec_item_done(rec_queue *q, rec_item *item);            /* each that was taken, once */

#endif
