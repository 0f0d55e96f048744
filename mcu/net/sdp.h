/* sdp.h - a session description as text and as a struct.  Thread: any; pure functions, no shared state.
 * Knows the attributes that a BUNDLE session of WebRTC uses; what it does not know is skipped. Strings inside a mcu_sdp belong to
 * it and live as long as it does. Bounds: 64 KiB of text, 500 lines a section, 8 m-lines, 32 candidates an m-line. Source: RFC
 * 8866 (SDP), RFC 8839 (ICE), RFC 8122 (fingerprint), RFC 8285 (extmap), RFC 5576 (ssrc), RFC 4585/5104 (rtcp-fb). */
#ifndef MCU_NET_SDP_H
#define MCU_NET_SDP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCU_SDP_MAX_BYTES (64u * 1024)
#define MCU_SDP_MAX_LINES 500 /* in one section: the session's, or one m-line's */
#define MCU_SDP_MAX_MEDIA 8
#define MCU_SDP_MAX_CANDIDATES 32
#define MCU_SDP_MAX_FORMATS 64
#define MCU_SDP_MAX_EXTMAPS 32
#define MCU_SDP_MAX_SSRCS 16
#define MCU_SDP_MAX_FINGERPRINTS 4

typedef enum { MCU_SDP_NONE = 0, MCU_SDP_AUDIO, MCU_SDP_VIDEO, MCU_SDP_APPLICATION, MCU_SDP_OTHER } mcu_sdp_kind;

/* Bits, seen from whoever wrote the description. */
typedef enum {
    MCU_DIR_INACTIVE = 0,
    MCU_DIR_SENDONLY = 1,
    MCU_DIR_RECVONLY = 2,
    MCU_DIR_SENDRECV = 3,
} mcu_direction;
const char *mcu_direction_name(mcu_direction d);

typedef enum { MCU_SETUP_NONE = 0, MCU_SETUP_ACTPASS, MCU_SETUP_ACTIVE, MCU_SETUP_PASSIVE, MCU_SETUP_HOLDCONN } mcu_setup;
const char *mcu_setup_name(mcu_setup s);

typedef enum {
    MCU_FB_NACK = 1,
    MCU_FB_PLI = 2,
    MCU_FB_FIR = 4,
    MCU_FB_REMB = 8,
    MCU_FB_TWCC = 16,
} mcu_rtcp_fb; /* bits */

typedef struct {
    uint8_t pt; /* 0..127 */
    const char
        *name; /* encoding name as written ("opus", "OPUS", "rtx"); compare without case; "" = no rtpmap and not a static type */
    unsigned clock_hz;
    unsigned channels; /* 1 when absent */
    const char *fmtp;  /* parameters as written, "" = none */
    unsigned fb;       /* mcu_rtcp_fb bits, with what `a=rtcp-fb:*` gave */
    int apt;           /* rtx: the payload type it repairs, -1 = not rtx or missing */
} mcu_sdp_format;

typedef struct {
    unsigned id; /* 1..255 */
    mcu_direction direction;
    const char *uri;
} mcu_sdp_extmap;

typedef struct {
    uint32_t ssrc;
    uint32_t rtx_ssrc; /* the second of its FID group, 0 = none; a repair ssrc has no entry of its own */
    const char *cname; /* "" = not said */
} mcu_sdp_source;

typedef struct {
    char hash[12]; /* lower case: "sha-256" */
    uint8_t bytes[64];
    size_t size;
} mcu_fingerprint;

/* What may stand at session level and in an m-line; the session's is inherited by mcu_sdp_parse(). */
typedef struct {
    const char *ice_ufrag, *ice_pwd; /* "" = not said */
    bool trickle;                    /* ice-options has "trickle" */
    mcu_fingerprint fingerprints[MCU_SDP_MAX_FINGERPRINTS];
    unsigned n_fingerprints;
    mcu_setup setup;
    bool end_of_candidates;
} mcu_sdp_transport;

typedef struct {
    mcu_sdp_kind kind;
    const char *kind_text;    /* "audio", "message" ... */
    unsigned port;            /* 0 = rejected, unless bundle_only */
    const char *protocol;     /* "UDP/TLS/RTP/SAVPF" */
    const char *formats_text; /* as written after the protocol, for an m-line of another kind */
    const char *mid;          /* "" = none */
    const char *msid;         /* "stream track", "" = none */
    mcu_direction direction;
    mcu_sdp_format formats[MCU_SDP_MAX_FORMATS]; /* in the order of the m-line */
    unsigned n_formats;
    mcu_sdp_extmap extmaps[MCU_SDP_MAX_EXTMAPS]; /* with the session's */
    unsigned n_extmaps;
    mcu_sdp_source sources[MCU_SDP_MAX_SSRCS];
    unsigned n_sources;
    const char *candidates[MCU_SDP_MAX_CANDIDATES]; /* "candidate:...", both components, as written */
    unsigned n_candidates;
    mcu_sdp_transport transport;
    bool rtcp_mux, rtcp_rsize, bundle_only;
    bool crypto;    /* a=crypto was there (SDES) */
    bool simulcast; /* a=simulcast or a=rid was there */
} mcu_sdp_media;

typedef struct mcu_sdp {
    uint64_t session_id, version;
    bool ice_lite, extmap_allow_mixed;
    const char *bundle; /* mids of the first BUNDLE group, separated by one space; "" = none */
    mcu_sdp_media media[MCU_SDP_MAX_MEDIA];
    unsigned n_media;
    GStringChunk *text; /* owns every string above */
} mcu_sdp;

/* An empty description to fill; strings are put in with mcu_sdp_keep(). */
mcu_sdp *mcu_sdp_new(void);
void mcu_sdp_free(mcu_sdp *s); /* NULL is fine */
const char *mcu_sdp_keep(mcu_sdp *s, const char *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mcu_sdp, mcu_sdp_free)

/* Lines may end in CRLF or LF. NULL: MCU_ERROR_BAD_SDP with a plain sentence (what, and the line where it helps). */
mcu_sdp *mcu_sdp_parse(const char *text, GError **error);
/* CRLF lines; free with g_free. Printing what was parsed and parsing it again gives the same struct. */
char *mcu_sdp_print(const mcu_sdp *s);

/* The value of one parameter of `a=fmtp` ("apt", "profile-level-id"), copied to `out` (NUL-terminated); false when absent or too
 * long. */
bool mcu_sdp_fmtp_get(const char *fmtp, const char *key, char *out, size_t out_size);
const mcu_sdp_format *mcu_sdp_format_by_pt(const mcu_sdp_media *m, unsigned pt);
/* Whether `mid` is in the description's BUNDLE group. */
bool mcu_sdp_bundled(const mcu_sdp *s, const char *mid);

#endif
