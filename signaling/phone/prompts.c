#include "signaling/phone/prompts.h"

#include <glib.h>
#include <speex/speex_resampler.h>
#include <string.h>

#include "mcu/base/log.h"

#define PROMPT_MAX_BYTES (4u * 1024 * 1024)
#define QUALITY 8
#define CHUNK_HEADER 8
#define RIFF_HEADER 12

struct tel_prompts {
    char *folder;
};

tel_prompts *tel_prompts_new(const char *folder)
{
    tel_prompts *p = g_new0(tel_prompts, 1);
    p->folder = g_strdup(folder);
    return p;
}

void tel_prompts_free(tel_prompts *p)
{
    if (p) {
        g_free(p->folder);
        g_free(p);
    }
}

static uint32_t le(const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = bytes; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

/* Finds format and samples of a RIFF file; false if it is not 16 bit mono PCM. */
static bool find_samples(const uint8_t *data, size_t size, unsigned *rate_hz, const uint8_t **pcm, size_t *n)
{
    bool format = false;
    if (size < RIFF_HEADER || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0) {
        return false;
    }
    for (size_t at = RIFF_HEADER; size - at >= CHUNK_HEADER;) {
        size_t length = le(data + at + 4, 4), left = size - at - CHUNK_HEADER;
        const uint8_t *body = data + at + CHUNK_HEADER;
        length = MIN(length, left); /* what was written to a pipe has an impossible length */
        if (memcmp(data + at, "fmt ", 4) == 0 && length >= 16) {
            *rate_hz = le(body + 4, 4);
            format = le(body, 2) == 1 && le(body + 2, 2) == 1 && le(body + 14, 2) == 16 && *rate_hz >= 8000 && *rate_hz <= 48000;
        } else if (memcmp(data + at, "data", 4) == 0) {
            *pcm = body;
            *n = length / 2;
            return format;
        }
        at += CHUNK_HEADER + MIN(length + (length & 1), left);
    }
    return false;
}

static bool append(GArray *out, const uint8_t *pcm, size_t n, unsigned from_hz)
{
    int failed = 0;
    SpeexResamplerState *r = speex_resampler_init(1, from_hz, TEL_SOUND_HZ, QUALITY, &failed);
    if (!r) {
        return false;
    }
    g_autofree int16_t *in = g_new(int16_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        in[i] = (int16_t)le(pcm + 2 * i, 2);
    }
    spx_uint32_t taken = (spx_uint32_t)n, made = (spx_uint32_t)((uint64_t)n * TEL_SOUND_HZ / from_hz + 64);
    guint before = out->len;
    g_array_set_size(out, before + made);
    speex_resampler_skip_zeros(r);
    speex_resampler_process_int(r, 0, in, &taken, &g_array_index(out, int16_t, before), &made);
    g_array_set_size(out, before + made);
    speex_resampler_destroy(r);
    return true;
}

static bool load(const tel_prompts *p, const char *language, tel_prompt prompt, GArray *out)
{
    g_autofree char *name = g_strconcat(tel_prompt_name(prompt), ".wav", NULL);
    g_autofree char *path = g_build_filename(p->folder, language, name, NULL);
    g_autofree char *data = NULL;
    gsize size = 0;
    const uint8_t *pcm = NULL;
    size_t n = 0;
    unsigned from_hz = 0;
    bool ok = g_file_get_contents(path, &data, &size, NULL) && size <= PROMPT_MAX_BYTES &&
              find_samples((const uint8_t *)data, size, &from_hz, &pcm, &n) && append(out, pcm, n, from_hz);
    if (!ok) {
        mcu_error_log("phone.prompt", "language=%s prompt=%s missing=1", language, tel_prompt_name(prompt));
    }
    return ok;
}

tel_sound *tel_prompts_get(const tel_prompts *p, const char *const *languages, tel_prompt prompt)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(int16_t));
    tel_sound *sound = NULL;
    for (unsigned i = 0; languages[i]; i++) {
        load(p, languages[i], prompt, all);
    }
    if (all->len > 0) {
        sound = g_malloc(sizeof *sound + all->len * sizeof(int16_t));
        sound->n = all->len;
        memcpy(sound->pcm, all->data, all->len * sizeof(int16_t));
    }
    g_array_free(all, TRUE);
    return sound;
}
