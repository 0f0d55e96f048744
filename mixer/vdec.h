/* vdec.h - one source's video decoder: checks a coded picture, then decodes it.  Thread: the source's strand.
 * H.264 and VP8 by libavcodec, one thread, no delay. Nothing that the decoder reports about sizes is trusted. */
#ifndef MIXER_VDEC_H
#define MIXER_VDEC_H

#include "mcu/base/media.h"

typedef struct mix_vdec mix_vdec;

typedef enum {
    MIX_VDEC_NONE = 0,
    MIX_VDEC_PICTURE,  /* *out is the caller's */
    MIX_VDEC_NOTHING,  /* taken in, no picture came out */
    MIX_VDEC_WANT_KEY, /* cannot go on without a keyframe; pictures are dropped until one comes */
    MIX_VDEC_REFUSED,  /* a stream that we do not decode: see mix_vdec_why() */
} mix_vdec_result;

mix_vdec *mix_vdec_new(int max_px);
void mix_vdec_free(mix_vdec *d); /* NULL is fine */

/* `au` is borrowed. The frame's time_ns is au->time_ns; its planes may belong to the decoder and must only be read. */
mix_vdec_result mix_vdec_decode(mix_vdec *d, mcu_au *au, mcu_frame **out);
/* Something was lost on the way here: drop until the next keyframe. */
void mix_vdec_gap(mix_vdec *d);

const char *mix_vdec_why(const mix_vdec *d);   /* fixed words about the last refusal, never NULL */
unsigned mix_vdec_contexts(const mix_vdec *d); /* decoders opened so far */

#endif
