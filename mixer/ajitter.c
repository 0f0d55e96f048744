#include "mixer/ajitter.h"

#include <stdlib.h>
#include <string.h>

#include "mixer/adec.h"
#include "mixer/adelay.h"
#include "mixer/pcm.h"

enum {
    CAPACITY = 400,              /* packets: 1 s of 2.5 ms frames */
    SPAN_MAX = MIX_RATE,         /* samples waiting */
    SLACK = 120,                 /* 2.5 ms: what sloppy senders' time stamps are off by */
    CONCEAL_MAX = MIX_RATE / 10, /* then silence */
    DRY_MAX = MIX_RATE * 2 / 5,  /* then idle */
    PLAYED = 128,                /* sequence numbers remembered, to tell duplicates from late ones */
    LATE_RUN_MAX = 25,           /* that many in a row and it is our idea of time that is wrong */
};

static const int64_t JUMP_NS = 2 * MCU_NS_PER_SEC;
static const int64_t SKIP_NS = 400 * MCU_NS_PER_MS;
static const int64_t SLEPT_NS = 200 * MCU_NS_PER_MS;
static const int64_t HEADROOM_NS = 40 * MCU_NS_PER_MS; /* of the target under a limit that was set */
static const int64_t EARLY_NS = 10 * MCU_NS_PER_MS;    /* half a tick: start on the nearer one */

typedef struct {
    mcu_au *au;
    int64_t ts; /* unwrapped, 48 kHz */
    unsigned samples;
} entry;

typedef enum { STATE_NONE = 0, STATE_EMPTY, STATE_IDLE, STATE_PLAY } jitter_state;

struct mix_ajitter {
    mcu_codec codec;
    jitter_state state; /* EMPTY: nothing known; IDLE: waiting for a packet to be due; PLAY */
    mix_adelay delay;
    int64_t max_ns;   /* of the delay */
    int64_t asked_ns; /* the step before, for; then whoever plays this slept: what should have been heard meanwhile is over */
    bool slept;
    unsigned count;
    uint32_t newest_ts32; /* for unwrapping: the packet pushed last */
    int64_t newest_ts;
    uint32_t newest_seq; /* the highest */
    int64_t next_ts;     /* media time of the next sample to hand out; before it everything is late */
    bool started;        /* next_ts and last_seq are known */
    uint32_t last_seq;   /* of the packet taken last */
    unsigned dry;        /* samples made up while media time stood still */
    bool dtx;            /* the packet taken last announced silence */
    unsigned late_run;
    uint32_t played[PLAYED]; /* seq + 1 by seq % PLAYED */
    mix_ajitter_stats stats;
    entry queue[CAPACITY]; /* `count`, by ts */
};

static int64_t samples_ns(int64_t samples)
{
    return samples * 62500 / 3; /* 1e9 / 48000 */
}

mix_ajitter *mix_ajitter_new(mcu_codec codec)
{
    mix_ajitter *j = calloc(1, sizeof *j);
    if (!j) {
        return NULL;
    }
    j->codec = codec;
    j->state = STATE_EMPTY;
    j->max_ns = MIX_ADELAY_MAX_NS;
    mix_adelay_init(&j->delay);
    return j;
}

void mix_ajitter_limit(mix_ajitter *j, int64_t max_ns)
{
    j->max_ns = max_ns;
    j->delay.max_ns = max_ns - HEADROOM_NS;
}

void mix_ajitter_wait(mix_ajitter *j, int64_t least_ns)
{
    int64_t most_ns = j->delay.max_ns;
    j->delay.min_ns = least_ns < MIX_ADELAY_MIN_NS ? MIX_ADELAY_MIN_NS : least_ns > most_ns ? most_ns : least_ns;
}

static void drop_head(mix_ajitter *j)
{
    mcu_au_unref(j->queue[0].au);
    j->count--;
    memmove(j->queue, j->queue + 1, j->count * sizeof *j->queue);
}

static void start_afresh(mix_ajitter *j)
{
    while (j->count > 0) {
        drop_head(j);
    }
    j->state = STATE_EMPTY;
    j->started = false;
    j->dry = 0;
    j->dtx = false;
    j->late_run = 0;
    memset(j->played, 0, sizeof j->played);
    mix_adelay_init(&j->delay);
    j->delay.max_ns = j->max_ns < MIX_ADELAY_MAX_NS ? j->max_ns - HEADROOM_NS : j->max_ns;
}

void mix_ajitter_free(mix_ajitter *j)
{
    if (!j) {
        return;
    }
    start_afresh(j);
    free(j);
}

