/* The public face with its real clock: threads, two-phase leaving, who is told what. Real time, a few seconds in all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio_kit.h"
#include "mcu/base/clock.h"
#include "mixer/adec.h"
#include "mixer/audio.h"

enum { IDS = 70 };

typedef struct {
    GMainContext *context;
    mix_audio *audio;
    unsigned calls[IDS];
    uint32_t last_ts[IDS];
    int64_t last_ns[IDS];
    unsigned gaps, talk_on, talk_off;
    uint32_t leave_in_callback;
    mix_adec *ear; /* of listener 1 */
    int16_t heard[MIX_RATE * 4];
    unsigned heard_n;
} fixture;

static void on_audio(void *user, const mix_audio_out *out, unsigned n)
{
    fixture *f = user;
    for (unsigned i = 0; i < n; i++) {
        uint32_t id = out[i].listener;
        assert_true(id < IDS);
        assert_int_equal(out[i].au->codec, MCU_CODEC_OPUS);
        int64_t drift =
            (int64_t)(uint32_t)(out[i].au->time_ns / 62500 * 3 + out[i].au->time_ns % 62500 * 3 / 62500) - out[i].au->ts;
        assert_true(llabs((int32_t)drift) <= 1);
        if (f->calls[id]++ > 0) {
            uint32_t step = out[i].au->ts - f->last_ts[id];
            assert_int_equal(step % MIX_BLOCK, 0);
            f->gaps += step != MIX_BLOCK;
        }
        f->last_ts[id] = out[i].au->ts;
        f->last_ns[id] = out[i].au->time_ns;
        if (id == 1 && f->ear && f->heard_n + MIX_BLOCK <= MIX_RATE * 4) {
            int16_t pcm[MIX_PACKET_MAX];
            unsigned samples = 0;
            assert_int_equal(mix_adec_decode(f->ear, out[i].au->data, out[i].au->size, pcm, &samples), MCU_OK);
            memcpy(f->heard + f->heard_n, pcm, sizeof(int16_t) * MIX_BLOCK);
            f->heard_n += MIX_BLOCK;
        }
    }
    if (f->leave_in_callback) {
        mix_audio_listener_remove(f->audio, f->leave_in_callback);
        f->leave_in_callback = 0;
    }
}

static void on_talking(void *user, uint32_t voice, bool talking, double level_dbov)
{
    fixture *f = user;
    assert_int_equal(voice, 2);
    assert_true(level_dbov <= 0);
    f->talk_on += talking;
    f->talk_off += !talking;
}

static fixture *fixture_new(void)
{
    fixture *f = g_new0(fixture, 1);
    f->context = g_main_context_new();
    mix_audio_callbacks callbacks = {.on_audio = on_audio, .on_talking = on_talking};
    f->audio = mix_audio_new(f->context, NULL, &callbacks, f, NULL);
    assert_non_null(f->audio);
    return f;
}

static void fixture_free(fixture *f)
{
    mix_audio_free(f->audio);
    g_main_context_unref(f->context);
    mix_adec_free(f->ear);
    g_free(f);
}

/* Runs the loop; with a sender, its packets come in as time goes. */
static void run_ms(fixture *f, int ms, kit_sender *sender, double hz, double amplitude)
{
    int64_t start_ns = mcu_now_ns();
    uint64_t sent = 0;
    while (mcu_now_ns() - start_ns < ms * KIT_MS) {
        while (sender && (int64_t)(sent / MIX_BLOCK) * MIX_BLOCK_NS <= mcu_now_ns() - start_ns) {
            int16_t pcm[MIX_BLOCK] = {0};
            kit_tone(pcm, MIX_BLOCK, sent, hz, amplitude);
            sent += MIX_BLOCK;
            mcu_au *au = kit_send(sender, pcm);
            au->time_ns = mcu_now_ns();
            assert_int_equal(mix_audio_voice_push(f->audio, 2, au), MCU_OK);
        }
        while (g_main_context_iteration(f->context, FALSE)) {
        }
        mcu_sleep_until_ns(mcu_now_ns() + 2 * KIT_MS);
    }
}

