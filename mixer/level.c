#include "mixer/level.h"

#include <math.h>

enum { ATTACK = 10, RELEASE = 30, AUDIBLE_HOLD = 25, PARTS = 4 }; /* blocks of 20 ms; parts of a block */

static const double DECAY_DB = 2;
static const double FLOOR_RISE_DB = 0.03;
static const double FLOOR_START = -65, FLOOR_LOWEST = -75, FLOOR_HIGHEST = -50;
static const double TALK_ABOVE_FLOOR_DB = 9, TALK_LOWEST = -55;
static const double AUDIBLE_LOWEST = -60;                            /* under it nobody hears himself come back */
static const double STEADY_ABOVE_FLOOR_DB = 6, STEADY_HIGHEST = -45; /* steady noise of a room is no voice either */

void mix_level_init(mix_level *l)
{
    *l = (mix_level){.block_dbov = MIX_SILENCE_DBOV, .level_dbov = MIX_SILENCE_DBOV, .floor_dbov = FLOOR_START};
}

static int64_t energy(const int16_t *pcm, unsigned n)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += (int32_t)pcm[i] * pcm[i];
    }
    return sum;
}

static double dbov(int64_t energy, unsigned n)
{
    return energy == 0 ? MIX_SILENCE_DBOV : 10 * log10((double)energy / n / (32768.0 * 32768.0));
}

double mix_level_dbov(const int16_t *pcm, unsigned n)
{
    return dbov(energy(pcm, n), n);
}

static bool update_talking(mix_level *l, double block_dbov)
{
    double threshold = fmax(l->floor_dbov + TALK_ABOVE_FLOOR_DB, TALK_LOWEST);
    bool voice = block_dbov > threshold;
    bool was = l->talking;
    if (!l->talking) {
        l->voiced = voice ? l->voiced + 1 : l->voiced - (l->voiced > 0);
        l->talking = l->voiced >= ATTACK;
        l->unvoiced = 0;
    } else {
        l->unvoiced = voice ? 0 : l->unvoiced + 1;
        l->talking = l->unvoiced < RELEASE;
        l->voiced = 0;
    }
    return l->talking != was;
}

static void update_audible(mix_level *l, double loudest)
{
    bool steady = loudest < l->floor_dbov + STEADY_ABOVE_FLOOR_DB && loudest < STEADY_HIGHEST;
    bool sound = loudest > AUDIBLE_LOWEST && !steady;
    l->silent = sound ? 0 : l->silent + (l->silent <= AUDIBLE_HOLD);
    l->audible = sound || (l->audible && l->silent <= AUDIBLE_HOLD);
}

bool mix_level_update(mix_level *l, const int16_t *pcm, unsigned n)
{
    int64_t all = 0, most = 0;
    for (unsigned i = 0; i < PARTS; i++) { /* an onset in the last 5 ms counts */
        int64_t part = energy(pcm + i * (n / PARTS), n / PARTS);
        all += part;
        most = part > most ? part : most;
    }
    double block_dbov = dbov(all, n);
    l->block_dbov = block_dbov;
    l->level_dbov = fmax(block_dbov, fmax(l->level_dbov - DECAY_DB, MIX_SILENCE_DBOV));
    l->floor_dbov = fmin(fmax(fmin(block_dbov, l->floor_dbov + FLOOR_RISE_DB), FLOOR_LOWEST), FLOOR_HIGHEST);
    update_audible(l, dbov(most, n / PARTS));
    return update_talking(l, block_dbov);
}
