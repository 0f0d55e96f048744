/* The playout buffer: alone with made-up packets, and as part of a voice behind a network, in stepped time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio_kit.h"
#include "mixer/ajitter.h"
#include "mixer/atsm.h"

#define START_NS (1000 * KIT_MS)

/* G.711 packets are simple to make up: 160 bytes are 20 ms. */
static mcu_au *packet(uint32_t seq, uint32_t ts, int64_t arrival_ms)
{
    mcu_au *au = mcu_au_new(160);
    memset(au->data, 0xff, au->size);
    au->codec = MCU_CODEC_PCMU;
    au->seq = seq;
    au->ts = ts;
    au->time_ns = START_NS + arrival_ms * KIT_MS;
    return au;
}

static mix_play play(mix_ajitter *j, int64_t ms, uint32_t *seq)
{
    mix_play_step step;
    mix_ajitter_next(j, START_NS + ms * KIT_MS, 0, &step);
    if (step.what == MIX_PLAY_PACKET) {
        *seq = step.au->seq;
        mcu_au_unref(step.au);
    }
    return step.what;
}

/* One row is a script: what arrives when, and what each tick of 20 ms plays. */
static void scripts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct {
            unsigned seq;
            unsigned frame; /* time stamp in units of 20 ms */
            int ms;         /* arrival, -1 = end */
        } in[16];
        const char *out; /* from 10 ms on: digit = packet, . silence, c concealed */
    } rows[] = {
        {"in order", {{0, 0, 0}, {1, 1, 20}, {2, 2, 40}, {3, 3, 60}, {4, 4, 80}, {0, 0, -1}}, "..01234cccccs"},
        {"swapped", {{0, 0, 0}, {2, 2, 40}, {1, 1, 45}, {3, 3, 60}, {4, 4, 80}, {0, 0, -1}}, "..01234cccccs"},
        {"lost", {{0, 0, 0}, {1, 1, 20}, {3, 3, 60}, {4, 4, 80}, {0, 0, -1}}, "..01c34cccccs"},
        {"twice", {{0, 0, 0}, {1, 1, 20}, {1, 1, 21}, {2, 2, 40}, {0, 0, 41}, {0, 0, -1}}, "..012cccccs"},
        {"late burst is played", {{0, 0, 0}, {1, 1, 135}, {2, 2, 135}, {3, 3, 135}, {0, 0, -1}}, "..0cccc123cccccs"},
        {"lost, then dry: made up once", {{0, 0, 0}, {2, 2, 95}, {3, 3, 96}, {0, 0, -1}}, "..0cc23cccccs"},
        {"pause without loss waits again",
         {{0, 0, 0}, {1, 1, 20}, {2, 12, 240}, {3, 13, 260}, {0, 0, -1}},
         "..01cccccsssss23cccccs"},
    };
    for (unsigned r = 0; r < sizeof rows / sizeof *rows; r++) {
        mix_ajitter *j = mix_ajitter_new(MCU_CODEC_PCMU);
        unsigned next = 0;
        char got[64] = "";
        for (unsigned t = 0; t < strlen(rows[r].out); t++) {
            int ms = 10 + 20 * (int)t;
            for (; rows[r].in[next].ms >= 0 && rows[r].in[next].ms <= ms; next++) {
                (void)!mix_ajitter_push(j, packet(rows[r].in[next].seq, rows[r].in[next].frame * 160, rows[r].in[next].ms));
            }
            uint32_t seq = 0;
            mix_play what = play(j, ms, &seq);
            got[t] = what == MIX_PLAY_PACKET    ? (char)('0' + seq)
                     : what == MIX_PLAY_CONCEAL ? 'c'
                     : rows[r].out[t] == 's'    ? 's'
                                                : '.';
        }
        if (strcmp(got, rows[r].out) != 0) {
            fail_msg("%s: %s instead of %s", rows[r].name, got, rows[r].out);
        }
        mix_ajitter_free(j);
    }
}

