/* The menu before a room, key by key; time moves as the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signaling/phone/ivr.h"

#define SEC INT64_C(1000000000)

typedef struct {
    tel_ivr *ivr;
    tel_prompt playing;
    char pin[32], language[8], reason[32];
    unsigned submitted, joined, hung_up;
    int64_t now;
} world;

static void play(void *user, tel_prompt p)
{
    ((world *)user)->playing = p;
}

static void language(void *user, const char *l)
{
    strcpy(((world *)user)->language, l);
}

static void submit(void *user, const char *pin)
{
    world *w = user;
    strcpy(w->pin, pin);
    w->submitted++;
}

static void join(void *user)
{
    ((world *)user)->joined++;
}

static void hang_up(void *user, const char *reason)
{
    world *w = user;
    strcpy(w->reason, reason);
    w->hung_up++;
}

static void begin(world *w, const char *const *languages)
{
    static const tel_ivr_do doers = {play, language, submit, join, hang_up};
    memset(w, 0, sizeof *w);
    w->now = 7 * SEC;
    w->ivr = tel_ivr_new(&doers, w, languages);
}

static void press(world *w, const char *keys)
{
    for (; *keys; keys++) {
        tel_ivr_digit(w->ivr, *keys, w->now);
    }
}

static void played(world *w)
{
    tel_ivr_played(w->ivr, w->now);
}

static void wait_s(world *w, int64_t seconds)
{
    int64_t until = w->now + seconds * SEC;
    while (tel_ivr_next_ns(w->ivr) <= until) {
        w->now = tel_ivr_next_ns(w->ivr);
        tel_ivr_step(w->ivr, w->now);
    }
    w->now = until;
}

static void a_right_pin_leads_in(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    assert_int_equal(w.playing, TEL_PROMPT_PIN);
    press(&w, "12*3456#"); /* a star begins again; keys end the prompt */
    assert_int_equal(w.playing, TEL_PROMPT_NONE);
    assert_string_equal(w.pin, "3456");
    tel_ivr_verdict(w.ivr, TEL_VERDICT_OK, w.now);
    wait_s(&w, 300);
    assert_int_equal(w.hung_up, 0);
    assert_int_equal(w.submitted, 1);
    tel_ivr_free(w.ivr);
}

static void a_pin_without_hash_is_taken_after_a_pause(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    press(&w, "1234");
    wait_s(&w, 3);
    assert_int_equal(w.submitted, 0);
    press(&w, "5");
    wait_s(&w, 5);
    assert_int_equal(w.submitted, 1);
    assert_string_equal(w.pin, "12345");
    tel_ivr_free(w.ivr);
}

static void three_wrong_ones_are_the_end(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    for (int i = 0; i < 2; i++) {
        press(&w, "99#");
        tel_ivr_verdict(w.ivr, TEL_VERDICT_WRONG, w.now);
        assert_int_equal(w.playing, TEL_PROMPT_WRONG);
    }
    press(&w, "12345678901234567#"); /* seventeen digits are no PIN, and nobody is asked about them */
    assert_int_equal(w.submitted, 2);
    assert_int_equal(w.playing, TEL_PROMPT_NO_MORE_TRIES);
    press(&w, "1#");
    assert_int_equal(w.submitted, 2);
    played(&w);
    assert_int_equal(w.hung_up, 1);
    assert_string_equal(w.reason, "wrong_pin");
    tel_ivr_free(w.ivr);
}

static void who_is_silent_is_asked_again_then_let_go(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    played(&w);
    wait_s(&w, 9);
    assert_int_equal(w.playing, TEL_PROMPT_PIN);
    played(&w);
    wait_s(&w, 9);
    assert_int_equal(w.playing, TEL_PROMPT_GOODBYE);
    played(&w);
    assert_string_equal(w.reason, "no_key");
    tel_ivr_free(w.ivr);
}

static void nobody_stays_for_ever(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    for (int i = 0; i < 200 && !w.hung_up; i++) {
        press(&w, "1*");
        wait_s(&w, 1);
    }
    assert_int_equal(w.hung_up, 1);
    tel_ivr_free(w.ivr);
}

