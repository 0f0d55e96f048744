/* video_kit.c - see video_kit.h. */
#include "video_kit.h"

#include <cairo.h>
#include <glib.h>
#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "mixer/overlay.h"
#include "mixer/vdec.h"

mcu_frame *kit_flat(int w, int h, uint8_t luma, unsigned n)
{
    mcu_frame *f = mcu_frame_new(w, h);
    mix_draw_fill(f, 0, 0, w, h, (mix_colour){luma, 128, 128});
    int side = h / 8 & ~1, x = (int)(n * 4 % (unsigned)(w - side)) & ~1;
    mix_draw_fill(f, x, 0, side, side, (mix_colour){(uint8_t)(luma < 128 ? luma + 40 : luma - 40), 128, 128});
    return f;
}

static void rgb(cairo_t *c, unsigned v)
{
    cairo_set_source_rgb(c, (v >> 16 & 255) / 255.0, (v >> 8 & 255) / 255.0, (v & 255) / 255.0);
}

static void draw_person(cairo_t *c, unsigned who, double t)
{
    static const unsigned walls[] = {0xcfc6b8, 0xb8c4cf, 0xc8cfb8, 0xd3c0c0, 0xb9b4c6, 0xa9c0b8};
    static const unsigned skins[] = {0xe0b394, 0x8d5a3c, 0xf0cbb0, 0xb98560, 0x6b432c, 0xd9a57c};
    static const unsigned shirts[] = {0x3a6ea5, 0x6a8f3a, 0xa54b4b, 0x4b4b8a, 0x2f2f35, 0xb58a2a};
    rgb(c, walls[who % 6]);
    cairo_paint(c);
    rgb(c, 0x5c6b73);
    cairo_rectangle(c, 0.06 + 0.1 * (who % 3), 0.08, 0.22, 0.34);
    cairo_fill(c);
    double sway = 0.015 * sin(t), nod = 0.01 * sin(1.7 * t);
    rgb(c, shirts[who % 6]);
    cairo_save(c);
    cairo_translate(c, 0.5 + sway, 1.05);
    cairo_scale(c, 0.30, 0.42);
    cairo_arc(c, 0, 0, 1, 0, 2 * G_PI);
    cairo_restore(c);
    cairo_fill(c);
    rgb(c, skins[who % 6]);
    cairo_save(c);
    cairo_translate(c, 0.5 + sway * 1.5, 0.42 + nod);
    cairo_scale(c, 0.12, 0.23);
    cairo_arc(c, 0, 0, 1, 0, 2 * G_PI);
    cairo_restore(c);
    cairo_fill(c);
    rgb(c, 0x2b211c);
    for (int eye = -1; eye <= 1; eye += 2) {
        cairo_save(c);
        cairo_translate(c, 0.5 + sway * 1.5 + eye * 0.045, 0.38 + nod);
        cairo_scale(c, 0.011, 0.02);
        cairo_arc(c, 0, 0, 1, 0, 2 * G_PI);
        cairo_restore(c);
        cairo_fill(c);
    }
    cairo_rectangle(c, 0.47 + sway * 1.5, 0.52 + nod, 0.06, 0.012 + 0.02 * fabs(sin(3 * t)));
    cairo_fill(c);
}

mcu_frame *kit_person(int w, int h, unsigned who, unsigned n)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    cairo_t *c = cairo_create(s);
    cairo_scale(c, w, h);
    draw_person(c, who, n * 0.12 + who);
    cairo_destroy(c);
    cairo_surface_flush(s);
    mcu_frame *f = mcu_frame_new(w, h);
    ARGBToI420(cairo_image_surface_get_data(s), cairo_image_surface_get_stride(s), f->plane[0], f->stride[0], f->plane[1],
               f->stride[1], f->plane[2], f->stride[2], w, h);
    cairo_surface_destroy(s);
    return f;
}

kit_camera kit_camera_open(mcu_codec codec, int w, int h, uint8_t luma, unsigned who, int64_t start_ns)
{
    mix_venc_config config = {.width_px = w, .height_px = h, .fps = 25, .bitrate_bps = 800000};
    kit_camera c = {mix_venc_for(codec), NULL, w, h, luma, who, 0, start_ns, false};
    c.venc = c.type->open(&config, NULL);
    g_assert(c.venc);
    return c;
}

