#include "mixer/echo.h"

#include <speex/speex_echo.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/media.h"
#include "mixer/echo_find.h"
#include "mixer/pcm.h"

enum {
    FRAME_MAX = MIX_BLOCK / 3,
    KEPT = 64,      /* blocks that were sent: the playout buffer's delay and more */
    TS_BLOCK = 160, /* 20 ms of the RTP clock */
};

static const double SENT_LOUD = 104 * 104, CAME_LOUD = 26 * 26; /* mean squares: -50 and -62 dBov */
static const double SMOOTH = 0.05;                              /* of a block: 400 ms */
static const double FOUND = 3, LOST = 1.25;                     /* energy before by energy after */
static const double ALONE = 12;                                 /* that much gone from a block and nobody talks over its echo */
static const float GATE = 0.1F;                                 /* what is left of it then */
static const int64_t SENT_RECENT_NS = 500 * MCU_NS_PER_MS;
static const int64_t WORK_NS = 60 * MCU_NS_PER_SEC; /* after what looked like an echo */
static const int64_t OFF_NS = 40 * MCU_NS_PER_MS;   /* that far from where it was and the two are brought together anew */
static const int64_t WATCH_NS = 2 * MCU_NS_PER_SEC;

struct mix_echo {   /* what every tick looks at stands together: it has left the cache since the last one */
    unsigned frame; /* samples of 20 ms */
    uint64_t n_sent;
    int64_t loud_ns; /* newest block sent that was loud */
    /* where what comes belongs */
    bool anchored;
    uint32_t ts; /* of the packet that came with block `block` */
    uint64_t block;
    int64_t arrival_ns;
    int64_t watch_ns, least_ns; /* smallest lateness since */
    int64_t newest_ns;
    int64_t work_until_ns;
    bool found;
    float gate;
    double before, after; /* smoothed energy, while we send */
    SpeexEchoState *canceller;
    mix_echo_find find;
    /* what was sent */
    uint64_t signs[KEPT];
    int64_t sent_ns[KEPT];
    int16_t sent[KEPT][FRAME_MAX];
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

static double energy(const int16_t *pcm, unsigned n)
{
    int64_t sum = 1;
    for (unsigned i = 0; i < n; i++) {
        sum += (int32_t)pcm[i] * pcm[i];
    }
    return (double)sum;
}

bool mix_echo_is_loud(const int16_t *pcm, unsigned n)
{
    return energy(pcm, n) > SENT_LOUD * n;
}

void mix_echo_sent(mix_echo *e, const int16_t *pcm, bool loud, int64_t time_ns)
{
    unsigned at = e->n_sent % KEPT;
    memcpy(e->sent[at], pcm, e->frame * sizeof *pcm);
    e->signs[at] = loud ? mix_echo_signs(pcm, e->frame) : 0;
    e->sent_ns[at] = time_ns;
    e->n_sent++;
    e->loud_ns = loud ? time_ns : e->loud_ns;
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

/* Of what was sent when the packet of that time stamp came; -1 = not kept. */
static int64_t block_with(const mix_echo *e, uint32_t ts)
{
    int64_t block = (int64_t)e->block + (int32_t)(ts - e->ts) / TS_BLOCK;
    bool kept = block >= 0 && (uint64_t)block < e->n_sent && (uint64_t)block + KEPT >= e->n_sent;
    return kept ? block : -1;
}

bool mix_echo_found(const mix_echo *e)
{
    return e->found;
}

bool mix_echo_is_at_work(const mix_echo *e)
{
    return e->newest_ns < e->work_until_ns;
}

/* Looks for an echo in a block that came, while there may be one. */
static void look(mix_echo *e, const int16_t *pcm, int64_t block, int64_t arrival_ns)
{
    if (block < MIX_ECHO_FIND_BLOCKS || arrival_ns - e->loud_ns >= SENT_RECENT_NS ||
        energy(pcm, e->frame) < CAME_LOUD * e->frame) {
        return;
    }
    uint64_t sent[MIX_ECHO_FIND_BLOCKS + 1];
    for (unsigned i = 0; i <= MIX_ECHO_FIND_BLOCKS; i++) {
        sent[i] = e->signs[((uint64_t)block - MIX_ECHO_FIND_BLOCKS + i) % KEPT];
    }
    mix_echo_find_push(&e->find, sent, mix_echo_signs(pcm, e->frame));
    if (mix_echo_find_likely(&e->find)) {
        e->work_until_ns = arrival_ns + WORK_NS;
    }
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
    }
    if (e->found) {
        gate(e, clean, sending && before > after * ALONE);
        memcpy(pcm, clean, e->frame * sizeof *clean);
    }
}

void mix_echo_cancel(mix_echo *e, int16_t *pcm, unsigned n, uint32_t ts, int64_t arrival_ns)
{
    static const int16_t nothing[FRAME_MAX];
    if (n % e->frame != 0 || e->n_sent == 0) {
        return;
    }
    e->newest_ns = arrival_ns;
    keep_anchor(e, ts, arrival_ns);
    bool sending = arrival_ns - e->loud_ns < SENT_RECENT_NS;
    for (unsigned i = 0; i < n / e->frame; i++) {
        int64_t block = block_with(e, ts + i * TS_BLOCK);
        int16_t *at = pcm + i * e->frame;
        look(e, at, block, arrival_ns);
        if (mix_echo_is_at_work(e)) {
            cancel_block(e, at, block >= 0 ? e->sent[(uint64_t)block % KEPT] : nothing, sending);
        }
    }
}