static void a_gateway_that_says_nothing_is_not_waited_for(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_caller(w.ivr, w.now);
    press(&w, "12345678#");
    wait_s(&w, 7);
    assert_int_equal(w.playing, TEL_PROMPT_LATER);
    tel_ivr_verdict(w.ivr, TEL_VERDICT_OK, w.now); /* too late */
    played(&w);
    assert_string_equal(w.reason, "unavailable");
    tel_ivr_free(w.ivr);
}

static void every_refusal_is_spoken(void **state)
{
    static const struct {
        tel_verdict verdict;
        tel_prompt prompt;
    } rows[] = {{TEL_VERDICT_BLOCKED, TEL_PROMPT_BLOCKED},
                {TEL_VERDICT_ENDED, TEL_PROMPT_ENDED},
                {TEL_VERDICT_FULL, TEL_PROMPT_FULL},
                {TEL_VERDICT_LOCKED, TEL_PROMPT_LOCKED},
                {TEL_VERDICT_LATER, TEL_PROMPT_LATER}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        begin(&w, NULL);
        tel_ivr_begin_caller(w.ivr, w.now);
        press(&w, "12345678#");
        tel_ivr_verdict(w.ivr, rows[i].verdict, w.now);
        assert_int_equal(w.playing, rows[i].prompt);
        played(&w);
        assert_int_equal(w.hung_up, 1);
        tel_ivr_free(w.ivr);
    }
}

static void a_number_without_language_asks_for_one(void **state)
{
    static const char *const languages[] = {"en", "es", "fr", NULL};
    world w;
    (void)state;
    begin(&w, languages);
    tel_ivr_begin_caller(w.ivr, w.now);
    assert_int_equal(w.playing, TEL_PROMPT_LANGUAGE);
    press(&w, "7");
    assert_int_equal(w.playing, TEL_PROMPT_LANGUAGE);
    press(&w, "2");
    assert_string_equal(w.language, "es");
    assert_int_equal(w.playing, TEL_PROMPT_PIN);
    tel_ivr_free(w.ivr);
}

static void a_callee_comes_in_by_1_and_no_other_way(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_callee(w.ivr, w.now);
    assert_int_equal(w.playing, TEL_PROMPT_CALLING);
    press(&w, "23456789*#0");
    assert_int_equal(w.joined, 0);
    press(&w, "1");
    assert_int_equal(w.joined, 1);
    wait_s(&w, 60);
    assert_int_equal(w.hung_up, 0);
    tel_ivr_free(w.ivr);
}

static void a_voicemail_is_hung_up_after_15_s(void **state)
{
    world w;
    (void)state;
    begin(&w, NULL);
    tel_ivr_begin_callee(w.ivr, w.now);
    wait_s(&w, 7);
    played(&w); /* and is said again */
    assert_int_equal(w.playing, TEL_PROMPT_CALLING);
    wait_s(&w, 7);
    assert_int_equal(w.hung_up, 0);
    wait_s(&w, 2);
    assert_int_equal(w.hung_up, 1);
    assert_int_equal(w.joined, 0);
    assert_string_equal(w.reason, "no_key");
    tel_ivr_free(w.ivr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_pin_leads_in),
        cmocka_unit_test(a_pin_without_hash_is_taken_after_a_pause),
        cmocka_unit_test(three_wrong_ones_are_the_end),
        cmocka_unit_test(who_is_silent_is_asked_again_then_let_go),
        cmocka_unit_test(nobody_stays_for_ever),
        cmocka_unit_test(a_gateway_that_says_nothing_is_not_waited_for),
        cmocka_unit_test(every_refusal_is_spoken),
        cmocka_unit_test(a_number_without_language_asks_for_one),
        cmocka_unit_test(a_callee_comes_in_by_1_and_no_other_way),
        cmocka_unit_test(a_voicemail_is_hung_up_after_15_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
