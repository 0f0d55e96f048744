/* Spoken prompts from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mixer/wav.h"

static int wav_fd(const char *head, unsigned rate, unsigned channels, unsigned bits, const void *data, size_t size)
{
    uint8_t h[44];
    uint32_t n = (uint32_t)size, all = n + 36, bytes = rate * channels * bits / 8;
    uint16_t one = 1, ch = (uint16_t)channels, block = (uint16_t)(channels * bits / 8), b = (uint16_t)bits;
    uint32_t sixteen = 16;
    memcpy(h, head, 4);
    memcpy(h + 4, &all, 4);
    memcpy(h + 8, "WAVEfmt ", 8);
    memcpy(h + 16, &sixteen, 4);
    memcpy(h + 20, &one, 2);
    memcpy(h + 22, &ch, 2);
    memcpy(h + 24, &rate, 4);
    memcpy(h + 28, &bytes, 4);
    memcpy(h + 32, &block, 2);
    memcpy(h + 34, &b, 2);
    memcpy(h + 36, "data", 4);
    memcpy(h + 40, &n, 4);
    int fd = memfd_create("wav", MFD_CLOEXEC);
    assert_int_equal(write(fd, h, sizeof h), sizeof h);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    return fd;
}

static void prompts_are_read_from_files_and_others_refused(void **state)
{
    (void)state;
    static int16_t pcm[8000];
    static const struct {
        const char *head;
        unsigned rate, channels, bits, expect;
    } rows[] = {
        {"RIFF", 8000, 1, 16, 48000}, {"RIFF", 16000, 1, 16, 24000}, {"RIFF", 48000, 1, 16, 8000}, {"RIFF", 24000, 1, 16, 16000},
        {"RIFF", 4000, 1, 16, 0},     {"RIFF", 8000, 2, 16, 0},      {"RIFF", 8000, 1, 8, 0},      {"RIFX", 8000, 1, 16, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = wav_fd(rows[i].head, rows[i].rate, rows[i].channels, rows[i].bits, pcm, sizeof pcm);
        unsigned n = 1;
        g_autoptr(GError) error = NULL;
        int16_t *got = mix_wav_read(fd, &n, &error);
        assert_int_equal(n, rows[i].expect);
        assert_int_equal(got != NULL, rows[i].expect > 0);
        assert_int_equal(error != NULL, rows[i].expect == 0);
        g_free(got);
        assert_int_equal(ftruncate(fd, 20), 0); /* cut within its head */
        assert_null(mix_wav_read(fd, &n, NULL));
        close(fd);
    }
    int pipes[2];
    unsigned n;
    assert_int_equal(pipe(pipes), 0);
    assert_null(mix_wav_read(pipes[0], &n, NULL)); /* would wait */
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_are_read_from_files_and_others_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
