#include "mcu/net/srtp.h"

#include "mcu/base/bytes.h"
#include "mcu/net/rtp.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <string.h>

#define REPLAY_WINDOW 1024
#define PACKET_MAX 65535
#define SEEK_PACKETS 100 /* refused ones, before the roll-over counter is taken to be as it was said */
#define SEEK_TURNS 4     /* counters tried for each of them: four turns are an hour of 20 ms packets */

struct mcu_srtp {
    srtp_t in, out;
    size_t rtp_min, rtcp_min; /* header and tag: anything shorter is not worth a key */
    mcu_srtp_position at;
    unsigned seeking; /* packets of at.ssrc_in for which its roll-over counter may still be looked for */
};

const char *mcu_srtp_profile_name(mcu_srtp_profile p)
{
    switch (p) {
    case MCU_SRTP_AES128_CM_SHA1_80:
        return "AES_CM_128_HMAC_SHA1_80";
    case MCU_SRTP_AEAD_AES_128_GCM:
        return "AEAD_AES_128_GCM";
    case MCU_SRTP_NONE:
        break;
    }
    return "none";
}

size_t mcu_srtp_key_size(mcu_srtp_profile p)
{
    return p == MCU_SRTP_NONE ? 0 : 16;
}

size_t mcu_srtp_salt_size(mcu_srtp_profile p)
{
    return p == MCU_SRTP_NONE ? 0 : p == MCU_SRTP_AEAD_AES_128_GCM ? 12 : 14;
}

static size_t tag_size(mcu_srtp_profile p)
{
    return p == MCU_SRTP_AEAD_AES_128_GCM ? 16 : 10;
}

/* `ssrc` 0 = any of that direction; else that one, and any other as well. */
static srtp_t open_session(mcu_srtp_profile profile, uint8_t *key, srtp_ssrc_type_t direction, uint32_t ssrc)
{
    srtp_profile_t lib = profile == MCU_SRTP_AEAD_AES_128_GCM ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, lib) != srtp_err_status_ok ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, lib) != srtp_err_status_ok) {
        return NULL;
    }
    policy.ssrc.type = direction;
    policy.key = key;
    policy.window_size = REPLAY_WINDOW;
    policy.allow_repeat_tx = 1; /* the same bytes again, for receivers without RTX; never other bytes under one index */
    srtp_policy_t one = policy;
    one.ssrc = (srtp_ssrc_t){.type = ssrc_specific, .value = ssrc};
    policy.next = ssrc != 0 ? &one : NULL;
    srtp_t session = NULL;
    return srtp_create(&session, &policy) == srtp_err_status_ok ? session : NULL;
}

static pthread_once_t warm_once = PTHREAD_ONCE_INIT;
static bool warm_ok;

static void warm(void)
{
    mcu_srtp_keys keys = {.profile = MCU_SRTP_AEAD_AES_128_GCM};
    if (srtp_init() != srtp_err_status_ok) {
        return;
    }
    srtp_t session = open_session(keys.profile, keys.local, ssrc_any_outbound, 0);
    warm_ok = session != NULL;
    if (session != NULL) {
        srtp_dealloc(session);
    }
}

bool mcu_srtp_warm(GError **error)
{
    pthread_once(&warm_once, warm);
    if (!warm_ok) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "libsrtp did not start");
    }
    return warm_ok;
}

/* The library has no way to set the SRTCP index: it is counted up. */
static bool skip_reports(mcu_srtp *s, uint32_t ssrc, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t packet[8 + MCU_SRTP_OVERHEAD] = {0x80, 201, 0, 1};
        size_t size = 8;
        mcu_wr32(packet + 4, ssrc);
        if (mcu_srtp_protect_rtcp(s, packet, &size) != MCU_OK) {
            return false;
        }
    }
    return true;
}

static bool set_position(mcu_srtp *s, const mcu_srtp_position *at)
{
    s->at = *at;
    s->seeking = at->ssrc_in != 0 ? SEEK_PACKETS : 0;
    return at->ssrc_out == 0 || (srtp_set_stream_roc(s->out, at->ssrc_out, at->roc_out) == srtp_err_status_ok &&
                                 at->srtcp_index <= UINT16_MAX && skip_reports(s, at->ssrc_out, at->srtcp_index));
}

mcu_srtp *mcu_srtp_new(const mcu_srtp_keys *keys, GError **error)
{
    return mcu_srtp_new_at(keys, &(mcu_srtp_position){0}, error);
}

mcu_srtp *mcu_srtp_new_at(const mcu_srtp_keys *keys, const mcu_srtp_position *at, GError **error)
{
    if (!mcu_srtp_warm(error)) {
        return NULL;
    }
    mcu_srtp_keys copy = *keys; /* the library's policy wants writable keys */
    mcu_srtp *s = g_new0(mcu_srtp, 1);
    if (keys->profile != MCU_SRTP_NONE) {
        s->out = open_session(keys->profile, copy.local, ssrc_any_outbound, at->ssrc_out);
        s->in = open_session(keys->profile, copy.remote, ssrc_any_inbound, at->ssrc_in);
    }
    OPENSSL_cleanse(&copy, sizeof copy);
    if (s->in == NULL || s->out == NULL || !set_position(s, at)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot open an SRTP session");
        mcu_srtp_free(s);
        return NULL;
    }
    s->rtp_min = 12 + tag_size(keys->profile);
    s->rtcp_min = 8 + 4 + tag_size(keys->profile);
    return s;
}

