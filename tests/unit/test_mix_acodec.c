/* Decoders, concealment and in-band FEC, packets that a stranger made up. */
#include <math.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audio_kit.h"
#include "mixer/adec.h"
#include "mixer/aenc.h"
#include "mixer/g711.h"

static void every_codec_keeps_a_tone(void **state)
{
    (void)state;
    static const struct {
        mcu_codec codec;
        unsigned frame;
        double tolerance_db;
    } rows[] = {
        {MCU_CODEC_OPUS, 120, 1},   {MCU_CODEC_OPUS, 960, 1},   {MCU_CODEC_OPUS, 2880, 1},  {MCU_CODEC_OPUS, 5760, 1},
        {MCU_CODEC_PCMU, 960, 0.5}, {MCU_CODEC_PCMA, 960, 0.5}, {MCU_CODEC_G722, 960, 0.5}, {MCU_CODEC_PCMU, 5760, 0.5},
    };
    for (unsigned r = 0; r < sizeof rows / sizeof *rows; r++) {
        kit_sender *s =
            kit_sender_new(&(kit_sender_config){.codec = rows[r].codec, .frame_48k = rows[r].frame, .bitrate = 64000});
        mix_adec *d = mix_adec_new(rows[r].codec, NULL);
        assert_non_null(d);
        static int16_t heard[MIX_RATE * 2];
        for (unsigned at = 0; at + rows[r].frame <= MIX_RATE * 2; at += rows[r].frame) {
            int16_t pcm[MIX_PACKET_MAX] = {0};
            int16_t out[MIX_PACKET_MAX];
            unsigned n = 0;
            kit_tone(pcm, rows[r].frame, at, 700, kit_amplitude(-20));
            mcu_au *au = kit_send(s, pcm);
            assert_int_equal(mix_adec_duration(rows[r].codec, au->data, au->size), rows[r].frame);
            assert_int_equal(mix_adec_decode(d, au->data, au->size, out, &n), MCU_OK);
            assert_int_equal(n, rows[r].frame);
            memcpy(heard + at, out, n * sizeof *out);
            mcu_au_unref(au);
        }
        double level = kit_level_db(heard + MIX_RATE, MIX_RATE / 2, 700);
        if (fabs(level + 20) > rows[r].tolerance_db) {
            fail_msg("row %u: %.2f dB instead of -20", r, level);
        }
        mix_adec_free(d);
        kit_sender_free(s);
    }
}

/* ITU-T G.711 tables 2a, 2b: ends of the range and the values around zero. */
static void companding_follows_the_tables(void **state)
{
    (void)state;
    assert_int_equal(mix_ulaw_to_linear(0x00), -32124);
    assert_int_equal(mix_ulaw_to_linear(0x80), 32124);
    assert_int_equal(mix_ulaw_to_linear(0xff), 0);
    assert_int_equal(mix_ulaw_to_linear(0x7f), 0);
    assert_int_equal(mix_ulaw_to_linear(0xfe), 8);
    assert_int_equal(mix_alaw_to_linear(0x55), -8);
    assert_int_equal(mix_alaw_to_linear(0xd5), 8);
    assert_int_equal(mix_alaw_to_linear(0x2a), -32256);
    assert_int_equal(mix_alaw_to_linear(0xaa), 32256);
}

