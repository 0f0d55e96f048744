/* A room's sound in stepped time: what each listener's decoder hears. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "audio_room.h"

static void everybody_hears_the_others_and_not_himself(void **state)
{
    (void)state;
    static const mcu_codec codecs[] = {MCU_CODEC_OPUS, MCU_CODEC_PCMU, MCU_CODEC_G722};
    for (unsigned c = 0; c < 3; c++) {
        mix_audio_config config = {.complexity = -1, .bitrate_bps = 96000};
        room *r = room_new(3, &config, &(kit_sender_config){.codec = codecs[c], .bitrate = 96000});
        for (unsigned p = 0; p < 3; p++) {
            r->link[p].amplitude = kit_amplitude(-24);
        }
        room_run(r, 150);
        for (unsigned l = 0; l < 3; l++) {
            for (unsigned v = 0; v < 3; v++) {
                double db = heard_db(r, l, v, 50);
                if (v == l ? db > -24 - 40 : fabs(db + 24) > 1) {
                    fail_msg("%s: listener %u hears voice %u at %.1f dB", mcu_codec_name(codecs[c]), l, v, db);
                }
            }
        }
        assert_int_equal(encodes(r), 3);
        room_free(r);
    }
}

static void one_talker_of_sixteen_takes_two_encodes(void **state)
{
    (void)state;
    room *r = room_new(16, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    room_run(r, 20);
    assert_int_equal(encodes(r), 1);
    r->link[3].amplitude = kit_amplitude(-20);
    room_run(r, 30);
    assert_int_equal(encodes(r), 2);
    int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
    mix_acore_tick(r->core, now_ns, 0, now_ns, &r->batch);
    for (unsigned p = 0; p < 16; p++) {
        bool same = r->batch.out[p].au == r->batch.out[0].au;
        assert_int_equal(same, p != 3);
    }
    assert_int_equal(r->batch.out[0].au->refs, 15);
    mix_abatch_clear(&r->batch);
    r->link[3].amplitude = 0;
    room_run(r, 20);
    assert_int_equal(encodes(r), 2); /* 500 ms of own silence first */
    room_run(r, 20);
    assert_int_equal(encodes(r), 1);
    room_free(r);
}

static double thread_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The whole tick, decoding sixteen streams included, beside an encode a head. */
static void one_talker_of_sixteen_costs_a_quarter_of_sixteen_encodes(void **state)
{
    (void)state;
    enum { TICKS = 100 };
    room *r = room_new(16, NULL, &(kit_sender_config){.codec = MCU_CODEC_OPUS, .dtx = true});
    mix_aenc *encoders[16];
    double room_s = 0, encodes_s = 0;
    r->link[3].net.speech = true;
    r->link[3].amplitude = kit_amplitude(-20);
    for (unsigned p = 0; p < 16; p++) {
        encoders[p] = mix_aenc_new(NULL, NULL);
    }
    room_run(r, 50);
    for (unsigned t = 0; t < TICKS; t++, r->tick++) {
        int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
        int16_t pcm[MIX_BLOCK] = {0};
        kit_speech(pcm, MIX_BLOCK, r->tick * MIX_BLOCK, 200, kit_amplitude(-20));
        for (unsigned p = 0; p < 16; p++) {
            kit_link_step(&r->link[p], now_ns, r->voice[p]);
        }
        double at = thread_cpu_s();
        mix_acore_tick(r->core, now_ns, r->tick * MIX_BLOCK, now_ns, &r->batch);
        mix_abatch_clear(&r->batch);
        room_s += thread_cpu_s() - at;
        at = thread_cpu_s();
        for (unsigned p = 0; p < 16; p++) {
            mcu_au_unref(mix_aenc_encode(encoders[p], pcm, r->tick * MIX_BLOCK, now_ns));
        }
        encodes_s += thread_cpu_s() - at;
    }
    printf("sixteen with one talker: %.3f of sixteen encodes\n", room_s / encodes_s);
    assert_true(room_s <= 0.27 * encodes_s);
    for (unsigned p = 0; p < 16; p++) {
        mix_aenc_free(encoders[p]);
    }
    room_free(r);
}