static void late_and_duplicate_are_told_apart(void **state)
{
    (void)state;
    mix_ajitter *j = mix_ajitter_new(MCU_CODEC_PCMU);
    uint32_t seq;
    assert_int_equal(mix_ajitter_push(j, packet(0, 0, 0)), MCU_OK);
    assert_int_equal(mix_ajitter_push(j, packet(1, 160, 20)), MCU_OK);
    assert_int_equal(mix_ajitter_push(j, packet(3, 480, 60)), MCU_OK);
    assert_int_equal(mix_ajitter_push(j, packet(3, 480, 60)), MCU_ELATE);
    for (int ms = 50; ms < 120; ms += 20) {
        play(j, ms, &seq);
    }
    assert_int_equal(seq, 3);
    assert_int_equal(mix_ajitter_push(j, packet(2, 320, 120)), MCU_ELATE);
    assert_int_equal(mix_ajitter_push(j, packet(1, 160, 120)), MCU_ELATE);
    const mix_ajitter_stats *s = mix_ajitter_get_stats(j);
    assert_int_equal(s->late, 1);
    assert_int_equal(s->duplicates, 2);
    assert_int_equal(s->concealed, 1);
    mix_ajitter_free(j);
}

static void bound_drops_the_oldest(void **state)
{
    (void)state;
    mix_ajitter *j = mix_ajitter_new(MCU_CODEC_PCMU);
    uint32_t seq = 0;
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(mix_ajitter_push(j, packet(i, i * 160, 20 * (int)i)), MCU_OK);
    }
    assert_int_equal(mix_ajitter_get_stats(j)->dropped_full, 500 - 50); /* a second is kept */
    assert_int_equal(play(j, 20 * 500, &seq), MIX_PLAY_PACKET);
    assert_true(seq >= 450);
    mix_ajitter_free(j);
}

static void a_jump_of_the_clock_starts_afresh(void **state)
{
    (void)state;
    static const struct {
        uint32_t seq, ts;
    } jumps[] = {{50000, 123456789}, {3, 0xfff00000U}, {7, 160 * 400}};
    for (unsigned r = 0; r < 3; r++) {
        mix_ajitter *j = mix_ajitter_new(MCU_CODEC_PCMU);
        uint32_t seq = 0;
        unsigned played = 0;
        for (unsigned i = 0; i < 50; i++) {
            assert_int_equal(mix_ajitter_push(j, packet(i, 80000 + i * 160, 20 * (int)i)), MCU_OK);
            play(j, 20 * (int)i, &seq);
        }
        for (unsigned i = 0; i < 50; i++) { /* another SSRC: other numbers, no gap in time */
            assert_int_equal(mix_ajitter_push(j, packet(jumps[r].seq + i, jumps[r].ts + i * 160, 1000 + 20 * (int)i)), MCU_OK);
            played += play(j, 1000 + 20 * (int)i, &seq) == MIX_PLAY_PACKET && seq == jumps[r].seq + played;
        }
        assert_true(played >= 46);
        assert_int_equal(mix_ajitter_get_stats(j)->reanchored, 1);
        mix_ajitter_free(j);
    }
}

/* Random packets, times and order: no crash, no unbounded run, every step a sane length. */
static void nonsense_is_survived(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        uint32_t random = seed;
        mix_ajitter *j = mix_ajitter_new(MCU_CODEC_OPUS);
        int64_t now_ns = START_NS;
        for (unsigned k = 0; k < 2000; k++) {
            now_ns += (int64_t)(kit_random(&random) * 30e6);
            for (int i = (int)(kit_random(&random) * 3); i > 0; i--) {
                mcu_au *au = mcu_au_new((size_t)(kit_random(&random) * 100));
                for (size_t b = 0; b < au->size; b++) {
                    au->data[b] = (uint8_t)(kit_random(&random) * 256);
                }
                au->codec = MCU_CODEC_OPUS;
                bool wild = kit_random(&random) < 0.1;
                au->seq = wild ? (uint32_t)(kit_random(&random) * 4e9) : k;
                au->ts = wild ? (uint32_t)(kit_random(&random) * 4e9) : k * 960 + (uint32_t)(kit_random(&random) * 500);
                au->time_ns = now_ns;
                (void)!mix_ajitter_push(j, au);
            }
            mix_play_step step;
            mix_ajitter_next(j, now_ns, (unsigned)(kit_random(&random) * 2000), &step);
            assert_in_range(step.samples, 1, MIX_PACKET_MAX);
            if (step.what == MIX_PLAY_PACKET) {
                mcu_au_unref(step.au);
            }
        }
        mix_ajitter_free(j);
    }
}