/* Places the packet on the unwrapped time line; starts afresh if it does not belong there. */
static int64_t unwrap(mix_ajitter *j, const mcu_au *au)
{
    int64_t scale = mix_adec_ts_scale(j->codec);
    int64_t ts = j->state == STATE_EMPTY ? (int64_t)au->ts * scale : j->newest_ts + (int32_t)(au->ts - j->newest_ts32) * scale;
    if (j->state != STATE_EMPTY) {
        int64_t off_ns = au->time_ns - samples_ns(ts) - j->delay.base_ns;
        if (off_ns > JUMP_NS || off_ns < -JUMP_NS) {
            start_afresh(j);
            j->stats.reanchored++;
        }
    }
    return ts;
}

static bool is_duplicate(const mix_ajitter *j, const mcu_au *au, int64_t ts)
{
    if (j->played[au->seq % PLAYED] == au->seq + 1) {
        return true;
    }
    for (unsigned i = j->count; i > 0 && j->queue[i - 1].ts >= ts; i--) {
        if (j->queue[i - 1].ts == ts) {
            return true;
        }
    }
    return false;
}

static void insert(mix_ajitter *j, mcu_au *take_au, int64_t ts, unsigned samples)
{
    unsigned at = j->count;
    while (at > 0 && j->queue[at - 1].ts > ts) {
        at--;
    }
    memmove(j->queue + at + 1, j->queue + at, (j->count - at) * sizeof *j->queue);
    j->queue[at] = (entry){.au = take_au, .ts = ts, .samples = samples};
    j->count++;
}

static void bound_queue(mix_ajitter *j)
{
    while (j->count == CAPACITY ||
           (j->count > 1 && j->queue[j->count - 1].ts + j->queue[j->count - 1].samples - j->queue[0].ts > SPAN_MAX)) {
        drop_head(j);
        j->stats.dropped_full++;
        if (j->started && j->count > 0 && j->queue[0].ts > j->next_ts) {
            j->next_ts = j->queue[0].ts;
            j->last_seq = j->queue[0].au->seq - 1;
        }
    }
}

static mcu_status refuse(mcu_au *au, uint64_t *counter, mcu_status status)
{
    (*counter)++;
    mcu_au_unref(au);
    return status;
}

mcu_status mix_ajitter_push(mix_ajitter *j, mcu_au *take_au)
{
    j->stats.packets++;
    unsigned samples = mix_adec_duration(j->codec, take_au->data, take_au->size);
    if (samples == 0) {
        return refuse(take_au, &j->stats.bad, MCU_EINVAL);
    }
    int64_t ts = unwrap(j, take_au);
    if (is_duplicate(j, take_au, ts)) {
        return refuse(take_au, &j->stats.duplicates, MCU_ELATE);
    }
    bool again = j->state != STATE_EMPTY && (int32_t)(take_au->seq - j->newest_seq) < 0;
    mix_adelay_note(&j->delay, take_au->time_ns, take_au->time_ns - samples_ns(ts), again);
    if (j->started && ts + SLACK < j->next_ts) {
        if (++j->late_run < LATE_RUN_MAX) {
            return refuse(take_au, &j->stats.late, MCU_ELATE);
        }
        start_afresh(j);
        j->stats.reanchored++;
        mix_adelay_note(&j->delay, take_au->time_ns, take_au->time_ns - samples_ns(ts), false);
        again = false;
    }
    j->late_run = 0;
    j->newest_ts = ts;
    j->newest_ts32 = take_au->ts;
    j->newest_seq = again ? j->newest_seq : take_au->seq;
    if (j->state == STATE_EMPTY) {
        j->state = STATE_IDLE;
    }
    insert(j, take_au, ts, samples);
    bound_queue(j);
    return MCU_OK;
}

static int64_t delay_at(const mix_ajitter *j, int64_t now_ns, unsigned pending, int64_t ts)
{
    return now_ns + samples_ns((int64_t)pending - ts) - j->delay.base_ns;
}

static void step_made(mix_ajitter *j, mix_play_step *step, mix_play what, unsigned samples)
{
    *step = (mix_play_step){.what = what, .samples = samples};
    j->stats.concealed += what == MIX_PLAY_CONCEAL;
}

static void step_packet(mix_ajitter *j, mix_play_step *step)
{
    entry head = j->queue[0];
    j->count--;
    memmove(j->queue, j->queue + 1, j->count * sizeof *j->queue);
    j->next_ts = head.ts + head.samples;
    j->last_seq = head.au->seq;
    j->played[head.au->seq % PLAYED] = head.au->seq + 1;
    j->started = true;
    j->dry = 0;
    j->dtx = mix_adec_is_dtx(j->codec, head.au->size);
    *step = (mix_play_step){.what = MIX_PLAY_PACKET, .au = head.au, .samples = head.samples};
}

/* Nothing left: the stream is late, or it ended. */
static void step_dry(mix_ajitter *j, mix_play_step *step)
{
    j->dry += MIX_BLOCK;
    if (j->dtx || j->dry > DRY_MAX) {
        j->state = STATE_IDLE;
        j->dry = 0;
        step_made(j, step, MIX_PLAY_SILENCE, MIX_BLOCK);
        return;
    }
    step_made(j, step, j->dry <= CONCEAL_MAX ? MIX_PLAY_CONCEAL : MIX_PLAY_SILENCE, MIX_BLOCK);
}

