/* tessera-layout: checks layout files and draws them with made-up people. */
#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "mcu/bot/preview.h"

static const struct {
    const char *tier;
    int width_px, height_px;
    double scale; /* on the contact sheet */
} grounds[] = {{"A", 1280, 720, 1 / 3.0}, {"B", 640, 360, 0.5},     {"C", 480, 270, 0.6667},   {"D", 320, 180, 1},
               {"A", 720, 1280, 1 / 7.0}, {"B", 360, 640, 2 / 7.0}, {"C", 270, 480, 8 / 21.0}, {"D", 180, 320, 4 / 7.0}};
static const unsigned counts[] = {1, 2, 3, 4, 5, 6, 8, 12, 16};

enum { CELL_GAP = 8, CELL_HEIGHT = 242 };

static int usage(FILE *out, int code)
{
    fputs("tessera-layout: checks layouts (assets/layouts/README.md) and draws them with made-up people.\n"
          "  tessera-layout check FOLDER\n"
          "  tessera-layout preview FOLDER NAME FILE.png [OPTION VALUE...]\n"
          "    --size WxH --tier A --people 4   the picture, its tier's name, how many are there\n"
          "    --speaker N --signing N          who of them, from 0, speaks, or speaks with hands\n"
          "    --content N                      who shows a screen beside the camera\n"
          "    --view ROLE                      as patient, clinician or observer sees it\n"
          "    --bars 1                         with the clock, the mark of a recording and a line of words\n"
          "  tessera-layout sheet FOLDER OUT    one contact sheet a layout: OUT/NAME.png\n",
          out);
    return code;
}

static int fail(GError *take)
{
    fprintf(stderr, "tessera-layout: %s\n", take->message);
    g_error_free(take);
    return 1;
}

static bool write_png(cairo_surface_t *s, const char *file)
{
    cairo_status_t status = cairo_surface_write_to_png(s, file);
    if (status != CAIRO_STATUS_SUCCESS) {
        fprintf(stderr, "tessera-layout: %s: %s\n", file, cairo_status_to_string(status));
    }
    return status == CAIRO_STATUS_SUCCESS;
}

static int check(const mcu_layouts *set)
{
    g_autofree char *names = mcu_layouts_names(set);
    printf("%s\n", names);
    return 0;
}

static bool number(const char *text, int least, int most, int *out)
{
    gint64 v = 0;
    bool ok = text && g_ascii_string_to_signed(text, 10, least, most, &v, NULL);
    *out = (int)v;
    return ok;
}

static bool read_options(char **args, mcu_preview *p)
{
    int people = 4, speaker = 0, bars = 0;
    for (; *args; args += 2) {
        bool ok = false;
        if (strcmp(args[0], "--size") == 0) {
            g_auto(GStrv) sides = g_strsplit(args[1] ? args[1] : "", "x", 2);
            ok = g_strv_length(sides) == 2 && number(sides[0], 64, 4096, &p->width_px) &&
                 number(sides[1], 36, 4096, &p->height_px);
            p->width_px &= ~1;
            p->height_px &= ~1;
        } else if (strcmp(args[0], "--people") == 0) {
            ok = number(args[1], 1, MCU_LAYOUT_PEOPLE_MAX, &people);
        } else if (strcmp(args[0], "--speaker") == 0) {
            ok = number(args[1], 0, MCU_LAYOUT_PEOPLE_MAX - 1, &speaker);
        } else if (strcmp(args[0], "--tier") == 0) {
            p->tier = args[1];
            ok = p->tier && *p->tier;
        } else if (strcmp(args[0], "--bars") == 0) {
            ok = number(args[1], 0, 1, &bars);
        } else if (strcmp(args[0], "--view") == 0) {
            p->view = mcu_who_of(args[1]);
            ok = (MCU_LAYOUT_VIEWS & 1u << p->view) != 0;
        } else if (strcmp(args[0], "--signing") == 0) {
            ok = number(args[1], 0, MCU_LAYOUT_PEOPLE_MAX - 1, &p->signing);
        } else if (strcmp(args[0], "--content") == 0) {
            ok = number(args[1], 0, MCU_LAYOUT_PEOPLE_MAX - 1, &p->content);
        }
        if (!ok) {
            return false;
        }
    }
    p->people = (unsigned)people;
    p->bars = bars != 0;
    p->speaker = (unsigned)(speaker % people);
    return true;
}

