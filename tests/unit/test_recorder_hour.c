/* An hour of a visit through the mixer into the file, in stepped time: two browsers whose clocks are off, one of whom comes after
 * half of it, a telephone, and a browser on a line with jitter and 10 % loss; silence, mute, cameras that are off, lost packets,
 * a machine that sleeps. People clap: where the file shows it and where it sounds lies no further apart than nobody notices, at
 * the end as at the beginning. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/bytes.h"
#include "mcu/net/vplayout.h"
#include "mixer/acore.h"
#include "mixer/audio.h"
#include "recorder/cutter.h"
#include "tests/unit/audio_kit.h"
#include "tests/unit/recording_kit.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) /* everything takes several times as long */
#define MINUTES 12
#define CLAPS_LEAST 7
#else
#define MINUTES 60
#define CLAPS_LEAST 40
#endif
enum { PEOPLE = 4, LATE = 1, PHONE = 2, WEAK = 3 };
enum { CLAP_FRAMES = 4, CLAP_EVERY = 1000, SPEECH = 250, TICKS = MINUTES * 60 * 50, TICK_MS = 20 };
#define BLOCK_NS MIX_BLOCK_NS
#define DELAY_NS (30 * KIT_MS)  /* on the way, at least */
#define DECODE_NS (10 * KIT_MS) /* until a picture can be shown */
#define SKEW_MAX_MS 40.0
#define WEAK_P95_MS 50.0 /* of single claps; on average it is no further apart than the others */
#define LAG_MAX_MS                                                                                                               \
    120 /* what one clap may be late: the playout buffer is at its longest; on the weak line its picture may be                  \
         */

typedef struct {
    mix_avoice *voice; /* NULL = not here yet */
    mcu_au *clap[CLAP_FRAMES], *quiet;
    double ppm;
    int64_t since_ns;
    uint64_t frames;
    uint32_t seq;
    GQueue way; /* mcu_au, time_ns is their arrival */
    bool camera_off;
    int64_t clap_ns; /* the newest, as it happened; 0 = none that is to be shown */
    GQueue film;     /* pictures on a weak line, time_ns is when they are whole; the first of a clap is a keyframe */
    mcu_vplayout playout;
    bool filmed;      /* the newest clap */
    int64_t shown_ns; /* its picture was handed out; 0 = not yet */
} person;

/* What the file has. */
typedef struct {
    int64_t at_ns;
    guint offset, size;
} sample;

/* A picture that shows somebody's clap. */
typedef struct {
    int64_t at_ns;
    unsigned person;
} flash;

typedef struct {
    mix_acore *core;
    mix_alistener *recorder;
    mix_audio_config config;
    person people[PEOPLE];
    uint32_t seed;
    rec_cutter *cutter;
    GByteArray *bytes;
    GArray *sound, *flashes; /* sample; flash */
    unsigned lost;
} visit;

static double dice(visit *v)
{
    return kit_random(&v->seed);
}

/* ---- the file ---- */

static void read_run(visit *v, bool sound, uint64_t time, const uint8_t *trun, const uint8_t *moof)
{
    uint32_t n = mcu_rd32(trun + 12), offset = mcu_rd32(trun + 16);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *row = trun + 20 + i * (sound ? 8 : 12);
        uint32_t size = mcu_rd32(row + 4);
        int64_t at_ns = sound ? (int64_t)(time / 3 * 62500 + time % 3 * 62500 / 3) : (int64_t)(time * 100000 / 9);
        if (sound) {
            sample s = {at_ns, v->bytes->len, size};
            g_array_append_val(v->sound, s);
            g_byte_array_append(v->bytes, moof + offset, size);
        } else {
            const char *number = memmem(moof + offset, size, "picture ", 8);
            flash f = {at_ns, number != NULL ? (unsigned)(number[8] - '1') : PEOPLE};
            if (f.person < PEOPLE) {
                g_array_append_val(v->flashes, f);
            }
        }
        time += mcu_rd32(row);
        offset += size;
    }
}

static void on_cut(void *user, const rec_record *r, const GByteArray *payload)
{
    const uint8_t *moof = payload->data, *at = moof + 8 + 16;
    while (r->type == REC_FRAGMENT && at < moof + mcu_rd32(moof)) {
        const uint8_t *tfhd = at + 8, *tfdt = tfhd + mcu_rd32(tfhd), *trun = tfdt + mcu_rd32(tfdt);
        read_run(user, mcu_rd32(tfhd + 12) != 1, mcu_rd64(tfdt + 12), trun, moof);
        at += mcu_rd32(at);
    }
}

/* ---- people ---- */

