/* What makes a telephone sound right, each piece on its own and through the tick of a room, in stepped time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio_kit.h"
#include "mixer/acore.h"
#include "mixer/adec.h"
#include "mixer/dtmf.h"
#include "mixer/g711.h"
#include "mixer/loudness.h"
#include "mixer/penc.h"

#define START_NS (5000 * KIT_MS)

static const kit_network calm = {.seed = 1};

/* ---- codecs ---- */

static void companding_is_the_inverse_of_expanding(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        uint8_t code = (uint8_t)i;
        int16_t u = mix_ulaw_to_linear(code), a = mix_alaw_to_linear(code);
        assert_int_equal(mix_ulaw_to_linear(mix_linear_to_ulaw(u)), u); /* two codes of mu-law are zero */
        assert_int_equal(mix_linear_to_alaw(a), code);
    }
    for (int pcm = INT16_MIN; pcm <= INT16_MAX; pcm++) { /* never off by more than the step there, G.711 tables 1 and 2 */
        int most = abs(pcm) / 16 + 8;
        int u = mix_ulaw_to_linear(mix_linear_to_ulaw((int16_t)pcm)), a = mix_alaw_to_linear(mix_linear_to_alaw((int16_t)pcm));
        if ((abs(u - pcm) > most && abs(pcm) < 32124) || abs(a - pcm) > most + 8) {
            fail_msg("%d: mu-law %d, A-law %d", pcm, u, a);
        }
    }
}

/* 48 kHz tone -> telephone's codec -> 48 kHz: its level, and what is beside it. */
static void tones_pass_the_telephone_and_nothing_comes_with_them(void **state)
{
    (void)state;
    static const struct {
        mcu_codec codec;
        double hz, level_db, image_hz;
        double least_db, most_image_db;
    } rows[] = {
        {MCU_CODEC_PCMU, 400, -20, 7600, -20.5, -60},  {MCU_CODEC_PCMU, 1000, -20, 7000, -20.5, -60},
        {MCU_CODEC_PCMA, 3000, -20, 5000, -21.5, -55}, {MCU_CODEC_G722, 1000, -20, 15000, -20.5, -60},
        {MCU_CODEC_G722, 6000, -20, 10000, -23, -55},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum { BLOCKS = 60 };
        static int16_t heard[BLOCKS * MIX_BLOCK];
        mix_penc *e = mix_penc_new(rows[i].codec, NULL);
        mix_adec *d = mix_adec_new(rows[i].codec, NULL);
        for (unsigned b = 0; b < BLOCKS; b++) {
            int16_t pcm[MIX_BLOCK] = {0}, out[MIX_PACKET_MAX];
            unsigned n = 0;
            kit_tone(pcm, MIX_BLOCK, (uint64_t)b * MIX_BLOCK, rows[i].hz, kit_amplitude(rows[i].level_db));
            mcu_au *au = mix_penc_encode(e, pcm, b * MIX_BLOCK, 0);
            assert_int_equal(au->size, 160);
            assert_int_equal(au->ts, b * MIX_BLOCK);
            assert_int_equal(mix_adec_decode(d, au->data, au->size, out, &n), MCU_OK);
            memcpy(heard + b * MIX_BLOCK, out, MIX_BLOCK * sizeof *out);
            mcu_au_unref(au);
        }
        double got = kit_level_db(heard + 10 * MIX_BLOCK, 48000, rows[i].hz);
        double image = kit_level_db(heard + 10 * MIX_BLOCK, 48000, rows[i].image_hz);
        if (got < rows[i].least_db || got > rows[i].level_db + 0.5 || image > rows[i].most_image_db) {
            fail_msg("%s %.0f Hz: %.2f dB, image %.1f dB", mcu_codec_name(rows[i].codec), rows[i].hz, got, image);
        }
        mix_penc_free(e);
        mix_adec_free(d);
    }
}

/* ---- one voice ---- */

typedef struct {
    mix_avoice *voice;
    kit_link link;
    mix_resample *up;
    unsigned tick;
} talker;

static void talker_open(talker *t, mix_avoice *voice, mcu_codec codec, const kit_network *net, double hz, double db)
{
    *t = (talker){.voice = voice};
    kit_link_init(&t->link, &(kit_sender_config){.codec = codec}, net, hz, kit_amplitude(db), START_NS);
}

static void talker_close(talker *t)
{
    kit_link_clear(&t->link);
    mix_resample_free(t->up);
    mix_avoice_free(t->voice);
}