static void time_scaling_keeps_the_tone(void **state)
{
    (void)state;
    int16_t pcm[4 * MIX_BLOCK] = {0};
    kit_tone(pcm, 2 * MIX_BLOCK, 0, 440, 8000);
    int rough = kit_roughness(pcm, 2 * MIX_BLOCK);
    unsigned more = mix_tsm_stretch(pcm, 2 * MIX_BLOCK, MIX_RATE, MIX_TSM_UNHEARD);
    assert_true(more > 0);
    assert_true(kit_roughness(pcm, 2 * MIX_BLOCK + more) < rough * 2);
    unsigned less = mix_tsm_squeeze(pcm, 2 * MIX_BLOCK + more, MIX_RATE, MIX_TSM_UNHEARD);
    assert_true(less > 0);
    assert_true(kit_roughness(pcm, 2 * MIX_BLOCK + more - less) < rough * 2);
    assert_int_equal(mix_tsm_squeeze(pcm, 100, MIX_RATE, MIX_TSM_ANYWHERE), 0);
    uint32_t random = 5;
    for (unsigned i = 0; i < 2 * MIX_BLOCK; i++) {
        pcm[i] = (int16_t)(kit_random(&random) * 20000 - 10000);
    }
    assert_int_equal(mix_tsm_stretch(pcm, 2 * MIX_BLOCK, MIX_RATE, MIX_TSM_UNHEARD), 0); /* noise has no period */
    assert_true(mix_tsm_stretch(pcm, 2 * MIX_BLOCK, MIX_RATE, MIX_TSM_ANYWHERE) > 0);
}

typedef struct {
    const char *name;
    kit_sender_config sender;
    kit_network net;
    double seconds;
    double concealed_max;        /* share of the ticks */
    double delay_min, delay_max; /* ms at the end */
    double fec_min;              /* share of the lost */
} network_row;

#define OPUS20                                                                                                                   \
    {                                                                                                                            \
        .codec = MCU_CODEC_OPUS, .audio = true                                                                                   \
    }

static const network_row networks[] = {
    {"clean", OPUS20, {.loss = 0}, 8, 0, 35, 58, 0},
    {"clean, 2.5 ms frames",
     {.codec = MCU_CODEC_OPUS, .frame_48k = 120, .audio = true, .bitrate = 64000},
     {.loss = 0},
     6,
     0,
     35,
     58,
     0},
    {"clean, 60 ms frames", {.codec = MCU_CODEC_OPUS, .frame_48k = 2880}, {.loss = 0}, 6, 0, 35, 58, 0},
    {"clean, 120 ms frames", {.codec = MCU_CODEC_OPUS, .frame_48k = 5760}, {.loss = 0}, 6, 0, 35, 58, 0},
    {"clean, PCMU", {.codec = MCU_CODEC_PCMU}, {.loss = 0}, 6, 0, 35, 58, 0},
    {"clean, G.722", {.codec = MCU_CODEC_G722}, {.loss = 0}, 6, 0, 35, 58, 0},
    {"jitter 30 ms", OPUS20, {.jitter_ms = 30}, 10, 0.01, 30, 80, 0},
    {"jitter 100 ms", OPUS20, {.jitter_ms = 100}, 20, 0.04, 75, 150, 0},
    {"jitter 60 ms, 60 ms frames", {.codec = MCU_CODEC_OPUS, .frame_48k = 2880}, {.jitter_ms = 60}, 15, 0.04, 45, 110, 0},
    {"duplicates", OPUS20, {.duplicate = 0.3, .jitter_ms = 10}, 8, 0.005, 30, 75, 0},
    {"loss 5 %", OPUS20, {.loss = 0.05}, 10, 0.09, 35, 65, 0},
    {"loss 10 %, FEC", {.codec = MCU_CODEC_OPUS, .fec = true}, {.loss = 0.10, .speech = true}, 20, 0.13, 35, 65, 0.5},
    {"loss 10 % in threes, PCMA", {.codec = MCU_CODEC_PCMA}, {.loss = 0.03, .burst = 3}, 15, 0.15, 35, 65, 0},
    {"spikes of 150 ms", OPUS20, {.spike = 0.01, .spike_ms = 150}, 20, 0.06, 30, 230, 0},
    {"6 % come again after 240 ms", OPUS20, {.spike = 0.06, .spike_ms = 240}, 30, 0.03, 200, 300, 0},
    {"fast sender", OPUS20, {.drift_ppm = -400}, 60, 0.001, 25, 60, 0},
    {"slow sender", OPUS20, {.drift_ppm = 400}, 60, 0.001, 25, 60, 0},
    {"slow sender, jitter 100 ms", OPUS20, {.jitter_ms = 100, .drift_ppm = 100}, 400, 0.04, 75, 160, 0},
    {"far too fast", OPUS20, {.drift_ppm = -1000}, 60, 0.002, 20, 65, 0},
    {"far too slow", OPUS20, {.drift_ppm = 1000}, 60, 0.002, 20, 65, 0},
    {"all at once",
     OPUS20,
     {.loss = 0.05, .duplicate = 0.05, .jitter_ms = 50, .spike = 0.005, .spike_ms = 100, .drift_ppm = 100},
     30,
     0.14,
     40,
     200,
     0},
};

