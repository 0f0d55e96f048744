/* config.c - GKeyFile against a table; a line scan of our own finds where a key
 * stands, which GKeyFile does not tell. Thread: read once at start, immutable
 * afterwards. */
#include "mcu/base/config.h"

#include "mcu/base/status.h"

#include <string.h>

typedef struct {
    const mcu_config_key *key;
    char *text;
    int64_t number;
    char **list;
} value;

struct mcu_config {
    value *values; /* one a row of the table */
    unsigned n;
};

/* The file while it is being read. `lines` holds for each row of the table the
 * line that set it, 0 = none. */
typedef struct {
    const char *path;
    const mcu_config_key *keys;
    GKeyFile *file;
    unsigned *lines;
} reader;

static unsigned count_keys(const mcu_config_key *keys)
{
    unsigned n = 0;
    while (keys[n].section) {
        n++;
    }
    return n;
}

static int find_key(const mcu_config_key *keys, const char *section, const char *key)
{
    for (int i = 0; keys[i].section; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].key, key) == 0) {
            return i;
        }
    }
    return -1;
}

static bool has_section(const mcu_config_key *keys, const char *section)
{
    for (; keys->section; keys++) {
        if (strcmp(keys->section, section) == 0) {
            return true;
        }
    }
    return false;
}

static bool fail_line(const reader *r, unsigned line, GError **error, const char *reason, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s:%u: %s%s%s", r->path, line, reason, *what ? " " : "", what);
    return false;
}

static bool scan_section(const reader *r, unsigned line, char *text, char **section, GError **error)
{
    size_t n = strlen(text);
    if (n < 3 || text[n - 1] != ']') {
        return fail_line(r, line, error, "a section is written [name], this is", text);
    }
    text[n - 1] = '\0';
    if (!has_section(r->keys, text + 1)) {
        text[n - 1] = ']';
        return fail_line(r, line, error, "unknown section", text);
    }
    g_free(*section);
    *section = g_strdup(text + 1);
    return true;
}

static bool scan_key(const reader *r, unsigned line, char *text, const char *section, GError **error)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        return fail_line(r, line, error, "a line is key=value, [section] or #comment, this is", text);
    }
    *equals = '\0';
    g_strchomp(text);
    if (!section) {
        return fail_line(r, line, error, "no [section] before key", text);
    }
    int row = find_key(r->keys, section, text);
    if (row < 0) {
        char *what = g_strdup_printf("%s in [%s]", text, section);
        fail_line(r, line, error, "unknown key", what);
        g_free(what);
        return false;
    }
    if (r->lines[row] != 0) {
        char *what = g_strdup_printf("%s (first at line %u)", text, r->lines[row]);
        fail_line(r, line, error, "a second value for", what);
        g_free(what);
        return false;
    }
    r->lines[row] = line;
    return true;
}

static bool scan(const reader *r, const char *data, GError **error)
{
    char **lines = g_strsplit(data, "\n", -1);
    char *section = NULL;
    bool ok = true;
    for (unsigned i = 0; ok && lines[i]; i++) {
        char *text = g_strstrip(lines[i]);
        if (*text == '[') {
            ok = scan_section(r, i + 1, text, &section, error);
        } else if (*text && *text != '#') {
            ok = scan_key(r, i + 1, text, section, error);
        }
    }
    g_free(section);
    g_strfreev(lines);
    return ok;
}

static char **split_list(const char *text)
{
    char **parts = g_strsplit(text, ";", -1);
    unsigned kept = 0;
    for (unsigned i = 0; parts[i]; i++) {
        g_strstrip(parts[i]);
        if (*parts[i]) {
            parts[kept++] = parts[i];
        } else {
            g_free(parts[i]);
        }
    }
    parts[kept] = NULL;
    return parts;
}

