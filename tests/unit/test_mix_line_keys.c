/* Keys that come as tones: found in every codec, and heard by nobody. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audio_kit.h"
#include "line_kit.h"
#include "mixer/dtmf.h"
#include "mixer/penc.h"

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
            int64_t now_ns = KIT_LINE_START_NS + t * MIX_BLOCK_NS;
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
        (void)mix_avoice_pull(v, KIT_LINE_START_NS + TICKS * MIX_BLOCK_NS);
        assert_true(mix_level_dbov(v->block, MIX_BLOCK / mix_unit(v->hz)) <= MIX_SILENCE_DBOV);
        mix_avoice_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_recognised_by_its_tones),
        cmocka_unit_test(voices_are_not_keys),
        cmocka_unit_test(nobody_hears_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
