/* workers.h - a small thread pool with ordered strands: jobs of one strand run one after another, strands run in parallel.
 * Thread: post from any; a job runs on a pool thread at nice 8. */
#ifndef MCU_BASE_WORKERS_H
#define MCU_BASE_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mcu_workers mcu_workers;
typedef struct mcu_strand mcu_strand;
typedef void (*mcu_job_fn)(void *arg);

mcu_workers *mcu_workers_new(unsigned threads, const char *name);
void mcu_workers_free(mcu_workers *w); /* every strand must be closed first; waits until all they hold has run */

mcu_strand *mcu_strand_new(mcu_workers *w, unsigned bound);
/* Consumes nothing; false = the strand's bound is reached and `fn` will not run. */
bool mcu_strand_post(mcu_strand *s, mcu_job_fn fn, void *arg);
/* What is posted to it waits for the next round, unless one is running: threads that are woken once for many jobs cost less than
 * threads that are woken for each. */
void mcu_strand_set_patient(mcu_strand *s);
/* Rounds last from `lead_ns` before `end_ns` until then, and so every `period_ns`; 0, or a lead as long: nothing waits. Returns
 * how many strands that waited for the newest round have not run yet. Thread: any. */
unsigned mcu_workers_rounds(mcu_workers *w, int64_t end_ns, int64_t period_ns, int64_t lead_ns);
unsigned mcu_strand_depth(mcu_strand *s); /* jobs that wait, without the one that runs */
/* Runs `done(arg)` on a pool thread after every job posted before, then frees the strand. Nothing may be posted afterwards. */
void mcu_strand_close(mcu_strand *s, mcu_job_fn done, void *arg);

#endif