/* What goes into the mix, `ticks` blocks of it; silence where it does not. */
static void talker_run(talker *t, unsigned ticks, int16_t *out)
{
    for (unsigned i = 0; i < ticks; i++, t->tick++) {
        int64_t now_ns = START_NS + t->tick * MIX_BLOCK_NS;
        kit_link_step(&t->link, now_ns, t->voice);
        mix_avoice_collect(t->voice);
        bool mixed = mix_avoice_pull(t->voice, now_ns);
        if (mixed) {
            kit_wide(t->voice, &t->up, out + i * MIX_BLOCK);
        } else {
            memset(out + i * MIX_BLOCK, 0, sizeof t->voice->block);
        }
    }
}

static void lost_packets_cost_neither_tone_nor_loudness(void **state)
{
    (void)state;
    enum { TICKS = 1000 };
    static int16_t whole[TICKS * MIX_BLOCK], holed[TICKS * MIX_BLOCK];
    kit_network lossy = {.seed = 3, .loss = 0.05};
    for (int speech = 0; speech < 2; speech++) {
        kit_network clean = calm;
        clean.speech = lossy.speech = speech;
        talker a, b;
        talker_open(&a, mix_avoice_new_line(1, MCU_CODEC_PCMU, false, NULL), MCU_CODEC_PCMU, &clean, 440, -20);
        talker_open(&b, mix_avoice_new_line(2, MCU_CODEC_PCMU, false, NULL), MCU_CODEC_PCMU, &lossy, 440, -20);
        talker_run(&a, TICKS, whole);
        talker_run(&b, TICKS, holed);
        assert_true(b.link.lost > TICKS / 30);
        unsigned from = 50 * MIX_BLOCK, n = (TICKS - 50) * MIX_BLOCK;
        double before = mix_loudness_measure(whole + from, n), after = mix_loudness_measure(holed + from, n);
        if (fabs(after - before) > 0.5) {
            fail_msg("loudness %.2f became %.2f", before, after);
        }
        for (unsigned at = from; !speech && at + 48000 <= TICKS * MIX_BLOCK; at += 48000) {
            double db = kit_level_db(holed + at, 48000, 440);
            if (fabs(db - kit_level_db(whole + at, 48000, 440)) > 1.5) {
                fail_msg("tone at %.1f dB", db);
            }
        }
        talker_close(&a);
        talker_close(&b);
    }
}

static void the_delay_is_bounded_and_the_rest_is_skipped(void **state)
{
    (void)state;
    static int16_t sound[MIX_BLOCK];
    kit_network bad = {.seed = 5, .jitter_ms = 120, .spike = 0.02, .spike_ms = 600};
    talker t;
    talker_open(&t, mix_avoice_new_line(1, MCU_CODEC_PCMA, false, NULL), MCU_CODEC_PCMA, &bad, 500, -20);
    double most_ms = 0;
    for (unsigned i = 0; i < 1500; i++) {
        talker_run(&t, 1, sound);
        most_ms = fmax(most_ms, atomic_load(&t.voice->figures.delay_us) / 1000.0);
        assert_in_range(atomic_load(&t.voice->figures.target_us), 40000, 200000);
    }
    t.link.stalled = true; /* a second of nothing, then all of it at once */
    for (unsigned i = 0; i < 50; i++) {
        talker_run(&t, 1, sound);
    }
    t.link.stalled = false;
    for (unsigned i = 0; i < 200; i++) {
        talker_run(&t, 1, sound);
        most_ms = i > 2 ? fmax(most_ms, atomic_load(&t.voice->figures.delay_us) / 1000.0) : most_ms;
    }
    printf("delay of at most %.0f ms\n", most_ms);
    if (most_ms > 200) {
        fail_msg("delay of %.0f ms", most_ms);
    }
    talker_close(&t);
}

/* ---- keys ---- */

static mcu_au *pcmu(const int16_t *pcm48, unsigned n48, uint32_t seq, uint32_t ts, int64_t now_ns)
{
    mcu_au *au = mcu_au_new(n48 / 6);
    for (unsigned i = 0; i < n48 / 6; i++) {
        au->data[i] = mix_linear_to_ulaw(pcm48[i * 6]);
    }
    au->codec = MCU_CODEC_PCMU;
    au->seq = seq;
    au->ts = ts;
    au->time_ns = now_ns;
    return au;
}

