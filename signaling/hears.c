#include "signaling/hears.h"

#include <string.h>

#include "signaling/permissions.h"

static bool is_language(const char *s)
{
    size_t n = strlen(s);
    return (n == 2 || n == 3) && strspn(s, "abcdefghijklmnopqrstuvwxyz") == n;
}

bool sig_hears_valid(const char *hears)
{
    return !*hears || strcmp(hears, SIG_HEARS_ORIGINAL) == 0 || strcmp(hears, SIG_HEARS_BOTH) == 0 || is_language(hears);
}

void sig_hears_of(const sig_seat_facts *s, char out[SIG_HEARS_MAX + 1])
{
    out[0] = '\0';
    if (*s->hears) {
        g_strlcpy(out, strcmp(s->hears, SIG_HEARS_ORIGINAL) == 0 ? "" : s->hears, SIG_HEARS_MAX + 1);
    } else if (sig_role_of(s->role) != SIG_ROLE_INTERPRETER) {
        g_autofree char *base = g_ascii_strdown(s->language, (gssize)strcspn(s->language, "-"));
        g_strlcpy(out, is_language(base) ? base : "", SIG_HEARS_MAX + 1);
    }
}
