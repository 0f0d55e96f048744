#include "mixer/aenc.h"

#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { BITRATE = 32000, COMPLEXITY = 5, LOSS_PERCENT = 10, PACKET_MAX = 1275 }; /* RFC 6716 3.4: the largest frame */

struct mix_aenc {
    size_t size;
    OpusEncoder *opus;
};

static bool configure(OpusEncoder *opus, const mix_audio_config *config)
{
    int bitrate = config && config->bitrate_bps > 0 ? config->bitrate_bps : BITRATE;
    int complexity = config && config->complexity >= 0 ? config->complexity : COMPLEXITY;
    int loss = config && config->expected_loss > 0 ? config->expected_loss : LOSS_PERCENT;
    return opus_encoder_init(opus, MIX_RATE, 1, OPUS_APPLICATION_VOIP) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_BITRATE(bitrate)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(complexity)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(1)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(loss)) == OPUS_OK &&
           opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) == OPUS_OK;
}

mix_aenc *mix_aenc_new(const mix_audio_config *config, GError **error)
{
    mix_aenc *e = calloc(1, sizeof *e);
    if (e) {
        e->size = (size_t)opus_encoder_get_size(1);
        e->opus = calloc(1, e->size);
    }
    if (!e || !e->opus || !configure(e->opus, config)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "the Opus encoder refuses its settings");
        mix_aenc_free(e);
        return NULL;
    }
    return e;
}

void mix_aenc_free(mix_aenc *e)
{
    if (!e) {
        return;
    }
    free(e->opus);
    free(e);
}

void mix_aenc_copy(mix_aenc *to, const mix_aenc *from)
{
    memcpy(to->opus, from->opus, from->size);
}

mcu_au *mix_aenc_encode(mix_aenc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns)
{
    unsigned char packet[PACKET_MAX];
    opus_int32 size = opus_encode(e->opus, pcm, MIX_BLOCK, packet, sizeof packet);
    if (size <= 0) {
        return NULL;
    }
    mcu_au *au = mcu_au_new_copy(packet, (size_t)size);
    if (au) {
        au->codec = MCU_CODEC_OPUS;
        au->ts = ts48k;
        au->time_ns = time_ns;
    }
    return au;
}