/* All sixteen, with level differences and a detuning that Q.24 asks to be taken. */
static void every_key_is_recognised_by_its_tones(void **state)
{
    (void)state;
    static const double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
    static const char keys[] = "123A456B789C*0#D";
    for (unsigned k = 0; k < 16; k++) {
        for (int twist = -4; twist <= 4; twist += 4) {
            double off = 1 + 0.012 * ((int)(k % 3) - 1);
            int16_t wide[9600] = {0}, pcm[1600];
            kit_tone(wide, 4800, 0, rows[k / 4] * off, kit_amplitude(-20));
            kit_tone(wide, 4800, 0, columns[k % 4] * off, kit_amplitude(-20 + twist));
            for (unsigned i = 0; i < 1600; i++) {
                pcm[i] = wide[i * 6];
            }
            mix_dtmf d = {0};
            unsigned told = 0;
            for (unsigned at = 0; at < 1600; at += 160) {
                char key;
                (void)mix_dtmf_push(&d, pcm + at, 160, &key);
                told += key != 0;
                if (key != 0 && key != keys[k]) {
                    fail_msg("%c taken for %c", keys[k], key);
                }
            }
            if (told != 1) {
                fail_msg("%c, twist %d: told %u times", keys[k], twist, told);
            }
        }
    }
}

static void voices_are_not_keys(void **state)
{
    (void)state;
    static const double pitches[] = {87, 110, 135, 170, 205, 240, 349, 698};
    for (size_t p = 0; p < sizeof pitches / sizeof *pitches; p++) {
        mix_dtmf d = {0};
        for (unsigned b = 0; b < 500; b++) {
            int16_t wide[MIX_BLOCK] = {0}, pcm[160];
            kit_speech(wide, MIX_BLOCK, (uint64_t)b * MIX_BLOCK, pitches[p] * (1 + 0.1 * sin(b * 0.05)), kit_amplitude(-16));
            for (unsigned i = 0; i < 160; i++) {
                pcm[i] = wide[i * 6];
            }
            char key;
            assert_false(mix_dtmf_push(&d, pcm, 160, &key));
            assert_int_equal(key, 0);
        }
    }
}

/* 200 ms of the key 5 in a voice, beginning within a packet. */
static void key_block(int16_t *pcm, unsigned t, unsigned from, unsigned to)
{
    uint64_t at = (uint64_t)t * MIX_BLOCK;
    unsigned skip = t == from ? 400 : 0;
    if (t < from || t >= to) {
        kit_tone(pcm, MIX_BLOCK, at, 300, kit_amplitude(-20));
        return;
    }
    kit_tone(pcm + skip, MIX_BLOCK - skip, at + skip, 770, kit_amplitude(-16));
    kit_tone(pcm + skip, MIX_BLOCK - skip, at + skip, 1336, kit_amplitude(-16));
}

static void nobody_hears_a_key(void **state)
{
    (void)state;
    enum { TICKS = 150, FROM = 60, TO = 70 };
    static const mcu_codec codecs[] = {MCU_CODEC_PCMU, MCU_CODEC_PCMA, MCU_CODEC_G722, MCU_CODEC_OPUS};
    static int16_t heard[TICKS * MIX_BLOCK];
    for (unsigned c = 0; c < 4; c++) {
        mix_avoice *v = mix_avoice_new_line(1, codecs[c], true, NULL);
        kit_sender *sender = kit_sender_new(&(kit_sender_config){.codec = codecs[c]});
        mix_resample *up = NULL;
        for (unsigned t = 0; t < TICKS; t++) {
            int64_t now_ns = START_NS + t * MIX_BLOCK_NS;
            int16_t pcm[MIX_BLOCK] = {0};
            key_block(pcm, t, FROM, TO);
            mcu_au *au = kit_send(sender, pcm);
            au->time_ns = now_ns;
            mcu_ring_push(v->ring, au);
            mix_avoice_collect(v);
            (void)mix_avoice_pull(v, now_ns);
            kit_wide(v, &up, heard + t * MIX_BLOCK);
        }
        mix_resample_free(up);
        kit_sender_free(sender);
        assert_int_equal(atomic_load(&v->figures.n_keys), 1);
        assert_int_equal(atomic_load(&v->figures.keys[0]), '5');
        for (unsigned t = FROM - 5; t < TO + 10; t++) {
            double low = kit_level_db(heard + t * MIX_BLOCK, MIX_BLOCK, 770),
                   high = kit_level_db(heard + t * MIX_BLOCK, MIX_BLOCK, 1336);
            if (fmin(low, high) > -50) {
                fail_msg("%s, block %u: %.0f and %.0f dB", mcu_codec_name(codecs[c]), t, low, high);
            }
        }
        assert_true(mix_loudness_measure(heard + (TO + 15) * MIX_BLOCK, 40 * MIX_BLOCK) > -30); /* and the voice is back */
        atomic_store(&v->hush, true); /* told by telephone-event: what waits is taken out as well */
        (void)mix_avoice_pull(v, START_NS + TICKS * MIX_BLOCK_NS);
        assert_true(mix_level_dbov(v->block, MIX_BLOCK / mix_unit(v->hz)) <= MIX_SILENCE_DBOV);
        mix_avoice_free(v);
    }
}

