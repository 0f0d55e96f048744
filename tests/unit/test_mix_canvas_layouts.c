/* test_mix_canvas_layouts.c - what shipped layouts look like, by CRC of one canvas of each shape: insets over pictures, strips,
 * pictures held upright, a screen that is not enlarged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mixer/arrange.h"
#include "mixer/compositor.h"
#include "video_golden.h"
#include "video_kit.h"

#define FPS 25
#define START_NS (100 * MCU_NS_PER_SEC)

typedef struct {
    const char *layout;
    unsigned people;
    bool screen; /* the first is one */
    int width_px, height_px;
} row;

/* No labels: these pixels depend on no font. */
static mix_scene *make_scene(const row *r, const mcu_layout *layout, mix_source *const *sources)
{
    mix_guest guests[MIX_MAX_PEOPLE] = {0};
    mix_place places[MIX_MAX_PEOPLE];
    mix_scene *scene = mix_scene_new();
    scene->n_people = r->people;
    scene->n_tiers = 1;
    scene->tiers[0] = (mix_scene_tier){.live = true, .width_px = r->width_px, .height_px = r->height_px, .fps = FPS};
    for (unsigned i = 0; i < r->people; i++) {
        bool screen = r->screen && i == 0;
        scene->people[i] = (mix_scene_person){.person = i + 1, .talking = i == 1, .source = mix_source_ref(sources[i])};
        guests[i] = (mix_guest){screen ? 1u << MCU_WHO_CONTENT : 1u << MCU_WHO_GUEST, i, 0};
    }
    const mix_ground ground = {"A", r->width_px, r->height_px, MCU_WHO_NONE, 0};
    mix_scene_lay(scene, 0, places, mix_arrange(layout, &ground, guests, r->people, places), FPS);
    return scene;
}

static void show(mix_source *source, unsigned i)
{
    mcu_frame *f = kit_flat(640, 360, (uint8_t)(30 + i * 11), 0);
    f->time_ns = START_NS;
    mix_source_show(source, f);
}

static void write_crcs(GString *text, const row *r, const mcu_frame *f)
{
    g_string_append_printf(text, "%s, %u people%s, %dx%d: %08x %08x %08x\n", r->layout, r->people,
                           r->screen ? ", one a screen" : "", f->width_px, f->height_px, kit_crc(f, 0), kit_crc(f, 1),
                           kit_crc(f, 2));
}

static void compose(GString *text, const row *r, const mcu_layout *layout)
{
    mix_cpu cpu = {0};
    kit_notices notices = {0};
    mix_source *sources[MIX_MAX_PEOPLE];
    for (unsigned i = 0; i < r->people; i++) {
        sources[i] = kit_source(i + 1, &notices);
    }
    mix_compositor *c = mix_compositor_new(FPS, &cpu);
    mix_scene *scene = make_scene(r, layout, sources);
    for (unsigned i = 0; i < r->people; i++) {
        mix_source_want(sources[i], scene->people[i].want);
        show(sources[i], i);
    }
    mix_compositor_tick(c, scene, 0, START_NS);
    write_crcs(text, r, mix_compositor_canvas(c, 0));
    mix_compositor_free(c);
    for (unsigned i = 0; i < r->people; i++) {
        mix_source_close(sources[i]);
        mix_source_unref(sources[i]);
    }
}

static void test_crc_of_layouts(void **state)
{
    (void)state;
    static const row rows[] = {
        {"picture-in-picture", 3, false, 1280, 720},
        {"picture-in-picture", 2, false, 320, 180},
        {"speaker", 5, false, 1280, 720},
        {"speaker", 3, false, 480, 270},
        {"grid", 2, false, 360, 640},
        {"grid", 5, false, 270, 480},
        {"picture-in-picture", 2, false, 180, 320},
        {"content", 4, true, 1280, 720},
        {"content", 3, true, 640, 360},
        {"signer-safe", 3, true, 640, 360},
        {"content", 3, true, 360, 640},
    };
    mcu_layouts *shipped = mcu_layouts_load(TESSERA_SOURCE_DIR "/assets/layouts", NULL);
    assert_non_null(shipped);
    GString *text = g_string_new(NULL);
    for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
        compose(text, &rows[k], mcu_layouts_find(shipped, rows[k].layout));
    }
    golden_check("layout/layout-crc.txt", text->str);
    g_string_free(text, TRUE);
    mcu_layouts_free(shipped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_crc_of_layouts)};
    return cmocka_run_group_tests_name("mix_canvas_layouts", tests, NULL, NULL);
}
