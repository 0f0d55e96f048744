/* offer_answer.h - offers and answers as pure functions: their description + what we want -> our text + what was agreed.
 * Thread: any; no state, no clock, no randomness: credentials, ssrcs and session ids come in by mcu_local.
 * One BUNDLE transport with rtcp-mux; at most one audio and one video m-line carry media, and a second video m-line brings a
 * shared screen; others are answered with port 0. Every refusal is MCU_ERROR_BAD_SDP with a plain sentence, and `out` is then
 * untouched. Source: RFC 3264, RFC 9429 (JSEP), RFC 9143 (BUNDLE), RFC 8842 (DTLS roles), RFC 6184 8.2.2 (H.264), RFC 7587
 * (Opus). */
#ifndef MCU_NET_OFFER_ANSWER_H
#define MCU_NET_OFFER_ANSWER_H

#include "mcu/base/decode_limits.h"
#include "mcu/base/media.h"
#include "mcu/net/sdp.h"

#define MCU_MAX_RECV_PTS 8
#define MCU_MID_MAX 32

/* Our side of it. Everything is borrowed for the call. */
typedef struct {
    bool prefer_h264;
    bool send_audio, send_video, recv_audio, recv_video;
    bool recv_content;             /* a second video m-line that they send; only the answering role has it */
    const mcu_codec *video_codecs; /* MCU_CODEC_NONE-terminated order; NULL = H264, VP8 (VP8, H264 without prefer_h264) */
    const char *ice_ufrag, *ice_pwd;
    mcu_fingerprint fingerprint;
    uint32_t audio_ssrc, video_ssrc, video_rtx_ssrc; /* nonzero */
    const char *cname;
    const char *stream_id;         /* msid of what we send */
    uint64_t session_id;           /* o= line: the same for the life of the peer, < 2^63 */
    unsigned version;              /* grows by one with every description */
    const char *const *candidates; /* NULL-terminated "candidate:..."; NULL = none yet */
    bool end_of_candidates;        /* gathering is complete */
} mcu_local;

/* One payload type that the remote may send us. */
typedef struct {
    uint8_t pt;
    mcu_codec codec; /* NONE: repair (apt >= 0) or telephone-event (dtmf) */
    int apt;         /* rtx, red: the payload type it repairs; else -1 */
    bool dtmf;
} mcu_recv_pt;

/* Header extension ids of one m-line; 0 = not agreed. An id may mean something else in the other m-line. */
typedef struct {
    uint8_t mid, twcc, audio_level, abs_send_time, playout_delay;
} mcu_ext_ids;

typedef struct {
    bool accepted;  /* false: rejected or not there; the rest is then zero */
    unsigned index; /* its m-line, from 0 */
    char mid[MCU_MID_MAX + 1];
    bool send, recv;      /* from us, to us */
    mcu_codec send_codec; /* NONE when not sending */
    uint8_t send_pt;
    uint8_t send_rtx_pt; /* 0 = no rtx */
    uint8_t red_pt;      /* redundant audio, both ways; 0 = none */
    mcu_recv_pt recv_pts[MCU_MAX_RECV_PTS];
    unsigned n_recv_pts;
    mcu_ext_ids ext; /* both ways */
    unsigned fb;     /* mcu_rtcp_fb bits agreed for the chosen codec */
    bool rtcp_rsize;
    uint32_t remote_ssrc, remote_rtx_ssrc; /* 0 = not said: learn from the wire (mid, payload type) */
    char remote_cname[64];
    mcu_decode_limits limits; /* what they can decode of send_codec; video only */
    char h264_profile[7];     /* profile-level-id of our answer, "" = not H.264 */
    bool opus_fec;            /* they want in-band FEC */
    bool opus_stereo;         /* they want stereo */
    int dtmf_pt;              /* telephone-event, -1 = none */
    unsigned dtmf_clock_hz;
} mcu_neg_media;

typedef struct {
    mcu_neg_media audio, video;
    mcu_neg_media content;             /* a screen that they share beside their video; never sent to them */
    char bundle_mid[MCU_MID_MAX + 1];  /* mid for our candidates */
    char ice_ufrag[257], ice_pwd[257]; /* theirs */
    mcu_fingerprint fingerprint;       /* theirs: the strongest that they gave */
    bool dtls_client;                  /* we start the handshake (setup:active) */
    bool ice_lite, trickle;            /* theirs */
    bool end_of_candidates;            /* in their description */
    bool ice_changed;                  /* against `previous`: their credentials differ (ICE restart) */
    bool dtls_changed;                 /* against `previous`: their fingerprint differs (new DTLS association needed) */
    char candidates[MCU_SDP_MAX_CANDIDATES][256]; /* theirs, "candidate:...", component 1 of the BUNDLE m-line */
    unsigned n_candidates;
} mcu_negotiated;

/* Answering role. `previous` is NULL for the first offer; with it m-lines and the DTLS role are kept and changes are flagged.
 * When they restart ICE (out->ice_changed) the answer needs fresh credentials in `local`: look with mcu_offer_restarts_ice()
 * first. Free with g_free. */
char *mcu_answer_make(const mcu_sdp *offer, const mcu_local *local, const mcu_negotiated *previous, mcu_negotiated *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool mcu_offer_restarts_ice(const mcu_sdp *offer, const mcu_negotiated *previous);

/* Offering role: audio is mid "0", video mid "1", always both, inactive where we neither send nor receive. An ICE restart is an
 * offer with new credentials in `local`. Free with g_free. */
char *mcu_offer_make(const mcu_local *local) G_GNUC_WARN_UNUSED_RESULT;
/* `local` as it was given to mcu_offer_make(). */
bool mcu_answer_accept(const mcu_sdp *answer, const mcu_local *local, const mcu_negotiated *previous, mcu_negotiated *out,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A description of ours with these candidates in its BUNDLE m-line instead of what was there. Free with g_free. */
char *mcu_description_with_candidates(const char *ours, const char *const *candidates, bool end_of_candidates);

#endif
