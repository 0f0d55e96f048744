/* codec_match.h - which payload formats of a description we can take, and in which order.  Thread: any; pure. Private to
 * offer/answer. H.264 is compared by profile_idc and constraint bits, never by string (RFC 6184 8.1 table 5). */
#ifndef MCU_NET_CODEC_MATCH_H
#define MCU_NET_CODEC_MATCH_H

#include "mcu/base/media.h"
#include "mcu/net/offer_answer.h"

#define MCU_H264_OUR_LEVEL 31 /* 1280x720 at 30 */

typedef enum {
    MCU_H264_NONE = 0,
    MCU_H264_BASELINE, /* 42 without constraint_set1: nobody sends its extras (FMO, ASO), so it is taken when nothing better is
                          there */
    MCU_H264_CONSTRAINED_BASELINE,
} mcu_h264_profile;

typedef struct {
    mcu_h264_profile profile;
    unsigned profile_idc, constraints;
    int level;      /* level_idc; 9 = level 1b */
    int recv_level; /* the highest that they receive; that, or `level` */
    bool asymmetry; /* what they send may be of another level than what they receive */
} mcu_h264_params;

/* From a whole fmtp; NONE for other profiles and for packetization-mode 0. */
mcu_h264_params mcu_h264_params_read(const char *fmtp);
/* "42e01f": their profile at the lower of their level and ours. */
void mcu_h264_answer_profile(const mcu_h264_params *theirs, char out[7]);

/* What who wrote `f` can decode of that codec: an H.264 level and what raises it (RFC 6184 8.1: max-recv-level, max-fs, max-mbps,
 * max-br), VP8's max-fs and max-fr (RFC 7741 6.1). What makes no sense is as if it was not there. */
mcu_decode_limits mcu_format_limits(const mcu_sdp_format *f);

/* NONE: a format that we do not take. */
mcu_codec mcu_format_codec(const mcu_sdp_format *f);

typedef struct {
    mcu_codec codec;
    const mcu_sdp_format *format;
    const mcu_sdp_format *rtx; /* NULL = none */
} mcu_pick;

#define MCU_MAX_PICKS 2
/* The formats of `m` to use: at most one a codec, each with its rtx, best first by `order` (MCU_CODEC_NONE-terminated). */
unsigned mcu_pick_formats(const mcu_sdp_media *m, const mcu_codec *order, mcu_pick picks[MCU_MAX_PICKS]);
/* The order that `local` wants for video. */
const mcu_codec *mcu_video_order(const mcu_local *local);
extern const mcu_codec mcu_audio_order[];
/* red (RFC 2198) whose blocks are all `pt`; NULL = none. */
const mcu_sdp_format *mcu_pick_red(const mcu_sdp_media *m, unsigned pt);
/* telephone-event, at 48 kHz where there is one (RFC 4733 2.1: the clock of the audio); NULL = none. */
const mcu_sdp_format *mcu_pick_dtmf(const mcu_sdp_media *m);

#endif