/* `gap` samples before the head are lost and due. */
static void step_lost(mix_ajitter *j, unsigned gap, mix_play_step *step)
{
    const entry *head = &j->queue[0];
    bool fec = gap % SLACK == 0 && mix_adec_has_fec(j->codec, head->au->data, head->au->size);
    if (fec && gap <= head->samples) {
        j->next_ts = head->ts;
        j->stats.fec_used++;
        *step = (mix_play_step){.what = MIX_PLAY_FEC, .au = head->au, .samples = gap};
        return;
    }
    unsigned samples = fec ? gap - head->samples : gap;
    samples = samples > MIX_BLOCK ? MIX_BLOCK : samples;
    j->next_ts += samples;
    step_made(j, step, MIX_PLAY_CONCEAL, samples);
}

static void skip_excess(mix_ajitter *j, int64_t now_ns, unsigned pending)
{
    int64_t most_ns = j->delay.target_ns + (j->slept ? 0 : SKIP_NS);
    if (j->max_ns < MIX_ADELAY_MAX_NS && most_ns > j->max_ns) {
        most_ns = j->max_ns;
    }
    if (delay_at(j, now_ns, pending, j->queue[0].ts) <= most_ns) {
        return;
    }
    while (j->count > 1 && delay_at(j, now_ns, pending, j->queue[0].ts) > j->delay.target_ns) {
        drop_head(j);
        j->stats.skipped++;
    }
    j->next_ts = j->queue[0].ts;
    j->last_seq = j->queue[0].au->seq - 1;
    j->dry = 0;
}

static void step_idle(mix_ajitter *j, int64_t now_ns, unsigned pending, mix_play_step *step)
{
    if (j->count == 0 || delay_at(j, now_ns, pending, j->queue[0].ts) < j->delay.target_ns - EARLY_NS) {
        step_made(j, step, MIX_PLAY_SILENCE, MIX_BLOCK);
        return;
    }
    j->state = STATE_PLAY;
    skip_excess(j, now_ns, pending);
    step_packet(j, step);
}

void mix_ajitter_next(mix_ajitter *j, int64_t now_ns, unsigned pending, mix_play_step *step)
{
    j->slept = j->asked_ns > 0 && now_ns - j->asked_ns > SLEPT_NS;
    j->asked_ns = now_ns;
    while (j->count > 0 && j->started && j->queue[0].ts + SLACK < j->next_ts) {
        drop_head(j); /* overlaps what was played */
        j->stats.late++;
    }
    if (j->state != STATE_PLAY) {
        step_idle(j, now_ns, pending, step);
        return;
    }
    if (j->count == 0) {
        step_dry(j, step);
        return;
    }
    skip_excess(j, now_ns, pending);
    int64_t gap = j->queue[0].ts - j->next_ts;
    bool lost = j->queue[0].au->seq - j->last_seq != 1;
    if (gap > SLACK && lost && j->dry > 0) { /* made up already while nothing was there */
        int64_t made = j->dry < gap ? j->dry : gap;
        j->next_ts += made;
        gap -= made;
        j->dry = 0;
    }
    if (gap <= SLACK) {
        step_packet(j, step);
    } else if (!lost || gap > DRY_MAX) {
        j->state = STATE_IDLE;
        j->dry = 0;
        step_idle(j, now_ns, pending, step);
    } else {
        step_lost(j, (unsigned)gap, step);
    }
}

bool mix_ajitter_ready(const mix_ajitter *j)
{
    return j->state == STATE_PLAY && j->count > 0 && j->queue[0].ts <= j->next_ts + SLACK && j->queue[0].ts + SLACK >= j->next_ts;
}

bool mix_ajitter_dry(const mix_ajitter *j)
{
    return j->state == STATE_PLAY && j->dry > 0;
}

int64_t mix_ajitter_target_ns(const mix_ajitter *j)
{
    return j->delay.target_ns;
}

int64_t mix_ajitter_delay_ns(const mix_ajitter *j, int64_t now_ns, unsigned pending)
{
    return j->state == STATE_PLAY ? delay_at(j, now_ns, pending, j->next_ts) : 0;
}

int64_t mix_ajitter_excess_ns(const mix_ajitter *j, int64_t now_ns, unsigned pending)
{
    return j->state == STATE_PLAY && j->dry == 0 ? mix_ajitter_delay_ns(j, now_ns, pending) - j->delay.target_ns : 0;
}

int64_t mix_ajitter_spare_ns(const mix_ajitter *j)
{
    return j->delay.target_ns - j->delay.due_ns;
}

const mix_ajitter_stats *mix_ajitter_get_stats(const mix_ajitter *j)
{
    return &j->stats;
}
