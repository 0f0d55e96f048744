/* test_mix_memory.c - what the parts of a room keep resident, each in a process of its own that allocates as a room does; and
 * that what is loaded late can be loaded from within the sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/sandbox.h"
#include "mixer/text.h"
#include "mixer/vdec.h"
#include "video_kit.h"

#define SEVERAL 8 /* of each, so that what is loaded once does not count */

/* KiB that are this process's own. */
static long resident(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) && sscanf(line, "RssAnon: %ld", &kib) != 1) {
    }
    assert_int_equal(fclose(f), 0);
    return kib;
}

static long decoder(void)
{
    kit_camera c = kit_camera_open(MCU_CODEC_H264, 320, 180, 0, 0, 0);
    mcu_au *au = kit_camera_next(&c);
    long before = 0;
    for (int i = 0; i <= SEVERAL; i++) {
        mcu_frame *f = NULL;
        assert_int_equal(mix_vdec_decode(mix_vdec_new(4096), au, &f), MIX_VDEC_PICTURE);
        before = i == 0 ? resident() : before;
    }
    return (resident() - before) / SEVERAL;
}

static long encoder(int width_px, int height_px)
{
    const mix_venc_config config = {.width_px = width_px, .height_px = height_px, .fps = 25, .bitrate_bps = 400000};
    const mix_venc_type *type = mix_venc_for(MCU_CODEC_H264);
    mcu_frame *f = kit_person(width_px, height_px, 0, 0);
    long before = 0;
    for (int i = 0; i <= SEVERAL; i++) {
        mix_venc *e = type->open(&config, NULL);
        for (int k = 0; k < 3; k++) {
            mcu_au_unref(type->encode(e, f, false));
        }
        before = i == 0 ? resident() : before;
    }
    return (resident() - before) / SEVERAL;
}

static long large_encoder(void)
{
    return encoder(1280, 720);
}

static long small_encoder(void)
{
    return encoder(320, 180);
}

static long text(void)
{
    long before = resident();
    assert_non_null(mix_text_new(NULL));
    return resident() - before;
}

static const struct {
    const char *what;
    long (*kib)(void);
    long most;
} rows[] = {
    {"decoder of 320x180", decoder, 900},
    {"encoder of 1280x720", large_encoder, 17300},
    {"encoder of 320x180", small_encoder, 2170},
    {"text", text, 2500},
};

static void test_parts_are_small(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* keep books on every byte */
    skip();
#endif
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            mallopt(M_MMAP_THRESHOLD, 64 * 1024);
            (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
            long kib = rows[i].kib();
            print_message("%s: %ld KiB\n", rows[i].what, kib);
            _exit(kib > 0 && kib <= rows[i].most ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

/* ---- scripts ---- */

static const char *const names[] = {
    "Zoë Björklund", "Леся Шевченко",  "Τάσος Νικολάου", "عبد الرحمن",
    "שרה לוי",       "अनन्या श्रीवास्तव", "தமிழ்ச்செல்வி",     "กรุณายกแขนขึ้นช้าแล้ววางลงอย่างนุ่มนวล",
    "王小芳",        "鈴木さくら",     "한지민",         "Ann 😀",
};
#define NAMES (sizeof names / sizeof names[0])

static uint32_t sum_of(mix_overlay *take)
{
    uint32_t sum = 0;
    for (int i = 0; take && i < take->width_px * take->height_px; i++) {
        sum = sum * 31 + take->y[i] * 256U + take->a[i];
    }
    mix_overlay_free(take);
    return sum;
}

/* A label; and words in a line so short that it breaks, for which Thai needs a dictionary. */
static uint32_t drawn(mix_text *t, const char *name)
{
    return sum_of(mix_text_label(t, name, 0, 640, 360)) + sum_of(mix_text_line(t, name, 200, 360));
}

static _Noreturn void draw_shut_in(int to)
{
    uint32_t sums[NAMES];
    mix_text *t = mix_text_new(NULL);
    if (!t || !mcu_sandbox_enter(mix_text_files, NULL)) {
        _exit(1);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        sums[i] = drawn(t, names[i]);
    }
    _exit(write(to, sums, sizeof sums) == sizeof sums ? 0 : 2);
}

static void test_every_script_is_drawn_in_the_sandbox(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
        skip(); /* nothing shuts it in */
    }
    uint32_t there[NAMES];
    int status = 0, ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)unsetenv("TESSERA_NO_SANDBOX");
    pid_t child = fork();
    if (child == 0) {
        draw_shut_in(ends[1]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], there, sizeof there), sizeof there);
    mix_text *t = mix_text_new(NULL);
    for (unsigned i = 0; i < NAMES; i++) {
        if (there[i] != drawn(t, names[i])) {
            fail_msg("%s is drawn otherwise", names[i]);
        }
    }
    mix_text_free(t);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_small),
        cmocka_unit_test(test_every_script_is_drawn_in_the_sandbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
