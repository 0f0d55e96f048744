#include "signaling/shown_name.h"

#include <glib.h>
#include <string.h>

#define ZWNJ 0x200c
#define ZWJ 0x200d
#define VIRAMA 9 /* its canonical combining class */

/* Bidi_Control is 061C, 200E, 200F, 202A-202E and 2066-2069. */
static bool is_hidden(gunichar c)
{
    return c == 0x00ad || c == 0x061c || c == 0x180e || c == 0x200b || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

static bool is_joiner(gunichar c)
{
    return c == ZWNJ || c == ZWJ;
}

/* Between letters that never join, a joiner is only a way to make two names that look the same. */
static bool takes_joiner(gunichar before)
{
    GUnicodeScript s = g_unichar_get_script(before);
    return before >= 0x80 && !g_unichar_isspace(before) && s != G_UNICODE_SCRIPT_LATIN && s != G_UNICODE_SCRIPT_GREEK &&
           s != G_UNICODE_SCRIPT_CYRILLIC && s != G_UNICODE_SCRIPT_HAN;
}

/* At the end of a word it changes the letter after a virama only (RFC 5892 A.1): the chillu of Malayalam names. */
static void append_joiner(GString *out, gunichar joiner, gunichar before, bool word_ends)
{
    if (joiner && (!word_ends || g_unichar_combining_class(before) == VIRAMA)) {
        g_string_append_unichar(out, joiner);
    }
}

/* False = a control character. */
static bool append_shown(GString *out, const char *given)
{
    gunichar before = 0, joiner = 0; /* what was written last; what waits for the character after it */
    for (const char *p = given; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c)) {
            return false;
        }
        if (is_hidden(c)) {
            continue;
        }
        if (is_joiner(c)) {
            joiner = takes_joiner(before) ? c : 0;
            continue;
        }
        c = c == 0x2028 || c == 0x2029 ? ' ' : c; /* separators of lines and paragraphs */
        append_joiner(out, joiner, before, g_unichar_isspace(c));
        g_string_append_unichar(out, c);
        before = c;
        joiner = 0;
    }
    append_joiner(out, joiner, before, true);
    return true;
}

static bool has_ink(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (g_unichar_isgraph(g_utf8_get_char(p))) {
            return true;
        }
    }
    return false;
}

bool sig_name_read(const char *given, char name[SIG_NAME_MAX + 1])
{
    name[0] = '\0';
    if (!g_utf8_validate(given, -1, NULL)) {
        return false;
    }
    GString *shown = g_string_new(NULL);
    bool good = append_shown(shown, given) && shown->len <= SIG_NAME_MAX && has_ink(shown->str);
    if (good) {
        g_strlcpy(name, shown->str, SIG_NAME_MAX + 1);
    }
    g_string_free(shown, TRUE);
    return good;
}
