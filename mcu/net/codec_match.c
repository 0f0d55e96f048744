#include "mcu/net/codec_match.h"

#include <string.h>

const mcu_codec mcu_audio_order[] = {MCU_CODEC_OPUS, MCU_CODEC_NONE};

static mcu_h264_profile profile_of(unsigned idc, unsigned constraints)
{
    const bool set0 = (constraints & 0x80) != 0;
    const bool set1 = (constraints & 0x40) != 0;
    if ((idc == 66 && set1) || (idc == 77 && set0) || (idc == 88 && set0 && set1)) {
        return MCU_H264_CONSTRAINED_BASELINE;
    }
    return idc == 66 ? MCU_H264_BASELINE : MCU_H264_NONE;
}

static bool read_hex_byte(const char *text, unsigned *out)
{
    if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1])) {
        return false;
    }
    *out = (unsigned)(g_ascii_xdigit_value(text[0]) * 16 + g_ascii_xdigit_value(text[1]));
    return true;
}

/* H.264 A.3.1: set3 makes 11 into 1b. */
static int level_of(unsigned level_idc, unsigned constraints)
{
    return level_idc == 11 && (constraints & 0x10) != 0 ? 9 : (int)level_idc;
}

/* RFC 6184 8.1: profile-iop and level_idc; 0 = not there, or no two bytes. */
static int max_recv_level(const char *fmtp)
{
    char text[8];
    unsigned constraints = 0;
    unsigned level = 0;
    const bool there = mcu_sdp_fmtp_get(fmtp, "max-recv-level", text, sizeof(text)) && strlen(text) == 4;
    return there && read_hex_byte(text, &constraints) && read_hex_byte(text + 2, &level) ? level_of(level, constraints) : 0;
}

mcu_h264_params mcu_h264_params_read(const char *fmtp)
{
    mcu_h264_params out = {0};
    char mode[4];
    char id[16];
    unsigned level = 0;
    if (!mcu_sdp_fmtp_get(fmtp, "packetization-mode", mode, sizeof(mode)) || mode[0] != '1' || mode[1] != '\0') {
        return out;
    }
    if (!mcu_sdp_fmtp_get(fmtp, "profile-level-id", id, sizeof(id))) {
        g_strlcpy(id, "42e01f", sizeof(id)); /* what libwebrtc assumes; RFC 6184's default (level 1) is never meant */
    }
    if (!read_hex_byte(id, &out.profile_idc) || !read_hex_byte(id + 2, &out.constraints) || !read_hex_byte(id + 4, &level) ||
        id[6] != '\0') {
        return (mcu_h264_params){0};
    }
    out.profile = profile_of(out.profile_idc, out.constraints);
    char asymmetry[4];
    out.asymmetry =
        mcu_sdp_fmtp_get(fmtp, "level-asymmetry-allowed", asymmetry, sizeof(asymmetry)) && strcmp(asymmetry, "1") == 0;
    out.level = level_of(level, out.constraints);
    out.recv_level = MAX(out.level, max_recv_level(fmtp));
    return out;
}

void mcu_h264_answer_profile(const mcu_h264_params *theirs, char out[7])
{
    const bool lower = theirs->level < MCU_H264_OUR_LEVEL;
    const unsigned level = !lower ? MCU_H264_OUR_LEVEL : theirs->level == 9 ? 11 : (unsigned)theirs->level;
    (void)g_snprintf(out, 7, "%02x%02x%02x", theirs->profile_idc & 0xff, theirs->constraints & 0xff, level);
}

static unsigned fmtp_number(const char *fmtp, const char *key)
{
    char text[12];
    guint64 value = 0;
    const bool there =
        mcu_sdp_fmtp_get(fmtp, key, text, sizeof(text)) && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &value, NULL);
    return there ? (unsigned)value : 0;
}

static mcu_decode_limits h264_limits(const char *fmtp)
{
    const mcu_h264_params p = mcu_h264_params_read(fmtp);
    /* RFC 6184 8.2.2: without asymmetry one level holds both ways, the lower of theirs and ours; with it what they receive */
    mcu_decode_limits l = mcu_h264_level_limits(p.asymmetry ? p.recv_level : MIN(p.level, MCU_H264_OUR_LEVEL));
    l.max_mbs = MAX(l.max_mbs, fmtp_number(fmtp, "max-fs"));
    l.max_mbps = MAX(l.max_mbps, fmtp_number(fmtp, "max-mbps"));
    l.max_kbps = MAX(l.max_kbps, fmtp_number(fmtp, "max-br"));
    return l;
}

