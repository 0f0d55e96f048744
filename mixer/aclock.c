#include "mixer/aclock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"
#include "mcu/base/ring.h"

enum { SPARE_MESSAGES = 8 };

static const int64_t LATE_NS = 5 * MCU_NS_PER_MS;
static const int64_t GIVE_UP_NS = 200 * MCU_NS_PER_MS; /* later than this ticks are left out, not caught up */

typedef struct {
    mix_aclock_what what;
    void *object;
} command;

typedef struct {
    mcu_counter *ticks, *late, *concealed, *fec, *dropped_late, *dropped_full, *skipped, *encodes, *output_dropped;
    mcu_histogram *mix_seconds;
} clock_metrics;

struct mix_aclock {
    mcu_mailbox *out;
    mcu_mailbox *commands;
    mcu_ring *spare; /* loop -> clock: messages to fill again */
    bool running;    /* loop only */
    pthread_t thread;
    mix_acore *core; /* the clock's while it runs */
    mix_aclock_stats stats;
    mix_abatch scratch; /* for a tick whose output has nowhere to go */
    clock_metrics metrics;
};

void mix_aclock_message_free(void *message)
{
    mix_aclock_message *m = message;
    mix_abatch_clear(&m->batch);
    g_free(m);
}

static void register_metrics(clock_metrics *m)
{
    static const double bounds[] = {0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.04};
    const char *dropped = "tessera_audio_dropped_total";
    const char *dropped_help = "audio packets of participants that were not played";
    m->ticks = mcu_counter_get("tessera_audio_ticks_total", NULL, "blocks of 20 ms mixed");
    m->late = mcu_counter_get("tessera_audio_late_ticks_total", NULL, "ticks that began more than 5 ms late");
    m->concealed = mcu_counter_get("tessera_audio_concealed_total", NULL, "concealments of lost or late audio, of up to 20 ms");
    m->fec = mcu_counter_get("tessera_audio_fec_used_total", NULL, "lost packets played from in-band FEC");
    m->dropped_late = mcu_counter_get(dropped, "reason=\"late\"", dropped_help);
    m->dropped_full = mcu_counter_get(dropped, "reason=\"full\"", dropped_help);
    m->skipped = mcu_counter_get(dropped, "reason=\"skipped\"", dropped_help);
    m->encodes = mcu_counter_get("tessera_audio_encodes_total", NULL, "Opus packets encoded");
    m->output_dropped =
        mcu_counter_get("tessera_audio_output_dropped_total", NULL, "ticks whose packets the loop was too late for");
    m->mix_seconds = mcu_histogram_get("tessera_audio_mix_seconds", NULL, "time that one tick took: decode, mix, encode", bounds,
                                       G_N_ELEMENTS(bounds));
}

mix_aclock *mix_aclock_new(mcu_mailbox *out)
{
    mix_aclock *c = g_new0(mix_aclock, 1);
    c->out = out;
    c->core = mix_acore_new();
    c->commands = mcu_mailbox_new(MIX_ACLOCK_OUT_BOUND, g_free);
    c->spare = mcu_ring_new(SPARE_MESSAGES, mix_aclock_message_free);
    for (unsigned i = 0; i < SPARE_MESSAGES; i++) {
        mcu_ring_push(c->spare, g_new0(mix_aclock_message, 1));
    }
    register_metrics(&c->metrics);
    return c;
}

void mix_aclock_free(mix_aclock *c)
{
    if (!c) {
        return;
    }
    g_assert(!c->running);
    mcu_ring_free(c->spare);
    mcu_mailbox_free(c->commands);
    mix_acore_free(c->core);
    g_free(c);
}

static void acknowledge(mix_aclock *c, mix_aclock_what what, void *object)
{
    mix_aclock_message *m = g_new0(mix_aclock_message, 1);
    m->what = what;
    m->object = object;
    bool ok = mcu_mailbox_push(c->out, m);
    g_assert(ok); /* audio.c bounds how many can be under way */
}

static void apply(mix_aclock *c, mix_aclock_what what, void *object)
{
    mcu_status s = MCU_OK;
    switch (what) {
    case MIX_ACLOCK_ADD_VOICE:
        s = mix_acore_add_voice(c->core, object);
        break;
    case MIX_ACLOCK_ADD_LISTENER:
        s = mix_acore_add_listener(c->core, object);
        break;
    case MIX_ACLOCK_REMOVE_VOICE:
        mix_acore_remove_voice(c->core, object);
        acknowledge(c, what, object);
        break;
    case MIX_ACLOCK_REMOVE_LISTENER:
        mix_acore_remove_listener(c->core, object);
        acknowledge(c, what, object);
        break;
    case MIX_ACLOCK_SAY:
        object = mix_acore_say(c->core, object);
        if (object) {
            acknowledge(c, what, object);
        }
        break;
    case MIX_ACLOCK_NONE:
    case MIX_ACLOCK_STOP:
    case MIX_ACLOCK_TICKED:
        break;
    }
    g_assert(s == MCU_OK); /* audio.c counts them first */
}