static void the_clock_starts_with_the_first_and_stops_with_the_last(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    mix_audio_stats s;
    assert_int_equal(mix_audio_voice_add(f->audio, 2, MCU_CODEC_OPUS), MCU_OK);
    run_ms(f, 60, NULL, 0, 0);
    mix_audio_get_stats(f->audio, &s);
    assert_int_equal(s.ticks, 0);
    assert_int_equal(mix_audio_listener_add(f->audio, 1, 0), MCU_OK);
    run_ms(f, 200, NULL, 0, 0);
    mix_audio_get_stats(f->audio, &s);
    assert_in_range(s.ticks, 4, 14);
    assert_in_range(f->calls[1], 3, 14);
    assert_int_equal(s.encodes_last_tick, 1);
    mix_audio_listener_remove(f->audio, 1);
    run_ms(f, 40, NULL, 0, 0);
    unsigned calls = f->calls[1];
    mix_audio_get_stats(f->audio, &s);
    uint64_t ticks = s.ticks;
    run_ms(f, 60, NULL, 0, 0);
    mix_audio_get_stats(f->audio, &s);
    assert_int_equal(s.ticks, ticks);
    assert_int_equal(f->calls[1], calls);
    fixture_free(f);
}

static void a_voice_is_heard_and_seen_talking(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    kit_sender *sender = kit_sender_new(&(kit_sender_config){.codec = MCU_CODEC_OPUS});
    f->ear = mix_adec_new(MCU_CODEC_OPUS, NULL);
    assert_int_equal(mix_audio_voice_add(f->audio, 2, MCU_CODEC_OPUS), MCU_OK);
    assert_int_equal(mix_audio_listener_add(f->audio, 1, 1), MCU_OK);
    assert_int_equal(mix_audio_listener_add(f->audio, 2, 2), MCU_OK);
    run_ms(f, 1500, sender, 600, kit_amplitude(-20));
    mix_voice_stats v;
    assert_true(mix_audio_voice_get_stats(f->audio, 2, &v));
    assert_true(v.talking);
    assert_true(fabs(v.level_dbov + 23) < 3);
    assert_true(v.packets > 50);
    assert_in_range(v.target_ms, 40, 400);
    mix_audio_stats s;
    mix_audio_get_stats(f->audio, &s);
    assert_int_equal(s.encodes_last_tick, 2);
    assert_true(s.cpu_s[0] > 0 && s.cpu_s[2] > 0);
    assert_int_equal(f->talk_on, 1);
    assert_true(fabs(kit_level_db(f->heard + f->heard_n - MIX_RATE / 2, MIX_RATE / 4, 600) + 20) < 3);
    run_ms(f, 1100, NULL, 0, 0);
    assert_int_equal(f->talk_off, 1);
    assert_false(mix_audio_voice_get_stats(f->audio, 9, &v));
    kit_sender_free(sender);
    fixture_free(f);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    assert_int_equal(mix_audio_voice_add(f->audio, 0, MCU_CODEC_OPUS), MCU_EINVAL);
    assert_int_equal(mix_audio_voice_add(f->audio, 5, MCU_CODEC_H264), MCU_ENOSUP);
    assert_int_equal(mix_audio_voice_add(f->audio, 5, MCU_CODEC_NONE), MCU_ENOSUP);
    assert_int_equal(mix_audio_voice_add(f->audio, 5, MCU_CODEC_G722), MCU_OK);
    assert_int_equal(mix_audio_voice_add(f->audio, 5, MCU_CODEC_OPUS), MCU_EINVAL);
    assert_int_equal(mix_audio_listener_add(f->audio, 0, 0), MCU_EINVAL);
    mcu_au *au = mcu_au_new(0);
    au->codec = MCU_CODEC_OPUS;
    assert_int_equal(mix_audio_voice_push(f->audio, 5, mcu_au_ref(au)), MCU_ENOSUP);
    assert_int_equal(mix_audio_voice_push(f->audio, 6, au), MCU_EINVAL);
    mix_audio_voice_remove(f->audio, 6);
    mix_audio_listener_remove(f->audio, 6);
    mix_audio_voice_mute(f->audio, 6, true);
    for (uint32_t id = 1; id <= 64; id++) {
        assert_int_equal(mix_audio_listener_add(f->audio, id, 0), MCU_OK);
        if (id != 5) {
            assert_int_equal(mix_audio_voice_add(f->audio, id, MCU_CODEC_PCMU), MCU_OK);
        }
    }
    assert_int_equal(mix_audio_listener_add(f->audio, 65, 0), MCU_EFULL);
    assert_int_equal(mix_audio_voice_add(f->audio, 65, MCU_CODEC_PCMU), MCU_EFULL);
    run_ms(f, 100, NULL, 0, 0);
    assert_true(f->calls[64] >= 1);
    fixture_free(f);
}