static void fec_brings_back_a_lost_packet(void **state)
{
    (void)state;
    kit_sender *s = kit_sender_new(&(kit_sender_config){.codec = MCU_CODEC_OPUS, .fec = true});
    mix_adec *with = mix_adec_new(MCU_CODEC_OPUS, NULL);
    mix_adec *without = mix_adec_new(MCU_CODEC_OPUS, NULL);
    mix_adec *whole = mix_adec_new(MCU_CODEC_OPUS, NULL);
    double error_fec = 0;
    double error_plc = 0;
    unsigned with_fec = 0;
    mcu_au *lost = NULL;
    int16_t truth[MIX_PACKET_MAX];
    for (unsigned k = 0; k < 160; k++) {
        int16_t pcm[MIX_BLOCK] = {0};
        int16_t out[2][MIX_PACKET_MAX];
        unsigned n;
        /* Each frame another pitch: concealment cannot guess it. */
        kit_speech(pcm, MIX_BLOCK, k * MIX_BLOCK, 120 + 30 * (k % 7), kit_amplitude(-12));
        mcu_au *au = kit_send(s, pcm);
        if (lost) {
            with_fec += mix_adec_has_fec(MCU_CODEC_OPUS, au->data, au->size);
            mix_adec_fec(with, au->data, au->size, out[0], MIX_BLOCK);
            mix_adec_conceal(without, out[1], MIX_BLOCK);
            for (unsigned i = 0; i < MIX_BLOCK; i++) {
                error_fec += pow(out[0][i] - truth[i], 2);
                error_plc += pow(out[1][i] - truth[i], 2);
            }
            mcu_au_unref(lost);
            lost = NULL;
        }
        mix_adec_decode(whole, au->data, au->size, truth, &n);
        if (k > 20 && k % 10 == 5) {
            lost = au;
            continue;
        }
        mix_adec_decode(with, au->data, au->size, out[0], &n);
        mix_adec_decode(without, au->data, au->size, out[1], &n);
        mcu_au_unref(au);
    }
    mcu_au_unref(lost);
    printf("error: FEC %g, concealed %g, %u packets with FEC\n", error_fec, error_plc, with_fec);
    assert_true(with_fec > 5);
    assert_true(error_fec * 3 < error_plc);
    mix_adec_free(with);
    mix_adec_free(without);
    mix_adec_free(whole);
    kit_sender_free(s);
}

static void fec_flag_is_off_without_fec(void **state)
{
    (void)state;
    for (int audio = 0; audio < 2; audio++) {
        kit_sender *s = kit_sender_new(&(kit_sender_config){.codec = MCU_CODEC_OPUS, .audio = audio});
        for (unsigned k = 0; k < 20; k++) {
            int16_t pcm[MIX_BLOCK] = {0};
            kit_tone(pcm, MIX_BLOCK, k * MIX_BLOCK, 300, 8000);
            mcu_au *au = kit_send(s, pcm);
            assert_false(mix_adec_has_fec(MCU_CODEC_OPUS, au->data, au->size));
            mcu_au_unref(au);
        }
        kit_sender_free(s);
    }
}

static void concealment_goes_on_and_fades(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_OPUS, MCU_CODEC_PCMU, MCU_CODEC_G722};
    for (unsigned c = 0; c < 3; c++) {
        kit_sender *s = kit_sender_new(&(kit_sender_config){.codec = codecs[c]});
        mix_adec *d = mix_adec_new(codecs[c], NULL);
        int16_t out[MIX_PACKET_MAX];
        unsigned n = 0;
        for (unsigned k = 0; k < 50; k++) {
            int16_t pcm[MIX_BLOCK] = {0};
            kit_tone(pcm, MIX_BLOCK, k * MIX_BLOCK, 400, kit_amplitude(-20));
            mcu_au *au = kit_send(s, pcm);
            mix_adec_decode(d, au->data, au->size, out, &n);
            mcu_au_unref(au);
        }
        mix_adec_conceal(d, out, MIX_BLOCK);
        assert_true(mix_level_dbov(out, MIX_BLOCK) > -32);
        for (int k = 0; k < 30; k++) {
            mix_adec_conceal(d, out, MIX_BLOCK);
        }
        assert_true(mix_level_dbov(out, MIX_BLOCK) < (codecs[c] == MCU_CODEC_OPUS ? -30 : -50));
        mix_adec_conceal(d, out, 77); /* any length */
        mix_adec_conceal(d, out, MIX_PACKET_MAX);
        mix_adec_free(d);
        kit_sender_free(s);
    }
}