static void prepare(person *p, mcu_codec codec, unsigned number)
{
    kit_sender *s = kit_sender_new(&(kit_sender_config){.codec = codec, .bitrate = 40000});
    int16_t pcm[MIX_BLOCK];
    for (unsigned i = 0; i < CLAP_FRAMES + 5; i++) { /* the last of the silence has forgotten the clap */
        memset(pcm, 0, sizeof pcm);
        if (i < CLAP_FRAMES - 1) {
            kit_tone(pcm, MIX_BLOCK, i * MIX_BLOCK, 900, 9000);
        }
        mcu_au *au = kit_send(s, pcm);
        assert_non_null(au);
        if (i < CLAP_FRAMES) {
            p->clap[i] = au;
        } else {
            mcu_au_unref(p->quiet);
            p->quiet = au;
        }
    }
    kit_sender_free(s);
    p->ppm = number == PHONE ? -80 : number == LATE ? 100 : -100;
    g_queue_init(&p->way);
    g_queue_init(&p->film);
    mcu_vplayout_init(&p->playout);
}

static void arrive(visit *v, unsigned number, mcu_codec codec, int64_t now_ns)
{
    person *p = &v->people[number];
    p->voice = number == PHONE ? mix_avoice_new_line(number + 1, codec, false, NULL) : mix_avoice_new(number + 1, codec, NULL);
    p->since_ns = now_ns;
    assert_int_equal(mix_acore_add_voice(v->core, p->voice), MCU_OK);
}

static bool by_chance(visit *v, double share)
{
    return dice(v) < share;
}

/* Since the last one on the same line, when something left at `left_ns`; nothing overtakes. */
static int64_t arrival_ns(visit *v, unsigned number, int64_t left_ns, const GQueue *before)
{
    const mcu_au *last = g_queue_peek_tail((GQueue *)(uintptr_t)before);
    int64_t ns = left_ns + DELAY_NS + (int64_t)(dice(v) * 12e6);
    ns += number == WEAK && by_chance(v, 0.2) ? (int64_t)(dice(v) * 120e6) : 0;
    return last != NULL ? MAX(ns, last->time_ns) : ns;
}

/* A frame is recorded by a clock that is off, sent when it is whole, and lost one time in thirty or ten. A browser is silent in
 * silence; on the weak line somebody speaks for five seconds first. */
static void send_frame(visit *v, unsigned number, int64_t begun_ns)
{
    person *p = &v->people[number];
    unsigned into = (unsigned)((p->frames + number * CLAP_EVERY / PEOPLE) % CLAP_EVERY);
    const mcu_au *what = into < CLAP_FRAMES ? p->clap[into] : p->quiet;
    uint32_t ts = (uint32_t)p->frames * (number == PHONE ? 160 : 960);
    if (into == 0 && !p->camera_off && !atomic_load(&p->voice->muted)) {
        p->clap_ns = begun_ns;
        p->filmed = false;
    }
    p->frames++;
    if (number != PHONE && into >= CLAP_FRAMES + 5 && (number != WEAK || into < CLAP_EVERY - SPEECH)) {
        return;
    }
    p->seq++;
    if (into >= 2 && by_chance(v, number == WEAK ? 0.1 : 1.0 / 30)) {
        v->lost++;
        return;
    }
    mcu_au *au = mcu_au_new_copy(what->data, what->size);
    au->codec = what->codec;
    au->ts = ts;
    au->seq = p->seq;
    au->time_ns = arrival_ns(v, number, begun_ns + BLOCK_NS, &p->way);
    g_queue_push_tail(&p->way, au);
}

static void speak(visit *v, unsigned number, int64_t now_ns)
{
    person *p = &v->people[number];
    for (;;) {
        int64_t begun_ns = p->since_ns + (int64_t)((double)p->frames * 20e6 * (1 + p->ppm * 1e-6));
        if (begun_ns + BLOCK_NS > now_ns) {
            break;
        }
        send_frame(v, number, begun_ns);
    }
    const mcu_au *head;
    while ((head = g_queue_peek_head(&p->way)) != NULL && head->time_ns <= now_ns) {
        assert_true(mcu_ring_push(p->voice->ring, g_queue_pop_head(&p->way)));
    }
}

