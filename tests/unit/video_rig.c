#include "video_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mcu/base/clock.h"

const mix_video_config rig_config = {
    .tiers = {{"A", 1280, 720, 25, 1200000},
              {"B", 640, 360, 25, 400000},
              {"C", 480, 270, 15, 150000},
              {"D", 320, 180, 10, 64000}},
    .n_tiers = 4,
    .workers = 2,
};

static void on_picture(void *user, unsigned tier, mcu_au *au)
{
    rig *r = user;
    int slot = au->codec == MCU_CODEC_VP8;
    assert_int_equal(au->tier, tier);
    if (au->codec == MCU_CODEC_JPEG) {
        r->stills++;
        return;
    }
    if (r->n_kept[tier][slot] < RIG_KEPT) {
        r->kept[tier][slot][r->n_kept[tier][slot]++] = mcu_au_ref(au);
    }
}

static void on_keyframe_wanted(void *user, uint32_t source)
{
    rig *r = user;
    r->keys_wanted[source]++;
    if (source <= r->n_cameras) {
        r->camera[source - 1].keyframe = true;
    }
}

static void on_state(void *user, uint32_t source, mix_source_state state)
{
    rig *r = user;
    r->state[source] = state;
}

static void on_layout(void *user, unsigned tier, const mix_tile *tiles, unsigned n)
{
    rig *r = user;
    r->layouts[tier]++;
    r->n_tiles[tier] = n;
    memcpy(r->tiles[tier], tiles, n * sizeof *tiles);
}

const mix_video_callbacks rig_callbacks = {
    .on_picture = on_picture, .on_keyframe_wanted = on_keyframe_wanted, .on_source_state = on_state, .on_layout = on_layout};

uint8_t rig_luma_of(unsigned i)
{
    return (uint8_t)(40 + 12 * i);
}

rig *rig_new(unsigned cameras)
{
    rig *r = g_new0(rig, 1);
    r->context = g_main_context_new();
    r->v = mix_video_new(r->context, &rig_config, &rig_callbacks, r, NULL);
    assert_non_null(r->v);
    r->n_cameras = cameras;
    for (unsigned i = 0; i < cameras; i++) {
        r->camera[i] = kit_camera_open(i % 2 ? MCU_CODEC_VP8 : MCU_CODEC_H264, 640, 360, rig_luma_of(i), i, mcu_now_ns());
        assert_int_equal(mix_video_source_add(r->v, i + 1), MCU_OK);
    }
    return r;
}

void rig_people(rig *r, unsigned n, bool camera_on)
{
    mix_person p[MIX_MAX_PEOPLE];
    char names[MIX_MAX_PEOPLE][24];
    for (unsigned i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "Person %u", i + 1);
        p[i] = (mix_person){.person = i + 1, .name = names[i], .camera_on = camera_on, .muted = i == 1};
    }
    mix_video_set_people(r->v, p, n);
}

void rig_spin(rig *r, int64_t until_ns)
{
    while (mcu_now_ns() < until_ns) {
        if (!g_main_context_iteration(r->context, FALSE)) {
            mcu_sleep_until_ns(MIN(until_ns, mcu_now_ns() + MCU_NS_PER_MS));
        }
    }
}

/* Everybody sends one picture each 40 ms for this many of them. */
void rig_send(rig *r, unsigned pictures)
{
    int64_t next_ns = mcu_now_ns();
    for (unsigned k = 0; k < pictures; k++) {
        for (unsigned i = 0; i < r->n_cameras; i++) {
            mcu_au *au = kit_camera_next(&r->camera[i]);
            au->time_ns = mcu_now_ns();
            mix_video_source_push(r->v, i + 1, au);
        }
        next_ns += 40 * MCU_NS_PER_MS;
        rig_spin(r, next_ns);
    }
}

/* A slow machine, or a sanitizer, needs longer for what is awaited: 20 s at most. */
void rig_until_kept(rig *r, unsigned tier, unsigned slot, unsigned n)
{
    for (unsigned k = 0; k < 500 && r->n_kept[tier][slot] < n; k++) {
        rig_send(r, 1);
    }
    assert_true(r->n_kept[tier][slot] >= n);
}

/* The first keyframe kept of a tier's H.264. */
unsigned rig_until_key(rig *r, unsigned tier)
{
    unsigned key = 0;
    for (unsigned k = 0; k < 500; k++) {
        while (key < r->n_kept[tier][0] && !r->kept[tier][0][key]->keyframe) {
            key++;
        }
        if (key < r->n_kept[tier][0]) {
            return key;
        }
        rig_send(r, 1);
    }
    fail_msg("no keyframe of tier %u", tier);
    return 0;
}

void rig_until_live(rig *r, uint32_t source)
{
    for (unsigned k = 0; k < 500 && r->state[source] != MIX_SOURCE_LIVE; k++) {
        rig_send(r, 1);
    }
    assert_int_equal(r->state[source], MIX_SOURCE_LIVE);
}

void rig_forget(rig *r)
{
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        for (unsigned c = 0; c < 2; c++) {
            for (unsigned i = 0; i < r->n_kept[t][c]; i++) {
                mcu_au_unref(r->kept[t][c][i]);
            }
            r->n_kept[t][c] = 0;
        }
    }
}

void rig_free(rig *r)
{
    mix_video_free(r->v);
    rig_forget(r);
    for (unsigned i = 0; i < r->n_cameras; i++) {
        kit_camera_close(&r->camera[i]);
    }
    g_main_context_unref(r->context);
    g_free(r);
}

void rig_check_tiles(rig *r, unsigned tier, unsigned slot, unsigned n)
{
    assert_true(r->n_kept[tier][slot] > 0);
    assert_true(r->kept[tier][slot][0]->keyframe);
    mcu_frame *f = kit_decode_last(r->kept[tier][slot], r->n_kept[tier][slot]);
    assert_non_null(f);
    assert_int_equal(f->width_px, rig_config.tiers[tier].width_px);
    assert_int_equal(f->height_px, rig_config.tiers[tier].height_px);
    assert_int_equal(r->n_tiles[tier], n);
    for (unsigned i = 0; i < n; i++) {
        const mix_tile *t = &r->tiles[tier][i];
        assert_int_equal(t->person, i + 1);
        int luma = kit_mean_luma(f, t->x_px + t->width_px / 4, t->y_px + t->height_px / 3, t->width_px / 2, t->height_px / 3);
        assert_in_range(luma, rig_luma_of(i) - 4, rig_luma_of(i) + 4);
    }
    mcu_frame_unref(f);
}