static void run_network(const network_row *row, uint32_t seed)
{
    kit_network net = row->net;
    net.seed = seed;
    mix_avoice *v = mix_avoice_new(1, row->sender.codec, NULL);
    kit_link link;
    kit_link_init(&link, &row->sender, &net, 440, kit_amplitude(-20), START_NS);
    int64_t now_ns = START_NS;
    unsigned ticks = (unsigned)(row->seconds * 50);
    unsigned quiet = 0;
    for (unsigned t = 0; t < ticks; t++, now_ns += MIX_BLOCK_NS) {
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        quiet += t > 25 && mix_level_dbov(v->block, MIX_BLOCK) < -40;
    }
    const mix_ajitter_stats *s = mix_ajitter_get_stats(v->jitter);
    double delay_ms = v->figures.delay_us / 1e3;
    double concealed = (double)(s->concealed + s->fec_used) / ticks;
    printf("%-30s seed %u: concealed %.3f fec %llu of %u lost, late %llu, delay %.0f target %.0f ms, stretched %llu squeezed "
           "%llu, quiet %u\n",
           row->name, seed, concealed, (unsigned long long)s->fec_used, link.lost, (unsigned long long)s->late, delay_ms,
           (double)mix_ajitter_target_ns(v->jitter) / 1e6, (unsigned long long)v->stats.stretched,
           (unsigned long long)v->stats.squeezed, quiet);
    if (concealed > row->concealed_max || delay_ms < row->delay_min || delay_ms > row->delay_max ||
        (double)s->fec_used < row->fec_min * link.lost || s->bad > 0 || s->reanchored > 0 ||
        (!net.speech && quiet > ticks / 50)) {
        fail_msg("%s, seed %u", row->name, seed);
    }
    kit_link_clear(&link);
    mix_avoice_free(v);
}

static void networks_are_borne(void **state)
{
    (void)state;
    for (unsigned r = 0; r < sizeof networks / sizeof *networks; r++) {
        for (uint32_t seed = 1; seed <= 3; seed++) {
            run_network(&networks[r], seed);
        }
    }
}

static void a_stall_is_skipped_not_kept(void **state)
{
    (void)state;
    mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    kit_link link;
    kit_link_init(&link, &(kit_sender_config)OPUS20, &(kit_network){.seed = 3}, 440, 3000, START_NS);
    int64_t now_ns = START_NS;
    double worst_ms = 0;
    for (unsigned t = 0; t < 1000; t++, now_ns += MIX_BLOCK_NS) {
        link.stalled = t >= 200 && t < 260; /* 1.2 s, then all of it at once */
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        double delay_ms = v->figures.delay_us / 1e3;
        worst_ms = t > 262 && delay_ms > worst_ms ? delay_ms : worst_ms;
        assert_true(t < 200 || t >= 260 || delay_ms < 80); /* nothing that is played grows older meanwhile */
        assert_true(t < 460 || delay_ms <= 250);           /* 4 s after it */
    }
    assert_true(worst_ms < 650);
    double delay_ms = v->figures.delay_us / 1e3;
    assert_in_range(delay_ms, 40, 140);
    kit_link_clear(&link);
    mix_avoice_free(v);
}

