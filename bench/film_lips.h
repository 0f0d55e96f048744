/* film_lips.h - lip sync in a film of simulated participants that clap (tessera-bot --clap): how long after its picture each clap
 * sounds.  Thread: its only one. A clap is the tone that begins with each picture whose number is a multiple of 25. */
#ifndef BENCH_FILM_LIPS_H
#define BENCH_FILM_LIPS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define LIPS_MAX 512

typedef struct {
    int64_t clap_us[LIPS_MAX]; /* when the picture of a clap is shown, or would be if each number were */
    unsigned n;
    unsigned newest; /* number */
    int begun;
} lips;

/* A picture at `at_us` shows this number in somebody's tile. */
void lips_see(lips *l, int64_t at_us, unsigned number);
/* {"claps","mean_ms","p95_ms","worst_ms"}: of those that can be heard in `pcm`, which begins at `from_us`; late is positive, the
 * last two are of the distance. */
json_t *lips_json(const lips *l, unsigned hz, const int16_t *pcm, size_t samples, int64_t from_us);

#endif