static bool parse_bool(const char *text, int64_t *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (unsigned i = 0; i < G_N_ELEMENTS(yes); i++) {
        if (g_ascii_strcasecmp(text, yes[i]) == 0 || g_ascii_strcasecmp(text, no[i]) == 0) {
            *out = g_ascii_strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

/* Takes `take_text`; NULL on success, else why it is bad (free it). */
static char *set_value(value *v, char *take_text)
{
    const mcu_config_key *k = v->key;
    g_free(v->text);
    v->text = take_text;
    switch (k->type) {
    case MCU_CONFIG_INT: {
        bool bounded = k->min != 0 || k->max != 0;
        gint64 number;
        if (!g_ascii_string_to_signed(take_text, 10, bounded ? k->min : G_MININT64, bounded ? k->max : G_MAXINT64, &number,
                                      NULL)) {
            return bounded ? g_strdup_printf("wants a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", not \"%s\"",
                                             k->min, k->max, take_text)
                           : g_strdup_printf("wants a whole number, not \"%s\"", take_text);
        }
        v->number = number;
        return NULL;
    }
    case MCU_CONFIG_BOOL:
        return parse_bool(take_text, &v->number) ? NULL : g_strdup_printf("wants true or false, not \"%s\"", take_text);
    case MCU_CONFIG_LIST:
        if (strchr(take_text, ',')) { /* no value of any list has one */
            return g_strdup_printf("is a list, and the separator of lists is ; and not a comma, in \"%s\"", take_text);
        }
        g_strfreev(v->list);
        v->list = split_list(take_text);
        return NULL;
    case MCU_CONFIG_STRING:
    case MCU_CONFIG_NONE:
        break;
    }
    return NULL;
}

static bool set_from_file(const reader *r, unsigned row, value *v, GError **error)
{
    const mcu_config_key *k = v->key;
    /* Lists are taken raw: GKeyFile knows no escaped separator outside its own
     * list calls. */
    GError *why = NULL;
    char *text = k->type == MCU_CONFIG_LIST ? g_key_file_get_value(r->file, k->section, k->key, &why)
                                            : g_key_file_get_string(r->file, k->section, k->key, &why);
    char *reason;
    if (why) { /* a bad escape gives an error and a text */
        g_free(text);
        reason = g_strdup(why->message);
        g_clear_error(&why);
    } else {
        reason = set_value(v, text);
    }
    if (reason) {
        fail_line(r, r->lines[row], error, k->key, reason);
        g_free(reason);
        return false;
    }
    return true;
}

static bool set_from_environment(value *v, GError **error)
{
    char *name = g_strdup_printf("TESSERA_%s_%s", v->key->section, v->key->key);
    for (char *p = name; *p; p++) {
        *p = g_ascii_isalnum(*p) ? g_ascii_toupper(*p) : '_';
    }
    const char *text = g_getenv(name);
    char *reason = text ? set_value(v, g_strdup(text)) : NULL;
    if (reason) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "environment %s: %s %s", name, v->key->key, reason);
    }
    bool ok = !reason;
    g_free(reason);
    g_free(name);
    return ok;
}

static bool read_file(reader *r, GError **error)
{
    char *data = NULL;
    gsize size = 0;
    GError *why = NULL;
    if (!g_file_get_contents(r->path, &data, &size, &why)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s", why->message);
        g_clear_error(&why);
        return false;
    }
    bool ok = false;
    if (memchr(data, '\0', size)) {
        ok = fail_line(r, 1, error, "not a text file", "");
    } else if (scan(r, data, error)) {
        r->file = g_key_file_new();
        ok = size == 0 || g_key_file_load_from_data(r->file, data, size, G_KEY_FILE_NONE, &why);
        if (!ok) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: %s", r->path, why->message);
            g_clear_error(&why);
        }
    }
    g_free(data);
    return ok;
}

static bool set_all(mcu_config *c, const reader *r, GError **error)
{
    for (unsigned i = 0; i < c->n; i++) {
        value *v = &c->values[i];
        char *reason = set_value(v, g_strdup(v->key->fallback ? v->key->fallback : ""));
        if (reason) {
            g_error("default of [%s] %s %s", v->key->section, v->key->key, reason);
        }
        if ((r->lines[i] != 0 && !set_from_file(r, i, v, error)) || !set_from_environment(v, error)) {
            return false;
        }
    }
    return true;
}

mcu_config *mcu_config_load(const char *path, const mcu_config_key *keys, GError **error)
{
    mcu_config *c = g_new0(mcu_config, 1);
    c->n = count_keys(keys);
    c->values = g_new0(value, c->n);
    for (unsigned i = 0; i < c->n; i++) {
        c->values[i].key = &keys[i];
    }
    reader r = {.path = path, .keys = keys, .lines = g_new0(unsigned, c->n)};
    bool ok = (!path || read_file(&r, error)) && set_all(c, &r, error);
    g_clear_pointer(&r.file, g_key_file_free);
    g_free(r.lines);
    if (!ok) {
        mcu_config_free(c);
        return NULL;
    }
    return c;
}

void mcu_config_free(mcu_config *c)
{
    if (!c) {
        return;
    }
    for (unsigned i = 0; i < c->n; i++) {
        g_free(c->values[i].text);
        g_strfreev(c->values[i].list);
    }
    g_free(c->values);
    g_free(c);
}

static const value *get(const mcu_config *c, const char *section, const char *key, mcu_config_type type)
{
    for (unsigned i = 0; i < c->n; i++) {
        const mcu_config_key *k = c->values[i].key;
        if (strcmp(k->section, section) == 0 && strcmp(k->key, key) == 0) {
            g_assert(k->type == type);
            return &c->values[i];
        }
    }
    g_error("no key [%s] %s in the table", section, key);
}

const char *mcu_config_str(const mcu_config *c, const char *section, const char *key)
{
    return get(c, section, key, MCU_CONFIG_STRING)->text;
}

int64_t mcu_config_int(const mcu_config *c, const char *section, const char *key)
{
    return get(c, section, key, MCU_CONFIG_INT)->number;
}

bool mcu_config_bool(const mcu_config *c, const char *section, const char *key)
{
    return get(c, section, key, MCU_CONFIG_BOOL)->number != 0;
}

const char *const *mcu_config_list(const mcu_config *c, const char *section, const char *key)
{
    return (const char *const *)get(c, section, key, MCU_CONFIG_LIST)->list;
}
