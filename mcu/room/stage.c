#include "mcu/room/stage.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "mcu/base/media.h"

#define MS MCU_NS_PER_MS

static const double FLOOR_START = -65, FLOOR_LOWEST = -75, FLOOR_HIGHEST = -50, FLOOR_RISE_DB_S = 1.5;
static const double ABOVE_FLOOR_DB = 9, LOUD_LOWEST = -50, LOUDER_DB = 6;
static const double NOTHING = -100; /* muted, not quiet: says nothing about the noise */
static const int64_t STEP_MAX = 100 * MS;
static const int64_t HEARD = 320 * MS; /* more than the 300 of what is never a voice, less than the 600 of a change */
static const int64_t HEARD_MOST = 1500 * MS, HEARD_LONG = 1000 * MS;
static const int64_t PAUSE_FREE = 60 * MS, PAUSE_ENDS = 400 * MS; /* between syllables; between bursts */
static const int64_t QUIET = 250 * MS;
static const int64_t OVERLAP = 100 * MS, SPACING = 2000 * MS;
static const int64_t SMOOTH = 300 * MS;

void mcu_stage_init(mcu_stage *s)
{
    memset(s, 0, sizeof *s);
    s->changed_ns = INT64_MIN / 2;
}

static const mcu_stage_voice *find(const mcu_stage *s, uint32_t id)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (s->voices[i].id == id) {
            return &s->voices[i];
        }
    }
    return NULL;
}

/* Keeps what is known of who stays; whether anybody came, went, or began or ceased to sign. */
static bool take_in(mcu_stage *s, const mcu_stage_input *in, unsigned n)
{
    mcu_stage_voice next[MCU_STAGE_MAX];
    bool changed = n != s->n;
    for (unsigned i = 0; i < n; i++) {
        const mcu_stage_voice *known = find(s, in[i].id);
        next[i] = known ? *known : (mcu_stage_voice){.id = in[i].id, .floor_dbov = FLOOR_START, .quiet_ns = PAUSE_ENDS};
        changed = changed || !known || known->signing != in[i].signing;
        next[i].signing = in[i].signing;
    }
    memcpy(s->voices, next, n * sizeof next[0]);
    s->n = n;
    if (s->speaker && !find(s, s->speaker)) {
        s->speaker = 0;
    }
    return changed;
}

static void listen(mcu_stage_voice *v, double level_dbov, int64_t dt, int64_t now_ns)
{
    bool loud = level_dbov > fmax(v->floor_dbov + ABOVE_FLOOR_DB, LOUD_LOWEST);
    double rise = FLOOR_RISE_DB_S * (double)dt / MCU_NS_PER_SEC;
    double floor = level_dbov > NOTHING ? fmin(level_dbov, v->floor_dbov + rise) : v->floor_dbov;
    v->floor_dbov = fmin(fmax(floor, FLOOR_LOWEST), FLOOR_HIGHEST);
    if (loud) {
        if (v->heard_ns == 0) {
            v->began_ns = now_ns - dt;
            v->level_dbov = level_dbov;
        }
        v->heard_ns = v->heard_ns + dt > HEARD_MOST ? HEARD_MOST : v->heard_ns + dt;
        v->level_dbov += (level_dbov - v->level_dbov) * (double)dt / (double)SMOOTH;
        v->quiet_ns = 0;
        v->loud_ns = now_ns;
        return;
    }
    v->quiet_ns += v->quiet_ns < SPACING ? dt : 0;
    if (v->quiet_ns > PAUSE_FREE) {
        v->heard_ns = v->heard_ns > dt && v->quiet_ns < PAUSE_ENDS ? v->heard_ns - dt : 0;
    }
}

static mcu_stage_voice *loudest_other(mcu_stage *s)
{
    mcu_stage_voice *best = NULL;
    for (unsigned i = 0; i < s->n; i++) {
        mcu_stage_voice *v = &s->voices[i];
        bool speaks = v->id != s->speaker && v->heard_ns >= HEARD && v->quiet_ns < QUIET;
        if (speaks && (!best || v->level_dbov > best->level_dbov)) {
            best = v;
        }
    }
    return best;
}

static bool may_take_over(const mcu_stage *s, const mcu_stage_voice *v, int64_t now_ns)
{
    const mcu_stage_voice *speaker = find(s, s->speaker);
    if (!speaker) {
        return true;
    }
    bool quiet = speaker->quiet_ns >= QUIET;
    bool at_once = speaker->loud_ns - v->began_ns > OVERLAP;
    if (!at_once) {
        return quiet;
    }
    bool drowned = v->heard_ns >= HEARD_LONG && v->level_dbov > speaker->level_dbov + LOUDER_DB;
    return now_ns - s->changed_ns >= SPACING && (quiet || drowned);
}

bool mcu_stage_step(mcu_stage *s, const mcu_stage_input *in, unsigned n, int64_t now_ns)
{
    n = n > MCU_STAGE_MAX ? MCU_STAGE_MAX : n;
    int64_t dt = now_ns - s->now_ns < 0 ? 0 : now_ns - s->now_ns > STEP_MAX ? STEP_MAX : now_ns - s->now_ns;
    s->now_ns = now_ns;
    bool changed = take_in(s, in, n);
    for (unsigned i = 0; i < n; i++) {
        listen(&s->voices[i], in[i].level_dbov, dt, now_ns);
    }
    mcu_stage_voice *v = loudest_other(s);
    if (v && may_take_over(s, v, now_ns)) {
        s->speaker = v->id;
        v->turn = ++s->turns;
        s->changed_ns = now_ns;
        changed = true;
    }
    return changed;
}

static bool is_before(const mcu_stage_voice *a, const mcu_stage_voice *b)
{
    if (a->signing || b->signing) {
        return a->signing && (!b->signing || a < b); /* both: who came first */
    }
    return a->turn > b->turn;
}

unsigned mcu_stage_rank(const mcu_stage *s, uint32_t id)
{
    const mcu_stage_voice *v = find(s, id);
    if (!v || (!v->turn && !v->signing)) {
        return UINT_MAX;
    }
    unsigned rank = 0;
    for (unsigned i = 0; i < s->n; i++) {
        rank += is_before(&s->voices[i], v);
    }
    return rank;
}