/* ---- loudness ---- */

static void the_meter_reads_what_the_standard_says(void **state)
{
    (void)state;
    static int16_t pcm[48000 * 4];
    kit_tone(pcm, 48000 * 4, 0, 997, kit_amplitude(-20));
    assert_true(fabs(mix_loudness_measure(pcm, 48000 * 4) + 23.01) < 0.1); /* BS.1770: 0 dBFS at 997 Hz is -3.01 LUFS */
}

static void soft_and_loud_voices_come_out_alike(void **state)
{
    (void)state;
    static const struct {
        mcu_codec codec;
        bool line;
        double db, hz;
    } rows[] = {
        {MCU_CODEC_PCMU, true, -34, 110},  {MCU_CODEC_PCMA, true, -8, 200},   {MCU_CODEC_G722, true, -24, 150},
        {MCU_CODEC_OPUS, false, -10, 120}, {MCU_CODEC_OPUS, false, -34, 180},
    };
    enum { TICKS = 650, LAST = 150 };
    static int16_t heard[TICKS * MIX_BLOCK];
    double least = 0, most = -100;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kit_network net = {.seed = 1, .speech = true};
        talker t;
        mix_avoice *v =
            rows[i].line ? mix_avoice_new_line(1, rows[i].codec, false, NULL) : mix_avoice_new(1, rows[i].codec, NULL);
        v->even = true;
        talker_open(&t, v, rows[i].codec, &net, rows[i].hz, rows[i].db);
        talker_run(&t, TICKS, heard);
        double lufs = mix_loudness_measure(heard + 500 * MIX_BLOCK, LAST * MIX_BLOCK);
        printf("%s at %.0f dB: %.1f LUFS after 10 s\n", mcu_codec_name(rows[i].codec), rows[i].db, lufs);
        least = fmin(least, lufs);
        most = fmax(most, lufs);
        talker_close(&t);
    }
    assert_true(most - least <= 3);
    assert_true(fabs(most - MIX_LOUDNESS_LUFS) < 2);
}

static void noise_between_words_is_not_raised(void **state)
{
    (void)state;
    mix_loudness l;
    uint32_t random = 7;
    mix_loudness_init(&l, MIX_RATE);
    int16_t pcm[MIX_BLOCK];
    for (unsigned b = 0; b < 1000; b++) {
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            pcm[i] = (int16_t)(kit_random(&random) * 60 - 30);
        }
        double before = mix_level_dbov(pcm, MIX_BLOCK);
        mix_loudness_run(&l, pcm, false);
        assert_true(fabs(mix_level_dbov(pcm, MIX_BLOCK) - before) < 0.1);
    }
}

typedef struct {
    double quiet_db, speech_db;
} beside_a_fan;

/* A second of a voice, a second without, and noise all along. */
static beside_a_fan measure_beside_a_fan(mcu_codec codec, bool denoise)
{
    enum { TICKS = 300, SECOND = 50 };
    static int16_t heard[TICKS * MIX_BLOCK];
    mix_avoice *v = mix_avoice_new_line(1, codec, false, NULL);
    kit_sender *sender = kit_sender_new(&(kit_sender_config){.codec = codec});
    mix_resample *up = NULL;
    uint32_t random = 3;
    assert_true(!denoise || mix_avoice_denoise(v));
    for (unsigned t = 0; t < TICKS; t++) {
        int16_t pcm[MIX_BLOCK];
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            pcm[i] = (int16_t)((kit_random(&random) - 0.5) * 1200);
        }
        if (t / SECOND % 2 == 1) {
            kit_speech(pcm, MIX_BLOCK, (uint64_t)t * MIX_BLOCK, 140, kit_amplitude(-18));
        }
        mcu_au *au = kit_send(sender, pcm);
        au->time_ns = START_NS + t * MIX_BLOCK_NS;
        mcu_ring_push(v->ring, au);
        mix_avoice_collect(v);
        (void)mix_avoice_pull(v, START_NS + t * MIX_BLOCK_NS);
        kit_wide(v, &up, heard + t * MIX_BLOCK);
    }
    mix_resample_free(up);
    kit_sender_free(sender);
    mix_avoice_free(v);
    const int16_t *quiet = heard + (4 * SECOND + 10) * MIX_BLOCK, *speech = quiet + SECOND * MIX_BLOCK;
    return (beside_a_fan){mix_level_dbov(quiet, 30 * MIX_BLOCK), mix_level_dbov(speech, 30 * MIX_BLOCK)};
}

