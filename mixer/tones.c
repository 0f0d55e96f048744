#include "mixer/tones.h"

#include <opus.h>
#include <stdlib.h>

#include "mcu/base/scratch.h"
#include "mixer/adec.h"
#include "mixer/dtmf.h"
#include "mixer/g711.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

enum { TONE_HZ = 8000, WIDE_HZ = 16000, SAMPLES_MAX = MIX_PACKET_MAX / 6 };

struct mix_tones {
    mix_adec *wide;       /* G.722 */
    mix_resample *narrow; /* of that */
    OpusDecoder *opus;    /* at 8 kHz, which is a fraction of what all of it would cost */
    mix_dtmf dtmf;
};

mix_tones *mix_tones_new(mcu_codec codec)
{
    mix_tones *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    int error = 0;
    if (codec == MCU_CODEC_OPUS) {
        t->opus = opus_decoder_create(TONE_HZ, 1, &error);
    } else if (codec == MCU_CODEC_G722) {
        t->wide = mix_adec_new_line(codec, NULL);
        t->narrow = mix_resample_new(WIDE_HZ, TONE_HZ);
    }
    bool ok = t->opus || (t->wide && t->narrow) || codec == MCU_CODEC_PCMU || codec == MCU_CODEC_PCMA;
    if (!ok) {
        mix_tones_free(t);
        return NULL;
    }
    return t;
}

void mix_tones_free(mix_tones *t)
{
    if (!t) {
        return;
    }
    mix_adec_free(t->wide);
    mix_resample_free(t->narrow);
    if (t->opus) {
        opus_decoder_destroy(t->opus);
    }
    free(t);
}

static unsigned expand(const mcu_au *au, int16_t *pcm)
{
    unsigned n = au->size > SAMPLES_MAX ? 0 : (unsigned)au->size;
    mix_g711_expand(au->codec, au->data, n, pcm);
    return n;
}

static unsigned decode_wide(mix_tones *t, const mcu_au *au, int16_t *pcm)
{
    int16_t wide[2 * SAMPLES_MAX];
    unsigned n = 0;
    if (mix_adec_decode(t->wide, au->data, au->size, wide, &n) != MCU_OK) {
        return 0;
    }
    return mix_resample_run(t->narrow, wide, n - n % 2, pcm);
}

/* Samples at 8 kHz; 0 = it cannot be read. */
static unsigned decode(mix_tones *t, const mcu_au *au, int16_t *pcm)
{
    if (t->opus) {
        int n = au->size <= INT32_MAX ? opus_decode(t->opus, au->data, (opus_int32)au->size, pcm, SAMPLES_MAX, 0) : 0;
        return n > 0 ? (unsigned)n : 0;
    }
    return t->wide ? decode_wide(t, au, pcm) : expand(au, pcm);
}

bool mix_tones_push(mix_tones *t, const mcu_au *au, char *key)
{
    MCU_SCRATCH int16_t pcm[SAMPLES_MAX];
    return mix_dtmf_push(&t->dtmf, pcm, decode(t, au, pcm), key);
}
