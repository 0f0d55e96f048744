#include "signaling/phone/ivr.h"

#include <glib.h>
#include <string.h>

#define SEC INT64_C(1000000000)
#define FIRST_DIGIT_NS (8 * SEC) /* after the prompt */
#define NEXT_DIGIT_NS (4 * SEC)
#define VERDICT_NS (6 * SEC)
#define CALLEE_NS (15 * SEC)
#define WHOLE_NS (120 * SEC) /* nobody stays in here */
#define SILENT_ROUNDS 2

typedef enum {
    IVR_NONE = 0,
    IVR_LANGUAGE,
    IVR_PIN,      /* plays the prompt, or takes digits */
    IVR_CHECK,    /* the gateway looks it up */
    IVR_CALLEE,   /* 1 leads in */
    IVR_FAREWELL, /* the last prompt plays */
    IVR_OVER,
} ivr_state;

struct tel_ivr {
    tel_ivr_do out;
    void *user;
    const char *const *languages;
    ivr_state state;
    tel_prompt playing;
    char digits[TEL_PIN_MAX + 1];
    unsigned n_digits, tries, silent;
    bool overlong;
    int64_t until_ns, whole_ns;
    const char *reason; /* of the farewell */
};

const char *tel_prompt_name(tel_prompt p)
{
    static const char *const names[TEL_N_PROMPTS] = {"none",  "language", "pin",    "wrong", "no-more-tries", "blocked",
                                                     "ended", "full",     "locked", "later", "calling",       "goodbye"};
    return (unsigned)p < TEL_N_PROMPTS ? names[p] : names[0];
}

tel_ivr *tel_ivr_new(const tel_ivr_do *out, void *user, const char *const *languages)
{
    tel_ivr *v = g_new0(tel_ivr, 1);
    v->out = *out;
    v->user = user;
    v->languages = languages && languages[0] && languages[1] ? languages : NULL;
    v->until_ns = v->whole_ns = INT64_MAX;
    return v;
}

void tel_ivr_free(tel_ivr *v)
{
    if (v) {
        memset(v->digits, 0, sizeof v->digits);
        g_free(v);
    }
}

static void play(tel_ivr *v, tel_prompt p)
{
    v->playing = p;
    v->out.play(v->user, p);
}

static void over(tel_ivr *v, const char *reason)
{
    v->state = IVR_OVER;
    v->until_ns = v->whole_ns = INT64_MAX;
    v->out.hang_up(v->user, reason);
}

/* The last thing it hears, then the end. */
static void farewell(tel_ivr *v, tel_prompt p, const char *reason)
{
    v->state = IVR_FAREWELL;
    v->reason = reason;
    v->until_ns = v->whole_ns;
    play(v, p);
}

static void forget_digits(tel_ivr *v)
{
    memset(v->digits, 0, sizeof v->digits);
    v->n_digits = 0;
    v->overlong = false;
}

static void ask_pin(tel_ivr *v, tel_prompt p)
{
    v->state = IVR_PIN;
    v->until_ns = INT64_MAX; /* runs from the prompt's end */
    forget_digits(v);
    play(v, p);
}

void tel_ivr_begin_caller(tel_ivr *v, int64_t now_ns)
{
    v->whole_ns = now_ns + WHOLE_NS;
    if (v->languages) {
        v->state = IVR_LANGUAGE;
        play(v, TEL_PROMPT_LANGUAGE);
    } else {
        ask_pin(v, TEL_PROMPT_PIN);
    }
}

void tel_ivr_begin_callee(tel_ivr *v, int64_t now_ns)
{
    v->state = IVR_CALLEE;
    v->until_ns = now_ns + CALLEE_NS;
    v->whole_ns = now_ns + WHOLE_NS;
    play(v, TEL_PROMPT_CALLING);
}

static void wrong(tel_ivr *v)
{
    v->tries++;
    if (v->tries >= TEL_PIN_TRIES) {
        farewell(v, TEL_PROMPT_NO_MORE_TRIES, "wrong_pin");
    } else {
        ask_pin(v, TEL_PROMPT_WRONG);
    }
}

static void submit(tel_ivr *v, int64_t now_ns)
{
    if (v->n_digits == 0 || v->overlong) {
        wrong(v);
        return;
    }
    char pin[TEL_PIN_MAX + 1];
    memcpy(pin, v->digits, sizeof pin);
    forget_digits(v);
    v->state = IVR_CHECK;
    v->until_ns = now_ns + VERDICT_NS;
    play(v, TEL_PROMPT_NONE);
    v->out.submit(v->user, pin);
    memset(pin, 0, sizeof pin);
}

