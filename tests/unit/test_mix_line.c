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
#include "line_kit.h"
#include "mixer/acore.h"
#include "mixer/adec.h"
#include "mixer/g711.h"
#include "mixer/loudness.h"
#include "mixer/penc.h"

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
    kit_link_init(&t->link, &(kit_sender_config){.codec = codec}, net, hz, kit_amplitude(db), KIT_LINE_START_NS);
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
        int64_t now_ns = KIT_LINE_START_NS + t->tick * MIX_BLOCK_NS;
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
    assert_true(!denoise || mix_avoice_denoise(v, true));
    for (unsigned t = 0; t < TICKS; t++) {
        int16_t pcm[MIX_BLOCK];
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            pcm[i] = (int16_t)((kit_random(&random) - 0.5) * 1200);
        }
        if (t / SECOND % 2 == 1) {
            kit_speech(pcm, MIX_BLOCK, (uint64_t)t * MIX_BLOCK, 140, kit_amplitude(-18));
        }
        mcu_au *au = kit_send(sender, pcm);
        au->time_ns = KIT_LINE_START_NS + t * MIX_BLOCK_NS;
        mcu_ring_push(v->ring, au);
        mix_avoice_collect(v);
        (void)mix_avoice_pull(v, KIT_LINE_START_NS + t * MIX_BLOCK_NS);
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

static void ten_minutes_of_silence_are_never_dead_air(void **state)
{
    (void)state;
    kit_booth b;
    kit_booth_open(&b, MCU_CODEC_PCMU);
    for (unsigned t = 0; t < 10 * 60 * 50; t++) {
        const mcu_au *au = kit_booth_tick(&b);
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
    kit_booth_close(&b);
}

static void a_prompt_is_told_over_the_softened_others(void **state)
{
    (void)state;
    enum { SAID = 25, TICKS = 100, BEGIN = 50 };
    static int16_t heard[TICKS * MIX_BLOCK];
    kit_booth b;
    talker t;
    kit_booth_open(&b, MCU_CODEC_PCMU);
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
        kit_link_step(&t.link, KIT_LINE_START_NS + i * MIX_BLOCK_NS, t.voice);
        const mcu_au *au = kit_booth_tick(&b);
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
        kit_link_step(&t.link, KIT_LINE_START_NS + (TICKS + i) * MIX_BLOCK_NS, t.voice);
        const mcu_au *au = kit_booth_tick(&b);
        int16_t pcm[MIX_PACKET_MAX];
        unsigned n = 0;
        assert_int_equal(mix_adec_decode(ear, au->data, au->size, pcm, &n), MCU_OK);
        memcpy(heard + i * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
    }
    assert_true(fabs(kit_level_db(heard + 10 * MIX_BLOCK, 40 * MIX_BLOCK, 600) + 32) < 1);
    mix_acore_remove_voice(b.core, t.voice);
    talker_close(&t);
    mix_adec_free(ear);
    kit_booth_close(&b);
}

/* Two callers at 8 and 16 kHz; the recording's ear at 48 kHz hears both, until one has not agreed. */
static void a_masked_caller_is_not_recorded(void **state)
{
    (void)state;
    enum { TICKS = 200, HALF = 100, LAST = 50 };
    static int16_t heard[TICKS * MIX_BLOCK];
    mix_audio_config config = {.complexity = -1, .bitrate_bps = 96000};
    mix_acore *core = mix_acore_new();
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
        int64_t now_ns = KIT_LINE_START_NS + t * MIX_BLOCK_NS;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(companding_is_the_inverse_of_expanding),
        cmocka_unit_test(tones_pass_the_telephone_and_nothing_comes_with_them),
        cmocka_unit_test(lost_packets_cost_neither_tone_nor_loudness),
        cmocka_unit_test(the_delay_is_bounded_and_the_rest_is_skipped),
        cmocka_unit_test(the_meter_reads_what_the_standard_says),
        cmocka_unit_test(soft_and_loud_voices_come_out_alike),
        cmocka_unit_test(noise_between_words_is_not_raised),
        cmocka_unit_test(steady_noise_is_taken_out_and_the_voice_stays),
        cmocka_unit_test(ten_minutes_of_silence_are_never_dead_air),
        cmocka_unit_test(a_prompt_is_told_over_the_softened_others),
        cmocka_unit_test(a_masked_caller_is_not_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