/* A camera on a weak line: what is lost of a picture is repaired after a round trip, and pictures wait for their voice. */
static void film(visit *v, unsigned number, unsigned tick, int64_t now_ns)
{
    person *p = &v->people[number];
    if (tick % 2 == 0) {
        mcu_au *au = mcu_au_new(1);
        au->keyframe = p->clap_ns != 0 && !p->filmed;
        int64_t taken_ns = au->keyframe ? p->clap_ns : now_ns;
        au->ts = (uint32_t)((taken_ns - KIT_START_NS) / 1000 * 9 / 100);
        au->time_ns = arrival_ns(v, number, taken_ns + (by_chance(v, 0.1) ? 3 * DELAY_NS : 0), &p->film);
        p->filmed = true;
        g_queue_push_tail(&p->film, au);
    }
    const mcu_au *head;
    while ((head = g_queue_peek_head(&p->film)) != NULL && head->time_ns <= now_ns) {
        mcu_vplayout_push(&p->playout, g_queue_pop_head(&p->film), true);
    }
    atomic_store(&p->voice->least_us, (int)(mcu_vplayout_voice_ns(&p->playout, now_ns) / 1000));
    mcu_vplayout_follow(
        &p->playout,
        mcu_vplayout_beside(MAX(atomic_load(&p->voice->figures.target_us), atomic_load(&p->voice->figures.delay_us)) / 1000.0));
    for (mcu_au *au; (au = mcu_vplayout_pop(&p->playout, now_ns)) != NULL;) {
        p->shown_ns = au->keyframe ? now_ns : p->shown_ns;
        mcu_au_unref(au);
    }
}

/* ---- the room ---- */

/* Of the newest clap, when its first picture can be decoded; 0 = it is not there. */
static int64_t seen_ns(const person *p, unsigned number)
{
    return number == WEAK ? p->shown_ns : p->clap_ns != 0 ? p->clap_ns + DELAY_NS : 0;
}

static void picture(visit *v, unsigned tick, int64_t now_ns)
{
    unsigned clapped = 0;
    bool still = tick % 3000 > 2000;
    for (unsigned i = 0; i < PEOPLE; i++) {
        person *p = &v->people[i];
        if (seen_ns(p, i) != 0 && now_ns >= seen_ns(p, i) + DECODE_NS) {
            clapped = i + 1;
            p->clap_ns = p->shown_ns = 0;
        }
    }
    if (clapped > 0 || !still || tick % 50 == 0) {
        mcu_au *au = kit_picture(clapped, tick % 200 == 0, 40);
        au->time_ns = now_ns;
        (void)rec_cutter_picture(v->cutter, au);
        mcu_au_unref(au);
    }
}

static void happen(visit *v, unsigned tick, int64_t now_ns)
{
    static const mcu_codec codecs[PEOPLE] = {MCU_CODEC_OPUS, MCU_CODEC_OPUS, MCU_CODEC_PCMU, MCU_CODEC_OPUS};
    for (unsigned i = 0; i < PEOPLE; i++) {
        person *p = &v->people[i];
        if (p->voice == NULL && tick >= (i == LATE ? TICKS / 2 : i / 2 * 1000)) {
            arrive(v, i, codecs[i], now_ns);
        }
        if (p->voice != NULL) {
            p->camera_off = i == 0 && tick % 30000 > 20000;
            atomic_store(&p->voice->muted, i == LATE && tick % 30000 < 8000);
            speak(v, i, now_ns);
        }
        if (p->voice != NULL && i == WEAK) {
            film(v, i, tick, now_ns);
        }
    }
}

static void hour(visit *v)
{
    mix_abatch batch = {0};
    for (unsigned tick = 0; tick < TICKS; tick++) {
        int64_t now_ns = KIT_START_NS + tick * BLOCK_NS;
        happen(v, tick, now_ns);
        if (tick % 2 == 0) {
            picture(v, tick, now_ns);
        }
        if (tick % 40000 > 39950) { /* the machine sleeps for a second: that time is not heard */
            continue;
        }
        mix_abatch_clear(&batch);
        mix_acore_tick(v->core, now_ns, tick * MIX_BLOCK, now_ns, &batch);
        assert_int_equal(batch.n, 1);
        (void)rec_cutter_sound(v->cutter, batch.out[0].au);
    }
    mix_abatch_clear(&batch);
    rec_cutter_flush(v->cutter);
}

/* ---- what a viewer sees and hears ---- */

