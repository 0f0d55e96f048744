#include "mcu/bot/preview.h"

#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>

#include "mcu/bot/face.h"
#include "mixer/arrange.h"
#include "mixer/bars.h"
#include "mixer/compositor.h"
#include "mixer/scale.h"

#define TICK_FPS 25
#define SCREEN_PERSON 1000
#define CAPTION "2026-03-14 15:09:26 +01:00 \u00b7 visit-7\n15:09:26 +01:00 \u00b7 visit-7\n15:09:26 +01:00"
#define LINE "Please lift your left arm slowly, as far as it goes without pain"

static const struct {
    const char *name;
    mcu_who role;
    int width_px, height_px; /* of the camera, 0 = off */
} cast[] = {
    {"Dr. Amira Haddad", MCU_WHO_CLINICIAN, 640, 360},
    {"Zoë Björklund", MCU_WHO_PATIENT, 640, 360},
    {"Interpreter 王小芳", MCU_WHO_INTERPRETER, 640, 360},
    {"عبد الرحمن الشريف", MCU_WHO_GUEST, 640, 480},
    {"สมชาย ใจดี", MCU_WHO_GUEST, 360, 640},
    {"अनन्या श्रीवास्तव", MCU_WHO_GUEST, 0, 0},
    {"Maximilian-Konstantin von und zu Hohenstein", MCU_WHO_GUEST, 640, 360},
    {"Olena Шевченко", MCU_WHO_GUEST, 640, 360},
    {"שרה לוי", MCU_WHO_GUEST, 640, 360},
    {"Ann 😀", MCU_WHO_GUEST, 480, 640},
};

struct mcu_studio {
    mix_art *art;
    mcu_frame *cameras[G_N_ELEMENTS(cast)], *screen; /* drawn once */
};

typedef struct {
    const mcu_preview *what;
    mix_cpu cpu;
    mix_source *sources[MIX_MAX_PEOPLE];
    mix_person people[MIX_MAX_PEOPLE];
    mix_guest guests[MIX_MAX_PEOPLE];
    unsigned n;
} party;

static void no_notice(void *user, mix_source *s, mix_notice what)
{
    (void)user;
    (void)s;
    (void)what;
}

/* Letters of the size that screens have, so that what a tier leaves of them can be judged. */
static void draw_screen(cairo_t *c, int width_px, int height_px)
{
    cairo_set_source_rgb(c, .97, .97, .96);
    cairo_paint(c);
    cairo_set_source_rgb(c, .12, .14, .18);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, 20);
    for (int y = 40; y < height_px; y += 34) {
        cairo_move_to(c, 24, y);
        cairo_show_text(c, "Lisinopril 10 mg once a day in the morning; blood pressure 128/82, pulse 71, weight 68.4 kg");
    }
    cairo_rectangle(c, 4, 4, width_px - 8, height_px - 8);
    cairo_stroke(c);
}

static mcu_frame *draw_camera(int width_px, int height_px, unsigned person, bool screen)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_px, height_px);
    cairo_t *c = cairo_create(s);
    if (screen) {
        draw_screen(c, width_px, height_px);
    } else {
        mcu_face_draw(c, width_px, height_px, person, 1.7 * person);
    }
    cairo_destroy(c);
    cairo_surface_flush(s);
    mcu_frame *f = mcu_frame_new(width_px, height_px);
    if (f) {
        ARGBToI420(cairo_image_surface_get_data(s), cairo_image_surface_get_stride(s), f->plane[0], f->stride[0], f->plane[1],
                   f->stride[1], f->plane[2], f->stride[2], width_px, height_px);
        f->time_ns = MCU_NS_PER_SEC;
    }
    cairo_surface_destroy(s);
    return f;
}

/* A source counts its pictures in them, so each needs one of its own. */
static mcu_frame *copy_frame(const mcu_frame *f)
{
    mcu_frame *copy = f ? mcu_frame_new(f->width_px, f->height_px) : NULL;
    if (copy) {
        mix_scale_copy(f, copy, 0, 0, f->width_px, f->height_px);
        copy->time_ns = f->time_ns;
    }
    return copy;
}

static void add(party *p, const mix_person *person, const mcu_frame *picture)
{
    unsigned i = p->n++;
    p->people[i] = *person;
    p->people[i].camera_on = picture != NULL;
    p->guests[i] = (mix_guest){.who = person->who, .rank = person->rank};
    mcu_frame *f = copy_frame(picture);
    if (f) {
        mix_source_env env = {.cpu = &p->cpu,
                              .max_px = 1920,
                              .notify = no_notice,
                              .queue_drops = mcu_counter_get("preview_drops", NULL, "Not used."),
                              .refused = mcu_counter_get("preview_refused", NULL, "Not used."),
                              .frames_replaced = mcu_counter_get("preview_replaced", NULL, "Not used.")};
        p->sources[i] = mix_source_new(person->person, &env);
        mix_source_show(p->sources[i], f);
    }
}