static void pin_digit(tel_ivr *v, char digit, int64_t now_ns)
{
    if (v->playing != TEL_PROMPT_NONE) { /* who knows the way need not listen */
        play(v, TEL_PROMPT_NONE);
    }
    v->silent = 0;
    v->until_ns = now_ns + NEXT_DIGIT_NS;
    if (digit == '#') {
        submit(v, now_ns);
    } else if (digit == '*') {
        forget_digits(v); /* begin again */
    } else if (!g_ascii_isdigit(digit) || v->n_digits >= TEL_PIN_MAX) {
        v->overlong = true;
    } else {
        v->digits[v->n_digits++] = digit;
    }
}

static void choose_language(tel_ivr *v, char digit)
{
    for (unsigned i = 0; v->languages[i]; i++) {
        if (digit == (char)('1' + i)) {
            v->out.language(v->user, v->languages[i]);
            v->silent = 0;
            ask_pin(v, TEL_PROMPT_PIN);
            return;
        }
    }
}

void tel_ivr_digit(tel_ivr *v, char digit, int64_t now_ns)
{
    switch (v->state) {
    case IVR_LANGUAGE:
        choose_language(v, digit);
        break;
    case IVR_PIN:
        pin_digit(v, digit, now_ns);
        break;
    case IVR_CALLEE:
        if (digit == '1') {
            v->state = IVR_OVER;
            v->until_ns = v->whole_ns = INT64_MAX;
            play(v, TEL_PROMPT_NONE);
            v->out.join(v->user);
        }
        break;
    case IVR_NONE:
    case IVR_CHECK:
    case IVR_FAREWELL:
    case IVR_OVER:
        break;
    }
}

void tel_ivr_played(tel_ivr *v, int64_t now_ns)
{
    v->playing = TEL_PROMPT_NONE;
    switch (v->state) {
    case IVR_FAREWELL:
        over(v, v->reason);
        break;
    case IVR_LANGUAGE:
    case IVR_PIN:
        v->until_ns = now_ns + FIRST_DIGIT_NS;
        break;
    case IVR_CALLEE: /* said again until the time is up: the first words are often missed */
        play(v, TEL_PROMPT_CALLING);
        break;
    case IVR_NONE:
    case IVR_CHECK:
    case IVR_OVER:
        break;
    }
}

void tel_ivr_verdict(tel_ivr *v, tel_verdict verdict, int64_t now_ns)
{
    (void)now_ns;
    if (v->state != IVR_CHECK) {
        return;
    }
    switch (verdict) {
    case TEL_VERDICT_OK:
        v->state = IVR_OVER;
        v->until_ns = v->whole_ns = INT64_MAX;
        break;
    case TEL_VERDICT_WRONG:
        wrong(v);
        break;
    case TEL_VERDICT_BLOCKED:
        farewell(v, TEL_PROMPT_BLOCKED, "blocked");
        break;
    case TEL_VERDICT_ENDED:
        farewell(v, TEL_PROMPT_ENDED, "room_ended");
        break;
    case TEL_VERDICT_FULL:
        farewell(v, TEL_PROMPT_FULL, "full");
        break;
    case TEL_VERDICT_LOCKED:
        farewell(v, TEL_PROMPT_LOCKED, "locked");
        break;
    case TEL_VERDICT_NONE:
    case TEL_VERDICT_LATER:
        farewell(v, TEL_PROMPT_LATER, "unavailable");
        break;
    }
}

/* Nothing was pressed for a while. */
static void silence(tel_ivr *v)
{
    if (++v->silent >= SILENT_ROUNDS) {
        farewell(v, TEL_PROMPT_GOODBYE, "no_key");
    } else if (v->state == IVR_LANGUAGE) {
        v->until_ns = INT64_MAX;
        play(v, TEL_PROMPT_LANGUAGE);
    } else {
        ask_pin(v, TEL_PROMPT_PIN);
    }
}

void tel_ivr_step(tel_ivr *v, int64_t now_ns)
{
    if (now_ns >= v->whole_ns) {
        over(v, "no_key");
        return;
    }
    if (now_ns < v->until_ns) {
        return;
    }
    v->until_ns = INT64_MAX;
    switch (v->state) {
    case IVR_LANGUAGE:
        silence(v);
        break;
    case IVR_PIN:
        if (v->n_digits > 0 || v->overlong) {
            submit(v, now_ns);
        } else {
            silence(v);
        }
        break;
    case IVR_CHECK:
        tel_ivr_verdict(v, TEL_VERDICT_LATER, now_ns);
        break;
    case IVR_CALLEE:
        over(v, "no_key");
        break;
    case IVR_FAREWELL:
    case IVR_NONE:
    case IVR_OVER:
        break;
    }
}

int64_t tel_ivr_next_ns(const tel_ivr *v)
{
    return v->until_ns < v->whole_ns ? v->until_ns : v->whole_ns;
}
