#include "signaling/roster.h"

#include <glib.h>
#include <stdbool.h>

static const char *const passing[] = {"tier", "talking", "weak", "quality", NULL};

static const json_t *people_of(const json_t *roster)
{
    return json_object_get(roster, "participants");
}

static const json_t *find(const json_t *people, const json_t *seat)
{
    const json_t *p = NULL;
    size_t i = 0;
    json_array_foreach(people, i, p)
    {
        if (json_equal(json_object_get(p, "seat"), seat)) {
            return p;
        }
    }
    return NULL;
}

static sig_roster_kind kind_of(const json_t *before, const json_t *now)
{
    const char *key = NULL;
    json_t *v = NULL;
    if (!before) {
        return SIG_ROSTER_PEOPLE;
    }
    sig_roster_kind kind = json_object_size(before) == json_object_size(now) ? SIG_ROSTER_NONE : SIG_ROSTER_LASTING;
    json_object_foreach((json_t *)now, key, v)
    {
        if (!json_equal(v, json_object_get(before, key))) {
            kind = MAX(kind, g_strv_contains(passing, key) ? SIG_ROSTER_PASSING : SIG_ROSTER_LASTING);
        }
    }
    return kind;
}

/* Of what comes and goes only what is other. */
static json_t *part(const json_t *before, const json_t *now)
{
    json_t *out = json_pack("{s:O}", "seat", json_object_get(now, "seat"));
    for (const char *const *k = passing; *k; k++) {
        json_t *v = json_object_get(now, *k);
        if (v && !json_equal(v, json_object_get(before, *k))) {
            json_object_set(out, *k, v);
        }
    }
    return out;
}

/* Who has left, without a role; returns whether anybody has. */
static bool add_leavers(json_t *list, const json_t *before, const json_t *now)
{
    bool any = false;
    const json_t *p = NULL;
    size_t i = 0;
    json_array_foreach(people_of(before), i, p)
    {
        json_t *seat = json_object_get(p, "seat");
        if (!find(people_of(now), seat)) {
            json_array_append_new(list, json_pack("{s:O, s:s}", "seat", seat, "role", ""));
            any = true;
        }
    }
    return any;
}

sig_roster_kind sig_roster_compare(const json_t *before, const json_t *now, json_t **changes)
{
    sig_roster_kind most = SIG_ROSTER_NONE;
    json_t *list = json_array(), *p = NULL;
    size_t i = 0;
    json_array_foreach(people_of(now), i, p)
    {
        const json_t *was = find(people_of(before), json_object_get(p, "seat"));
        sig_roster_kind kind = kind_of(was, p);
        if (kind != SIG_ROSTER_NONE) {
            json_array_append_new(list, kind == SIG_ROSTER_PASSING ? part(was, p) : json_incref(p));
        }
        most = MAX(most, kind);
    }
    most = add_leavers(list, before, now) ? SIG_ROSTER_PEOPLE : most;
    if (changes) {
        *changes = json_pack("{s:s, s:O}", "type", "roster_changes", "participants", list);
    }
    json_decref(list);
    return most;
}