static void steady_noise_is_taken_out_and_the_voice_stays(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_PCMU, MCU_CODEC_G722, MCU_CODEC_OPUS};
    for (unsigned c = 0; c < 3; c++) {
        beside_a_fan before = measure_beside_a_fan(codecs[c], false), after = measure_beside_a_fan(codecs[c], true);
        printf("%s: noise of %.1f dBov becomes %.1f, a voice of %.1f %.1f\n", mcu_codec_name(codecs[c]), before.quiet_db,
               after.quiet_db, before.speech_db, after.speech_db);
        assert_true(after.quiet_db < before.quiet_db - 10);
        assert_true(fabs(after.speech_db - before.speech_db) < 2);
    }
}

/* ---- the room's tick ---- */

typedef struct {
    mix_acore *core;
    mix_alistener *listener;
    mix_avoice *line;
    mix_abatch batch;
    unsigned tick;
} booth;

static void booth_open(booth *b, mcu_codec codec)
{
    *b = (booth){.core = mix_acore_new(NULL, NULL)};
    b->line = mix_avoice_new_line(1, codec, false, NULL);
    b->listener = mix_alistener_new_line(1, 1, codec, NULL, NULL);
    assert_int_equal(mix_acore_add_voice(b->core, b->line), MCU_OK);
    assert_int_equal(mix_acore_add_listener(b->core, b->listener), MCU_OK);
}

static void booth_close(booth *b)
{
    mix_abatch_clear(&b->batch);
    mix_acore_remove_voice(b->core, b->line);
    mix_acore_remove_listener(b->core, b->listener);
    mix_avoice_free(b->line);
    mix_alistener_free(b->listener);
    mix_acore_free(b->core);
}

static const mcu_au *booth_tick(booth *b)
{
    int64_t now_ns = START_NS + b->tick * MIX_BLOCK_NS;
    mix_abatch_clear(&b->batch);
    mix_acore_tick(b->core, now_ns, b->tick * MIX_BLOCK, now_ns, &b->batch);
    b->tick++;
    assert_int_equal(b->batch.n, 1);
    return b->batch.out[0].au;
}

static void ten_minutes_of_silence_are_never_dead_air(void **state)
{
    (void)state;
    booth b;
    booth_open(&b, MCU_CODEC_PCMU);
    for (unsigned t = 0; t < 10 * 60 * 50; t++) {
        const mcu_au *au = booth_tick(&b);
        assert_int_equal(au->codec, MCU_CODEC_PCMU);
        assert_int_equal(au->size, 160);
        assert_int_equal(au->ts, t * MIX_BLOCK);
        int16_t pcm[160];
        for (unsigned i = 0; i < 160; i++) {
            pcm[i] = mix_ulaw_to_linear(au->data[i]);
        }
        double db = mix_level_dbov(pcm, 160);
        if (db < -75 || db > -60) {
            fail_msg("%u: %.1f dBov", t, db);
        }
    }
    booth_close(&b);
}

