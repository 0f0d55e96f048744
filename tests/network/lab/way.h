/* way.h - one direction of a link.  Thread: its owner's. Pure: packets and `now_ns` in, packets out when they are due; chance
 * comes from a seed, and a packet always draws as many numbers, so the n-th packet's luck does not hang on settings. A packet
 * meets the policer, waits in the queue for the rate, and then is lost, delayed, overtaken. */
#ifndef TESTS_LAB_WAY_H
#define TESTS_LAB_WAY_H

#include "tests/network/lab/shape.h"

enum { LAB_PACKETS = 4096, LAB_WAITS_MS = 8192 };

typedef struct {
    int64_t arrived_ns, due_ns;
    size_t size;
    uint8_t data[];
} lab_packet;

typedef struct {
    uint64_t packets, bytes; /* that came in */
    uint64_t delivered, delivered_bytes;
    uint64_t full, policed, lost; /* no room in the queue; over the policer's rate; by chance or while off */
    uint64_t reordered;
    uint32_t waits[LAB_WAITS_MS]; /* how many waited so long for their turn; since they were cleared */
} lab_figures;

typedef struct {
    lab_shape shape;
    uint64_t chance;
    bool bad;
    int64_t free_ns, newest_due_ns; /* when the link is idle; of those that keep order */
    double tokens;
    int64_t tokens_ns;
    lab_packet *queue[LAB_PACKETS]; /* ring: waits for the rate */
    unsigned head, count;
    size_t waiting_bytes;
    lab_packet *flight[LAB_PACKETS]; /* ring by due time */
    unsigned first, flying;
    lab_figures figures;
} lab_way;

lab_way *lab_way_new(uint64_t seed); /* a perfect link; NULL = no memory */
void lab_way_free(lab_way *w);
void lab_way_set(lab_way *w, const lab_shape *shape, int64_t now_ns);
void lab_way_put(lab_way *w, const void *data, size_t size, int64_t now_ns); /* copies */
/* One that is due, to be freed with free(); NULL = not now. */
lab_packet *lab_way_take(lab_way *w, int64_t now_ns);
int64_t lab_way_next_ns(const lab_way *w); /* take may give something then; INT64_MAX = nothing is on its way */
/* How long the share `p` (0..1) of packets waited at most; 0 without any. */
unsigned lab_way_wait_ms(const lab_way *w, double p);
void lab_way_clear_waits(lab_way *w);
/* How long a packet that comes now would wait for its turn. */
unsigned lab_way_queue_ms(const lab_way *w, int64_t now_ns);

#endif
