#include "mixer/echo.h"

#include <speex/speex_echo.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/media.h"
#include "mixer/level.h"
#include "mixer/pcm.h"

enum {
    FRAME_MAX = MIX_BLOCK / 3,
    KEPT = 64,        /* blocks that were sent: the playout buffer's delay and more */
    TS_BLOCK = 160,   /* 20 ms of the RTP clock */
    TRY_BLOCKS = 500, /* 10 s of sending: an echo would have been found */
};

static const double SENT_LOUD_DBOV = -50, CAME_LOUD_DBOV = -62;
static const double SMOOTH = 0.05;          /* of a block: 400 ms */
static const double FOUND = 3, LOST = 1.25; /* energy before by energy after */
static const double ALONE = 12;             /* that much gone from a block and nobody talks over its echo */
static const float GATE = 0.1F;             /* what is left of it then */
static const int64_t SENT_RECENT_NS = 500 * MCU_NS_PER_MS;
static const int64_t WORK_NS = 60 * MCU_NS_PER_SEC; /* after what may have been an echo */
static const int64_t REST_NS = 60 * MCU_NS_PER_SEC; /* of a line that has shown none */
static const int64_t OFF_NS = 40 * MCU_NS_PER_MS;   /* that far from where it was and the two are brought together anew */
static const int64_t WATCH_NS = 2 * MCU_NS_PER_SEC;

struct mix_echo {
    unsigned frame; /* samples of 20 ms */
    SpeexEchoState *canceller;
    double before, after; /* smoothed energy, while we send */
    bool found;
    float gate;
    /* what was sent */
    int16_t sent[KEPT][FRAME_MAX];
    int64_t sent_ns[KEPT];
    uint64_t n_sent;
    int64_t loud_ns; /* newest block of it that was loud */
    /* where what comes belongs */
    bool anchored;
    uint32_t ts; /* of the packet that came with block `block` */
    uint64_t block;
    int64_t arrival_ns;
    int64_t watch_ns, least_ns; /* smallest lateness since */
    int64_t newest_ns;
    int64_t work_until_ns, rest_until_ns;
    unsigned tried;
};

