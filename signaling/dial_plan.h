/* dial_plan.h - which numbers may be called: written numbers to E.164, and what is refused and why.  Thread: any; pure. */
#ifndef SIGNALING_DIAL_PLAN_H
#define SIGNALING_DIAL_PLAN_H

#include <stdbool.h>

#define SIG_NUMBER_MAX 20 /* E.164 has 15 digits */

typedef enum {
    SIG_PLAN_NONE = 0,
    SIG_PLAN_OK,
    SIG_PLAN_NOT_A_NUMBER,
    SIG_PLAN_EMERGENCY,
    SIG_PLAN_PREMIUM,
    SIG_PLAN_NOT_ALLOWED,
} sig_plan_verdict;
const char *sig_plan_text(sig_plan_verdict v); /* a sentence for who asked */
const char *sig_plan_word(sig_plan_verdict v); /* the same in a word, for a page that speaks other languages */

typedef struct {
    const char *const *prefixes, *const *refused, *const *emergency; /* NULL-terminated */
} sig_dial_plan;

/* Digits, perhaps after a plus; at most SIG_NUMBER_MAX characters. */
bool sig_is_number(const char *text);

/* `text` as people write numbers: spaces, dots, dashes and brackets do not count, "00" is "+". On OK `number` is "+" and digits.
 */
sig_plan_verdict sig_plan_judge(const sig_dial_plan *plan, const char *text, char number[SIG_NUMBER_MAX + 1]);

#endif