static void a_prompt_is_told_over_the_softened_others(void **state)
{
    (void)state;
    enum { SAID = 25, TICKS = 100, BEGIN = 50 };
    static int16_t heard[TICKS * MIX_BLOCK];
    booth b;
    talker t;
    booth_open(&b, MCU_CODEC_PCMU);
    talker_open(&t, mix_avoice_new(9, MCU_CODEC_PCMU, NULL), MCU_CODEC_PCMU, &calm, 600, -20);
    assert_int_equal(mix_acore_add_voice(b.core, t.voice), MCU_OK);
    mix_adec *ear = mix_adec_new(MCU_CODEC_PCMU, NULL);
    mix_prompt *p = g_malloc0(sizeof *p + SAID * 160 * sizeof(int16_t));
    *p = (mix_prompt){.listener = 1, .n = SAID * 160};
    for (unsigned i = 0; i < p->n; i++) { /* at the line's rate */
        p->pcm[i] = (int16_t)lrint(kit_amplitude(-16) * sin(2 * M_PI * 1800 * i / 8000));
    }
    mix_prompt *other = g_malloc0(sizeof *other);
    other->listener = 77;
    assert_ptr_equal(mix_acore_say(b.core, other), other); /* nobody of that number */
    g_free(other);
    for (unsigned i = 0; i < TICKS; i++) {
        if (i == BEGIN) {
            assert_null(mix_acore_say(b.core, p));
        }
        kit_link_step(&t.link, START_NS + i * MIX_BLOCK_NS, t.voice);
        const mcu_au *au = booth_tick(&b);
        int16_t pcm[MIX_PACKET_MAX];
        unsigned n = 0;
        assert_int_equal(mix_adec_decode(ear, au->data, au->size, pcm, &n), MCU_OK);
        memcpy(heard + i * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
    }
    assert_ptr_equal(mix_acore_said(b.core), p);
    assert_null(mix_acore_said(b.core));
    g_free(p);
    const int16_t *during = heard + (BEGIN + 5) * MIX_BLOCK, *after = heard + (BEGIN + SAID + 5) * MIX_BLOCK;
    assert_true(fabs(kit_level_db(during, 15 * MIX_BLOCK, 1800) + 16) < 1);
    assert_true(fabs(kit_level_db(during, 15 * MIX_BLOCK, 600) + 32) < 1.5);
    assert_true(fabs(kit_level_db(after, 15 * MIX_BLOCK, 600) + 20) < 1);
    assert_true(kit_level_db(after, 15 * MIX_BLOCK, 1800) < -60);
    atomic_store(&b.listener->gain, MIX_GAIN_UNITY / 4); /* softer by keypad */
    for (unsigned i = 0; i < 50; i++) {
        kit_link_step(&t.link, START_NS + (TICKS + i) * MIX_BLOCK_NS, t.voice);
        const mcu_au *au = booth_tick(&b);
        int16_t pcm[MIX_PACKET_MAX];
        unsigned n = 0;
        assert_int_equal(mix_adec_decode(ear, au->data, au->size, pcm, &n), MCU_OK);
        memcpy(heard + i * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
    }
    assert_true(fabs(kit_level_db(heard + 10 * MIX_BLOCK, 40 * MIX_BLOCK, 600) + 32) < 1);
    mix_acore_remove_voice(b.core, t.voice);
    talker_close(&t);
    mix_adec_free(ear);
    booth_close(&b);
}

/* Two callers at 8 and 16 kHz; the recording's ear at 48 kHz hears both, until one has not agreed. */
static void a_masked_caller_is_not_recorded(void **state)
{
    (void)state;
    enum { TICKS = 200, HALF = 100, LAST = 50 };
    static int16_t heard[TICKS * MIX_BLOCK];
    mix_audio_config config = {.complexity = -1, .bitrate_bps = 96000};
    mix_acore *core = mix_acore_new(&config, NULL);
    mix_alistener *tape = mix_alistener_new(9, MIX_HEARS_UNMASKED, &config, NULL);
    mix_adec *ear = mix_adec_new(MCU_CODEC_OPUS, NULL);
    mix_abatch batch = {0};
    talker a, b;
    talker_open(&a, mix_avoice_new_line(1, MCU_CODEC_PCMU, false, NULL), MCU_CODEC_PCMU, &calm, 600, -20);
    talker_open(&b, mix_avoice_new_line(2, MCU_CODEC_G722, false, NULL), MCU_CODEC_G722, &calm, 1500, -20);
    assert_int_equal(mix_acore_add_voice(core, a.voice), MCU_OK);
    assert_int_equal(mix_acore_add_voice(core, b.voice), MCU_OK);
    assert_int_equal(mix_acore_add_listener(core, tape), MCU_OK);
    for (unsigned t = 0; t < TICKS; t++) {
        int64_t now_ns = START_NS + t * MIX_BLOCK_NS;
        int16_t pcm[MIX_PACKET_MAX];
        unsigned n = 0;
        atomic_store(&a.voice->masked, t >= HALF);
        kit_link_step(&a.link, now_ns, a.voice);
        kit_link_step(&b.link, now_ns, b.voice);
        mix_abatch_clear(&batch);
        mix_acore_tick(core, now_ns, t * MIX_BLOCK, now_ns, &batch);
        assert_int_equal(mix_adec_decode(ear, batch.out[0].au->data, batch.out[0].au->size, pcm, &n), MCU_OK);
        memcpy(heard + t * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
    }
    const int16_t *before = heard + (HALF - LAST) * MIX_BLOCK, *after = heard + (TICKS - LAST) * MIX_BLOCK;
    assert_true(fabs(kit_level_db(before, LAST * MIX_BLOCK, 600) + 20) < 1.5);
    assert_true(fabs(kit_level_db(before, LAST * MIX_BLOCK, 1500) + 20) < 1.5);
    assert_true(kit_level_db(after, LAST * MIX_BLOCK, 600) < -60);
    assert_true(fabs(kit_level_db(after, LAST * MIX_BLOCK, 1500) + 20) < 1.5);
    mix_abatch_clear(&batch);
    mix_acore_remove_voice(core, a.voice);
    mix_acore_remove_voice(core, b.voice);
    mix_acore_remove_listener(core, tape);
    talker_close(&a);
    talker_close(&b);
    mix_alistener_free(tape);
    mix_adec_free(ear);
    mix_acore_free(core);
}

/* ---- echo ---- */

typedef struct {
    double echo;    /* of the line, 0.1 = -20 dB */
    double near_db; /* of who talks at it, from tick `near_from` */
    unsigned near_from;
    double late_ms; /* jitter of its packets */
} line_setup;

typedef struct {
    double sent_db, came_db; /* over the last 5 s: to the line, and from it into the mix */
    bool talking, found, at_work;
    double worst_change_db; /* of a block that somebody talks in */
} line_result;

/* Somebody speaks to a line for 20 s: harmonics that change and noise, in syllables. */
static void far_speech(int16_t *pcm, unsigned tick, uint32_t *random)
{
    double hz = 110 + 40 * sin(tick * 0.031) + 25 * ((tick / 9) % 3);
    kit_speech(pcm, MIX_BLOCK, (uint64_t)tick * MIX_BLOCK, hz, kit_amplitude(-18));
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        double swell = pow(sin(M_PI * 4 * ((double)tick * MIX_BLOCK + i) / MIX_RATE), 2);
        pcm[i] = mix_clip16(pcm[i] + (int32_t)((kit_random(random) - 0.5) * 4000 * swell));
    }
}

static line_result run_line(const line_setup *s)
{
    enum { TICKS = 1000, LAST = 250, DELAY = 10 };
    static int16_t echo[DELAY][160];
    static int16_t sent[TICKS * MIX_BLOCK], came[TICKS * MIX_BLOCK];
    memset(echo, 0, sizeof echo);
    booth b;
    booth_open(&b, MCU_CODEC_PCMU);
    mix_avoice *far = mix_avoice_new(9, MCU_CODEC_PCMU, NULL);
    assert_int_equal(mix_acore_add_voice(b.core, far), MCU_OK);
    uint32_t random = 5, jitter = 9;
    line_result r = {0};
    mix_resample *up = NULL;
    for (unsigned t = 0; t < TICKS; t++) {
        int64_t now_ns = START_NS + t * MIX_BLOCK_NS;
        int16_t pcm[MIX_BLOCK] = {0}, near[MIX_BLOCK] = {0}, back[MIX_BLOCK];
        far_speech(pcm, t, &random);
        mcu_ring_push(far->ring, pcmu(pcm, MIX_BLOCK, t, t * 160, now_ns));
        if (s->near_db < 0 && t >= s->near_from) {
            kit_speech(near, MIX_BLOCK, (uint64_t)t * MIX_BLOCK, 190, kit_amplitude(s->near_db));
        }
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            back[i] = mix_clip16((int32_t)lrint(echo[t % DELAY][i / 6] * s->echo) + near[i]);
        }
        int64_t late_ns = (int64_t)(kit_random(&jitter) * s->late_ms * (double)KIT_MS);
        mcu_ring_push(b.line->ring, pcmu(back, MIX_BLOCK, t, 5000 + t * 160, now_ns - MIX_BLOCK_NS + late_ns));
        const mcu_au *au = booth_tick(&b);
        for (unsigned i = 0; i < 160; i++) {
            echo[t % DELAY][i] = mix_ulaw_to_linear(au->data[i]);
            for (unsigned k = 0; k < 6; k++) {
                sent[t * MIX_BLOCK + i * 6 + k] = echo[t % DELAY][i];
            }
        }
        kit_wide(b.line, &up, came + t * MIX_BLOCK);
        r.talking = r.talking || (t >= TICKS - LAST && b.line->level.talking);
    }
    r.sent_db = mix_level_dbov(sent + (TICKS - LAST) * MIX_BLOCK, LAST * MIX_BLOCK);
    r.came_db = mix_level_dbov(came + (TICKS - LAST) * MIX_BLOCK, LAST * MIX_BLOCK);
    r.found = mix_echo_found(b.line->echo);
    r.at_work = mix_echo_is_at_work(b.line->echo);
    mix_resample_free(up);
    mix_acore_remove_voice(b.core, far);
    mix_avoice_free(far);
    booth_close(&b);
    return r;
}

static void a_lines_echo_comes_back_35_db_down_and_is_nobodys_voice(void **state)
{
    (void)state;
    static const line_setup rows[] = {{.echo = 0.1}, {.echo = 0.1, .late_ms = 15}, {.echo = 0.3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        line_result r = run_line(&rows[i]);
        printf("echo of %.0f dB after 200 ms: comes back at %.1f dB\n", 20 * log10(rows[i].echo), r.came_db - r.sent_db);
        assert_true(r.found);
        assert_false(r.talking);
        assert_true(r.came_db - r.sent_db < -35);
    }
}

static void who_talks_over_the_echo_is_heard(void **state)
{
    (void)state;
    line_result alone = run_line(&(line_setup){.near_db = -20});
    assert_false(alone.found); /* a line without an echo: left as it is, however long both talk at once */
    assert_false(alone.at_work);
    line_result both = run_line(&(line_setup){.echo = 0.1, .near_db = -20, .near_from = 600});
    printf("a voice of %.1f dBov, over an echo %.1f\n", alone.came_db, both.came_db);
    assert_true(both.talking);
    assert_true(fabs(both.came_db - alone.came_db) < 3);
}

/* Ten who talk at once, in tones that have a common period: nobody's line is taken for one with an echo. */
static void ten_talkers_are_no_echo(void **state)
{
    (void)state;
    enum { LINES = 10, TICKS = 400 };
    mix_acore *core = mix_acore_new(NULL, NULL);
    mix_avoice *voice[LINES];
    mix_alistener *listener[LINES];
    mix_abatch batch = {0};
    for (unsigned i = 0; i < LINES; i++) {
        voice[i] = mix_avoice_new_line(i + 1, MCU_CODEC_PCMU, false, NULL);
        voice[i]->even = true;
        listener[i] = mix_alistener_new_line(i + 1, i + 1, MCU_CODEC_PCMU, NULL, NULL);
        assert_int_equal(mix_acore_add_voice(core, voice[i]), MCU_OK);
        assert_int_equal(mix_acore_add_listener(core, listener[i]), MCU_OK);
    }
    for (unsigned t = 0; t < TICKS; t++) {
        int64_t now_ns = START_NS + t * MIX_BLOCK_NS;
        for (unsigned i = 0; i < LINES; i++) {
            int16_t pcm[MIX_BLOCK];
            for (unsigned k = 0; k < MIX_BLOCK; k++) {
                double at = (double)(t * MIX_BLOCK + k) / MIX_RATE;
                pcm[k] = (int16_t)(5000 * sin(2 * M_PI * (300 + 40 * i) * at) * pow(sin(M_PI * 4 * at), 2));
            }
            mcu_ring_push(voice[i]->ring, pcmu(pcm, MIX_BLOCK, t, t * 160, now_ns - 7 * KIT_MS));
        }
        mix_abatch_clear(&batch);
        mix_acore_tick(core, now_ns, t * MIX_BLOCK, now_ns, &batch);
        for (unsigned i = 0; i < LINES; i++) {
            assert_false(mix_echo_is_at_work(voice[i]->echo));
        }
    }
    mix_abatch_clear(&batch);
    for (unsigned i = 0; i < LINES; i++) {
        mix_acore_remove_voice(core, voice[i]);
        mix_acore_remove_listener(core, listener[i]);
        mix_avoice_free(voice[i]);
        mix_alistener_free(listener[i]);
    }
    mix_acore_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(companding_is_the_inverse_of_expanding),
        cmocka_unit_test(tones_pass_the_telephone_and_nothing_comes_with_them),
        cmocka_unit_test(lost_packets_cost_neither_tone_nor_loudness),
        cmocka_unit_test(the_delay_is_bounded_and_the_rest_is_skipped),
        cmocka_unit_test(every_key_is_recognised_by_its_tones),
        cmocka_unit_test(voices_are_not_keys),
        cmocka_unit_test(nobody_hears_a_key),
        cmocka_unit_test(the_meter_reads_what_the_standard_says),
        cmocka_unit_test(soft_and_loud_voices_come_out_alike),
        cmocka_unit_test(noise_between_words_is_not_raised),
        cmocka_unit_test(steady_noise_is_taken_out_and_the_voice_stays),
        cmocka_unit_test(ten_minutes_of_silence_are_never_dead_air),
        cmocka_unit_test(a_prompt_is_told_over_the_softened_others),
        cmocka_unit_test(a_masked_caller_is_not_recorded),
        cmocka_unit_test(a_lines_echo_comes_back_35_db_down_and_is_nobodys_voice),
        cmocka_unit_test(who_talks_over_the_echo_is_heard),
        cmocka_unit_test(ten_talkers_are_no_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
