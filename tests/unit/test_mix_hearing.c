/* Who hears whom: whispers, interpretations, heart sounds; how many encodes that takes, and that nobody hears the changes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio_room.h"

enum { SPANISH = 1, FRENCH = 2 };
enum { PATIENT, CLINICIAN, INTERPRETER, FAMILY, SECOND, TAPE }; /* the last one listens as a recording does */

static const kit_sender_config opus = {.codec = MCU_CODEC_OPUS, .bitrate = 96000};
static const mix_audio_config clear = {.complexity = -1, .bitrate_bps = 96000};

static room *visit_new(const kit_sender_config *sender)
{
    room *r = room_new(6, &clear, sender);
    r->listener[TAPE]->own_voice = MIX_HEARS_UNMASKED;
    return r;
}

static void talk(room *r, unsigned person, double db)
{
    r->link[person].amplitude = db > -100 ? kit_amplitude(db) : 0;
}

static void route(room *r, unsigned person, mix_route_kind kind, uint32_t to)
{
    assert_true(mix_avoice_address(r->voice[person], (mix_route){kind, to}));
}

/* Within 1.5 dB of `db`; under -100 = not at all. */
static void expect(const room *r, unsigned listener, unsigned voice, double db)
{
    double heard = heard_db(r, listener, voice, 40);
    if (db < -100 ? heard > -75 : fabs(heard - db) > 1.5) {
        fail_msg("listener %u hears voice %u at %.1f dB instead of %.1f", listener, voice, heard, db);
    }
}

#define NOT_HEARD (-127)

static void a_whisper_is_for_one(void **state)
{
    (void)state;
    room *r = visit_new(&opus);
    talk(r, PATIENT, -24);
    route(r, CLINICIAN, MIX_FOR_ONE, INTERPRETER + 1);
    room_run(r, 20);
    talk(r, CLINICIAN, -24);
    room_run(r, 80);
    for (unsigned l = 0; l < 6; l++) {
        expect(r, l, PATIENT, l == PATIENT ? NOT_HEARD : -24);
        expect(r, l, CLINICIAN, l == INTERPRETER ? -24 : NOT_HEARD);
    }
    assert_int_equal(encodes(r), 3); /* the patient's, the interpreter's, everybody's */
    room_free(r);
}

/* From everybody to one, to another one and back: in no block is anything heard by who should not hear it. */
static void a_whisper_leaks_at_neither_end(void **state)
{
    (void)state;
    room *r = visit_new(&opus);
    route(r, CLINICIAN, MIX_FOR_ONE, INTERPRETER + 1);
    room_run(r, 10);
    talk(r, CLINICIAN, -12);
    room_run(r, 60);
    expect(r, INTERPRETER, CLINICIAN, -12);
    route(r, CLINICIAN, MIX_FOR_ONE, FAMILY + 1); /* what is on its way was for the interpreter */
    room_run(r, 10);
    assert_true(heard_db(r, INTERPRETER, CLINICIAN, 5) > -14);
    talk(r, CLINICIAN, NOT_HEARD);
    room_run(r, 30);
    talk(r, CLINICIAN, -12);
    room_run(r, 50);
    expect(r, FAMILY, CLINICIAN, -12);
    talk(r, CLINICIAN, NOT_HEARD); /* the last word, and the whisper ends with it */
    route(r, CLINICIAN, MIX_FOR_ALL, 0);
    room_run(r, 50);
    for (unsigned l = 0; l < 6; l++) {
        if (l != INTERPRETER && l != FAMILY) {
            assert_true(heard_db(r, l, CLINICIAN, r->tick) < -75);
        }
    }
    assert_true(kit_level_db(r->heard[FAMILY], 80 * MIX_BLOCK, tone_hz(CLINICIAN)) < -75); /* what the interpreter was told */
    talk(r, CLINICIAN, -12);
    room_run(r, 60);
    expect(r, PATIENT, CLINICIAN, -12);
    expect(r, TAPE, CLINICIAN, -12);
    assert_int_equal(encodes(r), 2);
    room_free(r);
}

static void who_goes_takes_no_whisper_to_another(void **state)
{
    (void)state;
    room *r = visit_new(&opus);
    route(r, TAPE, MIX_FOR_ONE, CLINICIAN + 1); /* the last voice, which takes the place of one that leaves */
    route(r, PATIENT, MIX_FOR_ONE, FAMILY + 1);
    talk(r, PATIENT, -20);
    talk(r, TAPE, -20);
    room_run(r, 60);
    mix_acore_remove_voice(r->core, r->voice[PATIENT]);
    unsigned at = r->tick;
    room_run(r, 40);
    expect(r, CLINICIAN, TAPE, -20);
    assert_true(kit_level_db(r->heard[FAMILY] + (at + 2) * MIX_BLOCK, 38 * MIX_BLOCK, tone_hz(TAPE)) < -75);
    room_free(r);
}

