/* shape.h - what a link does to packets, and how that is written.  Thread: any; pure.
 * "rate=64 queue=1000 delay=50 up.loss=5 burst=4": names with values, in both directions or, after "down." or "up.", in one; what
 * is not named stays. In kbit/s of IP bytes, ms, percent: rate     of the link, 0 = any           queue    how much may wait for
 * it; the rest is dropped at the tail delay    of one way                     jitter   on top of it, 0 to this, order kept
 *   reorder  so many leave up to `jitter` (at least 20 ms) later still and are overtaken
 *   loss     so many are lost               burst    in runs of this mean length (Gilbert); 1 = each by itself
 *   ge       P,R,H,K: Gilbert-Elliott: good to bad, bad to good, delivered while bad, delivered while good
 *   police   a token bucket of this rate without a queue, 0 = none; bucket: its size in bytes
 *   hold     1: nothing leaves until 0, then all of it; needs room in the queue        off  1: all is lost
 * "clear" sets all back to a perfect link. */
#ifndef TESTS_LAB_SHAPE_H
#define TESTS_LAB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t rate_bps, queue_ns;
    int64_t delay_ns, jitter_ns;
    double reorder;                              /* shares are 0..1 */
    double loss, burst;                          /* as written; the four below follow from them unless `ge` was written later */
    double to_bad, to_good, pass_bad, pass_good; /* a packet each; delivered in either state */
    int64_t police_bps, bucket_bytes;
    bool hold, off;
} lab_shape;

typedef enum { LAB_DOWN, LAB_UP, LAB_WAYS } lab_way_name; /* down: to the person */

void lab_shape_clear(lab_shape *s);
/* False: nothing was changed, and `why` (of `size` bytes) names the word that is wrong. */
bool lab_shape_read(lab_shape ways[LAB_WAYS], const char *text, char *why, size_t size);

#endif