void mcu_srtp_free(mcu_srtp *s)
{
    if (s == NULL) {
        return;
    }
    if (s->in != NULL) {
        srtp_dealloc(s->in);
    }
    if (s->out != NULL) {
        srtp_dealloc(s->out);
    }
    g_free(s);
}

mcu_status mcu_srtp_protect_rtp(mcu_srtp *s, uint8_t *packet, size_t *size)
{
    int n = (int)*size;
    if (*size < 12 || *size > PACKET_MAX || srtp_protect(s->out, packet, &n) != srtp_err_status_ok) {
        return MCU_EINVAL;
    }
    *size = (size_t)n;
    return MCU_OK;
}

mcu_status mcu_srtp_protect_rtcp(mcu_srtp *s, uint8_t *packet, size_t *size)
{
    int n = (int)*size;
    if (*size < 8 || *size > PACKET_MAX || srtp_protect_rtcp(s->out, packet, &n) != srtp_err_status_ok) {
        return MCU_EINVAL;
    }
    *size = (size_t)n;
    return MCU_OK;
}

/* The library subtracts header and tag from the length: what is shorter than CSRCs, extension and tag must not reach it. */
static bool rtp_long_enough(const mcu_srtp *s, const uint8_t *packet, size_t size)
{
    if (size < s->rtp_min || size > PACKET_MAX || (packet[0] >> 6) != 2) {
        return false;
    }
    size_t need = s->rtp_min + (size_t)(packet[0] & 15) * 4;
    if (packet[0] & 0x10) {
        size_t at = 12 + (size_t)(packet[0] & 15) * 4;
        if (size < at + 4) {
            return false;
        }
        need += 4 + (size_t)(packet[at + 2] << 8 | packet[at + 3]) * 4;
    }
    return size >= need;
}

/* RFC 3711 3.3.1: the counter that brings `seq` nearest to the newest index known. */
static uint32_t nearest_roc(const mcu_srtp_position *at, uint16_t seq)
{
    int64_t known = (int64_t)at->roc_in << 16 | at->seq_in;
    int64_t index = known + mcu_seq_diff(seq, at->seq_in);
    return index < 0 ? 0 : (uint32_t)(index >> 16);
}

/* The first packets after a hand-over. Authentication comes before decryption: a packet that fails is as it was. */
static bool unprotect_seeking(mcu_srtp *s, uint8_t *packet, int *size)
{
    uint32_t roc = nearest_roc(&s->at, mcu_rtp_get_seq(packet));
    for (unsigned turn = 0; turn < SEEK_TURNS; turn++) {
        int n = *size;
        if (srtp_set_stream_roc(s->in, s->at.ssrc_in, roc + turn) == srtp_err_status_ok &&
            srtp_unprotect(s->in, packet, &n) == srtp_err_status_ok) {
            s->seeking = 0;
            *size = n;
            return true;
        }
    }
    s->seeking--;
    (void)srtp_set_stream_roc(s->in, s->at.ssrc_in, roc);
    return false;
}

mcu_status mcu_srtp_unprotect_rtp(mcu_srtp *s, uint8_t *packet, size_t *size)
{
    if (!rtp_long_enough(s, packet, *size)) {
        return MCU_EAUTH;
    }
    int n = (int)*size;
    bool seek = s->seeking > 0 && mcu_rd32(packet + 8) == s->at.ssrc_in;
    bool ok = seek ? unprotect_seeking(s, packet, &n) : srtp_unprotect(s->in, packet, &n) == srtp_err_status_ok;
    if (!ok || n < 12) {
        return MCU_EAUTH;
    }
    *size = (size_t)n;
    return MCU_OK;
}

uint32_t mcu_srtp_roc_in(const mcu_srtp *s, uint32_t ssrc)
{
    uint32_t roc = 0;
    if (ssrc == s->at.ssrc_in && s->seeking > 0) {
        return s->at.roc_in;
    }
    return srtp_get_stream_roc(s->in, ssrc, &roc) == srtp_err_status_ok ? roc : 0;
}

mcu_status mcu_srtp_unprotect_rtcp(mcu_srtp *s, uint8_t *packet, size_t *size)
{
    int n = (int)*size;
    if (*size < s->rtcp_min || *size > PACKET_MAX || (packet[0] >> 6) != 2 ||
        srtp_unprotect_rtcp(s->in, packet, &n) != srtp_err_status_ok || n < 8) {
        return MCU_EAUTH;
    }
    *size = (size_t)n;
    return MCU_OK;
}
