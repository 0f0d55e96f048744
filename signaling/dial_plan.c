#include "signaling/dial_plan.h"

#include <glib.h>
#include <string.h>

#define DIGITS_MIN 7
#define DIGITS_MAX 15
#define SHORT_MAX 4 /* an emergency number behind a country's code is that number, and no more */

const char *sig_plan_text(sig_plan_verdict v)
{
    static const char *const texts[] = {"",
                                        "",
                                        "Write the number with + and the country, as +1 555 0100.",
                                        "Emergency numbers cannot be called from here: use a telephone.",
                                        "Numbers of this kind cost extra and cannot be called from here.",
                                        "This server may not call numbers of that country or kind."};
    return (unsigned)v < G_N_ELEMENTS(texts) ? texts[v] : "";
}

const char *sig_plan_word(sig_plan_verdict v)
{
    static const char *const words[] = {"", "", "not_a_number", "emergency", "premium", "not_allowed"};
    return (unsigned)v < G_N_ELEMENTS(words) ? words[v] : "";
}

bool sig_is_number(const char *text)
{
    const char *digits = text + (*text == '+');
    size_t n = strspn(digits, "0123456789");
    return n > 0 && digits[n] == '\0' && digits + n - text <= SIG_NUMBER_MAX;
}

/* False = something in it belongs to no number. */
static bool plain(const char *text, char out[SIG_NUMBER_MAX + 1])
{
    unsigned n = 0;
    for (; *text; text++) {
        if (g_ascii_isdigit(*text) || (*text == '+' && n == 0)) {
            if (n >= SIG_NUMBER_MAX) {
                return false;
            }
            out[n++] = *text;
        } else if (!strchr(" .-()/", *text)) {
            return false;
        }
    }
    out[n] = '\0';
    return n > 0;
}

static const char *digits_of(const char *number)
{
    return number + (*number == '+');
}

static bool begins(const char *number, const char *const *list)
{
    for (; *list; list++) {
        if (g_str_has_prefix(digits_of(number), digits_of(*list))) {
            return true;
        }
    }
    return false;
}

/* 911, +1 911, 00 1 911: whatever stands before it, what is left of the number is an emergency number. */
static bool is_emergency(const char *number, const char *const *list)
{
    const char *digits = digits_of(number);
    for (; *list; list++) {
        size_t all = strlen(digits), own = strlen(*list);
        if (strcmp(digits, *list) == 0 || (all > own && all - own <= SHORT_MAX && own >= 3 && g_str_has_suffix(digits, *list))) {
            return true;
        }
    }
    return false;
}

sig_plan_verdict sig_plan_judge(const sig_dial_plan *plan, const char *text, char number[SIG_NUMBER_MAX + 1])
{
    char written[SIG_NUMBER_MAX + 1];
    number[0] = '\0';
    if (!plain(text, written)) {
        return SIG_PLAN_NOT_A_NUMBER;
    }
    if (is_emergency(written, plan->emergency)) {
        return SIG_PLAN_EMERGENCY;
    }
    bool abroad = g_str_has_prefix(written, "00");
    const char *digits = abroad ? written + 2 : digits_of(written);
    size_t n = strlen(digits);
    if ((*written != '+' && !abroad) || n < DIGITS_MIN || n > DIGITS_MAX || *digits == '0') {
        return SIG_PLAN_NOT_A_NUMBER;
    }
    if (begins(digits, plan->refused)) {
        return SIG_PLAN_PREMIUM;
    }
    if (!begins(digits, plan->prefixes)) {
        return SIG_PLAN_NOT_ALLOWED;
    }
    g_snprintf(number, SIG_NUMBER_MAX + 1, "+%s", digits);
    return SIG_PLAN_OK;
}