mcu_au *kit_camera_next(kit_camera *c)
{
    mcu_frame *f =
        c->luma ? kit_flat(c->width_px, c->height_px, c->luma, c->n) : kit_person(c->width_px, c->height_px, c->who, c->n);
    f->time_ns = c->start_ns + (int64_t)c->n * 40 * MCU_NS_PER_MS;
    f->ts90k = c->n * 3600;
    mcu_au *au = c->type->encode(c->venc, f, c->keyframe);
    c->keyframe = false;
    c->n++;
    mcu_frame_unref(f);
    g_assert(au);
    return au;
}

void kit_camera_close(kit_camera *c)
{
    c->type->close(c->venc);
    c->venc = NULL;
}

static void notify(void *user, mix_source *s, mix_notice what)
{
    kit_notices *n = user;
    (void)s;
    n->want_key += what == MIX_NOTICE_WANT_KEY;
    n->live += what == MIX_NOTICE_LIVE;
    n->refused += what == MIX_NOTICE_REFUSED;
}

mix_source *kit_source(uint32_t id, kit_notices *n)
{
    mix_source_env env = {.cpu = &n->cpu,
                          .max_px = 1920,
                          .notify = notify,
                          .user = n,
                          .queue_drops = mcu_counter_get("tessera_video_queue_drops_total", NULL, "x"),
                          .refused = mcu_counter_get("tessera_source_refused_total", NULL, "x"),
                          .frames_replaced = mcu_counter_get("tessera_frames_replaced_total", NULL, "x")};
    return mix_source_new(id, &env);
}

void kit_lay(mix_scene *s, unsigned tier, const mcu_layout *layout)
{
    mix_guest guests[MIX_MAX_PEOPLE];
    mix_place places[MIX_MAX_PEOPLE];
    for (unsigned i = 0; i < s->n_people; i++) {
        guests[i] = (mix_guest){0, MIX_RANK_NEVER, 0};
    }
    mix_ground ground = {"A", s->tiers[tier].width_px, s->tiers[tier].height_px, MCU_WHO_NONE, 0};
    unsigned n = mix_arrange(layout, &ground, guests, s->n_people, places);
    mix_scene_lay(s, tier, places, n, 25);
}

uint8_t kit_mean_luma(const mcu_frame *f, int x, int y, int w, int h)
{
    uint64_t sum = 0;
    for (int r = y; r < y + h; r++) {
        for (int i = x; i < x + w; i++) {
            sum += f->plane[0][r * f->stride[0] + i];
        }
    }
    return (uint8_t)(sum / (uint64_t)(w * h));
}

uint32_t kit_crc(const mcu_frame *f, int plane)
{
    int w = plane ? f->width_px / 2 : f->width_px, h = plane ? f->height_px / 2 : f->height_px;
    uint32_t crc = 0xffffffffu;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            crc ^= f->plane[plane][y * f->stride[plane] + x];
            for (int k = 0; k < 8; k++) {
                crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
            }
        }
    }
    return ~crc;
}

void kit_write_png(const mcu_frame *f, const char *name)
{
    char path[512];
    mkdir(TESSERA_BINARY_DIR "/pictures", 0755);
    g_snprintf(path, sizeof path, "%s/pictures/%s.png", TESSERA_BINARY_DIR, name);
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, f->width_px, f->height_px);
    I420ToARGB(f->plane[0], f->stride[0], f->plane[1], f->stride[1], f->plane[2], f->stride[2], cairo_image_surface_get_data(s),
               cairo_image_surface_get_stride(s), f->width_px, f->height_px);
    cairo_surface_mark_dirty(s);
    cairo_surface_write_to_png(s, path);
    cairo_surface_destroy(s);
}

mcu_frame *kit_decode_last(mcu_au *const *aus, unsigned n)
{
    mix_vdec *d = mix_vdec_new(1920);
    mcu_frame *last = NULL;
    for (unsigned i = 0; i < n; i++) {
        mcu_frame *f = NULL;
        if (mix_vdec_decode(d, aus[i], &f) == MIX_VDEC_PICTURE) {
            mcu_frame_unref(last);
            last = f;
        }
    }
    mix_vdec_free(d);
    return last;
}