/* Person 0 hears person 1's steady tone while he himself starts and stops talking: his stream changes encoders four times. */
static void changing_encoders_makes_no_click(void **state)
{
    (void)state;
    static const int bitrates[] = {24000, 32000, 64000};
    for (unsigned b = 0; b < 3; b++) {
        mix_audio_config config = {.complexity = -1, .bitrate_bps = bitrates[b]};
        room *r = room_new(3, &config, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
        r->link[1].amplitude = kit_amplitude(-20);
        room_run(r, 100);
        assert_int_equal(encodes(r), 2);
        int steady = kit_roughness(r->heard[0] + 50 * MIX_BLOCK, 50 * MIX_BLOCK);
        for (unsigned k = 0; k < 2; k++) {
            r->link[0].amplitude = kit_amplitude(-15);
            room_run(r, 50);
            assert_int_equal(encodes(r), 3);
            r->link[0].amplitude = 0;
            room_run(r, 50);
            assert_int_equal(encodes(r), 2);
        }
        int changing = kit_roughness(r->heard[0] + 100 * MIX_BLOCK, 200 * MIX_BLOCK);
        printf("%d bit/s: roughness steady %d, across changes %d\n", bitrates[b], steady, changing);
        assert_true(changing <= steady * 3 / 2 + 20);
        assert_true(fabs(heard_db(r, 0, 1, 200) + 20) < 1.5);
        room_free(r);
    }
}

/* Two people who both talk leave the shared encoder unused; whoever comes back to it brings his state along. */
static void coming_back_to_an_unused_shared_encode_makes_no_click(void **state)
{
    (void)state;
    room *r = room_new(2, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    r->link[0].amplitude = kit_amplitude(-20);
    r->link[1].amplitude = kit_amplitude(-20);
    room_run(r, 150);
    assert_int_equal(encodes(r), 2);
    int steady = kit_roughness(r->heard[0] + 75 * MIX_BLOCK, 75 * MIX_BLOCK);
    r->link[0].amplitude = 0;
    room_run(r, 100);
    assert_int_equal(encodes(r), 2); /* 0 shared, 1 private */
    int after = kit_roughness(r->heard[0] + 150 * MIX_BLOCK, 100 * MIX_BLOCK);
    printf("back to shared: roughness steady %d, after %d\n", steady, after);
    assert_true(after <= steady * 3 / 2 + 20);
    room_free(r);
}

/* Packets of 60 ms while the line is thin, of 20 ms before and after, without a hole between them; the voice is heard all along.
 */
static void a_thin_line_gets_long_packets_without_a_hole(void **state)
{
    (void)state;
    room *r = room_new(2, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    r->link[1].amplitude = kit_amplitude(-20);
    mix_alistener *l = r->listener[0];
    atomic_store(&l->thin_encoder, mix_aenc_new_thin(NULL, NULL));
    unsigned thin_packets = 0, thin_bytes = 0, wide_packets = 0, at = 0;
    int16_t *heard = r->heard[0];
    for (unsigned t = 0; t < 400; t++, r->tick++) {
        int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
        atomic_store(&l->profile, t >= 50 && t < 351 ? MIX_PROFILE_LONG : MIX_PROFILE_FULL);
        for (unsigned p = 0; p < 2; p++) {
            kit_link_step(&r->link[p], now_ns, r->voice[p]);
        }
        mix_abatch_clear(&r->batch);
        mix_acore_tick(r->core, now_ns, r->tick * MIX_BLOCK, now_ns, &r->batch);
        for (unsigned i = 0; i < r->batch.n; i++) {
            const mcu_au *au = r->batch.out[i].au;
            if (r->batch.out[i].listener != l) {
                continue;
            }
            unsigned n = 0;
            int16_t pcm[MIX_PACKET_MAX];
            assert_int_equal(mix_adec_decode(r->ear[0], au->data, au->size, pcm, &n), MCU_OK);
            assert_int_equal(au->ts, at);
            memcpy(heard + at, pcm, n * sizeof *pcm);
            at += n;
            thin_packets += n == 3 * MIX_BLOCK;
            thin_bytes += n == 3 * MIX_BLOCK ? (unsigned)au->size : 0;
            wide_packets += n == MIX_BLOCK;
        }
    }
    assert_int_equal(at, 400 * MIX_BLOCK);
    assert_int_equal(thin_packets, 101); /* the last one was ended first */
    assert_int_equal(wide_packets, 400 - 303);
    assert_true(thin_bytes * 8 / (thin_packets * 0.06) < 14000);
    assert_true(fabs(heard_db(r, 0, 1, 30) + 20) < 2);
    assert_true(fabs(kit_level_db(heard + 100 * MIX_BLOCK, 200 * MIX_BLOCK, tone_hz(1)) + 20) < 3);
    mix_abatch_clear(&r->batch);
    room_free(r);
}

/* Each profile in its turn, also in the middle of a packet: as many bits, as long packets as it says, and no hole. */
static void every_profile_has_its_rate(void **state)
{
    (void)state;
    enum { EACH = 200 };
    static const struct {
        mix_audio_profile profile;
        unsigned blocks, bitrate;
    } rows[] = {{MIX_PROFILE_FULL, 1, 32000},
                {MIX_PROFILE_LESS, 1, 20000},
                {MIX_PROFILE_LEAST, 3, 10000},
                {MIX_PROFILE_LONG, 3, 12000},
                {MIX_PROFILE_LESS, 1, 20000}};
    room *r = room_new(2, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    r->link[1].amplitude = kit_amplitude(-20);
    mix_alistener *l = r->listener[0];
    atomic_store(&l->thin_encoder, mix_aenc_new_thin(NULL, NULL));
    unsigned at = 0;
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        unsigned bytes = 0, samples = 0;
        atomic_store(&l->profile, rows[row].profile);
        for (unsigned t = 0; t < EACH; t++, r->tick++) {
            int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
            for (unsigned p = 0; p < 2; p++) {
                kit_link_step(&r->link[p], now_ns, r->voice[p]);
            }
            mix_abatch_clear(&r->batch);
            mix_acore_tick(r->core, now_ns, r->tick * MIX_BLOCK, now_ns, &r->batch);
            for (unsigned i = 0; i < r->batch.n; i++) {
                const mcu_au *au = r->batch.out[i].au;
                if (r->batch.out[i].listener == l) {
                    unsigned n = mix_adec_duration(MCU_CODEC_OPUS, au->data, au->size);
                    assert_int_equal(au->ts, at);
                    assert_true(t < 3 || n == rows[row].blocks * MIX_BLOCK);
                    at += n;
                    samples += t < 50 ? 0 : n;
                    bytes += t < 50 ? 0 : (unsigned)au->size;
                }
            }
        }
        double bps = bytes * 8.0 * MIX_RATE / samples;
        assert_true(bps > rows[row].bitrate * 0.5 && bps < rows[row].bitrate * 1.2);
    }
    mix_abatch_clear(&r->batch);
    room_free(r);
}

static void muted_is_measured_and_not_heard(void **state)
{
    (void)state;
    room *r = room_new(2, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    r->link[0].amplitude = kit_amplitude(-20);
    room_run(r, 100);
    assert_true(heard_db(r, 1, 0, 25) > -21);
    atomic_store(&r->voice[0]->muted, true);
    room_run(r, 60);
    assert_true(heard_db(r, 1, 0, 25) < -70);
    assert_true(r->voice[0]->figures.level_mdb > -25000);
    assert_true(r->voice[0]->figures.talking);
    assert_int_equal(encodes(r), 1); /* nobody else would hear him, so his mix is everybody's */
    atomic_store(&r->voice[0]->muted, false);
    room_run(r, 50);
    assert_true(heard_db(r, 1, 0, 25) > -21);
    room_free(r);
}

static void eight_shouting_stay_under_minus_1_dbtp(void **state)
{
    (void)state;
    room *r = room_new(9, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    for (unsigned p = 0; p < 8; p++) {
        r->link[p].amplitude = 30000;
    }
    static int16_t mixed[100 * MIX_BLOCK];
    for (unsigned t = 0; t < 100; t++) {
        room_run(r, 1);
        memcpy(mixed + t * MIX_BLOCK, r->listener[8]->follows->pcm, MIX_BLOCK * sizeof *mixed);
    }
    double peak_db = kit_true_peak_db(mixed, 100 * MIX_BLOCK);
    printf("eight shouting: true peak %.2f dBTP\n", peak_db);
    assert_true(peak_db <= -1);
    unsigned clipped = 0;
    for (unsigned i = 0; i < 100 * MIX_BLOCK; i++) {
        clipped += abs(r->heard[8][i]) >= 32767;
    }
    assert_int_equal(clipped, 0);
    room_free(r);
}

/* The recording's ear: everybody, until somebody is masked; then everybody but him, from that tick on, and the others as before.
 */
static void masked_is_heard_by_people_and_not_by_the_recording(void **state)
{
    (void)state;
    mix_audio_config config = {.complexity = -1, .bitrate_bps = 96000};
    room *r = room_new(4, &config, &(kit_sender_config){.codec = MCU_CODEC_OPUS, .bitrate = 96000});
    r->listener[3]->own_voice = MIX_HEARS_UNMASKED;
    for (unsigned p = 0; p < 4; p++) {
        r->link[p].amplitude = kit_amplitude(-24);
    }
    room_run(r, 100);
    for (unsigned p = 0; p < 4; p++) {
        assert_true(heard_db(r, 3, p, 50) > -30);
    }
    atomic_store(&r->voice[1]->masked, true);
    atomic_store(&r->voice[2]->masked, true);
    room_run(r, 100);
    assert_true(heard_db(r, 3, 0, 80) > -30 && heard_db(r, 3, 3, 80) > -30);
    assert_true(heard_db(r, 3, 1, 80) < -60 && heard_db(r, 3, 2, 80) < -60);
    assert_true(heard_db(r, 0, 1, 80) > -30 && heard_db(r, 1, 2, 80) > -30);
    atomic_store(&r->voice[1]->masked, false);
    atomic_store(&r->voice[2]->masked, false);
    room_run(r, 50);
    assert_true(heard_db(r, 3, 1, 40) > -30 && heard_db(r, 3, 2, 40) > -30);
    room_free(r);
}

static void leaving_changes_nothing_for_the_others(void **state)
{
    (void)state;
    room *r = room_new(3, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    r->link[1].amplitude = kit_amplitude(-20);
    room_run(r, 100);
    int steady = kit_roughness(r->heard[0] + 50 * MIX_BLOCK, 50 * MIX_BLOCK);
    r->people = 2;
    mix_acore_remove_listener(r->core, r->listener[2]);
    mix_acore_remove_voice(r->core, r->voice[2]);
    room_run(r, 100);
    assert_true(kit_roughness(r->heard[0] + 100 * MIX_BLOCK, 100 * MIX_BLOCK) <= steady * 3 / 2 + 20);
    r->people = 3; /* for the clearing up */
    room_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_hears_the_others_and_not_himself),
        cmocka_unit_test(one_talker_of_sixteen_takes_two_encodes),
        cmocka_unit_test(one_talker_of_sixteen_costs_a_quarter_of_sixteen_encodes),
        cmocka_unit_test(changing_encoders_makes_no_click),
        cmocka_unit_test(coming_back_to_an_unused_shared_encode_makes_no_click),
        cmocka_unit_test(a_thin_line_gets_long_packets_without_a_hole),
        cmocka_unit_test(every_profile_has_its_rate),
        cmocka_unit_test(muted_is_measured_and_not_heard),
        cmocka_unit_test(eight_shouting_stay_under_minus_1_dbtp),
        cmocka_unit_test(masked_is_heard_by_people_and_not_by_the_recording),
        cmocka_unit_test(leaving_changes_nothing_for_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
