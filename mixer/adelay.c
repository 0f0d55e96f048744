#include "mixer/adelay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t BUCKET_NS = 5 * MCU_NS_PER_MS;
static const int64_t SLICE_NS = 500 * MCU_NS_PER_MS;
static const int64_t MARGIN_NS = 10 * MCU_NS_PER_MS; /* the slack below the target before the buffer stretches */
static const int64_t FALL_NS_PER_SEC = 20 * MCU_NS_PER_MS;
static const int64_t WAVES_MOST_NS = 700 * MCU_NS_PER_MS; /* with the longest packets the buffer holds no more */
static const int64_t DRAINED_NS = 200 * MCU_NS_PER_MS;    /* is what was learnt before a queue drained: it may be gone for good */
static const int64_t QUEUE_NS = 30 * MCU_NS_PER_MS;       /* less is the jitter of any line, or a clock that drifts */
/* Half of what is beyond this goes each second: a stall is over when it is over. */
static const int64_t FAR_NS = 100 * MCU_NS_PER_MS;
static const float QUANTILE = 0.95F;
static const int64_t LOST_NS = 6000 * MCU_NS_PER_MS; /* all packets: one in a hundred is worth 60 ms */
static const float FADE = 1 / 256.0F;                /* a packet: 5 s of 20 ms */
enum { IN_A_ROW = 4 };                               /* at once; more is a stall that ended */

static const int64_t SILENCE_NS = 390 * MCU_NS_PER_MS; /* Opus tells of it each 400 ms */
static const int64_t RECENT_NS = 1500 * MCU_NS_PER_MS;
static const int64_t PRIOR_NS = 200 * MCU_NS_PER_MS; /* what the start value counts for */
static const int64_t MEMORY_NS = 5 * MCU_NS_PER_SEC;
/* A packet counts for the time since the one before it: a stall and the burst that ends it are one event, not sixty. */
static const int64_t WEIGHT_MIN_NS = 2 * MCU_NS_PER_MS, WEIGHT_MAX_NS = 100 * MCU_NS_PER_MS;

static void fill_slices(mix_adelay *d, int64_t arrival_ns, int64_t transit_ns)
{
    for (unsigned i = 0; i < MIX_ADELAY_SLICES; i++) {
        d->slice_min_ns[i] = transit_ns;
    }
    d->slice_start_ns = arrival_ns;
}

static int64_t clamp_ns(int64_t v, int64_t min, int64_t max)
{
    return v < min ? min : v > max ? max : v;
}

/* A queue on the way grew or drained: what was learnt of packets stays where it was in time, and so does what is played. */
static void move(mix_adelay *d, int64_t down_ns)
{
    int64_t by = down_ns / BUCKET_NS;
    if (down_ns > 0) {
        d->drained = true;
        d->observed_ns = down_ns > FAR_NS ? 0 : clamp_ns(d->observed_ns, 0, DRAINED_NS);
    }
    float weight[MIX_ADELAY_BUCKETS] = {0};
    for (int64_t i = 0; i < MIX_ADELAY_BUCKETS; i++) {
        weight[clamp_ns(i + by, 0, MIX_ADELAY_BUCKETS - 1)] += d->weight[i];
    }
    memcpy(d->weight, weight, sizeof weight);
    int64_t most_ns = d->max_ns < MIX_ADELAY_MAX_NS ? d->max_ns : MIX_ADELAY_MOVED_NS;
    d->target_ns = clamp_ns(d->target_ns + down_ns, d->min_ns, most_ns);
    d->due_ns = clamp_ns(d->due_ns + down_ns, d->min_ns, most_ns);
}

static int64_t fastest_ns(const mix_adelay *d)
{
    int64_t ns = d->slice_min_ns[0];
    for (unsigned i = 1; i < MIX_ADELAY_SLICES; i++) {
        ns = d->slice_min_ns[i] < ns ? d->slice_min_ns[i] : ns;
    }
    return ns;
}

static void track_slices(mix_adelay *d, int64_t arrival_ns, int64_t transit_ns)
{
    if (d->packets == 0 || arrival_ns - d->slice_start_ns >= MIX_ADELAY_SLICES * SLICE_NS) {
        fill_slices(d, arrival_ns, transit_ns);
    }
    if (arrival_ns - d->slice_start_ns >= SLICE_NS) {
        mix_awave_note(&d->waves, arrival_ns, d->slice_min_ns[0]);
    }
    while (arrival_ns - d->slice_start_ns >= SLICE_NS) {
        memmove(d->slice_min_ns + 1, d->slice_min_ns, (MIX_ADELAY_SLICES - 1) * sizeof *d->slice_min_ns);
        d->slice_min_ns[0] = transit_ns;
        d->slice_start_ns += SLICE_NS;
    }
    if (transit_ns < d->slice_min_ns[0]) {
        d->slice_min_ns[0] = transit_ns;
    }
}

static void begin_anew(mix_adelay *d)
{
    memset(d->weight, 0, sizeof d->weight);
    d->weight[(MIX_ADELAY_START_NS - MARGIN_NS) / BUCKET_NS - 1] = 1;
    d->observed_ns = 0;
    d->drained = false;
    d->target_ns = d->due_ns = clamp_ns(MIX_ADELAY_START_NS, d->min_ns, d->max_ns);
}

void mix_adelay_init(mix_adelay *d)
{
    memset(d, 0, sizeof *d);
    d->min_ns = MIX_ADELAY_MIN_NS;
    d->max_ns = MIX_ADELAY_MAX_NS;
    begin_anew(d);
}

