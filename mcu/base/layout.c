#include "mcu/base/layout.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "mcu/base/status.h"

#define WIDE_SHAPE (16.0 / 9.0)
#define MOST_PX 4096
#define SMALLEST 0.02 /* of a side */

static const char *const whos[] = {"none",       "patient", "clinician", "interpreter", "guest",  "observer", "kiosk",
                                   "compliance", "speaker", "content",   "signing",     "anyone", NULL};
static const char *const fits[] = {"none", "fit", "fill", "smart", "sharp", NULL};

const char *mcu_who_name(mcu_who w)
{
    return (unsigned)w <= MCU_WHO_ANYONE ? whos[w] : whos[0];
}

static unsigned find_word(const char *const *words, const char *name)
{
    for (unsigned i = 1; name && words[i]; i++) {
        if (strcmp(words[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

mcu_who mcu_who_of(const char *name)
{
    return (mcu_who)find_word(whos, name);
}

const char *mcu_fit_name(mcu_fit f)
{
    return (unsigned)f <= MCU_FIT_SHARP ? fits[f] : fits[0];
}

/* ---- reading ---- */

typedef struct {
    GString *path; /* of the object being read */
    GError **error;
} reader;

G_GNUC_PRINTF(3, 4) static bool refuse(const reader *r, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    const char *dot = r->path->len && *key ? "." : "";
    const char *whole = r->path->len || *key ? "" : "document";
    g_set_error(r->error, MCU_ERROR, MCU_ERROR_CONFIG, "%s%s%s%s: %s", r->path->str, dot, key, whole, reason);
    return false;
}

static gsize enter(reader *r, const char *key, size_t index)
{
    gsize before = r->path->len;
    g_string_append_printf(r->path, "%s%s.%zu", before ? "." : "", key, index);
    return before;
}

static void leave(reader *r, gsize before)
{
    g_string_truncate(r->path, before);
}

static bool known_members(const reader *r, const json_t *o, const char *const *keys)
{
    if (!json_is_object(o)) {
        return refuse(r, "", "must be an object");
    }
    for (void *i = json_object_iter((json_t *)(uintptr_t)o); i; i = json_object_iter_next((json_t *)(uintptr_t)o, i)) {
        const char *key = json_object_iter_key(i);
        if (!g_strv_contains(keys, key)) {
            g_autofree char *list = g_strjoinv(", ", (char **)(uintptr_t)keys);
            return refuse(r, key, "is not known; there are %s", list);
        }
    }
    return true;
}

/* A range of whole numbers, [low, high]. What is absent stays as it is. */
static bool read_range(const reader *r, const json_t *o, const char *key, int most, int *low, int *high)
{
    const json_t *v = json_object_get(o, key);
    if (!v) {
        return true;
    }
    const json_t *a = json_array_get(v, 0), *b = json_array_get(v, 1);
    bool ok = json_array_size(v) == 2 && json_is_integer(a) && json_is_integer(b) && json_integer_value(a) >= 0 &&
              json_integer_value(a) <= json_integer_value(b) && json_integer_value(b) <= most;
    if (!ok) {
        return refuse(r, key, "must be [least, most], whole numbers from 0 to %d", most);
    }
    *low = (int)json_integer_value(a);
    *high = (int)json_integer_value(b);
    return true;
}

static bool read_flag(const reader *r, const json_t *o, const char *key, bool *out)
{
    const json_t *v = json_object_get(o, key);
    *out = json_is_true(v);
    return !v || json_is_boolean(v) || refuse(r, key, "must be true or false");
}

static bool read_place(const reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *at = json_object_get(o, "at");
    double v[4];
    bool ok = json_array_size(at) == 4;
    for (size_t i = 0; ok && i < 4; i++) {
        ok = json_is_number(json_array_get(at, i));
        v[i] = json_number_value(json_array_get(at, i));
    }
    if (!ok) {
        return refuse(r, "at", "must be [x, y, width, height], fractions of the picture");
    }
    if (v[2] < SMALLEST || v[3] < SMALLEST) {
        return refuse(r, "at", "is too small to show anything");
    }
    if (v[0] < 0 || v[1] < 0 || v[0] + v[2] > 1.0005 || v[1] + v[3] > 1.0005) {
        return refuse(r, "at", "must lie within the picture");
    }
    s->x = v[0];
    s->y = v[1];
    s->width = v[2];
    s->height = v[3];
    return true;
}

static bool read_who(const reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *list = json_object_get(o, "for");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_WHO_MAX) {
        return refuse(r, "for", "must be a list of 1 to %d words", MCU_LAYOUT_WHO_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(list, i));
        s->who[i] = mcu_who_of(word);
        if (s->who[i] == MCU_WHO_NONE) {
            g_autofree char *words = g_strjoinv(", ", (char **)(uintptr_t)(whos + 1));
            return refuse(r, "for", "\"%.20s\" is none of %s", word ? word : "", words);
        }
    }
    s->n_who = (unsigned)n;
    return true;
}

static bool read_number(const reader *r, const json_t *o, const char *key, double least, double most, double *out)
{
    const json_t *v = json_object_get(o, key);
    double d = json_number_value(v);
    if (v && (!json_is_number(v) || d < least || d > most)) {
        return refuse(r, key, "must be a number from %g to %g", least, most);
    }
    *out = v ? d : *out;
    return true;
}

static bool read_fit(const reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *v = json_object_get(o, "fit");
    s->fit = v ? (mcu_fit)find_word(fits, json_string_value(v)) : MCU_FIT_WHOLE;
    return s->fit != MCU_FIT_NONE || refuse(r, "fit", "must be fit, fill, smart or sharp");
}

static bool read_slot(const reader *r, const json_t *o, mcu_layout_slot *s)
{
    static const char *const keys[] = {"at", "for", "fit", "many", "shape", "z", "optional", "card", NULL};
    double z = 0, many = 0;
    s->shape = WIDE_SHAPE;
    bool ok = known_members(r, o, keys) && read_place(r, o, s) && read_who(r, o, s) && read_fit(r, o, s) &&
              read_number(r, o, "z", -100, 100, &z) && read_number(r, o, "many", 1, MCU_LAYOUT_PEOPLE_MAX, &many) &&
              read_number(r, o, "shape", 0.25, 4, &s->shape) && read_flag(r, o, "optional", &s->optional) &&
              read_flag(r, o, "card", &s->card);
    s->z = (int)z;
    s->many = (unsigned)many;
    return ok && (many > 0 || !json_object_get(o, "shape") || refuse(r, "shape", "is of the tiles of a grid: it goes with many"));
}

static bool read_slots(reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *list = json_object_get(o, "slots");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_SLOTS_MAX) {
        return refuse(r, "slots", "must be a list of 1 to %d slots", MCU_LAYOUT_SLOTS_MAX);
    }
    a->slots = g_new0(mcu_layout_slot, n);
    a->n_slots = (unsigned)n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        gsize before = enter(r, "slots", i);
        ok = read_slot(r, json_array_get(list, i), &a->slots[i]);
        leave(r, before);
    }
    return ok;
}

static bool read_tiers(const reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *list = json_object_get(o, "tiers");
    size_t n = json_array_size(list);
    if (!list) {
        return true;
    }
    if (n < 1 || n > 8) {
        return refuse(r, "tiers", "must be a list of 1 to 8 names");
    }
    a->tiers = g_new0(char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !*name || strlen(name) > 7) {
            return refuse(r, "tiers", "must be names of tiers");
        }
        a->tiers[i] = g_strdup(name);
    }
    return true;
}

static bool read_picture_shape(const reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *v = json_object_get(o, "picture");
    const char *shape = v ? json_string_value(v) : "any";
    bool any = g_strcmp0(shape, "any") == 0;
    a->wide = any || g_strcmp0(shape, "wide") == 0;
    a->tall = any || g_strcmp0(shape, "tall") == 0;
    return a->wide || a->tall || refuse(r, "picture", "must be wide, tall or any");
}

/* Not said: as many as its slots need, up to as many as they hold. */
static void count_people(mcu_arrangement *a, int *least, int *most)
{
    for (unsigned i = 0; i < a->n_slots; i++) {
        *least += !a->slots[i].optional;
        *most += a->slots[i].many ? (int)a->slots[i].many : 1;
    }
    *most = MIN(*most, MCU_LAYOUT_PEOPLE_MAX);
}

static bool read_arrangement(reader *r, const json_t *o, mcu_arrangement *a)
{
    static const char *const keys[] = {"people", "side_px", "picture", "tiers", "slots", "comment", NULL};
    int least = 0, most = 0;
    a->side_max_px = MOST_PX;
    if (!known_members(r, o, keys) || !read_slots(r, o, a) || !read_tiers(r, o, a) || !read_picture_shape(r, o, a) ||
        !read_range(r, o, "side_px", MOST_PX, &a->side_min_px, &a->side_max_px)) {
        return false;
    }
    count_people(a, &least, &most);
    bool ok = read_range(r, o, "people", MCU_LAYOUT_PEOPLE_MAX, &least, &most);
    a->people_min = (unsigned)least;
    a->people_max = (unsigned)most;
    return ok;
}

static bool read_arrangements(reader *r, const json_t *o, mcu_layout *l)
{
    const json_t *list = json_object_get(o, "arrangements");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_ARRANGEMENTS_MAX) {
        return refuse(r, "arrangements", "must be a list of 1 to %d", MCU_LAYOUT_ARRANGEMENTS_MAX);
    }
    l->arrangements = g_new0(mcu_arrangement, n);
    l->n_arrangements = (unsigned)n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        gsize before = enter(r, "arrangements", i);
        ok = read_arrangement(r, json_array_get(list, i), &l->arrangements[i]);
        leave(r, before);
    }
    return ok;
}