static void an_interpretation_is_over_the_softened_original(void **state)
{
    (void)state;
    room *r = visit_new(&opus);
    atomic_store(&r->listener[PATIENT]->hears, SPANISH);
    atomic_store(&r->listener[FAMILY]->hears, SPANISH);
    atomic_store(&r->listener[SECOND]->hears, MIX_HEARS_ALL);
    route(r, INTERPRETER, MIX_FOR_CHANNEL, SPANISH);
    talk(r, CLINICIAN, -20);
    room_run(r, 60);
    expect(r, PATIENT, CLINICIAN, -20); /* nobody interprets yet */
    assert_int_equal(encodes(r), 2);
    talk(r, INTERPRETER, -20);
    room_run(r, 80);
    static const struct {
        unsigned listener;
        double original, interpretation;
    } rows[] = {{PATIENT, -35, -20},           {FAMILY, -35, -20}, {CLINICIAN, NOT_HEARD, NOT_HEARD},
                {INTERPRETER, -20, NOT_HEARD}, {SECOND, -20, -20}, {TAPE, -20, -20}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        expect(r, rows[i].listener, CLINICIAN, rows[i].original);
        expect(r, rows[i].listener, INTERPRETER, rows[i].interpretation);
    }
    /* Spanish for two, both for two, the original for the interpreter, and without himself for the clinician */
    assert_int_equal(encodes(r), 4);
    assert_ptr_equal(r->listener[PATIENT]->follows, r->listener[FAMILY]->follows);
    assert_ptr_equal(r->listener[SECOND]->follows, r->listener[TAPE]->follows);
    route(r, INTERPRETER, MIX_FOR_CHANNEL, FRENCH); /* the other way round now */
    atomic_store(&r->listener[CLINICIAN]->hears, FRENCH);
    talk(r, CLINICIAN, NOT_HEARD);
    talk(r, PATIENT, -20);
    room_run(r, 100);
    expect(r, CLINICIAN, PATIENT, -35);
    expect(r, CLINICIAN, INTERPRETER, -20);
    expect(r, FAMILY, PATIENT, -20);
    expect(r, FAMILY, INTERPRETER, NOT_HEARD);
    talk(r, INTERPRETER, NOT_HEARD);
    talk(r, PATIENT, NOT_HEARD);
    room_run(r, 60);
    assert_int_equal(encodes(r), 1);
    room_free(r);
}

/* Everybody hears a steady tone while mixes part and come together again around him. */
static void no_change_makes_a_click(void **state)
{
    (void)state;
    room *r = visit_new(&(kit_sender_config){.codec = MCU_CODEC_PCMU});
    talk(r, CLINICIAN, -20);
    atomic_store(&r->listener[FAMILY]->hears, SPANISH);
    room_run(r, 60);
    int steady = heard_roughness(r, FAMILY, 40);
    assert_int_equal(encodes(r), 2);
    route(r, INTERPRETER, MIX_FOR_CHANNEL, SPANISH);
    talk(r, INTERPRETER, -30);
    room_run(r, 60);                                     /* the family's mix parts, the original goes down */
    assert_int_equal(encodes(r), 4);                     /* Spanish, the original, without the clinician, and the recording's */
    atomic_store(&r->listener[PATIENT]->hears, SPANISH); /* in the middle of a word */
    room_run(r, 30);
    assert_int_equal(encodes(r), 4);
    assert_ptr_equal(r->listener[PATIENT]->follows, r->listener[FAMILY]->follows);
    atomic_store(&r->listener[FAMILY]->hears, MIX_HEARS_ORIGINAL);
    room_run(r, 30);
    talk(r, INTERPRETER, NOT_HEARD);
    route(r, SECOND, MIX_FOR_ONE, FAMILY + 1);
    talk(r, SECOND, -30);
    room_run(r, 90);
    talk(r, SECOND, NOT_HEARD);
    room_run(r, 50);
    assert_int_equal(encodes(r), 2);
    for (unsigned l = 0; l < 6; l++) {
        int changing = l == CLINICIAN ? 0 : heard_roughness(r, l, r->tick - 60);
        printf("listener %u: roughness steady %d, across changes %d\n", l, steady, changing);
        assert_true(changing <= steady * 3 / 2 + 60); /* the other tones are in it, a click is ten times that */
    }
    room_free(r);
}

