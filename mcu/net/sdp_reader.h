/* sdp_reader.h - private to the SDP parser: what is known while one description is being read.  Thread: any.
 * The readers of single attributes return false after mcu_sdp_refuse(); an attribute that is merely of no use to us is skipped.
 */
#ifndef MCU_NET_SDP_READER_H
#define MCU_NET_SDP_READER_H

#include "mcu/net/sdp.h"

/* The session section is read into `session`, from which every m-line starts; `cur` is the section being read. */
typedef struct {
    mcu_sdp *sdp;
    mcu_sdp_media session;
    mcu_sdp_media *cur;
    unsigned line, section_lines;
    uint32_t repairs[MCU_SDP_MAX_SSRCS][2]; /* FID groups of this m-line: source, its repair */
    unsigned n_repairs;
    unsigned fb_all; /* a=rtcp-fb:* of this m-line */
    GError **error;
} mcu_sdp_reader;

/* Sets MCU_ERROR_BAD_SDP with the line's number; `what` is the sentence's end without a full stop. Returns false. */
bool mcu_sdp_refuse(const mcu_sdp_reader *p, const char *what);

void mcu_sdp_skip_space(const char **at);
bool mcu_sdp_read_number(const char **at, uint64_t max, uint64_t *out);
/* Copies the next word (up to a space) to `out`; false when there is none or it is too long. */
bool mcu_sdp_read_word(const char **at, char *out, size_t out_size);
bool mcu_sdp_read_direction(const char *text, size_t size, mcu_direction *out);

/* `v` is what follows "a=name:". Payloads and streams: sdp_attr_media.c; transport and identity: sdp_attr_transport.c */
bool mcu_sdp_on_rtpmap(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_fmtp(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_rtcp_fb(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_extmap(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_ssrc(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_ssrc_group(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_fingerprint(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_ice_ufrag(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_ice_pwd(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_ice_options(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_setup(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_candidate(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_mid(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_msid(mcu_sdp_reader *p, const char *v);
bool mcu_sdp_on_group(mcu_sdp_reader *p, const char *v);

#endif
