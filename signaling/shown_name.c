#include "signaling/shown_name.h"

#include <glib.h>
#include <string.h>

#define ZWNJ 0x200c
#define ZWJ 0x200d
#define VIRAMA 9 /* its canonical combining class */
#define BLACK_FLAG 0x1f3f4
#define TAG(c) (0xe0000u + (c))
#define TAG_END 0xe007f

typedef struct {
    gunichar first, last;
} range;

static bool is_in(gunichar c, const range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Of Default_Ignorable_Code_Point and Bidi_Control all but joiners, fillers and what chooses a variant of the letter before. */
static bool is_hidden(gunichar c)
{
    static const range hidden[] = {{0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},  {0x17b4, 0x17b5},
                                   {0x180e, 0x180e},   {0x200b, 0x200b},   {0x200e, 0x200f},  {0x202a, 0x202e},
                                   {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},  {0x1bca0, 0x1bca3},
                                   {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff}};
    return is_in(c, hidden, G_N_ELEMENTS(hidden));
}

/* By itself nothing to be seen: fillers of Hangul, Braille without a dot, variants of no letter. */
static bool is_blank(gunichar c)
{
    static const range blank[] = {{0x115f, 0x1160}, {0x180b, 0x180f}, {0x2800, 0x2800},  {0x3164, 0x3164},
                                  {0xfe00, 0xfe0f}, {0xffa0, 0xffa0}, {0xe0100, 0xe01ef}};
    return is_in(c, blank, G_N_ELEMENTS(blank));
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

/* The tags that make a black flag that of England, Scotland ... (UTS 51 ED-14a): the last of them; NULL = these are none. */
static const char *end_of_flag(const char *p)
{
    unsigned n = 0;
    gunichar c = g_utf8_get_char(p);
    for (; n <= 6 && ((c >= TAG('a') && c <= TAG('z')) || (c >= TAG('0') && c <= TAG('9'))); n++) {
        p = g_utf8_next_char(p);
        c = g_utf8_get_char(p);
    }
    return n >= 3 && n <= 6 && c == TAG_END ? p : NULL;
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
        const char *flag = before == BLACK_FLAG && !joiner ? end_of_flag(p) : NULL;
        if (flag) {
            g_string_append_len(out, p, g_utf8_next_char(flag) - p);
            before = TAG_END;
            p = flag;
            continue;
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
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isgraph(c) && !is_joiner(c) && !is_blank(c)) {
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
