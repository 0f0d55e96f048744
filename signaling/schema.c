#include "signaling/schema.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mcu/base/status.h"

#define MAX_DEPTH 24

struct sig_schema {
    json_t *document;
};

typedef struct {
    const sig_schema *schema;
    char path[160]; /* the member under check, for the message */
    GError **error;
    int depth;
} check;

static bool check_value(check *c, const json_t *schema, const json_t *value);

sig_schema *sig_schema_from_json(json_t *take_document)
{
    sig_schema *s = g_new0(sig_schema, 1);
    s->document = take_document;
    return s;
}

sig_schema *sig_schema_load(const char *path, GError **error)
{
    json_error_t why;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!document) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: line %d: %s", path, why.line, why.text);
        return NULL;
    }
    return sig_schema_from_json(document);
}

void sig_schema_free(sig_schema *s)
{
    if (s) {
        json_decref(s->document);
        g_free(s);
    }
}

const json_t *sig_schema_document(const sig_schema *s)
{
    return s->document;
}

/* RFC 6901, without escapes: our own documents have none. */
static const json_t *resolve(const sig_schema *s, const char *pointer)
{
    const json_t *at = s->document;
    if (strncmp(pointer, "#/", 2) != 0) {
        return NULL;
    }
    for (const char *p = pointer + 2; at && p;) {
        const char *end = strchr(p, '/');
        g_autofree char *key = end ? g_strndup(p, (gsize)(end - p)) : g_strdup(p);
        at = json_object_get(at, key);
        p = end ? end + 1 : NULL;
    }
    return at;
}

static bool refuse(check *c, const char *reason)
{
    g_set_error(c->error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: %s", *c->path ? c->path : "message", reason);
    return false;
}

static bool type_is(const char *name, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return strcmp(name, "object") == 0;
    case JSON_ARRAY:
        return strcmp(name, "array") == 0;
    case JSON_STRING:
        return strcmp(name, "string") == 0;
    case JSON_INTEGER:
        return strcmp(name, "integer") == 0 || strcmp(name, "number") == 0;
    case JSON_REAL:
        return strcmp(name, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(name, "boolean") == 0;
    case JSON_NULL:
        return strcmp(name, "null") == 0;
    }
    return false;
}

static bool check_type(check *c, const json_t *type, const json_t *v)
{
    if (!type) {
        return true;
    }
    const json_t *one = NULL;
    size_t i = 0;
    bool ok = json_is_string(type) && type_is(json_string_value(type), v);
    json_array_foreach(type, i, one)
    {
        ok = ok || type_is(json_string_value(one), v);
    }
    if (ok) {
        return true;
    }
    char reason[64];
    snprintf(reason, sizeof reason, "must be of type %s", json_is_string(type) ? json_string_value(type) : "given in the schema");
    return refuse(c, reason);
}

static bool check_choice(check *c, const json_t *schema, const json_t *v)
{
    const json_t *constant = json_object_get(schema, "const");
    if (constant && !json_equal(constant, v)) {
        return refuse(c, "has another fixed value");
    }
    const json_t *choices = json_object_get(schema, "enum");
    if (!choices) {
        return true;
    }
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(choices, i, one)
    {
        if (json_equal(one, v)) {
            return true;
        }
    }
    GString *reason = g_string_new("must be one of");
    json_array_foreach(choices, i, one)
    {
        if (json_is_string(one)) {
            g_string_append_printf(reason, "%s %s", i ? "," : "", json_string_value(one));
        }
    }
    refuse(c, reason->str);
    g_string_free(reason, TRUE);
    return false;
}

/* JSON Schema counts characters, not bytes. */
static bool check_string(check *c, const json_t *schema, const json_t *v)
{
    const json_t *min = json_object_get(schema, "minLength"), *max = json_object_get(schema, "maxLength");
    if (!min && !max) {
        return true;
    }
    json_int_t n = g_utf8_strlen(json_string_value(v), (gssize)json_string_length(v));
    if (min && n < json_integer_value(min)) {
        return refuse(c, "is too short");
    }
    return !max || n <= json_integer_value(max) || refuse(c, "is too long");
}

static bool check_number(check *c, const json_t *schema, const json_t *v)
{
    const json_t *min = json_object_get(schema, "minimum"), *max = json_object_get(schema, "maximum");
    double n = json_number_value(v);
    if (min && n < json_number_value(min)) {
        return refuse(c, "is too small");
    }
    return !max || n <= json_number_value(max) || refuse(c, "is too large");
}

static bool check_member(check *c, const char *key, const json_t *schema, const json_t *v)
{
    size_t length = strlen(c->path);
    snprintf(c->path + length, sizeof c->path - length, "%s%.64s", length ? "." : "", key);
    bool ok = check_value(c, schema, v);
    c->path[length] = '\0';
    return ok;
}

static bool check_object(check *c, const json_t *schema, const json_t *v)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required"), *one = NULL;
    size_t i = 0;
    json_array_foreach(required, i, one)
    {
        if (!json_object_get(v, json_string_value(one))) {
            snprintf(c->path + strlen(c->path), sizeof c->path - strlen(c->path), "%s%.64s", *c->path ? "." : "",
                     json_string_value(one));
            return refuse(c, "is missing");
        }
    }
    const char *key = NULL;
    json_t *member = NULL;
    void *mutable = (void *)(uintptr_t)v; /* jansson's iterator takes no const; nothing is changed */
    json_object_foreach((json_t *)mutable, key, member)
    {
        const json_t *sub = json_object_get(properties, key);
        if (!sub && json_is_false(json_object_get(schema, "additionalProperties"))) {
            return refuse(c, "has an unknown member");
        }
        if (sub && !check_member(c, key, sub, member)) {
            return false;
        }
    }
    return true;
}

