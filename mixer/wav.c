#include "mixer/wav.h"

#include <speex/speex_resampler.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/status.h"
#include "mcu/base/whole_io.h"
#include "mixer/pcm.h"

enum { MIN_RATE = 8000, FILE_MAX = MIX_WAV_SECONDS * MIX_RATE * 2 + 4096, HEADER = 12, CHUNK = 8, FORMAT = 16, QUALITY = 8 };

typedef struct {
    unsigned rate;
    const uint8_t *data;
    size_t size;
} wav;

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static bool is_speech(const uint8_t *format)
{
    return le16(format) == 1 && le16(format + 2) == 1 && le16(format + 14) == 16;
}

static bool parse(const uint8_t *file, size_t size, wav *out)
{
    if (size < HEADER || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0) {
        return false;
    }
    for (size_t at = HEADER; size - at >= CHUNK && !out->data;) {
        const uint8_t *chunk = file + at;
        size_t length = le32(chunk + 4), left = size - at - CHUNK;
        length = length > left ? left : length; /* espeak-ng to a pipe says 2 GiB */
        if (memcmp(chunk, "fmt ", 4) == 0) {
            if (length < FORMAT || !is_speech(chunk + CHUNK)) {
                return false;
            }
            out->rate = le32(chunk + CHUNK + 4);
        } else if (memcmp(chunk, "data", 4) == 0) {
            out->data = chunk + CHUNK;
            out->size = length & ~(size_t)1;
        }
        at += CHUNK + length + (length & 1);
        if (at > size) {
            break;
        }
    }
    bool rate = out->rate >= MIN_RATE && out->rate <= MIX_RATE;
    return rate && out->size > 0 && out->size / 2 <= (size_t)out->rate * MIX_WAV_SECONDS;
}

static int16_t *resample(const int16_t *pcm, unsigned count, unsigned rate, unsigned *n)
{
    int failed = 0;
    SpeexResamplerState *r = speex_resampler_init(1, rate, MIX_RATE, QUALITY, &failed);
    if (r == NULL) {
        return NULL;
    }
    spx_uint32_t all = count + (spx_uint32_t)speex_resampler_get_input_latency(r); /* silence brings the last of it out */
    spx_uint32_t made = (spx_uint32_t)((uint64_t)count * MIX_RATE / rate);
    g_autofree int16_t *in = g_new0(int16_t, all);
    int16_t *out = g_new0(int16_t, made);
    memcpy(in, pcm, count * sizeof *pcm);
    speex_resampler_skip_zeros(r);
    speex_resampler_process_int(r, 0, in, &all, out, &made);
    speex_resampler_destroy(r);
    *n = made;
    return out;
}

static int16_t *to_48k(const wav *w, unsigned *n)
{
    unsigned count = (unsigned)(w->size / 2);
    g_autofree int16_t *pcm = g_new(int16_t, count);
    for (unsigned i = 0; i < count; i++) {
        pcm[i] = (int16_t)le16(w->data + 2 * i);
    }
    if (w->rate == MIX_RATE) {
        *n = count;
        return g_steal_pointer(&pcm);
    }
    return resample(pcm, count, w->rate, n);
}

int16_t *mix_wav_read(int fd, unsigned *n, GError **error)
{
    struct stat st;
    wav w = {0};
    int16_t *pcm = NULL;
    uint8_t *file = NULL;
    *n = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_MAX) {
        file = g_malloc((gsize)st.st_size);
        if (parse(file, mcu_pread_whole(fd, file, (size_t)st.st_size, 0), &w)) {
            pcm = to_48k(&w, n);
        }
    }
    g_free(file);
    if (!pcm) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "not a WAV file of 16 bit mono at 8 to 48 kHz, of at most %d s",
                    MIX_WAV_SECONDS);
    }
    return pcm;
}
