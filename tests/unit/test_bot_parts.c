/* What tessera-bot measures with: the burnt-in marker, tones, clips. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <opus.h>

#include "mcu/bot/clip.h"
#include "mcu/bot/ear.h"
#include "mcu/bot/marker.h"
#include "mcu/bot/playout.h"
#include "mcu/bot/tally.h"
#include "mcu/bot/tone.h"

/* A source of 640x360 with the marker, its middle crop_w x crop_h shown at (x, y) in w x h of a canvas (nearest pixel). */
static void show(uint8_t *canvas, int stride, const uint8_t *source, int crop_w, int crop_h, int x, int y, int w, int h)
{
    for (int row = 0; row < h; row++) {
        for (int column = 0; column < w; column++) {
            const int sx = (640 - crop_w) / 2 + (2 * column + 1) * crop_w / (2 * w);
            const int sy = (360 - crop_h) / 2 + (2 * row + 1) * crop_h / (2 * h);
            canvas[(y + row) * stride + x + column] = source[sy * 640 + sx];
        }
    }
}

static void test_marker(void **state)
{
    (void)state;
    static const struct {
        int crop_w, crop_h, x, y, w, h;
    } rows[] = {{640, 360, 0, 0, 640, 360},  {640, 360, 7, 9, 320, 180},   {568, 320, 100, 40, 426, 240},
                {640, 360, 2, 3, 106, 60},   {600, 338, 50, 60, 300, 169}, {572, 360, 10, 20, 286, 180},
                {640, 360, 300, 200, 80, 46}};
    uint8_t *source = malloc(640 * 360);
    uint8_t *canvas = malloc(640 * 360);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const unsigned frame = 17 + i * 31;
        unsigned person = 0;
        unsigned read = 0;
        memset(source, 128, 640 * 360);
        memset(canvas, 40, 640 * 360);
        mcu_marker_draw(source, 640, 640, 360, i, frame);
        show(canvas, 640, source, rows[i].crop_w, rows[i].crop_h, rows[i].x, rows[i].y, rows[i].w, rows[i].h);
        const mcu_luma luma = {canvas, 640, 640, 360};
        if (!mcu_marker_read(&luma, rows[i].x, rows[i].y, rows[i].w, rows[i].h, &person, &read)) {
            fail_msg("row %u cannot be read", i);
        }
        assert_int_equal(person, i);
        assert_int_equal(read, frame);
    }
    free(source);
    free(canvas);
}

static void test_marker_refuses(void **state)
{
    (void)state;
    uint8_t *canvas = malloc(640 * 360);
    unsigned person = 0;
    unsigned frame = 0;
    const mcu_luma luma = {canvas, 640, 640, 360};
    memset(canvas, 128, 640 * 360);
    assert_false(mcu_marker_read(&luma, 0, 0, 640, 360, &person, &frame));
    mcu_marker_draw(canvas, 640, 640, 360, 3, 77);
    assert_true(mcu_marker_read(&luma, 0, 0, 640, 360, &person, &frame));
    assert_false(mcu_marker_read(&luma, 600, 300, 640, 360, &person, &frame)); /* outside is clamped, not read */
    for (int y = 180 - 19; y < 180 + 19; y++) {                                /* one cell of the frame number turned over */
        memset(canvas + y * 640 + 320, 235, 38);
    }
    assert_false(mcu_marker_read(&luma, 0, 0, 640, 360, &person, &frame));
    free(canvas);
}

static void test_tone(void **state)
{
    (void)state;
    int16_t pcm[9600];
    for (int i = 0; i < 9600; i++) {
        pcm[i] = (int16_t)(MCU_TONE_AMPLITUDE *
                           (sin(2 * M_PI * mcu_tone_hz(2) * i / 48000) + 0.1 * sin(2 * M_PI * mcu_tone_hz(7) * i / 48000)));
    }
    const double full = 20 * log10(MCU_TONE_AMPLITUDE / 32768.0);
    assert_true(fabs(mcu_tone_level_db(pcm, 9600, mcu_tone_hz(2)) - full) < 0.1);
    assert_true(fabs(mcu_tone_level_db(pcm, 9600, mcu_tone_hz(7)) - full + 20) < 0.2);
    assert_true(mcu_tone_level_db(pcm, 9600, mcu_tone_hz(3)) < -75);
    assert_true(mcu_tone_level_db(pcm, 0, 400) <= -120);
}

static void test_clip(void **state)
{
    (void)state;
    g_autofree char *path = g_strdup_printf("%s/bot-clip-%d", g_get_tmp_dir(), (int)getpid());
    g_autoptr(GError) error = NULL;
    mcu_clip *c = mcu_clip_new(MCU_CODEC_VP8, 4, true, 40 * MCU_NS_PER_MS);
    mcu_clip_add(c, "abc", 3, true);
    mcu_clip_add(c, "defg", 4, false);
    assert_true(mcu_clip_save(c, path, NULL));
    mcu_clip_free(c);
    g_autoptr(mcu_clip) same = mcu_clip_load(path, &error);
    assert_non_null(same);
    assert_int_equal(same->codec, MCU_CODEC_VP8);
    assert_true(same->person == 4 && same->marked && same->packet_ns == 40 * MCU_NS_PER_MS && same->packets->len == 2);
    const mcu_au *second = same->packets->pdata[1];
    assert_true(second->size == 4 && !second->keyframe && memcmp(second->data, "defg", 4) == 0);
    g_autofree char *data = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(path, &data, &size, NULL));
    for (gsize n = 0; n < size; n++) {
        assert_true(g_file_set_contents(path, data, (gssize)n, NULL));
        assert_null(mcu_clip_load(path, NULL));
    }
    unlink(path);
}

