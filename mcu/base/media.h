/* media.h - what net, mixer and recorder exchange: one coded picture or audio packet, one raw frame.
 * Thread: any; both are immutable once another holder exists, reference counts are atomic. */
#ifndef MCU_BASE_MEDIA_H
#define MCU_BASE_MEDIA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    MCU_CODEC_NONE = 0,
    MCU_CODEC_H264, /* Annex B, 4-byte start codes, one access unit; SPS and PPS before every IDR */
    MCU_CODEC_VP8,
    MCU_CODEC_OPUS, /* RTP clock 48000 */
    MCU_CODEC_PCMU,
    MCU_CODEC_PCMA,
    MCU_CODEC_G722,
    MCU_CODEC_JPEG,       /* a still: a whole JFIF file */
    MCU_CODEC_H264_UNITS, /* H.264 in slices that fit a packet each: for who takes packetization-mode 0 (RFC 6184) */
} mcu_codec;

const char *mcu_codec_name(mcu_codec c);       /* "H264", "VP8", "opus" ...: the SDP encoding name */
mcu_codec mcu_codec_by_name(const char *name); /* whatever its case; NONE = unknown or NULL */
bool mcu_codec_is_video(mcu_codec c);

#define MCU_NS_PER_SEC INT64_C(1000000000)
#define MCU_NS_PER_MS INT64_C(1000000)

/* First in a block from malloc() that is worked out of a picture, read only from then on, and freed with it. */
typedef struct mcu_au_note {
    struct mcu_au_note *next;
} mcu_au_note;

/* One coded picture (access unit) or one audio packet. */
typedef struct mcu_au {
    atomic_int refs;
    _Atomic(mcu_au_note *) notes; /* net's (mcu/net/cut.h), by any holder at any time */
    mcu_codec codec;
    bool keyframe;     /* video: decodable by itself (H.264 IDR with SPS/PPS, VP8 key frame) */
    bool entry;        /* video out: for those alone who entered since everybody's last keyframe */
    bool after_gap;    /* video in: pictures before this one were lost; false unless known */
    uint8_t tier;      /* video out: index of the tier that made it */
    uint16_t width_px; /* video out: coded size; 0 = unknown */
    uint16_t height_px;
    uint32_t ts;      /* RTP clock: 90 kHz video, 48 kHz Opus, 8 kHz G.711/G.722 */
    uint32_t seq;     /* audio in: RTP sequence number, extended to 32 bit */
    int64_t first_ns; /* video in: arrival of its first packet */
    int64_t time_ns;  /* in: arrival of its last packet; out: media clock (monotonic) of the picture or first sample */
    uint64_t scene;   /* video out: which arrangement of people it shows; ascending */
    size_t size;
    uint8_t data[]; /* `size` bytes, then MCU_AU_PADDING zero bytes (libavcodec reads past the end) */
} mcu_au;

#define MCU_AU_PADDING 64
#define MCU_AU_MAX (4u * 1024 * 1024)

/* Size bytes of room, uninitialised, refs = 1, everything else zero. NULL if size > MCU_AU_MAX. */
mcu_au *mcu_au_new(size_t size);
mcu_au *mcu_au_new_copy(const void *data, size_t size);
mcu_au *mcu_au_ref(mcu_au *au);
void mcu_au_unref(mcu_au *au); /* NULL is fine */

/* One raw picture: planar I420, BT.601 limited range. Planes are 64-byte aligned, strides multiples of 64. */
typedef struct mcu_frame {
    atomic_int refs;
    int width_px;  /* even */
    int height_px; /* even */
    uint8_t *plane[3];
    int stride[3];
    int64_t time_ns; /* arrival of the coded picture it came from, or tick of the canvas */
    uint32_t ts90k;
    uint64_t scene;                                    /* canvas: see mcu_au */
    void (*release)(struct mcu_frame *f, void *owner); /* called at refs 0; owner is a pool or NULL */
    void *owner;
} mcu_frame;

mcu_frame *mcu_frame_new(int width_px, int height_px); /* NULL if odd, < 2 or > 4096 */
mcu_frame *mcu_frame_ref(mcu_frame *f);
void mcu_frame_unref(mcu_frame *f);

#endif
