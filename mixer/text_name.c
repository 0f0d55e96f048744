/* text_name.c - what of a name is shown.  Thread: any; pure. */
#include "mixer/text.h"

#include <string.h>

#define MAX_CHARS 64
#define MAX_BYTES 1024 /* marks pile up without end in hostile names */

static bool is_override(gunichar c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static char *clean(const char *name, unsigned most)
{
    char *valid = g_utf8_make_valid(name ? name : "", -1);
    GString *out = g_string_new(NULL);
    unsigned chars = 0;
    bool space = true; /* leading spaces go, others become one */
    for (const char *p = valid; *p && chars < most && out->len < MAX_BYTES; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        bool blank = g_unichar_isspace(c) || g_unichar_iscntrl(c);
        if (is_override(c) || (blank && space)) {
            continue;
        }
        g_string_append_unichar(out, blank ? ' ' : c);
        space = blank;
        chars += !g_unichar_ismark(c);
    }
    g_free(valid);
    return g_strchomp(g_string_free(out, FALSE));
}

char *mix_text_clean(const char *name)
{
    return clean(name, MAX_CHARS);
}

char *mix_text_clean_line(const char *words)
{
    return clean(words, MIX_TEXT_LINE_MOST);
}

/* A letter, its marks, and what a joiner ties to it; at most eight characters. */
static void append_first(GString *out, const char *word)
{
    if (!*word) {
        return;
    }
    g_string_append_unichar(out, g_unichar_toupper(g_utf8_get_char(word)));
    unsigned n = 1;
    for (const char *p = g_utf8_next_char(word); *p && n < 8; p = g_utf8_next_char(p), n++) {
        gunichar c = g_utf8_get_char(p);
        if (!g_unichar_ismark(c)) {
            break;
        }
        g_string_append_unichar(out, c);
    }
}

char *mix_text_initials(const char *clean_name)
{
    GString *out = g_string_new(NULL);
    append_first(out, clean_name);
    const char *last = strrchr(clean_name, ' ');
    if (last) {
        append_first(out, last + 1);
    }
    return g_string_free(out, FALSE);
}