static bool check_array(check *c, const json_t *schema, const json_t *v)
{
    const json_t *items = json_object_get(schema, "items");
    const json_t *min = json_object_get(schema, "minItems"), *max = json_object_get(schema, "maxItems");
    json_int_t n = (json_int_t)json_array_size(v);
    if ((min && n < json_integer_value(min)) || (max && n > json_integer_value(max))) {
        return refuse(c, "has the wrong number of items");
    }
    const json_t *item = NULL;
    size_t i = 0;
    json_array_foreach(v, i, item)
    {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        if (items && !check_member(c, index, items, item)) {
            return false;
        }
    }
    return true;
}

static const json_t *follow(const check *c, const json_t *schema)
{
    for (int i = 0; schema && i < MAX_DEPTH; i++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        if (!ref) {
            return schema;
        }
        schema = resolve(c->schema, ref);
    }
    return NULL;
}

/* The branch whose "type" is the value's: one lookup instead of trying them all, and an error that means something. */
static bool check_one_of(check *c, const json_t *branches, const json_t *v)
{
    const json_t *type = json_object_get(v, "type"), *branch = NULL;
    size_t i = 0;
    if (!json_is_string(type)) {
        return check_member(c, "type", json_null(), json_null());
    }
    json_array_foreach(branches, i, branch)
    {
        const json_t *target = follow(c, branch);
        const json_t *constant = json_object_get(json_object_get(json_object_get(target, "properties"), "type"), "const");
        if (constant && json_equal(constant, type)) {
            return check_value(c, target, v);
        }
    }
    g_set_error(c->error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "type: is none of the known messages");
    return false;
}

static bool check_kind(check *c, const json_t *schema, const json_t *v)
{
    const json_t *branches = json_object_get(schema, "oneOf");
    if (branches) {
        return check_one_of(c, branches, v);
    }
    if (json_is_string(v)) {
        return check_string(c, schema, v);
    }
    if (json_is_number(v)) {
        return check_number(c, schema, v);
    }
    if (json_is_object(v)) {
        return check_object(c, schema, v);
    }
    return !json_is_array(v) || check_array(c, schema, v);
}

static bool check_value(check *c, const json_t *schema, const json_t *v)
{
    const json_t *target = follow(c, schema);
    if (!json_is_object(target)) {
        return refuse(c, "is missing or not of a known kind");
    }
    if (++c->depth > MAX_DEPTH) {
        return refuse(c, "is nested too deep");
    }
    bool ok = check_type(c, json_object_get(target, "type"), v) && check_choice(c, target, v) && check_kind(c, target, v);
    c->depth--;
    return ok;
}

bool sig_schema_check(const sig_schema *s, const char *pointer, const json_t *value, GError **error)
{
    check c = {.schema = s, .error = error};
    return check_value(&c, resolve(s, pointer), value);
}