/* Somebody's upload fills the same queue in waves, a third of a second high: the voice does not follow each of them. */
static void waves_of_a_queue_are_borne(void **state)
{
    (void)state;
    mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    kit_link link;
    kit_link_init(&link, &(kit_sender_config)OPUS20, &(kit_network){.seed = 3, .jitter_ms = 60, .speech = true}, 140, 6000,
                  START_NS);
    int64_t now_ns = START_NS;
    enum { SETTLED = 1000, ALL = 4000, WAVE = 220, RISE = 200 };
    mix_avoice_stats before = {0};
    for (unsigned t = 0; t < ALL; t++, now_ns += MIX_BLOCK_NS) {
        unsigned at = t % WAVE;
        link.queue_ms = 330.0 * (at < RISE ? at / (double)RISE : (WAVE - at) / (double)(WAVE - RISE));
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        before = t == SETTLED ? v->stats : before;
        assert_true(t < SETTLED || v->figures.delay_us < 620000); /* the wave and the jitter are 390 of it */
    }
    const mix_ajitter_stats *s = mix_ajitter_get_stats(v->jitter);
    assert_true(v->stats.stretched + v->stats.squeezed - before.stretched - before.squeezed < 60); /* one a second */
    assert_true(s->late + s->skipped < s->packets / 100);
    kit_link_clear(&link);
    mix_avoice_free(v);
}

/* What is for waves that may come is added in pauses alone: noise that has none is not stretched for it. */
static void words_are_not_stretched_for_waves(void **state)
{
    (void)state;
    for (unsigned noise = 0; noise < 2; noise++) {
        mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
        kit_link link;
        kit_link_init(&link, &(kit_sender_config)OPUS20, &(kit_network){.seed = 3, .jitter_ms = 10, .noise = noise}, 140,
                      noise ? 6000 : 0, START_NS);
        int64_t now_ns = START_NS;
        enum { FIRST = 500, SECOND = 900, HIGH = 50, ALL = 1250 };
        for (unsigned t = 0; t < ALL; t++, now_ns += MIX_BLOCK_NS) {
            link.queue_ms = t >= SECOND && t < SECOND + HIGH ? 150 : t >= FIRST && t < FIRST + HIGH ? 450 : 0;
            kit_link_step(&link, now_ns, v);
            mix_avoice_collect(v);
            mix_avoice_pull(v, now_ns);
        }
        int missing_us = v->figures.target_us - v->figures.delay_us;
        assert_true(v->figures.spare_us > 200000);
        assert_true(noise ? missing_us > 40000 && v->stats.stretched == 0 : missing_us < 10000 && v->stats.stretched > 0);
        kit_link_clear(&link);
        mix_avoice_free(v);
    }
}

/* The upload ends, and half a second of queue with it: nothing of what was said is skipped, and the delay goes all the same. */
static void drain(unsigned ticks, uint64_t skipped_most, int64_t delay_most_us)
{
    mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    kit_link link;
    kit_link_init(&link, &(kit_sender_config)OPUS20, &(kit_network){.seed = 3, .jitter_ms = 60, .speech = true}, 140, 6000,
                  START_NS);
    int64_t now_ns = START_NS;
    enum { DRAINS = 1000 };
    unsigned drained = DRAINS + ticks;
    for (unsigned t = 0; t < drained + 500; t++, now_ns += MIX_BLOCK_NS) {
        link.queue_ms = t < DRAINS ? 450 : t < drained ? 450.0 * (drained - t) / ticks : 0;
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        assert_true(t != drained + 10 || v->figures.delay_us > 300000);
    }
    const mix_ajitter_stats *s = mix_ajitter_get_stats(v->jitter);
    assert_in_range(s->skipped + s->dropped_full, 0, skipped_most);
    assert_in_range(v->figures.delay_us, 40000, delay_most_us);
    kit_link_clear(&link);
    mix_avoice_free(v);
}

static void a_queue_that_drains_takes_no_words(void **state)
{
    (void)state;
    drain(25, 0, 200000);
    drain(1, 25, 300000); /* another way: what is under way is overtaken */
}

