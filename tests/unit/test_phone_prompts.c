/* What a callee hears of who calls: the clinic's name between two prompts, recorded or spoken; else the words without a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/phone/prompts.h"

#define SAMPLES 480

typedef struct {
    char *folder;
    tel_prompts *prompts;
} fixture;

static const char *const english[] = {"en", NULL};

/* 10 ms of one value at 48 kHz. */
static void record(const fixture *f, const char *name, int16_t value)
{
    struct {
        char riff[4];
        uint32_t size;
        char wave[8];
        uint32_t sixteen;
        uint16_t format, channels;
        uint32_t rate, bytes;
        uint16_t align, bits;
        char data[4];
        uint32_t data_size;
        int16_t pcm[SAMPLES];
    } w = {"RIFF", 36 + 2 * SAMPLES, "WAVEfmt ", 16, 1, 1, 48000, 96000, 2, 16, "data", 2 * SAMPLES, {0}};
    g_autofree char *path = g_strdup_printf("%s/en/%s.wav", f->folder, name);
    for (unsigned i = 0; i < SAMPLES; i++) {
        w.pcm[i] = value;
    }
    assert_true(g_file_set_contents(path, (const char *)&w, sizeof w, NULL));
}

static int setup(void **state)
{
    fixture *f = g_new0(fixture, 1);
    f->folder = g_dir_make_tmp("prompts-XXXXXX", NULL);
    g_autofree char *language = g_build_filename(f->folder, "en", NULL);
    assert_int_equal(g_mkdir(language, 0700), 0);
    record(f, "calling", 100);
    record(f, "calling-by", 200);
    record(f, "calling-press", 300);
    f->prompts = tel_prompts_new(f->folder);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"en/calling.wav", "en/calling-by.wav", "en/calling-press.wav", "en/clinic.wav", "en", ""};
    fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->folder, names[i], NULL);
        g_remove(path);
    }
    tel_prompts_free(f->prompts);
    g_free(f->folder);
    g_free(f);
    return 0;
}

static void hears(const fixture *f, const int16_t *values, size_t n)
{
    g_autofree tel_sound *sound = tel_prompts_get(f->prompts, english, TEL_PROMPT_CALLING);
    assert_non_null(sound);
    assert_int_equal(sound->n, n * SAMPLES);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(sound->pcm[i * SAMPLES + SAMPLES / 2], values[i]);
    }
}

static void without_a_name_it_is_said_without(void **state)
{
    const fixture *f = *state;
    assert_false(tel_prompts_name_clinic(f->prompts, english, ""));
    hears(f, (const int16_t[]){100}, 1);
}

static void a_recorded_name_is_said_between_the_two(void **state)
{
    const fixture *f = *state;
    record(f, "clinic", 250);
    assert_true(tel_prompts_name_clinic(f->prompts, english, "Not this one"));
    hears(f, (const int16_t[]){200, 250, 300}, 3);
}

static void a_spoken_name_as_well(void **state)
{
    const fixture *f = *state;
    assert_true(tel_prompts_name_clinic(f->prompts, english, "-Hillside Clinic"));
    g_autofree tel_sound *sound = tel_prompts_get(f->prompts, english, TEL_PROMPT_CALLING);
    assert_true(sound->n > 2 * SAMPLES + TEL_SOUND_HZ / 2 && sound->n < 2 * SAMPLES + 3 * TEL_SOUND_HZ);
    int loudest = 0;
    for (size_t i = SAMPLES; i < sound->n - SAMPLES; i++) {
        loudest = MAX(loudest, ABS((int)sound->pcm[i]));
    }
    assert_true(loudest > 3000);
}

static void a_language_that_cannot_be_spoken_is_said_without(void **state)
{
    static const char *const unknown[] = {"qq", NULL};
    const fixture *f = *state;
    assert_false(tel_prompts_name_clinic(f->prompts, unknown, "Hillside Clinic"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_name_it_is_said_without, setup, teardown),
        cmocka_unit_test_setup_teardown(a_recorded_name_is_said_between_the_two, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spoken_name_as_well, setup, teardown),
        cmocka_unit_test_setup_teardown(a_language_that_cannot_be_spoken_is_said_without, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