/* A pause, a stall, or a sender who is silent: the window is of time then, not of packets. */
static void pause(mix_adelay *d, int64_t arrival_ns)
{
    d->settled_ns = arrival_ns + MIX_ADELAY_SLICES * SLICE_NS;
    if (arrival_ns - d->noted_ns >= SLICE_NS && d->drained && d->observed_ns <= RECENT_NS) {
        /* A queue has just drained: what was learnt before is of another line, and nothing is being played. Waves still count. */
        begin_anew(d);
    }
}

static void track_base(mix_adelay *d, int64_t arrival_ns, int64_t transit_ns, int64_t since_ns)
{
    track_slices(d, arrival_ns, transit_ns);
    d->base_ns = fastest_ns(d);
    if (d->packets == 0 || since_ns >= SILENCE_NS) {
        pause(d, arrival_ns);
    }
    if (arrival_ns < d->settled_ns) {
        d->learnt_ns = d->base_ns;
    } else if (llabs(d->base_ns - d->learnt_ns) > QUEUE_NS) {
        move(d, d->learnt_ns - d->base_ns);
        d->learnt_ns = d->base_ns;
    } else {
        d->learnt_ns += (d->base_ns - d->learnt_ns) * (since_ns / 1000) / (MEMORY_NS / 1000); /* as the weights do */
    }
}

static int64_t quantile_ns(const mix_adelay *d)
{
    float sum = 0;
    for (unsigned i = 0; i < MIX_ADELAY_BUCKETS; i++) {
        sum += d->weight[i];
        if (sum >= QUANTILE) {
            return (int64_t)(i + 1) * BUCKET_NS;
        }
    }
    return MIX_ADELAY_BUCKETS * BUCKET_NS;
}

/* The wait that costs least, of those from `least_ns` on: what comes later is lost, and lost packets cost delay too. */
static int64_t patience_ns(const mix_adelay *d, int64_t least_ns)
{
    float late = 0, least = INFINITY;
    int64_t best_ns = least_ns;
    for (int64_t i = MIX_ADELAY_BUCKETS; i > 0 && i * BUCKET_NS >= least_ns; i--) {
        float cost = (float)(i * BUCKET_NS) + late * (float)LOST_NS;
        if (cost <= least) {
            least = cost;
            best_ns = i * BUCKET_NS;
        }
        late += d->again[i - 1];
    }
    return best_ns;
}

/* At least `wanted_ns`. A wait that may not be long enough helps nobody. */
static int64_t for_waves_ns(const mix_adelay *d, int64_t arrival_ns, int64_t wanted_ns)
{
    int64_t most_ns = d->max_ns < MIX_ADELAY_MAX_NS ? d->max_ns : WAVES_MOST_NS;
    int64_t top_ns = mix_awave_top_ns(&d->waves, arrival_ns);
    return top_ns > d->base_ns + wanted_ns && top_ns <= d->base_ns + most_ns ? top_ns - d->base_ns : wanted_ns;
}

/* Up at once, down slowly. */
static int64_t followed_ns(int64_t target_ns, int64_t wanted_ns, int64_t elapsed_ns)
{
    int64_t far_ns = target_ns - wanted_ns > FAR_NS ? target_ns - wanted_ns - FAR_NS : 0;
    int64_t lowest_ns = target_ns - (FALL_NS_PER_SEC + far_ns / 2) * (elapsed_ns / 1000) / (MCU_NS_PER_SEC / 1000);
    return wanted_ns > lowest_ns ? wanted_ns : lowest_ns;
}

static void note_again(mix_adelay *d, int64_t bucket, bool again)
{
    for (unsigned i = 0; i < MIX_ADELAY_BUCKETS; i++) {
        d->again[i] *= 1 - FADE;
    }
    d->in_a_row = again ? d->in_a_row + 1 : 0;
    bool helps = (bucket + 1) * BUCKET_NS + MARGIN_NS <= d->max_ns; /* no wait that may be is long enough for the others */
    d->again[bucket] += again && helps && d->in_a_row <= IN_A_ROW ? FADE : 0;
}

int64_t mix_adelay_note(mix_adelay *d, int64_t arrival_ns, int64_t transit_ns, bool again)
{
    int64_t elapsed_ns = d->packets > 0 ? clamp_ns(arrival_ns - d->noted_ns, 0, MCU_NS_PER_SEC) : 0;
    track_base(d, arrival_ns, transit_ns, elapsed_ns);
    int64_t relative_ns = transit_ns - d->base_ns;
    int64_t bucket = clamp_ns(relative_ns / BUCKET_NS, 0, MIX_ADELAY_BUCKETS - 1);
    int64_t weight_ns = clamp_ns(elapsed_ns, WEIGHT_MIN_NS, WEIGHT_MAX_NS);
    d->observed_ns = clamp_ns(d->observed_ns + weight_ns, 0, MEMORY_NS - PRIOR_NS);
    float forget = (float)weight_ns / (float)(d->observed_ns + PRIOR_NS);
    for (unsigned i = 0; i < MIX_ADELAY_BUCKETS; i++) {
        d->weight[i] *= 1 - forget;
    }
    d->weight[bucket] += forget;
    note_again(d, bucket, again);

    int64_t enough_ns = patience_ns(d, quantile_ns(d)) + MARGIN_NS;
    mix_awave_packet(&d->waves, arrival_ns, transit_ns, d->base_ns + enough_ns);
    int64_t wanted_ns = clamp_ns(enough_ns, d->min_ns, d->max_ns);
    d->due_ns = followed_ns(d->due_ns, wanted_ns, elapsed_ns);
    d->target_ns = followed_ns(d->target_ns, for_waves_ns(d, arrival_ns, wanted_ns), elapsed_ns);
    d->noted_ns = arrival_ns;
    d->packets++;
    return relative_ns;
}
