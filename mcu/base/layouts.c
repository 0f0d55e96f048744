/* layouts.c - layouts by name: of a folder, of a message, or the grid alone. See layout.h. */
#include <string.h>

#include "mcu/base/layout.h"
#include "mcu/base/status.h"

struct mcu_layouts {
    GPtrArray *list; /* mcu_layout, owned */
    json_t *documents;
};

static mcu_layout_slot grid_slot = {.width = 1,
                                    .height = 1,
                                    .who = {MCU_WHO_ANYONE},
                                    .n_who = 1,
                                    .many = MCU_LAYOUT_PEOPLE_MAX,
                                    .shape = 16.0 / 9.0,
                                    .fit = MCU_FIT_WHOLE};
static mcu_arrangement grid_arrangement = {
    .people_max = MCU_LAYOUT_PEOPLE_MAX, .side_max_px = 4096, .wide = true, .tall = true, .slots = &grid_slot, .n_slots = 1};

const mcu_layout *mcu_layout_grid(void)
{
    static char title[] = "Grid";
    static const mcu_layout grid = {MCU_LAYOUT_DEFAULT, title, &grid_arrangement, 1};
    return &grid;
}

static void free_layout(void *l)
{
    mcu_layout_free(l);
}

static const mcu_layout *own(const mcu_layouts *s, const char *name)
{
    for (guint i = 0; i < s->list->len; i++) {
        const mcu_layout *l = s->list->pdata[i];
        if (strcmp(l->name, name) == 0) {
            return l;
        }
    }
    return NULL;
}

static mcu_layouts *new_set(void)
{
    mcu_layouts *s = g_new0(mcu_layouts, 1);
    s->list = g_ptr_array_new_with_free_func(free_layout);
    s->documents = json_array();
    return s;
}

void mcu_layouts_free(mcu_layouts *s)
{
    if (s) {
        g_ptr_array_unref(s->list);
        json_decref(s->documents);
        g_free(s);
    }
}

static bool add(mcu_layouts *s, json_t *document, GError **error)
{
    mcu_layout *l = mcu_layout_parse(document, error);
    if (!l) {
        return false;
    }
    bool twice = own(s, l->name) != NULL, many = s->list->len >= MCU_LAYOUTS_MAX;
    if (twice || many) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, twice ? "name: \"%s\" is taken by another layout" : "%s: more than %d",
                    l->name, MCU_LAYOUTS_MAX);
        mcu_layout_free(l);
        return false;
    }
    g_ptr_array_add(s->list, l);
    json_array_append(s->documents, document);
    return true;
}

mcu_layouts *mcu_layouts_parse(const json_t *documents, GError **error)
{
    mcu_layouts *s = new_set();
    size_t i;
    json_t *document;
    json_array_foreach(documents, i, document)
    {
        if (!add(s, document, error)) {
            g_prefix_error(error, "layout %zu: ", i);
            mcu_layouts_free(s);
            return NULL;
        }
    }
    return s;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *files_of(const char *folder, GError **error)
{
    GDir *dir = g_dir_open(folder, 0, error);
    if (!dir) {
        return NULL;
    }
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        if (g_str_has_suffix(name, ".json") && name[0] != '.') {
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
        }
    }
    g_dir_close(dir);
    g_ptr_array_sort(files, by_name);
    return files;
}

static bool add_file(mcu_layouts *s, const char *file, GError **error)
{
    json_error_t why;
    json_t *document = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
    if (!document) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: line %d: %s", file, why.line, why.text);
        return false;
    }
    bool ok = add(s, document, error);
    json_decref(document);
    if (!ok) {
        g_prefix_error(error, "%s: ", file);
    }
    return ok;
}

mcu_layouts *mcu_layouts_load(const char *folder, GError **error)
{
    g_autoptr(GPtrArray) files = files_of(folder, error);
    if (!files) {
        return NULL;
    }
    mcu_layouts *s = new_set();
    for (guint i = 0; i < files->len; i++) {
        if (!add_file(s, files->pdata[i], error)) {
            mcu_layouts_free(s);
            return NULL;
        }
    }
    return s;
}

const mcu_layout *mcu_layouts_find(const mcu_layouts *s, const char *name)
{
    const mcu_layout *l = own(s, name);
    return l || strcmp(name, MCU_LAYOUT_DEFAULT) != 0 ? l : mcu_layout_grid();
}

const json_t *mcu_layouts_documents(const mcu_layouts *s)
{
    return s->documents;
}

static void list_one(json_t *list, const mcu_layout *l)
{
    json_array_append_new(list, json_pack("{s:s, s:s}", "name", l->name, "title", l->title));
}

json_t *mcu_layouts_list(const mcu_layouts *s)
{
    json_t *list = json_array();
    if (!own(s, MCU_LAYOUT_DEFAULT)) {
        list_one(list, mcu_layout_grid());
    }
    for (guint i = 0; i < s->list->len; i++) {
        list_one(list, s->list->pdata[i]);
    }
    return list;
}

char *mcu_layouts_names(const mcu_layouts *s)
{
    GString *names = g_string_new(own(s, MCU_LAYOUT_DEFAULT) ? NULL : MCU_LAYOUT_DEFAULT);
    for (guint i = 0; i < s->list->len; i++) {
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", ((const mcu_layout *)s->list->pdata[i])->name);
    }
    return g_string_free(names, FALSE);
}