mix_echo *mix_echo_new(unsigned rate_hz)
{
    mix_echo *e = calloc(1, sizeof *e);
    if (!e) {
        return NULL;
    }
    e->frame = rate_hz / 50;
    e->canceller = speex_echo_state_init((int)e->frame, (int)(rate_hz / 1000 * MIX_ECHO_TAIL_MS));
    e->gate = 1;
    if (!e->canceller) {
        mix_echo_free(e);
        return NULL;
    }
    int rate = (int)rate_hz;
    speex_echo_ctl(e->canceller, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    return e;
}

void mix_echo_free(mix_echo *e)
{
    if (!e) {
        return;
    }
    if (e->canceller) {
        speex_echo_state_destroy(e->canceller);
    }
    free(e);
}

void mix_echo_sent(mix_echo *e, const int16_t *pcm, int64_t time_ns)
{
    unsigned at = e->n_sent % KEPT;
    memcpy(e->sent[at], pcm, e->frame * sizeof *pcm);
    e->sent_ns[at] = time_ns;
    e->n_sent++;
    if (mix_level_dbov(pcm, e->frame) > SENT_LOUD_DBOV) {
        e->loud_ns = time_ns;
    }
}

/* The newest block that had been sent by then. */
static uint64_t block_at(const mix_echo *e, int64_t time_ns)
{
    uint64_t oldest = e->n_sent > KEPT ? e->n_sent - KEPT : 0;
    uint64_t block = e->n_sent;
    while (block > oldest && e->sent_ns[(block - 1) % KEPT] > time_ns) {
        block--;
    }
    return block > 0 ? block - 1 : 0;
}

static void anchor(mix_echo *e, uint32_t ts, int64_t arrival_ns)
{
    e->anchored = true;
    e->ts = ts;
    e->arrival_ns = e->watch_ns = arrival_ns;
    e->least_ns = INT64_MAX;
    e->block = block_at(e, arrival_ns);
}

/* Packets come late now and then; when even the fastest of 2 s is off, the other end's clock or way has changed. */
static void keep_anchor(mix_echo *e, uint32_t ts, int64_t arrival_ns)
{
    int64_t due_ns = e->arrival_ns + (int64_t)(int32_t)(ts - e->ts) * MCU_NS_PER_SEC / 8000;
    int64_t late_ns = arrival_ns - due_ns;
    e->least_ns = late_ns < e->least_ns ? late_ns : e->least_ns;
    if (!e->anchored || late_ns < -OFF_NS) {
        anchor(e, ts, arrival_ns);
    } else if (arrival_ns - e->watch_ns > WATCH_NS) {
        if (e->least_ns > OFF_NS) {
            anchor(e, ts, arrival_ns);
        }
        e->watch_ns = arrival_ns;
        e->least_ns = INT64_MAX;
    }
}

static const int16_t *sent_with(const mix_echo *e, uint32_t ts)
{
    static const int16_t nothing[FRAME_MAX];
    int64_t block = (int64_t)e->block + (int32_t)(ts - e->ts) / TS_BLOCK;
    bool kept = block >= 0 && (uint64_t)block < e->n_sent && (uint64_t)block + KEPT >= e->n_sent;
    return kept ? e->sent[(uint64_t)block % KEPT] : nothing;
}

bool mix_echo_found(const mix_echo *e)
{
    return e->found;
}

/* A line that is silent while we send has nothing to be taken out: that is most lines, most of the time. */
static bool worth_it(mix_echo *e, const int16_t *pcm, unsigned n, int64_t arrival_ns)
{
    if (arrival_ns - e->loud_ns < SENT_RECENT_NS && mix_level_dbov(pcm, n) > CAME_LOUD_DBOV) {
        e->work_until_ns = arrival_ns + WORK_NS;
    }
    return arrival_ns < e->work_until_ns && arrival_ns >= e->rest_until_ns;
}

static double energy(const int16_t *pcm, unsigned n)
{
    double sum = 1;
    for (unsigned i = 0; i < n; i++) {
        sum += (double)pcm[i] * pcm[i];
    }
    return sum;
}

/* What is left of an echo that stands alone goes down by a ramp, and comes up by one when somebody talks. */
static void gate(mix_echo *e, int16_t *pcm, bool alone)
{
    float from = e->gate;
    e->gate = alone ? GATE : 1;
    for (unsigned i = 0; i < e->frame; i++) {
        pcm[i] = (int16_t)((float)pcm[i] * (from + (e->gate - from) * (float)(i + 1) / (float)e->frame));
    }
}

static void cancel_block(mix_echo *e, int16_t *pcm, const int16_t *sent, bool sending)
{
    int16_t clean[FRAME_MAX];
    speex_echo_cancellation(e->canceller, pcm, sent, clean);
    double before = energy(pcm, e->frame), after = energy(clean, e->frame);
    if (sending) {
        e->before += (before - e->before) * SMOOTH;
        e->after += (after - e->after) * SMOOTH;
        e->found = e->before > e->after * (e->found ? LOST : FOUND);
        e->tried = e->found ? 0 : e->tried + 1;
    }
    if (e->found) {
        gate(e, clean, sending && before > after * ALONE);
        memcpy(pcm, clean, e->frame * sizeof *clean);
    }
}

void mix_echo_cancel(mix_echo *e, int16_t *pcm, unsigned n, uint32_t ts, int64_t arrival_ns)
{
    if (n % e->frame != 0 || e->n_sent == 0) {
        return;
    }
    e->newest_ns = arrival_ns;
    keep_anchor(e, ts, arrival_ns);
    if (!worth_it(e, pcm, n, arrival_ns)) {
        return;
    }
    if (e->tried >= TRY_BLOCKS) {
        e->tried = 0;
        e->rest_until_ns = arrival_ns + REST_NS;
        return;
    }
    for (unsigned i = 0; i < n / e->frame; i++) {
        bool sending = arrival_ns - e->loud_ns < SENT_RECENT_NS;
        cancel_block(e, pcm + i * e->frame, sent_with(e, ts + i * TS_BLOCK), sending);
    }
}
