/* A telephone line that sends back what it is sent, in stepped time. */
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
#include "mixer/echo.h"
#include "mixer/g711.h"

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
    kit_booth b;
    kit_booth_open(&b, MCU_CODEC_PCMU);
    mix_avoice *far = mix_avoice_new(9, MCU_CODEC_PCMU, NULL);
    assert_int_equal(mix_acore_add_voice(b.core, far), MCU_OK);
    uint32_t random = 5, jitter = 9;
    line_result r = {0};
    mix_resample *up = NULL;
    for (unsigned t = 0; t < TICKS; t++) {
        int64_t now_ns = KIT_LINE_START_NS + t * MIX_BLOCK_NS;
        int16_t pcm[MIX_BLOCK] = {0}, near[MIX_BLOCK] = {0}, back[MIX_BLOCK];
        far_speech(pcm, t, &random);
        mcu_ring_push(far->ring, kit_pcmu(pcm, MIX_BLOCK, t, t * 160, now_ns));
        if (s->near_db < 0 && t >= s->near_from) {
            kit_speech(near, MIX_BLOCK, (uint64_t)t * MIX_BLOCK, 190, kit_amplitude(s->near_db));
        }
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            back[i] = mix_clip16((int32_t)lrint(echo[t % DELAY][i / 6] * s->echo) + near[i]);
        }
        int64_t late_ns = (int64_t)(kit_random(&jitter) * s->late_ms * (double)KIT_MS);
        mcu_ring_push(b.line->ring, kit_pcmu(back, MIX_BLOCK, t, 5000 + t * 160, now_ns - MIX_BLOCK_NS + late_ns));
        const mcu_au *au = kit_booth_tick(&b);
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
    kit_booth_close(&b);
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
    mix_acore *core = mix_acore_new();
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
        int64_t now_ns = KIT_LINE_START_NS + t * MIX_BLOCK_NS;
        for (unsigned i = 0; i < LINES; i++) {
            int16_t pcm[MIX_BLOCK];
            for (unsigned k = 0; k < MIX_BLOCK; k++) {
                double at = (double)(t * MIX_BLOCK + k) / MIX_RATE;
                pcm[k] = (int16_t)(5000 * sin(2 * M_PI * (300 + 40 * i) * at) * pow(sin(M_PI * 4 * at), 2));
            }
            mcu_ring_push(voice[i]->ring, kit_pcmu(pcm, MIX_BLOCK, t, t * 160, now_ns - 7 * KIT_MS));
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
        cmocka_unit_test(a_lines_echo_comes_back_35_db_down_and_is_nobodys_voice),
        cmocka_unit_test(who_talks_over_the_echo_is_heard),
        cmocka_unit_test(ten_talkers_are_no_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
