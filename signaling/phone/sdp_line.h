/* sdp_line.h - what audio and video lines of a description have in common: where they go, their keys, their direction.  Thread:
 * any; pure functions. Private to call_sdp.c and video_sdp.c. Source: RFC 4566, RFC 3264, RFC 4568. */
#ifndef SIGNALING_PHONE_SDP_LINE_H
#define SIGNALING_PHONE_SDP_LINE_H

#include <sofia-sip/sdp.h>

#include "signaling/phone/call_sdp.h"

/* NULL: it cannot be read. The names of the profiles stay as they came. */
sdp_parser_t *tel_line_parse(su_home_t *home, const char *text, size_t size);

bool tel_line_bad(GError **error, const char *why);                     /* false: BAD_SDP */
const char *tel_line_attribute(const sdp_media_t *m, const char *name); /* also of the session; NULL = it has none */
bool tel_line_is_rtp(const sdp_media_t *m);
bool tel_line_is_secure(const sdp_media_t *m); /* RTP/SAVP, RTP/SAVPF */

/* `remote` none, without an error: "nowhere", as was once said for hold. With `mux` there is no address for RTCP. */
bool tel_line_addresses(const sdp_media_t *m, bool mux, mcu_leg_address *remote, mcu_leg_address *rtcp, GError **error);
/* *tag is that of the crypto line used, 0 = clear, and then the key is zero. */
bool tel_line_security(tel_srtp_policy policy, const sdp_media_t *m, unsigned *tag, uint8_t key[MCU_LEG_KEY_SIZE],
                       GError **error);

void tel_line_add_crypto(GString *s, const uint8_t key[MCU_LEG_KEY_SIZE], unsigned tag);
const char *tel_line_answer_mode(const sdp_media_t *m, bool nowhere); /* ours, to theirs */
void tel_line_refuse(GString *s, const sdp_media_t *m);

#endif
