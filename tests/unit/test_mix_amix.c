/* Sum, subtraction, limiter and level on their own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio_kit.h"
#include "mixer/amix.h"
#include "mixer/level.h"

static void everyone_minus_own(void **state)
{
    (void)state;
    enum { N = 8 };
    mix_amix *m = mix_amix_new(N, MIX_RATE);
    mix_limiter limiter[N];
    static int16_t heard[N][MIX_RATE / 2];
    for (unsigned l = 0; l < N; l++) {
        mix_limiter_init(&limiter[l], MIX_RATE);
    }
    for (unsigned tick = 0; tick < 25; tick++) {
        int16_t voice[N][MIX_BLOCK] = {{0}};
        mix_amix_begin(m, tick);
        for (unsigned v = 0; v < N; v++) {
            kit_tone(voice[v], MIX_BLOCK, tick * MIX_BLOCK, 300 + 200 * v, kit_amplitude(-30));
            assert_int_equal(mix_amix_add(m, v, tick, voice[v]), MCU_OK);
            assert_int_equal(mix_amix_add(m, v, tick, voice[v]), MCU_EINVAL);
        }
        assert_int_equal(mix_amix_add(m, N, tick, voice[0]), MCU_EINVAL);
        for (unsigned l = 0; l < N; l++) {
            int32_t rest[MIX_BLOCK];
            mix_amix_rest(m, (int)l, rest);
            mix_limiter_run(&limiter[l], rest, heard[l] + tick * MIX_BLOCK);
        }
    }
    for (unsigned l = 0; l < N; l++) {
        for (unsigned v = 0; v < N; v++) {
            double db = kit_level_db(heard[l] + MIX_BLOCK, MIX_RATE / 2 - MIX_BLOCK, 300 + 200 * v);
            assert_true(v == l ? db < -75 : fabs(db + 30) < 0.1);
        }
    }
    mix_amix_free(m);
}

static void a_block_for_another_tick_is_refused(void **state)
{
    (void)state;
    mix_amix *m = mix_amix_new(2, MIX_RATE);
    int16_t pcm[MIX_BLOCK] = {0};
    mix_amix_begin(m, 8);
    assert_int_equal(mix_amix_add(m, 0, 7, pcm), MCU_ELATE);
    assert_int_equal(mix_amix_add(m, 0, 8, pcm), MCU_OK);
    mix_amix_free(m);
}

/* Eight people shouting: full-scale tones, squares and noise, and single spikes. */
static void eight_loud_talkers_stay_under_the_ceiling(void **state)
{
    (void)state;
    mix_limiter l;
    mix_limiter_init(&l, MIX_RATE);
    uint32_t random = 1;
    int peak = 0;
    for (unsigned tick = 0; tick < 500; tick++) {
        int32_t sum[MIX_BLOCK];
        int16_t out[MIX_BLOCK];
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            uint64_t at = tick * MIX_BLOCK + i;
            double v = 0;
            for (int k = 0; k < 8; k++) {
                v += tick % 100 < 60 ? 32767 * sin(2 * M_PI * (100 + 37 * k) * (double)at / MIX_RATE) : 0;
            }
            v += tick % 100 >= 60 && kit_random(&random) < 0.001 ? 262136 : 0;
            v += tick % 100 >= 80 ? 65535 * (kit_random(&random) - 0.5) : 0;
            sum[i] = (int32_t)v;
        }
        mix_limiter_run(&l, sum, out);
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            peak = abs(out[i]) > peak ? abs(out[i]) : peak;
        }
    }
    assert_true(peak <= 29204); /* -1 dBFS */
    assert_true(peak > 28000);
}

