#include "recorder/cutter.h"

#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/h264_params.h"
#include "recorder/box.h"

#define PACKET 960 /* samples of 20 ms */
#define PACKET_NS (20 * MCU_NS_PER_MS)
#define FILL_MAX 500                  /* empty packets in a row: 10 s; beyond that the time stamps jump */
#define CUT_NS (399 * MCU_NS_PER_MS)  /* a picture from here on begins the next fragment; sound waits for it until 500 ms */
#define LATE_NS (100 * MCU_NS_PER_MS) /* how much later than sound a picture may come out of its encoder */
#define NAL_IDR 5
#define NAL_SPS 7
#define NAL_PPS 8

struct rec_cutter {
    rec_cutter_sink sink;
    int64_t sound_age_ns;
    GByteArray *out, *sps, *pps;
    int width_px, height_px;
    rec_run video, audio;
    uint32_t sequence;
    int64_t start_ns;    /* -1 = not started */
    int64_t fragment_ns; /* where the open fragment begins, from zero */
    int64_t video_ns;    /* of the newest picture, from zero; -1 = none */
    int64_t audio_ns;    /* end of the newest packet, from zero; -1 = none */
    int64_t skew_ns;     /* the largest */
    uint64_t filled;
    uint8_t toc; /* of a packet without bytes, of the stream's own kind: the decoder conceals (RFC 6716 3.1) */
};

rec_cutter *rec_cutter_new(rec_cutter_sink sink, int64_t sound_age_ns)
{
    rec_cutter *c = g_new0(rec_cutter, 1);
    c->sink = sink;
    c->sound_age_ns = sound_age_ns;
    c->out = g_byte_array_new();
    c->sps = g_byte_array_new();
    c->pps = g_byte_array_new();
    c->video.data = g_byte_array_new();
    c->audio.data = g_byte_array_new();
    c->start_ns = c->video_ns = c->audio_ns = -1;
    return c;
}

void rec_cutter_free(rec_cutter *c)
{
    if (c != NULL) {
        g_byte_array_unref(c->out);
        g_byte_array_unref(c->sps);
        g_byte_array_unref(c->pps);
        g_byte_array_unref(c->video.data);
        g_byte_array_unref(c->audio.data);
        g_free(c);
    }
}

static uint64_t video_units(int64_t ns)
{
    return (uint64_t)(ns * 9 / 100000);
}

static uint64_t sound_units(int64_t ns)
{
    return (uint64_t)(ns / 62500 * 3 + ns % 62500 * 3 / 62500); /* 48 kHz */
}

static void empty_run(rec_run *run)
{
    run->n = 0;
    g_byte_array_set_size(run->data, 0);
}

/* The open fragment ends at `end_ns`; its last picture lasts until `shown_ns`. */
static void cut(rec_cutter *c, int64_t end_ns, int64_t shown_ns)
{
    if (c->video.n == 0 && c->audio.n == 0) {
        c->fragment_ns = MAX(c->fragment_ns, end_ns);
        return;
    }
    if (c->video.n > 0) {
        shown_ns = MAX(shown_ns, c->video_ns + MCU_NS_PER_MS);
        c->video.sample[c->video.n - 1].duration = (uint32_t)(video_units(shown_ns) - video_units(c->video_ns));
    }
    g_byte_array_set_size(c->out, 0);
    rec_fmp4_fragment(c->out, ++c->sequence, &c->video, &c->audio);
    rec_record r = {.type = REC_FRAGMENT,
                    .flags = c->video.n > 0 && c->video.sample[0].key ? REC_FLAG_KEY : 0,
                    .time_ns = c->fragment_ns,
                    .hold_ns = MAX(end_ns - c->fragment_ns, 0)};
    c->sink.out(c->sink.user, &r, c->out);
    empty_run(&c->video);
    empty_run(&c->audio);
    c->fragment_ns = MAX(c->fragment_ns, end_ns);
}

/* As cut(), at a keyframe: packets that reach over it go with it. Who seeks to a keyframe wants sound from its time on, and
 * libavformat takes the last packet it knows of that does not begin later: that has to be one of these. */
static void cut_at_key(rec_cutter *c, int64_t at_ns)
{
    rec_run *run = &c->audio;
    g_autoptr(GByteArray) held = g_byte_array_new();
    unsigned n = run->n, kept = n;
    guint bytes = run->data->len;
    int64_t from_ns = c->audio_ns; /* of the first that is held back; packets of a run lie side by side */
    while (kept > 0 && from_ns > at_ns - MCU_NS_PER_MS) {
        from_ns -= PACKET_NS;
        bytes -= run->sample[--kept].size;
    }
    g_byte_array_append(held, run->data->data + bytes, run->data->len - bytes);
    g_byte_array_set_size(run->data, bytes);
    run->n = kept;
    cut(c, at_ns, at_ns);
    for (unsigned i = 0; kept + i < n; i++) {
        run->sample[run->n++] = run->sample[kept + i];
    }
    g_byte_array_append(run->data, held->data, held->len);
    run->time = sound_units(from_ns);
}

/* The picture stands still, or is late: its time stamp may lie before the end of the sound. */
static void cut_by_sound(rec_cutter *c)
{
    int64_t end_ns = rec_cutter_end_ns(c);
    cut(c, end_ns, MIN(end_ns, c->audio_ns - LATE_NS));
}

void rec_cutter_flush(rec_cutter *c)
{
    if (c->start_ns >= 0) {
        int64_t end_ns = rec_cutter_end_ns(c);
        cut(c, end_ns, end_ns);
    }
}

/* ---- pictures ---- */