static bool read_name(const reader *r, const json_t *o, mcu_layout *l)
{
    const char *name = json_string_value(json_object_get(o, "name")), *title = json_string_value(json_object_get(o, "title"));
    bool ok = name && *name && strlen(name) <= MCU_LAYOUT_NAME_MAX &&
              strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
    if (!ok) {
        return refuse(r, "name", "must be 1 to %d of a-z, 0-9 and -", MCU_LAYOUT_NAME_MAX);
    }
    if (!title || !*title || strlen(title) > 80) {
        return refuse(r, "title", "must be 1 to 80 bytes of text");
    }
    g_strlcpy(l->name, name, sizeof l->name);
    l->title = g_strdup(title);
    return true;
}

mcu_layout *mcu_layout_parse(const json_t *document, GError **error)
{
    static const char *const keys[] = {"name", "title", "arrangements", "comment", NULL};
    g_autoptr(GString) path = g_string_new(NULL);
    reader r = {path, error};
    mcu_layout *l = g_new0(mcu_layout, 1);
    if (known_members(&r, document, keys) && read_name(&r, document, l) && read_arrangements(&r, document, l)) {
        return l;
    }
    mcu_layout_free(l);
    return NULL;
}

void mcu_layout_free(mcu_layout *l)
{
    if (!l) {
        return;
    }
    for (unsigned i = 0; i < l->n_arrangements; i++) {
        g_free(l->arrangements[i].slots);
        g_strfreev(l->arrangements[i].tiers);
    }
    g_free(l->arrangements);
    g_free(l->title);
    g_free(l);
}
