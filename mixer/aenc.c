#include "mixer/aenc.h"

#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum {
    BITRATE = 32000,
    COMPLEXITY = 5,
    LOSS_PERCENT = 10,
    BLOCKS_MAX = 3,
    CLINICAL_BITRATE = 96000,
    WARM_BLOCKS = 3,
    PACKET_MAX = 1275
}; /* RFC 6716 3.4: the largest frame */

static const struct {
    int bitrate;
    unsigned blocks;
} PROFILES[MIX_PROFILES] = {
    [MIX_PROFILE_LESS] = {20000, 1}, [MIX_PROFILE_LONG] = {12000, BLOCKS_MAX}, [MIX_PROFILE_LEAST] = {10000, BLOCKS_MAX}};

struct mix_aenc {
    mix_audio_profile profile; /* of a thin one */
    size_t size;
    OpusEncoder *opus, *clinical;
    int complexity;
    bool wanted, used;       /* of `clinical` */
    unsigned warm;           /* blocks that the one which is to take over has coded */
    unsigned blocks, filled; /* of a packet */
    uint32_t ts48k;          /* of the first of them */
    int64_t time_ns;
    int16_t pcm[BLOCKS_MAX * MIX_BLOCK];
};

static int complexity_of(const mix_audio_config *config)
{
    return config && config->complexity >= 0 ? config->complexity : COMPLEXITY;
}

static bool configure(OpusEncoder *opus, const mix_audio_config *config, bool thin)
{
    int bitrate = thin ? PROFILES[MIX_PROFILE_LONG].bitrate : config && config->bitrate_bps > 0 ? config->bitrate_bps : BITRATE;
    int loss = config && config->expected_loss > 0 ? config->expected_loss : LOSS_PERCENT;
    return opus_encoder_init(opus, MIX_RATE, 1, OPUS_APPLICATION_VOIP) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_BITRATE(bitrate)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(complexity_of(config))) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(!thin)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(loss)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) == OPUS_OK;
}

static mix_aenc *new_encoder(const mix_audio_config *config, bool thin, GError **error)
{
    mix_aenc *e = calloc(1, sizeof *e);
    if (e) {
        e->size = (size_t)opus_encoder_get_size(1);
        e->opus = calloc(1, e->size);
        e->clinical = thin ? NULL : malloc(e->size);
        e->complexity = complexity_of(config);
    }
    if (!e || !e->opus || !(thin || e->clinical) || !configure(e->opus, config, thin)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "the Opus encoder refuses its settings");
        mix_aenc_free(e);
        return NULL;
    }
    e->profile = thin ? MIX_PROFILE_LONG : MIX_PROFILE_FULL;
    e->blocks = thin ? PROFILES[MIX_PROFILE_LONG].blocks : 1;
    return e;
}

mix_aenc *mix_aenc_new(const mix_audio_config *config, GError **error)
{
    return new_encoder(config, false, error);
}

mix_aenc *mix_aenc_new_thin(const mix_audio_config *config, GError **error)
{
    return new_encoder(config, true, error);
}

void mix_aenc_take_profile(mix_aenc *e, mix_audio_profile profile)
{
    g_assert(e->filled == 0 && e->profile != MIX_PROFILE_FULL);
    if (profile != e->profile && profile != MIX_PROFILE_FULL) {
        e->profile = profile;
        e->blocks = PROFILES[profile].blocks;
        (void)opus_encoder_ctl(e->opus, OPUS_SET_BITRATE(PROFILES[profile].bitrate)); /* within what Opus takes */
    }
}

bool mix_aenc_is_between(const mix_aenc *e)
{
    return e->filled > 0;
}

void mix_aenc_free(mix_aenc *e)
{
    if (!e) {
        return;
    }
    free(e->opus);
    free(e->clinical);
    free(e);
}

void mix_aenc_copy(mix_aenc *to, const mix_aenc *from)
{
    memcpy(to->opus, from->opus, from->size);
    to->wanted = from->wanted;
    to->used = from->used;
    to->warm = from->warm;
    if (from->wanted || from->used) {
        memcpy(to->clinical, from->clinical, from->size);
    }
}

/* No voice: no high-pass, no prediction of speech, no pauses left out. */
static void begin_clinical(mix_aenc *e)
{
    int s = opus_encoder_init(e->clinical, MIX_RATE, 1, OPUS_APPLICATION_AUDIO);
    s |= opus_encoder_ctl(e->clinical, OPUS_SET_BITRATE(CLINICAL_BITRATE));
    s |= opus_encoder_ctl(e->clinical, OPUS_SET_COMPLEXITY(e->complexity));
    s |= opus_encoder_ctl(e->clinical, OPUS_SET_SIGNAL(OPUS_SIGNAL_MUSIC));
    s |= opus_encoder_ctl(e->clinical, OPUS_SET_DTX(0));
    g_assert(s == OPUS_OK);
}

void mix_aenc_clinical(mix_aenc *e, bool clinical)
{
    if (e->wanted == clinical || !e->clinical) {
        return;
    }
    e->wanted = clinical;
    e->warm = 0;
    if (clinical && !e->used) {
        begin_clinical(e);
    } else if (!clinical && e->used) {
        opus_encoder_ctl(e->opus, OPUS_RESET_STATE);
    }
}

/* The one that is to take over codes along for a moment, unheard. */
static opus_int32 encode(mix_aenc *e, unsigned char packet[PACKET_MAX])
{
    int n = (int)e->blocks * MIX_BLOCK;
    if (e->used != e->wanted && e->warm == WARM_BLOCKS) {
        e->used = e->wanted;
    } else if (e->used != e->wanted) {
        e->warm++;
        opus_int32 unheard = opus_encode(e->wanted ? e->clinical : e->opus, e->pcm, n, packet, PACKET_MAX);
        if (unheard <= 0) {
            return unheard;
        }
    }
    return opus_encode(e->used ? e->clinical : e->opus, e->pcm, n, packet, PACKET_MAX);
}

mcu_au *mix_aenc_encode(mix_aenc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns)
{
    unsigned char packet[PACKET_MAX];
    if (e->filled == 0) {
        e->ts48k = ts48k;
        e->time_ns = time_ns;
    }
    memcpy(e->pcm + (size_t)e->filled * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
    if (++e->filled < e->blocks) {
        return NULL;
    }
    e->filled = 0;
    opus_int32 size = encode(e, packet);
    if (size <= 0) {
        return NULL;
    }
    mcu_au *au = mcu_au_new_copy(packet, (size_t)size);
    if (au) {
        au->codec = MCU_CODEC_OPUS;
        au->ts = e->ts48k;
        au->time_ns = e->time_ns;
    }
    return au;
}
