/* bwe_queue.h - how long what we send waits on its way: one-way delay above the least of the last minute.  Thread: the peer's
 * loop; pure. Embedded struct. A slope (bwe_trend.h) does not see a queue that stands; this does.
 * The least is kept in steps of 10 s (RFC 8298 4.1.2.1 keeps its base delay so); a path that became longer for good is taken for
 * what it is once the delay stays although hardly anything is sent. */
#ifndef MCU_NET_BWE_QUEUE_H
#define MCU_NET_BWE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_BWE_QUEUE_STEPS 6

typedef struct {
    int64_t since_ns, ns; /* has hardly moved since, and what it was */
} mcu_bwe_stuck;

typedef struct {
    bool started;
    int64_t least_ns[MCU_BWE_QUEUE_STEPS]; /* one-way delay with an arbitrary zero; INT64_MAX = none */
    int64_t step;                          /* number of the newest */
    int64_t low_ns, path_ns;               /* least wait and least delay of the feedback being read, INT64_MAX = none */
    int64_t last_ns, last_own_ns;          /* newest one-way delay, and what of it was the packet's own */
    int64_t queue_ns;                      /* least wait of the newest feedback: jitter is not a queue */
    int64_t newest_ns;                     /* wait of the newest packet */
    int64_t above_since_ns;                /* above the mark since then, 0 = is not */
    mcu_bwe_stuck steady, jittery;         /* the least wait of each feedback, within 40 ms, or up to 130 above */
} mcu_bwe_queue;

void mcu_bwe_queue_init(mcu_bwe_queue *q);
/* own_ns: what the packet itself took on the line, which is no queue. */
void mcu_bwe_queue_add(mcu_bwe_queue *q, int64_t sent_ns, int64_t arrival_ns, int64_t own_ns);
/* All packets of one feedback were added. `idle`: much less was sent for seconds than the path was seen to carry. True:
 * there was no queue, the path has become longer. */
bool mcu_bwe_queue_end(mcu_bwe_queue *q, bool idle, int64_t now_ns);
/* Nothing was heard for long: the old path may be gone. The next packets set the zero. */
void mcu_bwe_queue_forget(mcu_bwe_queue *q);

#endif
