#include "mcu/bot/hearing.h"

#include <glib.h>
#include <opus.h>
#include <string.h>

enum { WINDOW = 9600, MAX_FRAME = 5760, MAX_CONCEAL = 10 };

struct mcu_hearing {
    OpusDecoder *decoder;
    unsigned n_tones;
    bool started;
    uint32_t next_seq;
    int frame; /* samples of the last packet */
    unsigned filled;
    int16_t window[WINDOW];
    mcu_hearing_stats stats;
};

mcu_hearing *mcu_hearing_new(unsigned n_tones)
{
    mcu_hearing *h = g_new0(mcu_hearing, 1);
    int rc = 0;
    h->decoder = opus_decoder_create(MCU_TONE_RATE_HZ, 1, &rc);
    g_assert(h->decoder != NULL);
    h->n_tones = MIN(n_tones, MCU_HEARING_MAX_TONES);
    h->frame = 960;
    h->stats.rms_db = -120;
    for (unsigned i = 0; i < MCU_HEARING_MAX_TONES; i++) {
        h->stats.level_db[i] = -120;
    }
    return h;
}

void mcu_hearing_free(mcu_hearing *h)
{
    if (h != NULL) {
        opus_decoder_destroy(h->decoder);
        g_free(h);
    }
}

static void measure(mcu_hearing *h)
{
    mcu_hearing_stats *s = &h->stats;
    s->windows++;
    s->rms_db = mcu_tone_rms_db(h->window, WINDOW);
    for (unsigned i = 0; i < h->n_tones; i++) {
        s->level_db[i] = mcu_tone_level_db(h->window, WINDOW, mcu_tone_hz(i));
        s->heard[i] += s->level_db[i] > MCU_HEARING_HEARD_DB;
    }
}

static void take(mcu_hearing *h, const int16_t *pcm, int samples)
{
    for (int at = 0; at < samples;) {
        const int n = MIN(samples - at, WINDOW - (int)h->filled);
        memcpy(h->window + h->filled, pcm + at, (size_t)n * sizeof(int16_t));
        h->filled += (unsigned)n;
        at += n;
        if (h->filled == WINDOW) {
            measure(h);
            h->filled = 0;
        }
    }
}

/* The packets between the last one and this one: the newest from this one's FEC, the others by concealment. */
static void fill_gap(mcu_hearing *h, const mcu_au *au, uint32_t missing)
{
    int16_t pcm[MAX_FRAME];
    h->stats.lost += missing;
    for (uint32_t i = MIN(missing, MAX_CONCEAL); i > 0; i--) {
        const bool fec = i == 1 && opus_packet_get_samples_per_frame(au->data, MCU_TONE_RATE_HZ) == h->frame;
        const int n = fec ? opus_decode(h->decoder, au->data, (opus_int32)au->size, pcm, h->frame, 1)
                          : opus_decode(h->decoder, NULL, 0, pcm, h->frame, 0);
        if (n > 0) {
            h->stats.recovered += fec;
            take(h, pcm, n);
        }
    }
}

void mcu_hearing_push(mcu_hearing *h, const mcu_au *au)
{
    int16_t pcm[MAX_FRAME];
    h->stats.packets++;
    const int32_t ahead = (int32_t)(au->seq - h->next_seq);
    if (h->started && ahead < 0 && ahead > -1000) {
        h->stats.late++;
        return;
    }
    if (au->size == 0) {
        return;
    }
    if (h->started && ahead > 0 && ahead < 1000) {
        fill_gap(h, au, (uint32_t)ahead);
    }
    const int n = opus_decode(h->decoder, au->data, (opus_int32)au->size, pcm, MAX_FRAME, 0);
    if (n > 0) {
        h->frame = n;
        take(h, pcm, n);
    }
    h->started = true;
    h->next_seq = au->seq + 1;
}

const mcu_hearing_stats *mcu_hearing_get(const mcu_hearing *h)
{
    return &h->stats;
}
