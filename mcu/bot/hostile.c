#include "mcu/bot/hostile.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/net/peer_test.h"

enum { RANDOM_PICTURE = 900, RAW = 60, RTP_HEADER = 12 };

/* Annex B: High 4:4:4 at 10 bit, baseline of 16384x16384, and a picture order count that never ends. */
static const uint8_t absurd[][24] = {
    {0, 0, 0, 1, 0x67, 0xf4, 0x00, 0x1f, 0x91, 0x9b, 0x28, 0x14, 0x05, 0xff, 0xff, 0xff, 0xff, 0xe0},
    {0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x3e, 0x8c, 0x68, 0x00, 0x20, 0x00, 0x08, 0x00, 0x02, 0x00, 0x80, 0x40},
    {0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0x00, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
};

static mcu_au *random_picture(bool h264)
{
    uint8_t data[RANDOM_PICTURE];
    mcu_random(data, sizeof data);
    if (h264) {
        memcpy(data, (const uint8_t[]){0, 0, 0, 1}, 4);
        data[4] = (uint8_t)(data[4] & 0x7f);
    }
    return mcu_au_new_copy(data, sizeof data);
}

static mcu_au *absurd_parameters(const mcu_au *au, unsigned which)
{
    const uint8_t *head = absurd[which % G_N_ELEMENTS(absurd)];
    mcu_au *out = mcu_au_new(sizeof absurd[0] + au->size);
    memcpy(out->data, head, sizeof absurd[0]);
    memcpy(out->data + sizeof absurd[0], au->data, au->size);
    return out;
}

static mcu_au *flipped(const mcu_au *au)
{
    mcu_au *out = mcu_au_new_copy(au->data, au->size);
    for (unsigned k = 0; k < 16; k++) {
        out->data[5 + mcu_random32() % (uint32_t)(au->size - 5)] ^= (uint8_t)(1U << (mcu_random32() % 8));
    }
    return out;
}

mcu_au *mcu_hostile_picture(const mcu_au *au, unsigned n)
{
    bool h264 = au->codec == MCU_CODEC_H264;
    mcu_au *out = NULL;
    if (au->size > 16) {
        switch (n % 4) {
        case 0:
            out = random_picture(h264);
            break;
        case 1:
            out = h264 ? absurd_parameters(au, n / 4) : flipped(au);
            break;
        case 2:
            out = n % 8 == 2 ? mcu_au_new_copy(au->data, au->size / 3) : flipped(au);
            break;
        default:
            break;
        }
    }
    if (out == NULL) {
        out = mcu_au_new_copy(au->data, au->size);
    }
    out->codec = au->codec;
    out->keyframe = au->keyframe;
    out->ts = au->ts;
    out->time_ns = au->time_ns;
    return out;
}

void mcu_hostile_packets(mcu_peer *peer, unsigned n)
{
    uint8_t packet[RAW + 128];
    mcu_random(packet, sizeof packet);
    packet[0] = n % 3 == 0 ? 0x9f : 0x80; /* sometimes 15 contributing sources and an extension */
    packet[1] = n % 2 == 0 ? 96 : 201;
    (void)mcu_peer_test_send_raw(peer, packet, n % RAW);
    packet[0] = 0x80;
    packet[1] = (uint8_t)(96 + n % 32);
    (void)mcu_peer_test_send_rtp(peer, packet, RTP_HEADER + n % RAW);
    packet[0] = (uint8_t)(0x80 | (n & 0x1f));
    packet[1] = (uint8_t)(200 + n % 8);
    (void)mcu_peer_test_send_rtcp(peer, packet, 8 + 4 * (n % 12));
}

char *mcu_hostile_offer(const char *sdp, const char *lie)
{
    const char *attribute = strcmp(lie, "fingerprint") == 0 ? "a=fingerprint:sha-256 " : "a=ice-pwd:";
    char *out = g_strdup(sdp);
    for (char *at = strstr(out, attribute); at != NULL; at = strstr(at, attribute)) {
        at += strlen(attribute);
        *at = *at == 'A' ? 'B' : 'A';
    }
    return out;
}
