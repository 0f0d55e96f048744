/* negotiate.h - what answering and offering share: reading the remote's side, writing ours.  Thread: any; pure. Private to
 * offer/answer. */
#ifndef MCU_NET_NEGOTIATE_H
#define MCU_NET_NEGOTIATE_H

#include "mcu/net/codec_match.h"

#define MCU_URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define MCU_URI_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define MCU_URI_AUDIO_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define MCU_URI_ABS_SEND_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define MCU_URI_PLAYOUT_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

/* Sets MCU_ERROR_BAD_SDP; returns false. */
bool mcu_negotiate_refuse(GError **error, const char *sentence);

/* RTP over DTLS, not SDES, rtcp-mux, not rejected. `why` (may be NULL) gets the end of a sentence when false. */
bool mcu_media_usable(const mcu_sdp_media *m, const char **why);

/* The m-line whose transport attributes stand for the BUNDLE: `tag`, or another of its group when it has none. */
const mcu_sdp_media *mcu_transport_media(const mcu_sdp *s, const mcu_sdp_media *tag);
/* Their credentials, fingerprint and candidates; and what changed against `previous` (may be NULL). Setup is the caller's. */
bool mcu_negotiate_transport(const mcu_sdp *remote, const mcu_sdp_media *tag, const mcu_negotiated *previous, mcu_negotiated *out,
                             GError **error);

/* Extension ids that we understand in `m`; one whose id we agreed to with another meaning in `other` (NULL = none) is left
 * out (RFC 9143 9.1: one meaning an id in a BUNDLE). */
mcu_ext_ids mcu_negotiate_extensions(const mcu_sdp_media *m, const mcu_sdp_media *other);
/* What of their feedback we take: everything we know for video, transport-cc for audio; transport-cc only with its extension. */
unsigned mcu_agreed_feedback(mcu_sdp_kind kind, unsigned theirs, const mcu_ext_ids *ext);
/* Fills codec-dependent and stream members of `out` from their m-line; recv_pts are left to the caller. */
void mcu_negotiate_media(const mcu_sdp_media *theirs, const mcu_pick *picks, unsigned n_picks, mcu_neg_media *out);
void mcu_neg_add_recv(mcu_neg_media *out, unsigned pt, mcu_codec codec, int apt, bool dtmf);

/* Ours: o= line and flags; transport attributes; msid and ssrc lines of what we send. */
mcu_sdp *mcu_local_session(const mcu_local *local);
void mcu_local_transport(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local, mcu_setup setup);
void mcu_local_candidates(mcu_sdp *s, mcu_sdp_media *m, const char *const *candidates, bool end_of_candidates);
void mcu_local_sources(mcu_sdp *s, mcu_sdp_media *m, const mcu_local *local, bool rtx);
void mcu_add_extmap(mcu_sdp *s, mcu_sdp_media *m, unsigned id, mcu_direction direction, const char *uri);
mcu_sdp_format *mcu_add_format(mcu_sdp_media *m, unsigned pt, const char *name, unsigned clock_hz, unsigned channels,
                               const char *fmtp);
/* Adds red whose blocks are `of`, under payload type `pt`. */
void mcu_add_red(mcu_sdp *s, mcu_sdp_media *m, unsigned pt, const mcu_sdp_format *of);
/* Adds rtx for `apt` under payload type `pt`. */
void mcu_add_rtx(mcu_sdp *s, mcu_sdp_media *m, unsigned pt, unsigned apt);

#define MCU_OPUS_FMTP "useinbandfec=1;minptime=10;stereo=0"

#endif