static guint sample_at(const visit *v, int64_t at_ns)
{
    guint low = 0, high = v->sound->len;
    while (low < high) {
        guint mid = (low + high) / 2;
        if (g_array_index(v->sound, sample, mid).at_ns < at_ns) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/* Where it begins to sound, within a quarter of a second of the flash; -1 = it does not. */
static int64_t sounds_at(const visit *v, int64_t flash_ns)
{
    mix_adec *ear = mix_adec_new(MCU_CODEC_OPUS, NULL);
    int64_t found_ns = -1;
    for (guint i = sample_at(v, flash_ns - 250 * KIT_MS); found_ns < 0 && i < v->sound->len; i++) {
        const sample *s = &g_array_index(v->sound, sample, i);
        int16_t pcm[MIX_PACKET_MAX];
        unsigned n = 0;
        if (s->at_ns > flash_ns + 250 * KIT_MS) {
            break;
        }
        if (mix_adec_decode(ear, v->bytes->data + s->offset, s->size, pcm, &n) != MCU_OK) {
            continue;
        }
        for (unsigned k = 0; k < n && found_ns < 0; k++) {
            found_ns = abs(pcm[k]) > 1500 ? s->at_ns + (int64_t)k * MCU_NS_PER_SEC / MIX_RATE : -1;
        }
    }
    mix_adec_free(ear);
    return found_ns;
}

static void open_visit(visit *v)
{
    *v = (visit){.seed = 5, .config = {.complexity = 0, .bitrate_bps = 64000}};
    v->core = mix_acore_new();
    v->recorder = mix_alistener_new(99, MIX_HEARS_UNMASKED, &v->config, NULL);
    assert_int_equal(mix_acore_add_listener(v->core, v->recorder), MCU_OK);
    v->bytes = g_byte_array_new();
    v->sound = g_array_new(FALSE, FALSE, sizeof(sample));
    v->flashes = g_array_new(FALSE, FALSE, sizeof(flash));
    v->cutter = rec_cutter_new((rec_cutter_sink){on_cut, v}, MIX_AUDIO_AGE_NS);
    for (unsigned i = 0; i < PEOPLE; i++) {
        prepare(&v->people[i], i == PHONE ? MCU_CODEC_PCMU : MCU_CODEC_OPUS, i);
    }
}

static void close_visit(visit *v)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        person *p = &v->people[i];
        mix_acore_remove_voice(v->core, p->voice);
        mix_avoice_free(p->voice);
        g_queue_clear_full(&p->way, (GDestroyNotify)mcu_au_unref);
        g_queue_clear_full(&p->film, (GDestroyNotify)mcu_au_unref);
        mcu_vplayout_clear(&p->playout);
        for (unsigned k = 0; k < CLAP_FRAMES; k++) {
            mcu_au_unref(p->clap[k]);
        }
        mcu_au_unref(p->quiet);
    }
    mix_acore_remove_listener(v->core, v->recorder);
    mix_alistener_free(v->recorder);
    mix_acore_free(v->core);
    rec_cutter_free(v->cutter);
    g_byte_array_unref(v->bytes);
    g_array_unref(v->sound);
    g_array_unref(v->flashes);
}

/* How long after the picture people's claps sound, in ms: of the first and of the last fifteen of somebody. */
typedef struct {
    unsigned heard;
    double lag_ms[TICKS / CLAP_EVERY + 1];
} ear;

static double mean(const double *values, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum / n;
}

static int by_distance(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* Of all claps; sorts them. */
static double p95(double *values, unsigned n)
{
    qsort(values, n, sizeof values[0], by_distance);
    return fabs(values[(n - 1) * 95 / 100]);
}

static void listen_to(const visit *v, ear ears[PEOPLE])
{
    for (guint i = 0; i < v->flashes->len; i++) {
        const flash *f = &g_array_index(v->flashes, flash, i);
        int64_t sound_ns = sounds_at(v, f->at_ns);
        if (sound_ns >= 0) {
            ear *e = &ears[f->person];
            e->lag_ms[e->heard++] = (double)(sound_ns - f->at_ns) / (double)KIT_MS;
            double early_ms = f->person == WEAK ? LAG_MAX_MS : SKEW_MAX_MS;
            assert_true(e->lag_ms[e->heard - 1] > -early_ms && e->lag_ms[e->heard - 1] < LAG_MAX_MS);
        }
    }
}

static void test_hour(void **state)
{
    (void)state;
    static visit v;
    static ear ears[PEOPLE];
    open_visit(&v);
    hour(&v);
    listen_to(&v, ears);
    unsigned all = 0;
    for (unsigned i = 0; i < PEOPLE; i++) {
        unsigned heard = ears[i].heard, some = MIN(heard / 2, 15);
        all += heard;
        assert_true(heard >= CLAPS_LEAST);
        double before = mean(ears[i].lag_ms, some), after = mean(ears[i].lag_ms + heard - some, some);
        double most = p95(ears[i].lag_ms, heard);
        print_message("%u: %u claps, %.1f ms after their picture, then %.1f, p95 %.1f\n", i, heard, before, after, most);
        assert_true(before > -SKEW_MAX_MS && before < SKEW_MAX_MS && after > -SKEW_MAX_MS && after < SKEW_MAX_MS);
        assert_true(most < (i == WEAK ? WEAK_P95_MS : SKEW_MAX_MS));
    }
    assert_true(all > v.flashes->len * 9 / 10 && v.lost > MINUTES * 10);
    assert_in_range(g_array_index(v.sound, sample, v.sound->len - 1).at_ns / KIT_MS, MINUTES * 60000 - 60, MINUTES * 60000 + 60);
    close_visit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hour)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
