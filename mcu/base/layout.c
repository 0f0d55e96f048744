#include "mcu/base/layout.h"

#include <stdint.h>
#include <string.h>

#include "mcu/base/layout_reader.h"
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

static bool read_place(const mcu_layout_reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *at = json_object_get(o, "at");
    double v[4];
    bool ok = json_array_size(at) == 4;
    for (size_t i = 0; ok && i < 4; i++) {
        ok = json_is_number(json_array_get(at, i));
        v[i] = json_number_value(json_array_get(at, i));
    }
    if (!ok) {
        return mcu_layout_read_refuse(r, "at", "must be [x, y, width, height], fractions of the picture");
    }
    if (v[2] < SMALLEST || v[3] < SMALLEST) {
        return mcu_layout_read_refuse(r, "at", "is too small to show anything");
    }
    if (v[0] < 0 || v[1] < 0 || v[0] + v[2] > 1.0005 || v[1] + v[3] > 1.0005) {
        return mcu_layout_read_refuse(r, "at", "must lie within the picture");
    }
    s->x = v[0];
    s->y = v[1];
    s->width = v[2];
    s->height = v[3];
    return true;
}

static bool read_who(const mcu_layout_reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *list = json_object_get(o, "for");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_WHO_MAX) {
        return mcu_layout_read_refuse(r, "for", "must be a list of 1 to %d words", MCU_LAYOUT_WHO_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(list, i));
        s->who[i] = mcu_who_of(word);
        if (s->who[i] == MCU_WHO_NONE) {
            g_autofree char *words = g_strjoinv(", ", (char **)(uintptr_t)(whos + 1));
            return mcu_layout_read_refuse(r, "for", "\"%.20s\" is none of %s", word ? word : "", words);
        }
    }
    s->n_who = (unsigned)n;
    return true;
}

static bool read_fit(const mcu_layout_reader *r, const json_t *o, mcu_layout_slot *s)
{
    const json_t *v = json_object_get(o, "fit");
    s->fit = v ? (mcu_fit)find_word(fits, json_string_value(v)) : MCU_FIT_WHOLE;
    return s->fit != MCU_FIT_NONE || mcu_layout_read_refuse(r, "fit", "must be fit, fill, smart or sharp");
}

static bool read_slot(const mcu_layout_reader *r, const json_t *o, mcu_layout_slot *s)
{
    static const char *const keys[] = {"at", "for", "fit", "many", "shape", "z", "optional", "card", NULL};
    double z = 0, many = 0;
    s->shape = WIDE_SHAPE;
    bool ok = mcu_layout_read_known(r, o, keys) && read_place(r, o, s) && read_who(r, o, s) && read_fit(r, o, s) &&
              mcu_layout_read_number(r, o, "z", -100, 100, &z) &&
              mcu_layout_read_number(r, o, "many", 1, MCU_LAYOUT_PEOPLE_MAX, &many) &&
              mcu_layout_read_number(r, o, "shape", 0.25, 4, &s->shape) && mcu_layout_read_flag(r, o, "optional", &s->optional) &&
              mcu_layout_read_flag(r, o, "card", &s->card);
    s->z = (int)z;
    s->many = (unsigned)many;
    return ok && (many > 0 || !json_object_get(o, "shape") ||
                  mcu_layout_read_refuse(r, "shape", "is of the tiles of a grid: it goes with many"));
}

static bool read_slots(mcu_layout_reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *list = json_object_get(o, "slots");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_SLOTS_MAX) {
        return mcu_layout_read_refuse(r, "slots", "must be a list of 1 to %d slots", MCU_LAYOUT_SLOTS_MAX);
    }
    a->slots = g_new0(mcu_layout_slot, n);
    a->n_slots = (unsigned)n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        gsize before = mcu_layout_read_enter(r, "slots", i);
        ok = read_slot(r, json_array_get(list, i), &a->slots[i]);
        mcu_layout_read_leave(r, before);
    }
    return ok;
}

static bool read_tiers(const mcu_layout_reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *list = json_object_get(o, "tiers");
    size_t n = json_array_size(list);
    if (!list) {
        return true;
    }
    if (n < 1 || n > 8) {
        return mcu_layout_read_refuse(r, "tiers", "must be a list of 1 to 8 names");
    }
    a->tiers = g_new0(char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !*name || strlen(name) > 7) {
            return mcu_layout_read_refuse(r, "tiers", "must be names of tiers");
        }
        a->tiers[i] = g_strdup(name);
    }
    return true;
}

