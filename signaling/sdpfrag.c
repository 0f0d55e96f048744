#include "signaling/sdpfrag.h"

#include <string.h>

#include "mcu/base/status.h"

#define LINE_MAX_BYTES 1024

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "%s", what);
    return false;
}

/* RFC 8839 5.4: ice-char = ALPHA / DIGIT / "+" / "/" */
static bool ice_chars(const char *s, size_t min, size_t max)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isalnum(s[i]) && s[i] != '+' && s[i] != '/') {
            return false;
        }
    }
    return n >= min && n <= max;
}

static bool take_credential(char **slot, const char *value, size_t min, GError **error)
{
    if (!ice_chars(value, min, 256)) {
        return bad(error, "a=ice-ufrag or a=ice-pwd is malformed");
    }
    if (*slot && strcmp(*slot, value) != 0) {
        return bad(error, "the m-lines of a bundle must share their ICE credentials");
    }
    g_free(*slot);
    *slot = g_strdup(value);
    return true;
}

static bool take_candidate(sig_sdpfrag *f, const char *line, const char *mid, GError **error)
{
    if (f->n_candidates == SIG_SDPFRAG_CANDIDATES) {
        return bad(error, "too many candidates");
    }
    f->candidates[f->n_candidates++] = (sig_sdpfrag_candidate){g_strdup(line), g_strdup(mid)};
    return true;
}

static bool take_line(sig_sdpfrag *f, const char *line, char **mid, GError **error)
{
    if (g_str_has_prefix(line, "a=ice-ufrag:")) {
        return take_credential(&f->ufrag, line + 12, 4, error);
    }
    if (g_str_has_prefix(line, "a=ice-pwd:")) {
        return take_credential(&f->pwd, line + 10, 22, error);
    }
    if (g_str_has_prefix(line, "a=mid:")) {
        g_free(*mid);
        *mid = g_strdup(line + 6);
        return strlen(*mid) <= 32 || bad(error, "a=mid is too long");
    }
    if (g_str_has_prefix(line, "a=candidate:")) {
        return take_candidate(f, line + 2, *mid, error);
    }
    if (strcmp(line, "a=end-of-candidates") == 0) {
        f->end = true;
        return true;
    }
    return (g_ascii_isalpha(line[0]) && line[1] == '=') || bad(error, "not a line of SDP");
}

static bool has_control(const char *line)
{
    for (; *line; line++) {
        if (g_ascii_iscntrl(*line) && *line != '\t') {
            return true;
        }
    }
    return false;
}

bool sig_sdpfrag_parse(const char *text, size_t length, sig_sdpfrag *out, GError **error)
{
    *out = (sig_sdpfrag){0};
    if (memchr(text, '\0', length)) {
        return bad(error, "a zero byte");
    }
    g_autofree char *copy = g_strndup(text, length);
    g_autofree char *mid = g_strdup("");
    bool ok = true;
    for (char *line = copy; ok && line && *line;) {
        char *next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        g_strchomp(line);
        if (strlen(line) > LINE_MAX_BYTES) {
            ok = bad(error, "a line is too long");
        } else if (has_control(line)) { /* a bare return would be a line's end to others */
            ok = bad(error, "a control character");
        } else if (*line) {
            ok = take_line(out, line, &mid, error);
        }
        line = next;
    }
    ok = ok && (!out->ufrag == !out->pwd || bad(error, "a=ice-ufrag and a=ice-pwd go together"));
    if (!ok) {
        sig_sdpfrag_clear(out);
    }
    return ok;
}

void sig_sdpfrag_clear(sig_sdpfrag *f)
{
    g_free(f->ufrag);
    g_free(f->pwd);
    for (unsigned i = 0; i < f->n_candidates; i++) {
        g_free(f->candidates[i].candidate);
        g_free(f->candidates[i].mid);
    }
    *f = (sig_sdpfrag){0};
}

char *sig_sdp_ufrag(const char *sdp)
{
    const char *at = strstr(sdp, "a=ice-ufrag:");
    if (!at) {
        return NULL;
    }
    at += strlen("a=ice-ufrag:");
    return g_strndup(at, strcspn(at, "\r\n"));
}

static bool is_ice_line(const char *line)
{
    return g_str_has_prefix(line, "a=ice-ufrag:") || g_str_has_prefix(line, "a=ice-pwd:") ||
           g_str_has_prefix(line, "a=candidate:") || g_str_has_prefix(line, "a=end-of-candidates");
}

static void append_candidates(GString *out, const sig_sdpfrag *f)
{
    for (unsigned i = 0; i < f->n_candidates; i++) {
        g_string_append_printf(out, "a=%s\r\n", f->candidates[i].candidate);
    }
    if (f->end) {
        g_string_append(out, "a=end-of-candidates\r\n");
    }
}

char *sig_sdp_with_restart(const char *offer, const sig_sdpfrag *f)
{
    g_auto(GStrv) lines = g_strsplit(offer, "\n", -1);
    GString *out = g_string_new(NULL);
    unsigned sections = 0;
    for (char **l = lines; *l; l++) {
        g_strchomp(*l);
        if (!**l || is_ice_line(*l)) {
            continue;
        }
        /* Candidates of a bundle belong to its first m-line; they go at that section's end. */
        if (g_str_has_prefix(*l, "m=") && ++sections == 2) {
            append_candidates(out, f);
        }
        g_string_append_printf(out, "%s\r\n", *l);
        if (g_str_has_prefix(*l, "m=")) {
            continue;
        }
        if (g_str_has_prefix(*l, "a=mid:")) {
            g_string_append_printf(out, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", f->ufrag, f->pwd);
        }
    }
    if (sections == 1) {
        append_candidates(out, f);
    }
    return g_string_free(out, FALSE);
}

char *sig_sdpfrag_of_answer(const char *answer)
{
    g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);
    GString *head = g_string_new(NULL), *body = g_string_new(NULL);
    unsigned sections = 0;
    for (char **l = lines; *l; l++) {
        g_strchomp(*l);
        if (g_str_has_prefix(*l, "m=") && ++sections > 1) {
            break; /* BUNDLE: the first m-line carries the transport */
        }
        if (g_str_has_prefix(*l, "a=ice-ufrag:") || g_str_has_prefix(*l, "a=ice-pwd:") || g_str_has_prefix(*l, "a=ice-lite")) {
            g_string_append_printf(head, "%s\r\n", *l);
        } else if (g_str_has_prefix(*l, "m=") || g_str_has_prefix(*l, "a=mid:") || is_ice_line(*l)) {
            g_string_append_printf(body, "%s\r\n", *l);
        }
    }
    g_string_append(head, body->str);
    g_string_free(body, TRUE);
    return g_string_free(head, FALSE);
}
