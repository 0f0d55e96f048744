/* mailbox.h - bounded MPSC queue with an eventfd: messages from media threads to a loop, commands from the loop to a thread.
 * Thread: push from any; pop, fd and attach belong to the one owner. A leaf lock inside, never held over a callback. */
#ifndef MCU_BASE_MAILBOX_H
#define MCU_BASE_MAILBOX_H

#include <glib.h>
#include <stdbool.h>

typedef struct mcu_mailbox mcu_mailbox;
typedef void (*mcu_mailbox_fn)(void *message, void *user);

/* `drop` frees a message that is refused or left over; bound >= 1. */
mcu_mailbox *mcu_mailbox_new(unsigned bound, void (*drop)(void *message));
void mcu_mailbox_free(mcu_mailbox *m); /* after every pusher has stopped */

/* Always consumes `message`; false = full, it was dropped. */
bool mcu_mailbox_push(mcu_mailbox *m, void *message);
void *mcu_mailbox_pop(mcu_mailbox *m); /* NULL = empty */
/* Waits on the eventfd until something is there or `deadline_ns` (monotonic; INT64_MAX = for ever); returns whether something is there. */
bool mcu_mailbox_wait(mcu_mailbox *m, int64_t deadline_ns);
unsigned mcu_mailbox_depth(mcu_mailbox *m);
int mcu_mailbox_fd(mcu_mailbox *m);
/* Calls `fn` for each message on the thread that runs `context`, at most 64 a dispatch. Returns the source; destroy with g_source_destroy + unref. */
GSource *mcu_mailbox_attach(mcu_mailbox *m, GMainContext *context, mcu_mailbox_fn fn, void *user);

#endif