/* At 24.9 a second the phase of pictures goes once round those of a clock of 25 in ten seconds. */
static void test_a_paced_clip_sweeps(void **state)
{
    (void)state;
    enum { PICTURES = 249 };
    mcu_clip *c = mcu_clip_new(MCU_CODEC_H264, 0, true, 40 * MCU_NS_PER_MS);
    for (unsigned i = 0; i < 4; i++) {
        mcu_clip_add(c, "abcd", 4, i == 0);
    }
    mcu_playout p;
    unsigned index = 0, quarters[4] = {0};
    mcu_playout_start(&p, c, 0, MCU_NS_PER_SEC);
    mcu_playout_pace(&p, (int64_t)((double)MCU_NS_PER_SEC / 24.9));
    for (unsigned i = 0; i < PICTURES; i++) {
        const int64_t due_ns = mcu_playout_next_ns(&p);
        assert_null(mcu_playout_take(&p, due_ns - 1, &index));
        assert_non_null(mcu_playout_take(&p, due_ns, &index));
        quarters[due_ns % (40 * MCU_NS_PER_MS) / (10 * MCU_NS_PER_MS)]++;
    }
    for (unsigned k = 0; k < 4; k++) {
        assert_in_range(quarters[k], PICTURES / 4 - 2, PICTURES / 4 + 2);
    }
    assert_in_range(mcu_playout_next_ns(&p), 10 * MCU_NS_PER_SEC + 999 * MCU_NS_PER_MS, 11 * MCU_NS_PER_SEC + MCU_NS_PER_MS);
    mcu_clip_free(c);
}

/* A number that cannot be read while its tile slides is no freeze; one that does not come afterwards is. */
static void test_sliding_is_no_freeze(void **state)
{
    (void)state;
    enum { MS = 1000000 };
    mcu_tally t;
    mcu_tally_init(&t);
    mcu_tile_tally *tile = mcu_tally_tile(&t, "anna");
    mcu_tally_reading(tile, 1, 10, 1000 * MS, 0);
    for (int64_t ms = 1040; ms <= 1240; ms += 40) {
        mcu_tally_sliding(tile, ms * MS);
    }
    mcu_tally_reading(tile, 1, 16, INT64_C(1280) * MS, 0);
    assert_int_equal(tile->gaps, 0);
    mcu_tally_reading(tile, 1, 22, INT64_C(1520) * MS, 0);
    assert_int_equal(tile->gaps, 1);
    mcu_tally_clear(&t);
}

/* Each fifth packet is a tone, the others are silence; it comes after the one that follows it. */
static void test_what_overtakes_is_heard_in_its_place(void **state)
{
    (void)state;
    enum { PACKETS = 250, BLOCK = 960, LATE_MS = 30 };
    FILE *file = tmpfile();
    mcu_ear *ear = mcu_ear_new(file, 0);
    OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_RESTRICTED_LOWDELAY, NULL);
    mcu_au *late = NULL;
    for (unsigned k = 0; k < PACKETS; k++) {
        int16_t pcm[BLOCK] = {0};
        for (int i = 0; i < BLOCK && k % 5 == 0; i++) {
            pcm[i] = (int16_t)(MCU_TONE_AMPLITUDE * sin(2 * M_PI * 1000 * i / 48000));
        }
        mcu_au *au = mcu_au_new(400);
        au->size = (size_t)opus_encode(encoder, pcm, BLOCK, au->data, 400);
        au->codec = MCU_CODEC_OPUS;
        au->seq = k;
        au->ts = k * BLOCK;
        au->time_ns = k * 20 * MCU_NS_PER_MS;
        if (k % 5 == 0) {
            au->time_ns += LATE_MS * MCU_NS_PER_MS;
            late = au;
            continue;
        }
        mcu_ear_push(ear, au);
        mcu_au_unref(au);
        mcu_ear_play(ear, k * 20 * MCU_NS_PER_MS);
        if (late != NULL) {
            mcu_ear_push(ear, late);
            mcu_au_unref(late);
            late = NULL;
        }
    }
    assert_int_equal(ftell(file), PACKETS * BLOCK * (long)sizeof(int16_t));
    int16_t heard[50 * BLOCK]; /* the last second */
    assert_int_equal(fseek(file, -(long)sizeof heard, SEEK_END), 0);
    assert_int_equal(fread(heard, sizeof heard, 1, file), 1);
    assert_true(mcu_tone_level_db(heard, G_N_ELEMENTS(heard), 1000) > 20 * log10(MCU_TONE_AMPLITUDE / 32768.0 / 5) - 3);
    opus_encoder_destroy(encoder);
    mcu_ear_free(ear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_marker),
                                       cmocka_unit_test(test_marker_refuses),
                                       cmocka_unit_test(test_tone),
                                       cmocka_unit_test(test_clip),
                                       cmocka_unit_test(test_a_paced_clip_sweeps),
                                       cmocka_unit_test(test_sliding_is_no_freeze),
                                       cmocka_unit_test(test_what_overtakes_is_heard_in_its_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