/* A machine that hums in the patient's room leaves no place that goes unheard: the delay goes all the same. */
static void noise_is_not_late_for_good(void **state)
{
    (void)state;
    mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    kit_link link;
    kit_link_init(&link, &(kit_sender_config)OPUS20, &(kit_network){.seed = 3, .noise = true}, 0, 6000, START_NS);
    int64_t now_ns = START_NS;
    for (unsigned t = 0; t < 1500; t++, now_ns += MIX_BLOCK_NS) {
        link.stalled = t >= 200 && t < 218;
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        assert_true(t != 240 || v->figures.delay_us > 250000);
    }
    assert_in_range(v->figures.delay_us, 40000, 140000);
    kit_link_clear(&link);
    mix_avoice_free(v);
}

static void silence_of_the_sender_is_no_loss(void **state)
{
    (void)state;
    mix_avoice *v = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    kit_link link;
    kit_sender_config config = {.codec = MCU_CODEC_OPUS, .dtx = true};
    kit_link_init(&link, &config, &(kit_network){.seed = 3, .jitter_ms = 5}, 440, 3000, START_NS);
    int64_t now_ns = START_NS;
    for (unsigned t = 0; t < 600; t++, now_ns += MIX_BLOCK_NS) {
        link.amplitude = t % 200 < 100 ? 3000 : 0;
        kit_link_step(&link, now_ns, v);
        mix_avoice_collect(v);
        mix_avoice_pull(v, now_ns);
        if (t % 200 > 20 && t % 200 < 95) {
            assert_true(mix_level_dbov(v->block, MIX_BLOCK) > -35);
        }
    }
    const mix_ajitter_stats *s = mix_ajitter_get_stats(v->jitter);
    printf("DTX: %u packets for 600 ticks, %llu concealed\n", link.sent, (unsigned long long)s->concealed);
    assert_true(link.sent < 450);
    assert_int_equal(s->concealed, 0);
    assert_int_equal(s->late, 0);
    kit_link_clear(&link);
    mix_avoice_free(v);
}

static void feed(mix_ajitter *j, uint32_t *seq, unsigned packets)
{
    for (unsigned i = 0; i < packets; i++, (*seq)++) {
        mix_play_step step;
        assert_int_equal(mix_ajitter_push(j, packet(*seq, *seq * 160, *seq * 20)), MCU_OK);
        mix_ajitter_next(j, START_NS + *seq * 20 * KIT_MS, 0, &step);
        if (step.what == MIX_PLAY_PACKET) {
            mcu_au_unref(step.au);
        }
    }
}

/* A voice waits for its pictures as long as it is told to, not for ever, and forgets it slowly. */
static void waits_for_pictures(void **state)
{
    (void)state;
    mix_ajitter *j = mix_ajitter_new(MCU_CODEC_PCMU);
    uint32_t seq = 0;
    feed(j, &seq, 100);
    assert_in_range(mix_ajitter_target_ns(j), 1, 60 * KIT_MS);
    mix_ajitter_wait(j, 150 * KIT_MS);
    feed(j, &seq, 1);
    assert_int_equal(mix_ajitter_target_ns(j), 150 * KIT_MS);
    mix_ajitter_wait(j, 60 * MCU_NS_PER_SEC);
    feed(j, &seq, 1);
    assert_in_range(mix_ajitter_target_ns(j), 150 * KIT_MS, 400 * KIT_MS);
    mix_ajitter_wait(j, 0);
    feed(j, &seq, 1000);
    assert_in_range(mix_ajitter_target_ns(j), 1, 60 * KIT_MS);
    mix_ajitter_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_pictures),
        cmocka_unit_test(scripts),
        cmocka_unit_test(late_and_duplicate_are_told_apart),
        cmocka_unit_test(bound_drops_the_oldest),
        cmocka_unit_test(a_jump_of_the_clock_starts_afresh),
        cmocka_unit_test(nonsense_is_survived),
        cmocka_unit_test(time_scaling_keeps_the_tone),
        cmocka_unit_test(networks_are_borne),
        cmocka_unit_test(a_stall_is_skipped_not_kept),
        cmocka_unit_test(words_are_not_stretched_for_waves),
        cmocka_unit_test(waves_of_a_queue_are_borne),
        cmocka_unit_test(a_queue_that_drains_takes_no_words),
        cmocka_unit_test(noise_is_not_late_for_good),
        cmocka_unit_test(silence_of_the_sender_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