/* The gain moves smoothly: limiting a steady loud tone leaves a tone, with little of anything else. */
static void limiting_is_smooth(void **state)
{
    (void)state;
    mix_limiter l;
    mix_limiter_init(&l, MIX_RATE);
    static int16_t heard[MIX_RATE];
    for (unsigned tick = 0; tick < 50; tick++) {
        int32_t sum[MIX_BLOCK];
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            sum[i] = (int32_t)lrint(100000 * sin(2 * M_PI * 1000 * (double)(tick * MIX_BLOCK + i) / MIX_RATE));
        }
        mix_limiter_run(&l, sum, heard + tick * MIX_BLOCK);
    }
    assert_true(kit_level_db(heard + 4800, 9600, 1000) > -1.2);
    assert_true(kit_level_db(heard + 4800, 9600, 3000) < -50);
    assert_true(kit_level_db(heard + 4800, 9600, 5000) < -50);
}

static void quiet_sound_passes_untouched_and_gain_comes_back(void **state)
{
    (void)state;
    mix_limiter l;
    mix_limiter_init(&l, MIX_RATE);
    int32_t sum[MIX_BLOCK];
    int16_t out[MIX_BLOCK];
    for (unsigned tick = 0; tick < 200; tick++) {
        for (unsigned i = 0; i < MIX_BLOCK; i++) {
            sum[i] = tick == 20 ? 200000 : (int32_t)(i % 1000) - 500;
        }
        mix_limiter_run(&l, sum, out);
        if (tick == 10 || tick == 199) {
            for (unsigned i = MIX_LIMITER_AHEAD + MIX_LIMITER_SIDE; i < MIX_BLOCK; i++) {
                assert_int_equal(out[i], sum[i - MIX_LIMITER_AHEAD - MIX_LIMITER_SIDE]);
            }
        }
    }
}

static unsigned blocks_until(mix_level *l, double db, bool talking, unsigned most)
{
    for (unsigned k = 1; k <= most; k++) {
        int16_t pcm[MIX_BLOCK] = {0};
        kit_tone(pcm, MIX_BLOCK, 0, 400, kit_amplitude(db));
        mix_level_update(l, pcm, MIX_BLOCK);
        if (l->talking == talking) {
            return k;
        }
    }
    return 0;
}

static void talking_has_attack_and_release(void **state)
{
    (void)state;
    mix_level l;
    mix_level_init(&l);
    assert_int_equal(blocks_until(&l, -100, true, 100), 0);
    assert_int_equal(blocks_until(&l, -25, true, 100), 10);   /* 200 ms */
    assert_int_equal(blocks_until(&l, -100, false, 100), 30); /* 600 ms */
    assert_int_equal(blocks_until(&l, -25, true, 5), 0);      /* a knock is no talk */
    assert_int_equal(blocks_until(&l, -100, true, 20), 0);
    assert_true(fabs(l.level_dbov + 68) < 2);               /* 2 dB a block */
    assert_int_equal(blocks_until(&l, -58, true, 1000), 0); /* room noise never is */
}

static void audible_is_at_once_and_holds_half_a_second(void **state)
{
    (void)state;
    mix_level l;
    mix_level_init(&l);
    int16_t pcm[MIX_BLOCK] = {0};
    mix_level_update(&l, pcm, MIX_BLOCK);
    assert_false(l.audible);
    kit_tone(pcm + 900, 60, 0, 1000, 2000); /* onset at the very end of the block */
    mix_level_update(&l, pcm, MIX_BLOCK);
    assert_true(l.audible);
    memset(pcm, 0, sizeof pcm);
    for (unsigned k = 0; k < 25; k++) {
        mix_level_update(&l, pcm, MIX_BLOCK);
        assert_true(l.audible);
    }
    mix_level_update(&l, pcm, MIX_BLOCK);
    assert_false(l.audible);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_minus_own),
        cmocka_unit_test(a_block_for_another_tick_is_refused),
        cmocka_unit_test(eight_loud_talkers_stay_under_the_ceiling),
        cmocka_unit_test(limiting_is_smooth),
        cmocka_unit_test(quiet_sound_passes_untouched_and_gain_comes_back),
        cmocka_unit_test(talking_has_attack_and_release),
        cmocka_unit_test(audible_is_at_once_and_holds_half_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
