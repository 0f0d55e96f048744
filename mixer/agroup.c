#include "mixer/agroup.h"

static bool same(const mix_akey *a, const mix_akey *b)
{
    return a->bus == b->bus && a->own == b->own && a->apart == b->apart && a->softened == b->softened && a->gain == b->gain &&
           a->single == b->single;
}

static unsigned sort_by_key(const mix_akey *keys, unsigned n, mix_agroup *groups, uint8_t *of)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned g = 0;
        while (g < count && !same(&groups[g].key, &keys[i])) {
            g++;
        }
        if (g == count) {
            groups[count++] = (mix_agroup){.key = keys[i], .first = i};
        }
        groups[g].n++;
        of[i] = (uint8_t)g;
    }
    return count;
}

/* The stream that most of the group heard, of those that no larger group goes on with. */
static void go_on(mix_agroup *groups, unsigned g, mix_alistener *const *listeners, const uint8_t *of, unsigned n, uint64_t tick)
{
    mix_astream *best = NULL;
    for (unsigned i = groups[g].first; i < n; i++) {
        mix_astream *s = of[i] == g ? listeners[i]->follows : NULL;
        if (s && s->tick != tick && (!best || s->members > best->members)) {
            best = s;
        }
    }
    groups[g].stream = best;
    if (best) {
        best->tick = tick;
        best->copied = NULL;
    }
}

/* Nobody goes on with it: as many streams as listeners, so there is one. */
static mix_astream *find_free(mix_alistener *const *listeners, unsigned n, unsigned first, uint64_t tick)
{
    mix_bus bus = listeners[first]->bus;
    for (unsigned i = 0; i < n; i++) {
        mix_alistener *l = listeners[(first + i) % n];
        if (l->bus == bus && l->stream->tick != tick) {
            return l->stream;
        }
    }
    g_assert_not_reached();
}

static void begin(mix_agroup *group, mix_alistener *const *listeners, unsigned n, uint64_t tick)
{
    const mix_astream *heard = listeners[group->first]->follows;
    mix_astream *s = find_free(listeners, n, group->first, tick);
    s->tick = tick;
    s->copied = NULL;
    if (heard) {
        mix_astream_copy(s, heard);
    } else {
        mix_astream_restart(s, group->key.softened);
    }
    group->stream = s;
}

/* The largest first: a few leave the many, not the other way round. */
static unsigned by_size(const mix_agroup *groups, unsigned count, uint8_t *order)
{
    for (unsigned g = 0; g < count; g++) {
        unsigned at = g;
        for (; at > 0 && groups[order[at - 1]].n < groups[g].n; at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)g;
    }
    return count;
}

unsigned mix_agroup_form(mix_alistener *const *listeners, const mix_akey *keys, unsigned n, uint64_t tick,
                         mix_agroup groups[MIX_MAX_LISTENERS], uint8_t of[MIX_MAX_LISTENERS])
{
    uint8_t order[MIX_MAX_LISTENERS];
    unsigned count = by_size(groups, sort_by_key(keys, n, groups, of), order);
    for (unsigned i = 0; i < count; i++) {
        go_on(groups, order[i], listeners, of, n, tick);
    }
    /* What is copied now goes on in another group, so it is not what is written over. */
    for (unsigned g = 0; g < count; g++) {
        if (!groups[g].stream) {
            begin(&groups[g], listeners, n, tick);
        }
    }
    for (unsigned g = 0; g < count; g++) {
        groups[g].stream->members = groups[g].n;
    }
    for (unsigned i = 0; i < n; i++) {
        listeners[i]->follows = groups[of[i]].stream;
    }
    return count;
}

void mix_agroup_part(mix_alistener *leaves, mix_alistener *const *others, unsigned n)
{
    bool heard = false;
    for (unsigned i = 0; i < n; i++) {
        heard = heard || others[i]->follows == leaves->stream;
    }
    for (unsigned i = 0; heard && i < n; i++) {
        mix_astream *mine = others[i]->stream;
        bool free = others[i]->bus == leaves->bus;
        for (unsigned j = 0; free && j < n; j++) {
            free = others[j]->follows != mine;
        }
        if (free) {
            others[i]->stream = leaves->stream;
            leaves->stream = mine;
            break;
        }
    }
    leaves->follows = NULL;
}
