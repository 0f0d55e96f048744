/* tally.h - what one participant has seen: pictures, freezes, and each tile's moving numbers.  Thread: its owner's; time is a
 * parameter. */
#ifndef MCU_BOT_TALLY_H
#define MCU_BOT_TALLY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/bot/scene.h"

#define MCU_TALLY_GAP_NS INT64_C(200000000)

typedef struct {
    char seat[MCU_SEAT_MAX];
    int person;        /* of the marker, -1 = never read */
    int frame;         /* newest number, -1 = never read */
    unsigned changes;  /* how often the number changed */
    unsigned distinct; /* how many different numbers were seen */
    unsigned gaps;     /* times longer than MCU_TALLY_GAP_NS without a change */
    unsigned unreadable, wrong_person;
    int64_t last_change_ns, longest_gap_ns, frozen_ns; /* all gaps together */
    bool seen[1024];
    GArray *latency_ms; /* float, the newest MCU_TALLY_LATENCIES */
    unsigned latency_next;
} mcu_tile_tally;

#define MCU_TALLY_LATENCIES 4096

typedef struct {
    uint64_t pictures, keyframes, decoded, undecodable, dropped;
    unsigned freezes;
    int64_t first_ns, last_ns, longest_gap_ns; /* when pictures were shown */
    int width_px, height_px;                   /* of the newest decoded */
    GPtrArray *tiles;                          /* of mcu_tile_tally, in order of first appearance */
} mcu_tally;

void mcu_tally_init(mcu_tally *t);
void mcu_tally_clear(mcu_tally *t);
void mcu_tally_picture(mcu_tally *t, int64_t shown_ns, bool keyframe);
mcu_tile_tally *mcu_tally_tile(mcu_tally *t, const char *seat); /* made when it is not there */
/* latency_ns: from when this number was sent to when its first packet came, 0 = not known. */
void mcu_tally_reading(mcu_tile_tally *tile, unsigned person, unsigned frame, int64_t shown_ns, int64_t latency_ns);
/* The tile slides to a new place: its number cannot be read, but it does not stand still. */
void mcu_tally_sliding(mcu_tile_tally *tile, int64_t shown_ns);
/* p in 0..1 over all tiles, or one; < 0 = nothing measured. */
double mcu_tally_latency_ms(const mcu_tally *t, const mcu_tile_tally *only, double p);

#endif
