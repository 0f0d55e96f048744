#include "vjitter_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264_kit.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/vp8_rtp.h"

const kit_sps vkit_format = {.profile = 66, .chroma = 1, .depth = 8, .width_mbs = 40, .height_mbs = 23, .crop_bottom = 4};

vkit *vkit_new(mcu_codec codec, uint16_t seq, unsigned seed)
{
    vkit *s = calloc(1, sizeof *s);
    s->codec = codec;
    s->seq = seq;
    s->seed = seed;
    s->ts = 0xffff0000u; /* wraps during the test */
    s->packets = calloc(40000, sizeof *s->packets);
    s->pictures = calloc(4000, sizeof(mcu_au *));
    s->first = calloc(4001, sizeof *s->first);
    return s;
}

void vkit_free(vkit *s)
{
    for (unsigned i = 0; i < s->n_pictures; i++) {
        mcu_au_unref(s->pictures[i]);
    }
    free(s->packets);
    free(s->pictures);
    free(s->first);
    free(s);
}

unsigned vkit_rnd(vkit *s)
{
    s->seed = s->seed * 1103515245u + 12345u;
    return s->seed >> 16 & 0x7fff;
}

void vkit_on_payload(void *user, const mcu_payload *payload, bool last)
{
    vkit *s = user;
    vkit_packet *p = &s->packets[s->n_packets++];
    p->seq = s->seq++;
    p->ts = s->ts;
    p->marker = last;
    p->size = (uint16_t)mcu_payload_write(payload, p->payload);
}

void vkit_send(vkit *s, bool key, size_t size)
{
    uint8_t *bytes = malloc(size + 512);
    size_t n = 0;
    if (s->codec == MCU_CODEC_H264) {
        if (key) {
            n += kit_add_sps(bytes, &vkit_format);
            n += kit_add_pps(bytes + n, 0, 0, 1);
        }
        n += kit_add_slice(bytes + n, key, 0, key ? 7 : 5, 0, size, vkit_rnd(s));
    } else {
        static const uint8_t head[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01};
        n = size + 10;
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)vkit_rnd(s);
        }
        memcpy(bytes, head, 10);
        bytes[0] = key ? 0x10 : 0x11;
    }
    s->ts += 3600;
    s->first[s->n_pictures] = s->n_packets;
    s->pictures[s->n_pictures++] = mcu_au_new_copy(bytes, n);
    s->first[s->n_pictures] = s->n_packets;
    if (s->codec == MCU_CODEC_H264) {
        assert_int_equal(mcu_h264_pack(bytes, n, 1160, vkit_on_payload, s), MCU_OK);
    } else {
        assert_int_equal(mcu_vp8_pack(bytes, n, 1160, vkit_on_payload, s), MCU_OK);
    }
    s->first[s->n_pictures] = s->n_packets;
    free(bytes);
}

mcu_status vkit_push(mcu_vjitter *v, const vkit_packet *p, int64_t now_ns)
{
    /* An exact copy on the heap, so that the sanitizer sees every byte read too far. */
    uint8_t *copy = malloc(p->size ? p->size : 1);
    memcpy(copy, p->payload, p->size);
    mcu_rtp r = {.seq = p->seq, .ts = p->ts, .marker = p->marker, .payload = copy, .payload_size = p->size};
    mcu_status s = mcu_vjitter_push(v, &r, now_ns);
    free(copy);
    return s;
}
