/* clipgen.h - parts of tessera-clipgen.  Thread: its only one. */
#ifndef MCU_BOT_CLIPGEN_H
#define MCU_BOT_CLIPGEN_H

#include "mcu/bot/clip.h"

#define MCU_CLIPGEN_SECONDS 12
#define MCU_CLIPGEN_FPS 25
#define MCU_CLIPGEN_GOP 50 /* pictures from keyframe to keyframe */
#define MCU_CLIPGEN_WIDTH 640
#define MCU_CLIPGEN_HEIGHT 360
#define MCU_CLIPGEN_BITRATE 600000

/* H264 or VP8, of a drawn face, or of the pictures in `film` (whatever libavformat reads), again from its beginning when they
 * end. NULL with `error`. */
mcu_clip *mcu_clipgen_video(mcu_codec codec, unsigned person, bool marked, const char *film, GError **error);
/* Opus, 20 ms packets. speech_wav: 16-bit mono PCM of any rate, repeated with a pause; NULL = a pure tone of mcu_tone_hz(person),
 * for `sounding_ms` of each second, from its beginning on. */
mcu_clip *mcu_clipgen_audio(unsigned person, const char *speech_wav, unsigned sounding_ms, GError **error);

#endif
