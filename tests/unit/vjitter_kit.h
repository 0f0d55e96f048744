/* vjitter_kit.h - a sender of pictures in packets for tests of what puts them together again: it keeps what it sent. */
#ifndef TESTS_UNIT_VJITTER_KIT_H
#define TESTS_UNIT_VJITTER_KIT_H

#include "h264_kit.h"
#include "mcu/base/media.h"
#include "mcu/net/payload.h"
#include "mcu/net/vjitter.h"

typedef struct {
    uint16_t seq;
    uint32_t ts;
    bool marker;
    uint16_t size;
    uint8_t payload[1200];
} vkit_packet;

typedef struct {
    mcu_codec codec;
    uint16_t seq;
    unsigned seed;
    unsigned n_packets, n_pictures;
    vkit_packet *packets;
    mcu_au **pictures;
    unsigned *first; /* of each picture, into packets */
    uint32_t ts;
} vkit;

extern const kit_sps vkit_format; /* of H.264: 640x360 */

vkit *vkit_new(mcu_codec codec, uint16_t seq, unsigned seed);
void vkit_free(vkit *s);
unsigned vkit_rnd(vkit *s);
/* The next picture, of about `size` bytes: its packets are appended. */
void vkit_send(vkit *s, bool key, size_t size);
void vkit_on_payload(void *user, const mcu_payload *payload, bool last); /* `user` is a vkit: the next packet */
mcu_status vkit_push(mcu_vjitter *v, const vkit_packet *p, int64_t now_ns);

#endif