/* A telephone's interpreter for browsers, and a telephone that hears him: each voice beside the sums is brought to each rate. */
static void interpreters_and_listeners_may_be_on_the_telephone(void **state)
{
    (void)state;
    mix_acore *core = mix_acore_new();
    mix_avoice *doctor = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    mix_avoice *interpreter = mix_avoice_new_line(2, MCU_CODEC_PCMU, false, NULL);
    mix_alistener *page = mix_alistener_new(3, 0, &clear, NULL);
    mix_alistener *phone = mix_alistener_new_line(4, 0, MCU_CODEC_G722, &clear, NULL);
    mix_alistener *narrow = mix_alistener_new_line(5, 2, MCU_CODEC_PCMU, &clear, NULL); /* the interpreter's own */
    mix_alistener *all[] = {page, phone, narrow};
    mix_adec *ears[] = {mix_adec_new(MCU_CODEC_OPUS, NULL), mix_adec_new(MCU_CODEC_G722, NULL),
                        mix_adec_new(MCU_CODEC_PCMU, NULL)};
    static int16_t heard[3][120 * MIX_BLOCK];
    kit_link links[2];
    kit_link_init(&links[0], &opus, &(kit_network){.seed = 1}, 500, kit_amplitude(-20), START_NS);
    kit_link_init(&links[1], &(kit_sender_config){.codec = MCU_CODEC_PCMU}, &(kit_network){.seed = 2}, 1300, kit_amplitude(-20),
                  START_NS);
    assert_int_equal(mix_acore_add_voice(core, doctor), MCU_OK);
    assert_int_equal(mix_acore_add_voice(core, interpreter), MCU_OK);
    assert_true(mix_avoice_address(interpreter, (mix_route){MIX_FOR_CHANNEL, SPANISH}));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mix_acore_add_listener(core, all[i]), MCU_OK);
        atomic_store(&all[i]->hears, i < 2 ? SPANISH : MIX_HEARS_ORIGINAL);
    }
    mix_abatch batch = {0};
    for (unsigned t = 0; t < 120; t++) {
        int64_t now_ns = START_NS + t * MIX_BLOCK_NS;
        kit_link_step(&links[0], now_ns, doctor);
        kit_link_step(&links[1], now_ns, interpreter);
        mix_abatch_clear(&batch);
        mix_acore_tick(core, now_ns, t * MIX_BLOCK, now_ns, &batch);
        for (unsigned i = 0; i < 3; i++) {
            int16_t pcm[MIX_PACKET_MAX];
            unsigned n = 0;
            assert_int_equal(mix_adec_decode(ears[i], batch.out[i].au->data, batch.out[i].au->size, pcm, &n), MCU_OK);
            assert_int_equal(n, MIX_BLOCK);
            memcpy(heard[i] + t * MIX_BLOCK, pcm, MIX_BLOCK * sizeof *pcm);
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        const int16_t *last = heard[i] + 70 * MIX_BLOCK;
        assert_true(fabs(kit_level_db(last, 50 * MIX_BLOCK, 500) - (i < 2 ? -35 : -20)) < 2);
        double interpretation = kit_level_db(last, 50 * MIX_BLOCK, 1300);
        assert_true(i < 2 ? fabs(interpretation + 20) < 2 : interpretation < -55);
    }
    mix_abatch_clear(&batch);
    for (unsigned i = 0; i < 3; i++) {
        mix_acore_remove_listener(core, all[i]);
        mix_alistener_free(all[i]);
        mix_adec_free(ears[i]);
    }
    mix_acore_remove_voice(core, doctor);
    mix_acore_remove_voice(core, interpreter);
    mix_avoice_free(doctor);
    mix_avoice_free(interpreter);
    mix_acore_free(core);
    kit_link_clear(&links[0]);
    kit_link_clear(&links[1]);
}