/* Returns whether to go on. */
static bool run_commands(mix_aclock *c)
{
    bool go_on = true;
    for (command *m = mcu_mailbox_pop(c->commands); m; m = mcu_mailbox_pop(c->commands)) {
        go_on = go_on && m->what != MIX_ACLOCK_STOP;
        apply(c, m->what, m->object);
        g_free(m);
    }
    return go_on;
}

static void count(clock_metrics *m, const mix_aclock_stats *was, const mix_aclock_stats *is)
{
    mcu_counter_add(m->ticks, is->ticks - was->ticks);
    mcu_counter_add(m->late, is->late_ticks - was->late_ticks);
    mcu_counter_add(m->output_dropped, is->output_dropped - was->output_dropped);
    mcu_counter_add(m->encodes, is->core.encodes_last_tick);
    mcu_counter_add(m->concealed, is->core.concealed - was->core.concealed);
    mcu_counter_add(m->fec, is->core.fec_used - was->core.fec_used);
    mcu_counter_add(m->dropped_late, is->core.dropped_late - was->core.dropped_late);
    mcu_counter_add(m->dropped_full, is->core.dropped_full - was->core.dropped_full);
    mcu_counter_add(m->skipped, is->core.skipped - was->core.skipped);
}

static void post(mix_aclock *c, mix_aclock_message *m)
{
    m->what = MIX_ACLOCK_TICKED;
    m->posted_ns = mcu_now_ns();
    m->stats = c->stats;
    bool ok = mcu_mailbox_push(c->out, m);
    g_assert(ok);
}

static void tick(mix_aclock *c, int64_t media_ns, uint32_t ts48k)
{
    mix_aclock_stats was = c->stats;
    mix_aclock_message *m = mcu_ring_pop(c->spare);
    mix_abatch *batch = m ? &m->batch : &c->scratch;
    int64_t start_ns = mcu_now_ns();
    c->stats.ticks++;
    c->stats.late_ticks += start_ns - media_ns > LATE_NS;
    c->stats.output_dropped += m == NULL;
    mix_acore_tick(c->core, media_ns, ts48k, media_ns, batch);
    mix_acore_get_stats(c->core, &c->stats.core);
    for (mix_prompt *p = mix_acore_said(c->core); p; p = mix_acore_said(c->core)) {
        acknowledge(c, MIX_ACLOCK_SAY, p);
    }
    if (m) {
        post(c, m);
    } else {
        mix_abatch_clear(batch);
    }
    count(&c->metrics, &was, &c->stats);
    mcu_histogram_observe(c->metrics.mix_seconds, (double)(mcu_now_ns() - start_ns) * 1e-9);
}

static uint32_t ts48k_of(int64_t ns)
{
    return (uint32_t)(ns / 62500 * 3 + ns % 62500 * 3 / 62500);
}

static void *run(void *user)
{
    mix_aclock *c = user;
    pthread_setname_np(pthread_self(), "aclock");   /* another thread would need a file that the sandbox keeps shut */
    int64_t media_ns = mcu_now_ns() + MIX_BLOCK_NS; /* the deadline is the time of the block's first sample */
    uint32_t ts48k = ts48k_of(media_ns);
    for (;;) {
        while (mcu_mailbox_wait(c->commands, media_ns)) {
            if (!run_commands(c)) {
                return NULL;
            }
        }
        int64_t late_ns = mcu_now_ns() - media_ns;
        if (late_ns > GIVE_UP_NS) { /* the machine slept: the samples of that time were never heard */
            int64_t left_out = late_ns / MIX_BLOCK_NS;
            media_ns += left_out * MIX_BLOCK_NS;
            ts48k += (uint32_t)(left_out * MIX_BLOCK);
            c->stats.late_ticks += (uint64_t)left_out;
        }
        tick(c, media_ns, ts48k);
        media_ns += MIX_BLOCK_NS;
        ts48k += MIX_BLOCK;
    }
}

bool mix_aclock_start(mix_aclock *c)
{
    if (c->running) {
        return true;
    }
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the loop's */
    c->running = pthread_create(&c->thread, NULL, run, c) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return c->running;
}

void mix_aclock_stop(mix_aclock *c)
{
    if (!c->running) {
        return;
    }
    mix_aclock_command(c, MIX_ACLOCK_STOP, NULL);
    pthread_join(c->thread, NULL);
    c->running = false;
    run_commands(c);
    mix_aclock_message *m = mcu_ring_pop(c->spare); /* the last figures */
    if (m) {
        post(c, m);
    }
}

bool mix_aclock_running(const mix_aclock *c)
{
    return c->running;
}

void mix_aclock_command(mix_aclock *c, mix_aclock_what what, void *object)
{
    if (!c->running) {
        apply(c, what, object);
        return;
    }
    command *m = g_new(command, 1);
    *m = (command){.what = what, .object = object};
    bool ok = mcu_mailbox_push(c->commands, m);
    g_assert(ok);
}

void mix_aclock_recycle(mix_aclock *c, mix_aclock_message *take_message)
{
    mix_abatch_clear(&take_message->batch);
    mcu_ring_push(c->spare, take_message);
}