/* A list of roles as bits; what is absent is 0. */
static bool read_roles(const mcu_layout_reader *r, const json_t *o, const char *key, unsigned allowed, unsigned *out)
{
    const json_t *list = json_object_get(o, key);
    size_t n = json_array_size(list);
    if (!list) {
        return true;
    }
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned bit = 1u << mcu_who_of(json_string_value(json_array_get(list, i)));
        *out |= bit & allowed ? bit : 1u;
    }
    g_autoptr(GString) words = g_string_new(NULL);
    for (unsigned w = MCU_WHO_PATIENT; w <= MCU_WHO_COMPLIANCE; w++) {
        if (allowed & 1u << w) {
            g_string_append_printf(words, "%s%s", words->len ? ", " : "", whos[w]);
        }
    }
    return (n > 0 && !(*out & 1u)) || mcu_layout_read_refuse(r, key, "must be a list of roles: %s", words->str);
}

static bool read_picture_shape(const mcu_layout_reader *r, const json_t *o, mcu_arrangement *a)
{
    const json_t *v = json_object_get(o, "picture");
    const char *shape = v ? json_string_value(v) : "any";
    bool any = g_strcmp0(shape, "any") == 0;
    a->wide = any || g_strcmp0(shape, "wide") == 0;
    a->tall = any || g_strcmp0(shape, "tall") == 0;
    return a->wide || a->tall || mcu_layout_read_refuse(r, "picture", "must be wide, tall or any");
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

static bool read_arrangement(mcu_layout_reader *r, const json_t *o, mcu_arrangement *a)
{
    static const char *const keys[] = {"people", "side_px", "picture", "tiers", "view", "without", "slots", "comment", NULL};
    int least = 0, most = 0;
    a->side_max_px = MOST_PX;
    if (!mcu_layout_read_known(r, o, keys) || !read_slots(r, o, a) || !read_tiers(r, o, a) || !read_picture_shape(r, o, a) ||
        !read_roles(r, o, "view", MCU_LAYOUT_VIEWS, &a->views) || !read_roles(r, o, "without", MCU_LAYOUT_ROLES, &a->without) ||
        !mcu_layout_read_range(r, o, "side_px", MOST_PX, &a->side_min_px, &a->side_max_px)) {
        return false;
    }
    count_people(a, &least, &most);
    bool ok = mcu_layout_read_range(r, o, "people", MCU_LAYOUT_PEOPLE_MAX, &least, &most);
    a->people_min = (unsigned)least;
    a->people_max = (unsigned)most;
    return ok;
}

static bool read_arrangements(mcu_layout_reader *r, const json_t *o, mcu_layout *l)
{
    const json_t *list = json_object_get(o, "arrangements");
    size_t n = json_array_size(list);
    if (n < 1 || n > MCU_LAYOUT_ARRANGEMENTS_MAX) {
        return mcu_layout_read_refuse(r, "arrangements", "must be a list of 1 to %d", MCU_LAYOUT_ARRANGEMENTS_MAX);
    }
    l->arrangements = g_new0(mcu_arrangement, n);
    l->n_arrangements = (unsigned)n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        gsize before = mcu_layout_read_enter(r, "arrangements", i);
        ok = read_arrangement(r, json_array_get(list, i), &l->arrangements[i]);
        mcu_layout_read_leave(r, before);
    }
    return ok;
}

static bool read_name(const mcu_layout_reader *r, const json_t *o, mcu_layout *l)
{
    const char *name = json_string_value(json_object_get(o, "name")), *title = json_string_value(json_object_get(o, "title"));
    bool ok = name && *name && strlen(name) <= MCU_LAYOUT_NAME_MAX &&
              strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
    if (!ok) {
        return mcu_layout_read_refuse(r, "name", "must be 1 to %d of a-z, 0-9 and -", MCU_LAYOUT_NAME_MAX);
    }
    if (!title || !*title || strlen(title) > 80) {
        return mcu_layout_read_refuse(r, "title", "must be 1 to 80 bytes of text");
    }
    g_strlcpy(l->name, name, sizeof l->name);
    l->title = g_strdup(title);
    return true;
}

mcu_layout *mcu_layout_parse(const json_t *document, GError **error)
{
    static const char *const keys[] = {"name", "title", "arrangements", "comment", NULL};
    g_autoptr(GString) path = g_string_new(NULL);
    mcu_layout_reader r = {path, error};
    mcu_layout *l = g_new0(mcu_layout, 1);
    if (mcu_layout_read_known(&r, document, keys) && read_name(&r, document, l) && read_arrangements(&r, document, l)) {
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

bool mcu_arrangement_serves(const mcu_arrangement *a, const char *tier, int width_px, int height_px)
{
    int side = MIN(width_px, height_px);
    bool shape = width_px >= height_px ? a->wide : a->tall;
    return shape && side >= a->side_min_px && side <= a->side_max_px &&
           (!a->tiers || g_strv_contains((const char *const *)a->tiers, tier ? tier : ""));
}

bool mcu_layout_has_view(const mcu_layout *l, mcu_who view, const char *tier, int width_px, int height_px)
{
    bool found = false;
    for (unsigned i = 0; !found && i < l->n_arrangements; i++) {
        const mcu_arrangement *a = &l->arrangements[i];
        found = (a->views & 1u << view) && mcu_arrangement_serves(a, tier, width_px, height_px);
    }
    return found;
}