/* Streams are as many as listeners, and each leaves with one of his own, whoever used it. */
static void who_listens_may_go_at_any_time(void **state)
{
    (void)state;
    room *r = room_new(16, NULL, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    uint32_t random = 7;
    talk(r, 15, -20);
    room_run(r, 20);
    for (unsigned leaves = 0; leaves < 12; leaves++) {
        for (unsigned p = leaves; p < 15; p++) {
            atomic_store(&r->listener[p]->hears, (unsigned)(kit_random(&random) * 3));
            route(r, p, kit_random(&random) < 0.5 ? MIX_FOR_ALL : MIX_FOR_CHANNEL, 1 + p % 2);
            talk(r, p, kit_random(&random) < 0.3 ? -40 : NOT_HEARD);
        }
        mix_abatch batch = {0};
        for (unsigned t = 0; t < 5; t++, r->tick++) {
            int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
            for (unsigned p = 0; p < 16; p++) {
                kit_link_step(&r->link[p], now_ns, r->voice[p]);
            }
            mix_abatch_clear(&batch);
            mix_acore_tick(r->core, now_ns, r->tick * MIX_BLOCK, now_ns, &batch);
            assert_int_equal(batch.n, 16 - leaves);
        }
        mix_abatch_clear(&batch);
        mix_alistener *gone = r->listener[leaves];
        mix_acore_remove_listener(r->core, gone);
        for (unsigned p = leaves + 1; p < 16; p++) {
            assert_ptr_not_equal(r->listener[p]->follows, gone->stream);
            assert_non_null(r->listener[p]->follows);
        }
        mix_alistener_free(gone);
        r->listener[leaves] = mix_alistener_new(leaves + 1, leaves + 1, NULL, NULL); /* for the clearing up */
    }
    room_free(r);
}

/* Level at which listener 2 hears a tone of person 0, whose noise and loudness are seen to where he is no patient under
 * examination. */
static double heard_tone_db(double hz, bool clinical)
{
    room *r = room_new(3, NULL, &(kit_sender_config){.codec = MCU_CODEC_OPUS, .bitrate = 96000, .audio = true});
    r->link[0].hz = hz;
    r->voice[0]->even = true;
    assert_true(mix_avoice_denoise(r->voice[0], true));
    route(r, 0, clinical ? MIX_FOR_ALL_CLINICAL : MIX_FOR_ALL, 0);
    talk(r, 0, -20);
    room_run(r, 100);
    double db = kit_level_db(r->heard[2] + 50 * MIX_BLOCK, 50 * MIX_BLOCK, hz);
    room_free(r);
    return db;
}

static void heart_and_lungs_come_through_as_they_are(void **state)
{
    (void)state;
    static const double hz[] = {30, 45, 60, 200, 1000, 6000, 14000};
    for (unsigned i = 0; i < G_N_ELEMENTS(hz); i++) {
        double ordinary = heard_tone_db(hz[i], false), clinical = heard_tone_db(hz[i], true);
        printf("%.0f Hz of -20 dB: %.1f dB as a voice, %.1f dB as clinical sound\n", hz[i], ordinary, clinical);
        assert_true(fabs(clinical + 20) < 1);
        assert_true((hz[i] > 60 && hz[i] < 10000) || ordinary < -23);
    }
}

static void others_are_softened_while_a_heart_sounds(void **state)
{
    (void)state;
    room *r = visit_new(&opus);
    talk(r, CLINICIAN, -20);
    room_run(r, 60);
    int steady = heard_roughness(r, FAMILY, 40);
    route(r, PATIENT, MIX_FOR_ALL_CLINICAL, 0); /* nothing is heard of it yet: another encoder all the same */
    room_run(r, 60);
    expect(r, FAMILY, CLINICIAN, -20);
    assert_int_equal(encodes(r), 2);
    talk(r, PATIENT, -30);
    room_run(r, 70);
    expect(r, FAMILY, PATIENT, -30);
    expect(r, FAMILY, CLINICIAN, -35);
    expect(r, PATIENT, CLINICIAN, -20);
    expect(r, TAPE, CLINICIAN, -20);
    talk(r, PATIENT, NOT_HEARD);
    room_run(r, 80); /* between two beats they stay so */
    expect(r, FAMILY, CLINICIAN, -35);
    room_run(r, 130);
    expect(r, FAMILY, CLINICIAN, -20);
    route(r, PATIENT, MIX_FOR_ALL, 0);
    room_run(r, 60);
    expect(r, FAMILY, CLINICIAN, -20);
    int changing = heard_roughness(r, FAMILY, r->tick - 60);
    printf("to clinical and back: roughness steady %d, across changes %d\n", steady, changing);
    assert_true(changing <= steady * 3 / 2 + 60);
    room_free(r);
}

/* Switched in the middle of a visit, by whoever may. */
static void noise_goes_when_it_is_asked_to(void **state)
{
    (void)state;
    room *r = room_new(2, &clear, &(kit_sender_config){.codec = MCU_CODEC_PCMU});
    talk(r, 0, -30); /* as steady as a fan */
    room_run(r, 100);
    assert_true(fabs(heard_db(r, 1, 0, 40) + 30) < 1);
    assert_true(mix_avoice_denoise(r->voice[0], true));
    room_run(r, 200);
    assert_true(heard_db(r, 1, 0, 40) < -38);
    assert_true(mix_avoice_denoise(r->voice[0], false));
    room_run(r, 60);
    assert_true(fabs(heard_db(r, 1, 0, 40) + 30) < 1);
    room_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whisper_is_for_one),
        cmocka_unit_test(a_whisper_leaks_at_neither_end),
        cmocka_unit_test(who_goes_takes_no_whisper_to_another),
        cmocka_unit_test(an_interpretation_is_over_the_softened_original),
        cmocka_unit_test(no_change_makes_a_click),
        cmocka_unit_test(interpreters_and_listeners_may_be_on_the_telephone),
        cmocka_unit_test(who_listens_may_go_at_any_time),
        cmocka_unit_test(heart_and_lungs_come_through_as_they_are),
        cmocka_unit_test(others_are_softened_while_a_heart_sounds),
        cmocka_unit_test(noise_goes_when_it_is_asked_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
