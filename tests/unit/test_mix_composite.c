/* test_mix_composite.c - whole composites of made-up people, stepped by hand; written as PNG for eyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mixer/compositor.h"
#include "video_kit.h"

static const mix_tier_spec specs[] = {
    {"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000}, {"D", 320, 180, 10, 64000}};
#define N_TIERS 4

typedef struct {
    const char *name;
    bool camera, muted, talking, phone;
    int width_px, height_px;
} guest;

static const guest guests[] = {
    {"Dr. Amira Haddad", true, false, true, false, 640, 360},
    {"Zoë Björklund", true, true, false, false, 640, 360},
    {"عبد الرحمن الشريف", true, false, false, false, 640, 480},
    {"अनन्या श्रीवास्तव", false, false, false, false, 640, 360},
    {"สมชาย ใจดี", true, false, false, false, 360, 640},
    {"王小芳", false, true, false, false, 640, 360},
    {"+49 30 5550 12", false, true, false, true, 640, 360},
    {"Maximilian-Konstantin von und zu Hohenstein-Wittelsbach", true, false, false, false, 1280, 720},
    {"Olena Шевченко", true, false, false, false, 320, 180},
    {"한지민", false, false, false, false, 640, 360},
    {"María José Núñez", true, false, false, false, 640, 360},
    {"שרה לוי", false, false, false, false, 640, 360},
    {"Nguyễn Thị Hương", true, false, false, false, 640, 360},
    {"Τάσος", true, false, false, false, 640, 360},
    {"Kim", true, false, false, false, 640, 360},
    {"Interpreter", true, false, false, false, 640, 360},
};

static const char caption[] = "2026-11-26 14:03:27 +01:00 \u00b7 followup-ab12\n14:03:27 +01:00 \u00b7 followup-ab12\n14:03:27";

typedef struct {
    mix_art *art;
    kit_notices notices;
    mix_source *source[MIX_MAX_PEOPLE];
    unsigned n;
} party;

static party party_new(unsigned n)
{
    party p = {.art = mix_art_new(NULL, NULL, NULL), .n = n};
    assert_non_null(p.art);
    return p;
}

static void party_push(party *p, int64_t now_ns)
{
    for (unsigned i = 0; i < p->n; i++) {
        const guest *g = &guests[i];
        if (!g->camera) {
            continue;
        }
        if (!p->source[i]) {
            p->source[i] = kit_source(i + 1, &p->notices);
        }
        kit_camera c = kit_camera_open(MCU_CODEC_H264, g->width_px, g->height_px, 0, i, now_ns);
        assert_int_equal(mix_source_push(p->source[i], kit_camera_next(&c)), MCU_OK);
        kit_camera_close(&c);
    }
}

static void party_free(party *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        if (p->source[i]) {
            mix_source_close(p->source[i]);
            mix_source_unref(p->source[i]);
        }
    }
    mix_art_free(p->art);
}

static mix_scene *party_scene(party *p)
{
    mix_scene *s = mix_scene_new();
    mix_person people[MIX_MAX_PEOPLE] = {0};
    s->n_people = p->n;
    s->n_tiers = N_TIERS;
    for (unsigned i = 0; i < p->n; i++) {
        const guest *g = &guests[i];
        people[i] = (mix_person){.person = i + 1, .name = g->name, .muted = g->muted, .phone = g->phone};
        s->people[i] = (mix_scene_person){.person = i + 1, .talking = g->talking};
        s->people[i].source = p->source[i] ? mix_source_ref(p->source[i]) : NULL;
    }
    for (unsigned t = 0; t < N_TIERS; t++) {
        mix_scene_tier *tier = &s->tiers[t];
        tier->live = true;
        tier->width_px = specs[t].width_px;
        tier->height_px = specs[t].height_px;
        tier->fps = specs[t].fps;
        kit_lay(s, t, NULL);
        mix_scene_dress(s, t, p->art, people);
        tier->bars[MIX_BAR_CAPTION] =
            p->n % 2 ? NULL : mix_art_get(p->art, MIX_ART_CAPTION, caption, 1, tier->width_px, tier->height_px);
    }
    for (unsigned i = 0; i < p->n; i++) {
        if (p->source[i]) {
            mix_source_want(p->source[i], s->people[i].want);
        }
    }
    return s;
}

static void test_pictures(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 4, 9, 16};
    for (unsigned k = 0; k < 5; k++) {
        party p = party_new(sizes[k]);
        mix_cpu cpu = {0};
        mix_compositor *c = mix_compositor_new(25, &cpu);
        party_push(&p, 1000);
        mix_scene_unref(party_scene(&p)); /* tells the sources which tiles */
        party_push(&p, 2000);
        mix_compositor_tick(c, party_scene(&p), 0, 3000);
        for (unsigned t = 0; t < N_TIERS; t++) {
            char name[32];
            g_snprintf(name, sizeof name, "composite-%02u-%s", sizes[k], specs[t].name);
            assert_non_null(mix_compositor_canvas(c, t));
            kit_write_png(mix_compositor_canvas(c, t), name);
        }
        mix_compositor_free(c);
        party_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pictures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