mcu_decode_limits mcu_format_limits(const mcu_sdp_format *f)
{
    const mcu_codec codec = mcu_format_codec(f);
    if (codec == MCU_CODEC_H264) {
        return h264_limits(f->fmtp);
    }
    if (codec == MCU_CODEC_VP8) {
        return (mcu_decode_limits){.max_mbs = fmtp_number(f->fmtp, "max-fs"), .max_fps = fmtp_number(f->fmtp, "max-fr")};
    }
    return (mcu_decode_limits){0};
}

mcu_codec mcu_format_codec(const mcu_sdp_format *f)
{
    if (f->clock_hz == 90000 && g_ascii_strcasecmp(f->name, "VP8") == 0) {
        return MCU_CODEC_VP8;
    }
    if (f->clock_hz == 90000 && g_ascii_strcasecmp(f->name, "H264") == 0) {
        return mcu_h264_params_read(f->fmtp).profile != MCU_H264_NONE ? MCU_CODEC_H264 : MCU_CODEC_NONE;
    }
    if (f->clock_hz == 48000 && f->channels == 2 && g_ascii_strcasecmp(f->name, "opus") == 0) {
        return MCU_CODEC_OPUS;
    }
    return MCU_CODEC_NONE;
}

static const mcu_sdp_format *rtx_of(const mcu_sdp_media *m, unsigned pt)
{
    for (unsigned i = 0; i < m->n_formats; i++) {
        const mcu_sdp_format *f = &m->formats[i];
        if (f->apt == (int)pt && f->pt != pt && f->clock_hz == 90000) {
            return f;
        }
    }
    return NULL;
}

static const mcu_sdp_format *best_of_codec(const mcu_sdp_media *m, mcu_codec codec)
{
    const mcu_sdp_format *best = NULL;
    mcu_h264_profile best_profile = MCU_H264_NONE;
    for (unsigned i = 0; i < m->n_formats; i++) {
        const mcu_sdp_format *f = &m->formats[i];
        if (mcu_format_codec(f) != codec) {
            continue;
        }
        if (codec != MCU_CODEC_H264) {
            return f;
        }
        const mcu_h264_profile profile = mcu_h264_params_read(f->fmtp).profile;
        if (best == NULL || profile > best_profile) {
            best = f;
            best_profile = profile;
        }
    }
    return best;
}

unsigned mcu_pick_formats(const mcu_sdp_media *m, const mcu_codec *order, mcu_pick picks[MCU_MAX_PICKS])
{
    unsigned n = 0;
    for (; *order != MCU_CODEC_NONE && n < MCU_MAX_PICKS; order++) {
        const mcu_sdp_format *f = best_of_codec(m, *order);
        if (f != NULL) {
            picks[n++] = (mcu_pick){*order, f, rtx_of(m, f->pt)};
        }
    }
    return n;
}

const mcu_codec *mcu_video_order(const mcu_local *local)
{
    static const mcu_codec h264_first[] = {MCU_CODEC_H264, MCU_CODEC_VP8, MCU_CODEC_NONE};
    static const mcu_codec vp8_first[] = {MCU_CODEC_VP8, MCU_CODEC_H264, MCU_CODEC_NONE};
    if (local->video_codecs != NULL) {
        return local->video_codecs;
    }
    return local->prefer_h264 ? h264_first : vp8_first;
}

const mcu_sdp_format *mcu_pick_dtmf(const mcu_sdp_media *m)
{
    const mcu_sdp_format *found = NULL;
    for (unsigned i = 0; i < m->n_formats; i++) {
        const mcu_sdp_format *f = &m->formats[i];
        if (g_ascii_strcasecmp(f->name, "telephone-event") == 0 &&
            (found == NULL || (found->clock_hz != 48000 && f->clock_hz == 48000))) {
            found = f;
        }
    }
    return found;
}

/* RFC 2198 5: "111/111", one payload type a block */
static bool only_of(const char *fmtp, unsigned pt)
{
    g_auto(GStrv) parts = g_strsplit(fmtp, "/", 0);
    for (char **part = parts; *part != NULL; part++) {
        guint64 value = 0;
        if (!g_ascii_string_to_unsigned(*part, 10, 0, 127, &value, NULL) || value != pt) {
            return false;
        }
    }
    return parts[0] != NULL;
}

const mcu_sdp_format *mcu_pick_red(const mcu_sdp_media *m, unsigned pt)
{
    const mcu_sdp_format *of = mcu_sdp_format_by_pt(m, pt);
    for (unsigned i = 0; of != NULL && i < m->n_formats; i++) {
        const mcu_sdp_format *f = &m->formats[i];
        if (g_ascii_strcasecmp(f->name, "red") == 0 && f->clock_hz == of->clock_hz && f->channels == of->channels &&
            f->pt != pt && only_of(f->fmtp, pt)) {
            return f;
        }
    }
    return NULL;
}