/* Parameter sets of the first keyframe, for the init. */
static void take_format(rec_cutter *c, const mcu_au *au)
{
    mcu_nal_iter it;
    const uint8_t *nal;
    size_t size;
    mcu_nal_begin(&it, au->data, au->size);
    while (mcu_nal_next(&it, &nal, &size)) {
        int type = nal[0] & 31;
        GByteArray *have = type == NAL_SPS ? c->sps : type == NAL_PPS ? c->pps : NULL;
        if (have != NULL) {
            g_byte_array_set_size(have, 0);
            g_byte_array_append(have, nal, (guint)size);
        }
    }
    c->width_px = au->width_px;
    c->height_px = au->height_px;
}

static bool begin(rec_cutter *c, const mcu_au *au)
{
    rec_picture_format f = {c->sps->data, c->pps->data, c->sps->len, c->pps->len, au->width_px, au->height_px};
    g_byte_array_set_size(c->out, 0);
    if (!rec_fmp4_init(c->out, &f)) {
        return false;
    }
    c->start_ns = au->time_ns;
    c->sink.out(c->sink.user, &(rec_record){.type = REC_INIT}, c->out);
    return true;
}

/* NAL units behind their lengths. Parameter sets stay with their keyframe: an encoder that is opened anew may change them. */
static void add_picture(rec_cutter *c, const mcu_au *au, int64_t at_ns)
{
    rec_run *run = &c->video;
    guint before = run->data->len;
    mcu_nal_iter it;
    const uint8_t *nal;
    size_t size;
    mcu_nal_begin(&it, au->data, au->size);
    while (mcu_nal_next(&it, &nal, &size)) {
        rec_put32(run->data, (uint32_t)size);
        rec_put(run->data, nal, size);
    }
    if (run->n == 0) {
        run->time = video_units(at_ns);
    } else {
        run->sample[run->n - 1].duration = (uint32_t)(video_units(at_ns) - video_units(c->video_ns));
    }
    run->sample[run->n].size = run->data->len - before;
    run->sample[run->n].key = au->keyframe;
    run->n++;
    c->video_ns = at_ns;
}

rec_taken rec_cutter_picture(rec_cutter *c, const mcu_au *au)
{
    if (c->start_ns < 0 && !au->keyframe) {
        return REC_SKIPPED;
    }
    if (c->start_ns >= 0 && au->keyframe && (au->width_px != c->width_px || au->height_px != c->height_px)) {
        return REC_OTHER_FORMAT;
    }
    if (c->start_ns < 0) {
        take_format(c, au);
        if (!begin(c, au)) {
            return REC_SKIPPED;
        }
    }
    int64_t at_ns = au->time_ns - c->start_ns;
    if (at_ns <= c->video_ns) { /* another encoder has taken over: none of its pictures may be missing to those that follow */
        if (c->video_ns - at_ns > REC_FRAGMENT_NS) {
            return REC_SKIPPED;
        }
        at_ns = c->video_ns + MCU_NS_PER_MS;
    }
    if (au->keyframe && c->video_ns >= 0) {
        cut_at_key(c, at_ns);
    } else if (at_ns - c->fragment_ns >= CUT_NS || c->video.n == REC_RUN_MAX) {
        cut(c, at_ns, at_ns);
    }
    add_picture(c, au, at_ns);
    return REC_TAKEN;
}

/* ---- sound ---- */

static void add_packet(rec_cutter *c, const void *data, size_t size)
{
    rec_run *run = &c->audio;
    if (c->audio_ns - c->fragment_ns >= REC_FRAGMENT_NS || run->n == REC_RUN_MAX) {
        cut_by_sound(c);
    }
    if (run->n == 0) {
        run->time = sound_units(c->audio_ns); /* packets lie 20 ms apart from the first on */
    }
    rec_put(run->data, data, size);
    run->sample[run->n].size = (uint32_t)size;
    run->sample[run->n].duration = PACKET;
    run->n++;
    c->audio_ns += PACKET_NS;
}

/* What the clock had no packet for. A longer silence of the clock is a jump of the time stamps. */
static void fill(rec_cutter *c, int64_t until_ns)
{
    int64_t missing = (until_ns - c->audio_ns + PACKET_NS / 2) / PACKET_NS;
    if (missing > FILL_MAX) {
        cut_by_sound(c);
        c->audio_ns = until_ns;
        return;
    }
    for (; missing > 0; missing--) {
        add_packet(c, &c->toc, 1);
        c->filled++;
    }
}

rec_taken rec_cutter_sound(rec_cutter *c, const mcu_au *au)
{
    int64_t at_ns = au->time_ns - c->sound_age_ns - c->start_ns;
    if (c->start_ns < 0 || at_ns < 0) {
        return REC_SKIPPED;
    }
    if (c->audio_ns < 0) {
        c->audio_ns = at_ns;
    }
    if (au->size == 0 || at_ns < c->audio_ns - PACKET_NS / 2) {
        return REC_SKIPPED;
    }
    c->toc = au->data[0] & 0xfc;
    fill(c, at_ns);
    int64_t skew_ns = c->audio_ns - at_ns;
    c->skew_ns = ABS(skew_ns) > ABS(c->skew_ns) ? skew_ns : c->skew_ns;
    add_packet(c, au->data, au->size);
    return REC_TAKEN;
}

/* ---- figures ---- */

bool rec_cutter_started(const rec_cutter *c)
{
    return c->start_ns >= 0;
}

int64_t rec_cutter_start_ns(const rec_cutter *c)
{
    return c->start_ns;
}

int64_t rec_cutter_end_ns(const rec_cutter *c)
{
    return MAX(MAX(c->audio_ns, c->video_ns), 0);
}

uint64_t rec_cutter_filled(const rec_cutter *c)
{
    return c->filled;
}

int64_t rec_cutter_skew_ns(const rec_cutter *c)
{
    return c->skew_ns;
}
