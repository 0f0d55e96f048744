/* video_sdp.h - the H.264 line of a description.  Thread: any; pure functions. Private to call_sdp.c.
 * Baseline in packetization-mode 1 or 0, the best of what is offered; no rtcp-mux, no BUNDLE. How large a picture they take
 * follows from level, max-fs, max-mbps and b=. Source: RFC 6184 8, RFC 3890 (TIAS), RFC 4585, RFC 5104. */
#ifndef SIGNALING_PHONE_VIDEO_SDP_H
#define SIGNALING_PHONE_VIDEO_SDP_H

#include <sofia-sip/sdp.h>

#include "signaling/phone/call_sdp.h"

/* The first line that fits, NULL = none: then `out` has pt 0. `text` is what `s` was read from. */
const sdp_media_t *tel_video_read(const tel_local *l, const sdp_session_t *s, const char *text, size_t size, mcu_leg_video *out);
void tel_video_answer(GString *s, const tel_local *l, const sdp_media_t *m, const mcu_leg_video *v);
void tel_video_offer(GString *s, const tel_local *l);

#endif
