#include "mcu/net/sdes.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "mcu/base/clock.h"

#define SUITE "AES_CM_128_HMAC_SHA1_80"
#define INLINE "inline:"
#define KEY_TEXT (MCU_LEG_KEY_SIZE / 3 * 4)
#define VALUE_MAX 1024
#define TAG_DIGITS 9

typedef struct {
    const char *at, *end;
} words;

/* The next word; false = none. */
static bool next_word(words *w, const char **word, size_t *size)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t')) {
        w->at++;
    }
    *word = w->at;
    while (w->at < w->end && *w->at != ' ' && *w->at != '\t') {
        w->at++;
    }
    *size = (size_t)(w->at - *word);
    return *size > 0;
}

static bool read_tag(const char *word, size_t size, uint32_t *tag)
{
    *tag = 0;
    for (size_t i = 0; i < size; i++) {
        if (size > TAG_DIGITS || !g_ascii_isdigit(word[i])) {
            return false;
        }
        *tag = *tag * 10 + (uint32_t)(word[i] - '0');
    }
    return size > 0;
}

/* Alphabet only, no padding: 30 bytes are 40 characters exactly. */
static bool read_key(const char *text, uint8_t key[MCU_LEG_KEY_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < KEY_TEXT; i += 4) {
        uint32_t bits = 0;
        for (unsigned k = 0; k < 4; k++) {
            const char *at = text[i + k] ? strchr(alphabet, text[i + k]) : NULL;
            if (at == NULL) {
                return false;
            }
            bits = bits << 6 | (uint32_t)(at - alphabet);
        }
        key[i / 4 * 3] = (uint8_t)(bits >> 16);
        key[i / 4 * 3 + 1] = (uint8_t)(bits >> 8);
        key[i / 4 * 3 + 2] = (uint8_t)bits;
    }
    return true;
}

static bool is_lifetime(const char *text, size_t size)
{
    size_t skip = size > 2 && memcmp(text, "2^", 2) == 0 ? 2 : 0;
    for (size_t i = skip; i < size; i++) {
        if (!g_ascii_isdigit(text[i])) {
            return false;
        }
    }
    return size > skip;
}

/* inline:KEY, then |LIFETIME and |MKI:LENGTH if they are there. */
static mcu_status read_key_params(const char *word, size_t size, mcu_sdes *out)
{
    const size_t head = sizeof INLINE - 1;
    if (size < head + KEY_TEXT || g_ascii_strncasecmp(word, INLINE, head) != 0 || !read_key(word + head, out->key)) {
        return MCU_EINVAL;
    }
    const char *rest = word + head + KEY_TEXT;
    size_t left = size - head - KEY_TEXT;
    if (left == 0) {
        return MCU_OK;
    }
    if (*rest == ';') { /* a list of keys */
        return MCU_ENOSUP;
    }
    if (*rest != '|') {
        return MCU_EINVAL;
    }
    return is_lifetime(rest + 1, left - 1) ? MCU_OK : memchr(rest, ':', left) ? MCU_ENOSUP : MCU_EINVAL;
}

static mcu_status read_value(words *w, mcu_sdes *out)
{
    const char *word;
    size_t size;
    if (!next_word(w, &word, &size) || !read_tag(word, size, &out->tag) || !next_word(w, &word, &size)) {
        return MCU_EINVAL;
    }
    if (size != sizeof SUITE - 1 || memcmp(word, SUITE, size) != 0) {
        return MCU_ENOSUP;
    }
    if (!next_word(w, &word, &size)) {
        return MCU_EINVAL;
    }
    mcu_status s = read_key_params(word, size, out);
    while (s == MCU_OK && next_word(w, &word, &size)) { /* RFC 4568 6.3: what is not understood must not be accepted */
        s = size > 4 && memcmp(word, "WSH=", 4) == 0 ? MCU_OK : MCU_ENOSUP;
    }
    return s;
}

mcu_status mcu_sdes_parse(const char *value, size_t size, mcu_sdes *out)
{
    memset(out, 0, sizeof *out);
    words w = {value, value + size};
    mcu_status s = size <= VALUE_MAX ? read_value(&w, out) : MCU_EINVAL;
    if (s != MCU_OK) {
        mcu_sdes_wipe(out);
    }
    return s;
}

void mcu_sdes_new_key(mcu_sdes *out, uint32_t tag)
{
    out->tag = tag;
    mcu_random(out->key, sizeof out->key);
}

void mcu_sdes_write(const mcu_sdes *s, char out[MCU_SDES_TEXT])
{
    char *key = g_base64_encode(s->key, sizeof s->key);
    g_snprintf(out, MCU_SDES_TEXT, "%u " SUITE " " INLINE "%s", s->tag, key);
    explicit_bzero(key, strlen(key));
    g_free(key);
}

void mcu_sdes_wipe(mcu_sdes *s)
{
    explicit_bzero(s, sizeof *s);
}