/* As in a room: one more than people, before them. */
static void add_screen(const mcu_studio *studio, party *p)
{
    const mix_person screen = {.person = SCREEN_PERSON,
                               .name = cast[(unsigned)p->what->content % G_N_ELEMENTS(cast)].name,
                               .who = 1u << MCU_WHO_CONTENT,
                               .rank = MIX_RANK_NEVER};
    add(p, &screen, studio->screen);
}

static void invite(const mcu_studio *studio, party *p, unsigned i)
{
    unsigned n = i % G_N_ELEMENTS(cast);
    const mix_person one = {.person = i + 1,
                            .name = cast[n].name,
                            .muted = i % 5 == 3,
                            .talking = i == p->what->speaker,
                            .who = 1u << cast[n].role | ((int)i == p->what->signing ? 1u << MCU_WHO_SIGNING : 0u),
                            .rank = (i + p->what->people - p->what->speaker) % p->what->people};
    add(p, &one, studio->cameras[n]);
}

static void add_bars(mix_scene_tier *t, mix_art *art)
{
    int caption_px = mix_bars_caption_width(t->width_px, false);
    t->bars[MIX_BAR_CAPTION] = mix_art_get(art, MIX_ART_CAPTION, CAPTION, 1, caption_px, t->height_px);
    t->bars[MIX_BAR_LINE] = mix_art_get(art, MIX_ART_LINE, LINE, 0, t->width_px, t->height_px);
}

static mix_scene *make_scene(party *p, const mcu_layout *layout, mix_art *art)
{
    mix_place places[MIX_MAX_PEOPLE];
    mix_ground ground = {p->what->tier, p->what->width_px, p->what->height_px, p->what->view, 0};
    mix_scene *s = mix_scene_new();
    s->n_people = p->n;
    s->n_tiers = 1;
    for (unsigned i = 0; i < s->n_people; i++) {
        const mix_person *one = &p->people[i];
        s->people[i] = (mix_scene_person){.person = one->person, .talking = one->talking, .lasting = mix_is_screen(one->who)};
        s->people[i].source = p->sources[i] ? mix_source_ref(p->sources[i]) : NULL;
    }
    s->tiers[0] = (mix_scene_tier){.live = true, .width_px = ground.width_px, .height_px = ground.height_px, .fps = TICK_FPS};
    unsigned n = mix_arrange(layout, &ground, p->guests, s->n_people, places);
    mix_scene_lay(s, 0, places, n, TICK_FPS);
    mix_scene_dress(s, 0, art, p->people);
    if (p->what->bars) {
        add_bars(&s->tiers[0], art);
    }
    return s;
}

static cairo_surface_t *to_surface(const mcu_frame *f)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, f->width_px, f->height_px);
    cairo_surface_flush(s);
    I420ToARGB(f->plane[0], f->stride[0], f->plane[1], f->stride[1], f->plane[2], f->stride[2], cairo_image_surface_get_data(s),
               cairo_image_surface_get_stride(s), f->width_px, f->height_px);
    cairo_surface_mark_dirty(s);
    return s;
}

mcu_studio *mcu_studio_new(GError **error)
{
    mix_art *art = mix_art_new(NULL, NULL, error);
    if (!art) {
        return NULL;
    }
    mcu_studio *s = g_new0(mcu_studio, 1);
    s->art = art;
    s->screen = draw_camera(1280, 720, 0, true);
    for (unsigned i = 0; i < G_N_ELEMENTS(cast); i++) {
        s->cameras[i] = cast[i].width_px ? draw_camera(cast[i].width_px, cast[i].height_px, i, false) : NULL;
    }
    return s;
}

void mcu_studio_free(mcu_studio *s)
{
    if (!s) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(cast); i++) {
        mcu_frame_unref(s->cameras[i]);
    }
    mcu_frame_unref(s->screen);
    mix_art_free(s->art);
    g_free(s);
}

cairo_surface_t *mcu_preview_draw(mcu_studio *studio, const mcu_layout *layout, const mcu_preview *what)
{
    party *p = g_new0(party, 1);
    p->what = what;
    if (what->content >= 0) {
        add_screen(studio, p);
    }
    for (unsigned i = 0; i < what->people && p->n < MIX_MAX_PEOPLE; i++) {
        invite(studio, p, i);
    }
    mix_compositor *c = mix_compositor_new(TICK_FPS, &p->cpu);
    mix_compositor_tick(c, make_scene(p, layout, studio->art), 0, MCU_NS_PER_SEC);
    const mcu_frame *f = mix_compositor_canvas(c, 0);
    cairo_surface_t *out = f ? to_surface(f) : NULL;
    mix_compositor_free(c);
    for (unsigned i = 0; i < p->n; i++) {
        if (p->sources[i]) {
            mix_source_close(p->sources[i]);
            mix_source_unref(p->sources[i]);
        }
    }
    mix_art_sweep(studio->art);
    g_free(p);
    return out;
}