static int preview(const mcu_layouts *set, char **args)
{
    mcu_preview p = {.width_px = 1280, .height_px = 720, .tier = "A", .signing = -1, .content = -1};
    const mcu_layout *l = args[0] ? mcu_layouts_find(set, args[0]) : NULL;
    if (!args[0] || !args[1] || !read_options(args + 2, &p)) {
        return usage(stderr, 2);
    }
    if (!l) {
        g_autofree char *names = mcu_layouts_names(set);
        fprintf(stderr, "tessera-layout: there is no layout \"%s\"; there are %s\n", args[0], names);
        return 1;
    }
    GError *error = NULL;
    mcu_studio *studio = mcu_studio_new(&error);
    if (!studio) {
        return fail(error);
    }
    cairo_surface_t *s = mcu_preview_draw(studio, l, &p);
    bool ok = s && write_png(s, args[1]);
    cairo_surface_destroy(s);
    mcu_studio_free(studio);
    return ok ? 0 : 1;
}

static int cell_width(unsigned ground)
{
    return (int)(grounds[ground].width_px * grounds[ground].scale) + CELL_GAP;
}

/* `full`: with a screen, and all that may lie over a picture. */
static bool draw_row(mcu_studio *studio, cairo_t *c, const mcu_layout *l, unsigned people, bool full, int y)
{
    int x = CELL_GAP;
    for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
        bool signs = strcmp(l->name, "signer-safe") == 0, shows = strcmp(l->name, "content") == 0;
        mcu_preview p = {.width_px = grounds[g].width_px,
                         .height_px = grounds[g].height_px,
                         .tier = grounds[g].tier,
                         .people = people,
                         .speaker = people > 1 ? 1 : 0,
                         .signing = signs && people > 1 ? (int)MIN(people - 1, 2) : -1,
                         .content = (shows && people > 1) || full ? 0 : -1,
                         .bars = full};
        cairo_surface_t *s = mcu_preview_draw(studio, l, &p);
        if (!s) {
            return false;
        }
        cairo_save(c);
        cairo_translate(c, x, y);
        cairo_scale(c, grounds[g].scale, grounds[g].scale);
        cairo_set_source_surface(c, s, 0, 0);
        cairo_paint(c);
        cairo_restore(c);
        cairo_surface_destroy(s);
        x += cell_width(g);
    }
    return true;
}

static bool draw_sheet(mcu_studio *studio, const mcu_layout *l, const char *folder)
{
    int width = CELL_GAP;
    for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
        width += cell_width(g);
    }
    int height = CELL_GAP + (int)(G_N_ELEMENTS(counts) + 1) * (CELL_HEIGHT + CELL_GAP);
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *c = cairo_create(s);
    cairo_set_source_rgb(c, .45, .2, .45);
    cairo_paint(c);
    bool ok = true;
    for (unsigned i = 0; ok && i < G_N_ELEMENTS(counts); i++) {
        ok = draw_row(studio, c, l, counts[i], false, CELL_GAP + (int)i * (CELL_HEIGHT + CELL_GAP));
    }
    ok = ok && draw_row(studio, c, l, 4, true, height - CELL_HEIGHT - CELL_GAP);
    cairo_destroy(c);
    g_autofree char *file = g_strdup_printf("%s/%s.png", folder, l->name);
    ok = ok && write_png(s, file);
    cairo_surface_destroy(s);
    return ok;
}

static int sheet(const mcu_layouts *set, const char *folder)
{
    GError *error = NULL;
    mcu_studio *studio = mcu_studio_new(&error);
    if (!studio) {
        return fail(error);
    }
    json_t *list = mcu_layouts_list(set), *one = NULL;
    size_t i;
    bool ok = true;
    json_array_foreach(list, i, one)
    {
        ok = ok && draw_sheet(studio, mcu_layouts_find(set, json_string_value(json_object_get(one, "name"))), folder);
    }
    json_decref(list);
    mcu_studio_free(studio);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        return usage(stdout, 0);
    }
    if (argc < 3) {
        return usage(stderr, 2);
    }
    GError *error = NULL;
    mcu_layouts *set = mcu_layouts_load(argv[2], &error);
    if (!set) {
        return fail(error);
    }
    int code = 2;
    if (strcmp(argv[1], "check") == 0 && argc == 3) {
        code = check(set);
    } else if (strcmp(argv[1], "preview") == 0) {
        code = preview(set, argv + 3);
    } else if (strcmp(argv[1], "sheet") == 0 && argc == 4) {
        code = sheet(set, argv[3]);
    } else {
        code = usage(stderr, 2);
    }
    mcu_layouts_free(set);
    return code;
}
