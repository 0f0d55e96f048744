#include <math.h>
#include <opus.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mcu/bot/clipgen.h"
#include "mcu/bot/tone.h"

enum { BLOCK = 960, BLOCKS = MCU_CLIPGEN_SECONDS * 50, SAMPLES = BLOCK * BLOCKS };

static uint32_t le(const char *data, size_t bytes)
{
    uint32_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n |= (uint32_t)(uint8_t)data[i] << (8 * i);
    }
    return n;
}

/* Finds rate and samples of a mono 16-bit PCM WAV. */
static bool read_wav(const char *data, size_t size, unsigned *rate_hz, const char **pcm, size_t *samples)
{
    *rate_hz = 0;
    for (size_t at = 12; size > 12 && at + 8 <= size;) {
        const size_t n = MIN((size_t)le(data + at + 4, 4), size - at - 8);
        if (memcmp(data + at, "fmt ", 4) == 0 && n >= 16 && le(data + at + 8, 2) == 1 && le(data + at + 10, 2) == 1 &&
            le(data + at + 22, 2) == 16) {
            *rate_hz = le(data + at + 12, 4);
        } else if (memcmp(data + at, "data", 4) == 0) {
            *pcm = data + at + 8;
            *samples = n / 2;
            return *rate_hz >= 8000 && *rate_hz <= 192000 && *samples > 0;
        }
        at += 8 + n + (n & 1);
    }
    return false;
}

static int16_t sample_at(const char *pcm, size_t samples, double at)
{
    const size_t i = (size_t)at;
    if (i + 1 >= samples) {
        return 0;
    }
    const double a = (int16_t)le(pcm + 2 * i, 2);
    const double b = (int16_t)le(pcm + 2 * i + 2, 2);
    return (int16_t)(a + (b - a) * (at - (double)i));
}

/* Speech from `offset` s on, again after half a second of silence, up to the end of the loop. */
static bool speak(const char *path, int16_t *out, GError **error)
{
    g_autofree char *data = NULL;
    gsize size = 0;
    const char *pcm = NULL;
    size_t samples = 0;
    unsigned rate = 0;
    if (!g_file_get_contents(path, &data, &size, error)) {
        return false;
    }
    if (!read_wav(data, size, &rate, &pcm, &samples)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is not a mono 16-bit WAV", path);
        return false;
    }
    const double period = (double)samples * MCU_TONE_RATE_HZ / rate + MCU_TONE_RATE_HZ / 2.0;
    for (int i = 0; i < SAMPLES; i++) {
        out[i] = (int16_t)(sample_at(pcm, samples, fmod(i, period) * rate / MCU_TONE_RATE_HZ) * 0.6);
    }
    return true;
}

static void hum(unsigned person, unsigned sounding_ms, int16_t *out)
{
    for (int i = 0; i < SAMPLES; i++) {
        if (i % MCU_TONE_RATE_HZ < (int)sounding_ms * MCU_TONE_RATE_HZ / 1000) {
            out[i] = (int16_t)(MCU_TONE_AMPLITUDE * sin(2 * M_PI * mcu_tone_hz(person) * i / MCU_TONE_RATE_HZ));
        }
    }
}

mcu_clip *mcu_clipgen_audio(unsigned person, const char *speech_wav, unsigned sounding_ms, GError **error)
{
    g_autofree int16_t *pcm = g_new0(int16_t, SAMPLES);
    uint8_t packet[1500];
    int rc = 0;
    if (speech_wav == NULL) {
        hum(person, sounding_ms, pcm);
    } else if (!speak(speech_wav, pcm, error)) {
        return NULL;
    }
    OpusEncoder *e =
        opus_encoder_create(MCU_TONE_RATE_HZ, 1, speech_wav != NULL ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO, &rc);
    if (e == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot open the Opus encoder: %s", opus_strerror(rc));
        return NULL;
    }
    opus_encoder_ctl(e, OPUS_SET_BITRATE(32000));
    opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(10));
    mcu_clip *clip = mcu_clip_new(MCU_CODEC_OPUS, person, false, 20 * MCU_NS_PER_MS);
    for (int i = 0; i < BLOCKS && rc >= 0; i++) {
        rc = opus_encode(e, pcm + (ptrdiff_t)i * BLOCK, BLOCK, packet, sizeof(packet));
        if (rc > 0) {
            mcu_clip_add(clip, packet, (size_t)rc, true);
        }
    }
    opus_encoder_destroy(e);
    return clip;
}
