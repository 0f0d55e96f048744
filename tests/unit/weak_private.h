/* weak_private.h - a receiver of a simulated room, which both its ends work on.  Thread: the test's. */
#ifndef TESTS_UNIT_WEAK_PRIVATE_H
#define TESTS_UNIT_WEAK_PRIVATE_H

#include "mcu/base/media.h"
#include "mcu/net/nack.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/room/audio_choice.h"
#include "mcu/room/view.h"
#include "tests/unit/weak_room.h"

#define MS MCU_NS_PER_MS
#define WEAK_TWCC_ID 5 /* of header extensions */
#define WEAK_PLAYOUT_ID 6
#define WEAK_HISTORY 8192
#define WEAK_SAMPLES 20000
#define WEAK_OTHER 600  /* bytes of a datagram that is not the sender's, all zero */
#define WEAK_BESIDE 100 /* the same of reports and what the page is told */

struct weak_room {
    int64_t now_ns;
    uint32_t seed;
    weak_receiver *receivers[WEAK_ROOM_MAX];
    unsigned n;
};

typedef struct {
    double *at;
    unsigned n;
} samples;

struct weak_receiver {
    weak_room *room;
    mcu_sender send;
    mcu_view view;
    mcu_tier_choice choice;
    mcu_audio_choice sound;
    mcu_ladder ladder;
    bool hands, plain;
    link_model *down, *up;
    unsigned sends_bps; /* of media of the person's own */
    double sends_bytes;
    unsigned beside_bps; /* what else comes down */
    double beside_bytes;
    uint32_t picture;
    /* the far end */
    mcu_twcc_recorder *recorder;
    mcu_nack *nack;
    mcu_rtp_stats stats; /* of pictures, for who is plain */
    mcu_unwrap unwrap;
    int64_t next_seq; /* the first packet that is missing; 0 = waits for a keyframe */
    struct {
        int64_t index, captured_ns;
        bool keyframe, first, last;
    } packets[WEAK_HISTORY];
    uint8_t asks[UINT16_MAX + 1]; /* by sequence number, for what has not come */
    int64_t pli_ns, shown_ns, playout_ns;
    /* figures */
    int64_t begun_ns, first_picture_ns, first_audio_ns;
    unsigned pictures, switches, tier;
    unsigned delay_ms; /* of the link */
    double frozen_ns, gap_ns;
    samples latency, queue;
    unsigned audio_sent, audio_came, lost_before, carried_before;
    uint64_t bytes, bytes_before;
};

/* The far end (weak_far.c): shows what it can, gives feedback, asks for what is missing. */
void weak_far_take_rtp(weak_receiver *v, const uint8_t *data, size_t size, int64_t arrival_ns);
void weak_far_take_rtcp(weak_receiver *v, const uint8_t *data, size_t size, int64_t arrival_ns);
void weak_far_report(weak_receiver *v, int64_t now_ns);
void weak_far_feed_back(weak_receiver *v, int64_t now_ns);
void weak_far_note_queue(weak_receiver *v, double ms);

#endif