static void coming_and_going_while_it_runs(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    kit_sender *sender = kit_sender_new(&(kit_sender_config){.codec = MCU_CODEC_OPUS});
    assert_int_equal(mix_audio_listener_add(f->audio, 1, 0), MCU_OK);
    assert_int_equal(mix_audio_voice_add(f->audio, 2, MCU_CODEC_OPUS), MCU_OK);
    for (uint32_t k = 0; k < 40; k++) {
        uint32_t id = 10 + k % 5;
        assert_int_equal(mix_audio_voice_add(f->audio, id, MCU_CODEC_PCMU), MCU_OK);
        assert_int_equal(mix_audio_listener_add(f->audio, id, id), MCU_OK);
        run_ms(f, k % 3 == 0 ? 25 : 3, sender, 400, 4000);
        if (k % 2) {
            f->leave_in_callback = id;
            run_ms(f, 50, sender, 400, 4000);
        }
        mix_audio_listener_remove(f->audio, id);
        unsigned calls = f->calls[id];
        mix_audio_voice_remove(f->audio, id);
        run_ms(f, k % 4 == 0 ? 25 : 0, sender, 400, 4000);
        assert_int_equal(f->calls[id], calls);
        mix_audio_voice_mute(f->audio, 2, k % 2);
    }
    mix_audio_stats s;
    mix_audio_get_stats(f->audio, &s);
    assert_int_equal(s.voices, 1);
    assert_int_equal(s.listeners, 1);
    kit_sender_free(sender);
    fixture_free(f);
}

static void starting_and_stopping_again_and_again(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    assert_int_equal(mix_audio_voice_add(f->audio, 2, MCU_CODEC_OPUS), MCU_OK);
    for (unsigned k = 0; k < 100; k++) {
        assert_int_equal(mix_audio_listener_add(f->audio, 1, 2), MCU_OK);
        run_ms(f, k % 10 == 0 ? 30 : 0, NULL, 0, 0);
        mix_audio_listener_remove(f->audio, 1);
        f->calls[1] = 0; /* time stamps go on from the clock, not from the last packet */
    }
    run_ms(f, 10, NULL, 0, 0);
    fixture_free(f);
    for (unsigned k = 0; k < 20; k++) {
        f = fixture_new();
        assert_int_equal(mix_audio_listener_add(f->audio, 1, 2), MCU_OK);
        fixture_free(f); /* with everything still inside */
    }
}

static void a_loop_that_stands_still_gets_no_old_sound(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    assert_int_equal(mix_audio_listener_add(f->audio, 1, 0), MCU_OK);
    run_ms(f, 100, NULL, 0, 0);
    unsigned calls = f->calls[1];
    mcu_sleep_until_ns(mcu_now_ns() + 400 * KIT_MS);
    while (g_main_context_iteration(f->context, FALSE)) {
    }
    assert_in_range(f->calls[1] - calls, 0, 4); /* of twenty */
    run_ms(f, 100, NULL, 0, 0);
    assert_true(f->calls[1] - calls >= 3);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_starts_with_the_first_and_stops_with_the_last),
        cmocka_unit_test(a_voice_is_heard_and_seen_talking),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(coming_and_going_while_it_runs),
        cmocka_unit_test(starting_and_stopping_again_and_again),
        cmocka_unit_test(a_loop_that_stands_still_gets_no_old_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