static void garbage_is_survived(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_OPUS, MCU_CODEC_PCMU, MCU_CODEC_PCMA, MCU_CODEC_G722};
    uint32_t random = 7;
    for (unsigned c = 0; c < 4; c++) {
        mix_adec *d = mix_adec_new(codecs[c], NULL);
        for (unsigned k = 0; k < 4000; k++) {
            mcu_au *au = mcu_au_new((size_t)(kit_random(&random) * (k % 3 == 0 ? 1500 : 40)));
            for (size_t i = 0; i < au->size; i++) {
                au->data[i] = (uint8_t)(kit_random(&random) * 256);
            }
            int16_t out[MIX_PACKET_MAX];
            unsigned n = 0;
            unsigned duration = mix_adec_duration(codecs[c], au->data, au->size);
            assert_true(duration <= MIX_PACKET_MAX);
            mcu_status status = mix_adec_decode(d, au->data, au->size, out, &n);
            assert_int_equal(n, duration);
            assert_true(duration > 0 || status == MCU_EINVAL);
            (void)mix_adec_has_fec(codecs[c], au->data, au->size);
            if (duration > 0) {
                mix_adec_fec(d, au->data, au->size, out, MIX_BLOCK);
            }
            mcu_au_unref(au);
        }
        mix_adec_free(d);
    }
    assert_int_equal(mix_adec_duration(MCU_CODEC_OPUS, NULL, 0), 0);
    assert_null(mix_adec_new(MCU_CODEC_H264, NULL));
}

static void a_copied_encoder_carries_on(void **state)
{
    (void)state;
    mix_aenc *a = mix_aenc_new(NULL, NULL);
    mix_aenc *b = mix_aenc_new(NULL, NULL);
    for (unsigned k = 0; k < 100; k++) {
        int16_t pcm[MIX_BLOCK] = {0};
        kit_tone(pcm, MIX_BLOCK, k * MIX_BLOCK, 330, 6000);
        mcu_au *x = mix_aenc_encode(a, pcm, k * 960, (int64_t)k * MIX_BLOCK_NS);
        assert_int_equal(x->codec, MCU_CODEC_OPUS);
        assert_int_equal(x->ts, k * 960);
        if (k == 50) {
            mix_aenc_copy(b, a);
        } else if (k > 50) {
            mcu_au *y = mix_aenc_encode(b, pcm, 0, 0);
            assert_int_equal(x->size, y->size);
            assert_memory_equal(x->data, y->data, x->size);
            mcu_au_unref(y);
        }
        mcu_au_unref(x);
    }
    mix_aenc_free(a);
    mix_aenc_free(b);
    assert_null(mix_aenc_new(&(mix_audio_config){.complexity = 11}, NULL));
}

/* Pauses are sent too: a receiver could not tell them from loss, and the first sound after one would be cut. */
static void pauses_are_no_holes(void **state)
{
    (void)state;
    for (mix_audio_profile p = MIX_PROFILE_FULL; p < MIX_PROFILES; p++) {
        mix_aenc *e = p == MIX_PROFILE_FULL ? mix_aenc_new(NULL, NULL) : mix_aenc_new_thin(NULL, NULL);
        if (p != MIX_PROFILE_FULL) {
            mix_aenc_take_profile(e, p);
        }
        unsigned samples = 0;
        for (unsigned k = 0; k < 150; k++) {
            int16_t pcm[MIX_BLOCK] = {0};
            if (k < 30) {
                kit_tone(pcm, MIX_BLOCK, k * MIX_BLOCK, 330, 6000);
            }
            mcu_au *au = mix_aenc_encode(e, pcm, k * MIX_BLOCK, (int64_t)k * MIX_BLOCK_NS);
            if (au) {
                assert_int_equal(au->ts, samples);
                assert_false(mix_adec_is_dtx(MCU_CODEC_OPUS, au->size));
                samples += mix_adec_duration(MCU_CODEC_OPUS, au->data, au->size);
                mcu_au_unref(au);
            }
        }
        assert_int_equal(samples, 150 * MIX_BLOCK);
        mix_aenc_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_keeps_a_tone),      cmocka_unit_test(companding_follows_the_tables),
        cmocka_unit_test(fec_brings_back_a_lost_packet), cmocka_unit_test(fec_flag_is_off_without_fec),
        cmocka_unit_test(concealment_goes_on_and_fades), cmocka_unit_test(garbage_is_survived),
        cmocka_unit_test(a_copied_encoder_carries_on),   cmocka_unit_test(pauses_are_no_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
