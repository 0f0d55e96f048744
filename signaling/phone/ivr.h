/* ivr.h - what a call hears and may press before a room knows of it: a pure state machine.  Thread: the loop's; time is given.
 * A caller gives the number (PIN) of a visit, three tries, at most TEL_PIN_MAX digits; a callee presses 1 to come in, or is hung
 * up after 15 s. What it wants done goes out through `tel_ivr_do`. */
#ifndef SIGNALING_PHONE_IVR_H
#define SIGNALING_PHONE_IVR_H

#include <stdbool.h>
#include <stdint.h>

#define TEL_PIN_MAX 16
#define TEL_PIN_TRIES 3

typedef enum {
    TEL_PROMPT_NONE = 0,
    TEL_PROMPT_LANGUAGE, /* in every language: which one */
    TEL_PROMPT_PIN,
    TEL_PROMPT_WRONG,
    TEL_PROMPT_NO_MORE_TRIES,
    TEL_PROMPT_BLOCKED,
    TEL_PROMPT_ENDED,
    TEL_PROMPT_FULL,
    TEL_PROMPT_LOCKED,
    TEL_PROMPT_LATER,
    TEL_PROMPT_CALLING, /* who calls, and that 1 leads into the visit */
    TEL_PROMPT_GOODBYE,
    TEL_N_PROMPTS,
} tel_prompt;
const char *tel_prompt_name(tel_prompt p); /* the file's, without ".wav" */

typedef enum {
    TEL_VERDICT_NONE = 0,
    TEL_VERDICT_OK,
    TEL_VERDICT_WRONG,
    TEL_VERDICT_BLOCKED, /* too many tries from there */
    TEL_VERDICT_ENDED,
    TEL_VERDICT_FULL,
    TEL_VERDICT_LOCKED,
    TEL_VERDICT_LATER, /* no gateway, or it failed */
} tel_verdict;

typedef struct {
    void (*play)(void *user, tel_prompt p); /* ends what plays; NONE = silence */
    void (*language)(void *user, const char *language);
    void (*submit)(void *user, const char *pin); /* the verdict comes by tel_ivr_verdict() */
    void (*join)(void *user);                    /* a callee pressed 1 */
    void (*hang_up)(void *user, const char *reason);
} tel_ivr_do;

typedef struct tel_ivr tel_ivr;
/* `languages` NULL-terminated, borrowed, for the menu by digit 1, 2...; NULL or one of them = no menu. */
tel_ivr *tel_ivr_new(const tel_ivr_do *out, void *user, const char *const *languages);
void tel_ivr_free(tel_ivr *v);

void tel_ivr_begin_caller(tel_ivr *v, int64_t now_ns);
void tel_ivr_begin_callee(tel_ivr *v, int64_t now_ns);
void tel_ivr_digit(tel_ivr *v, char digit, int64_t now_ns); /* 0-9 * # A-D */
void tel_ivr_played(tel_ivr *v, int64_t now_ns);            /* the prompt has ended by itself */
void tel_ivr_verdict(tel_ivr *v, tel_verdict verdict, int64_t now_ns);
void tel_ivr_step(tel_ivr *v, int64_t now_ns);
int64_t tel_ivr_next_ns(const tel_ivr *v); /* INT64_MAX = nothing to wait for */

#endif
