#include "mcu/bot/clip.h"

#include <string.h>

#include "mcu/base/status.h"

static const char magic[8] = "TSCLIP1";
enum { HEADER_WORDS = 5 };
#define KEYFRAME UINT32_C(0x80000000)

static void drop_packet(gpointer au)
{
    mcu_au_unref(au);
}

mcu_clip *mcu_clip_new(mcu_codec codec, unsigned person, bool marked, int64_t packet_ns)
{
    mcu_clip *c = g_new0(mcu_clip, 1);
    c->codec = codec;
    c->person = person;
    c->marked = marked;
    c->packet_ns = packet_ns;
    c->packets = g_ptr_array_new_with_free_func(drop_packet);
    return c;
}

void mcu_clip_free(mcu_clip *c)
{
    if (c != NULL) {
        g_ptr_array_unref(c->packets);
        g_free(c);
    }
}

void mcu_clip_add(mcu_clip *c, const void *data, size_t size, bool keyframe)
{
    mcu_au *au = mcu_au_new_copy(data, size);
    g_assert(au != NULL);
    au->codec = c->codec;
    au->keyframe = keyframe;
    g_ptr_array_add(c->packets, au);
}

static void put_word(GByteArray *out, uint32_t word)
{
    const uint32_t le = GUINT32_TO_LE(word);
    g_byte_array_append(out, (const uint8_t *)&le, sizeof(le));
}

bool mcu_clip_save(const mcu_clip *c, const char *path, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_byte_array_append(out, (const uint8_t *)magic, sizeof(magic));
    put_word(out, (uint32_t)c->codec);
    put_word(out, c->person);
    put_word(out, (uint32_t)(c->packet_ns / 1000));
    put_word(out, c->marked ? 1 : 0);
    put_word(out, c->packets->len);
    for (unsigned i = 0; i < c->packets->len; i++) {
        const mcu_au *au = c->packets->pdata[i];
        put_word(out, (uint32_t)au->size | (au->keyframe ? KEYFRAME : 0));
        g_byte_array_append(out, au->data, (guint)au->size);
    }
    return g_file_set_contents(path, (const char *)out->data, (gssize)out->len, error);
}

static uint32_t word_at(const char *data, size_t at)
{
    uint32_t le = 0;
    memcpy(&le, data + at, sizeof(le));
    return GUINT32_FROM_LE(le);
}

static mcu_clip *read_clip(const char *data, size_t size)
{
    size_t at = sizeof(magic) + 4 * HEADER_WORDS;
    if (size < at || memcmp(data, magic, sizeof(magic)) != 0) {
        return NULL;
    }
    const uint32_t codec = word_at(data, 8);
    const uint32_t count = word_at(data, 24);
    const uint32_t packet_us = word_at(data, 16);
    if (codec == MCU_CODEC_NONE || codec > MCU_CODEC_G722 || count == 0 || count > MCU_CLIP_MAX_PACKETS || packet_us == 0) {
        return NULL;
    }
    g_autoptr(mcu_clip) c = mcu_clip_new((mcu_codec)codec, word_at(data, 12), word_at(data, 20) != 0, (int64_t)packet_us * 1000);
    for (uint32_t i = 0; i < count; i++) {
        if (size - at < 4) {
            return NULL;
        }
        const uint32_t word = word_at(data, at);
        const size_t n = word & ~KEYFRAME;
        at += 4;
        if (n == 0 || n > size - at || n > MCU_AU_MAX) {
            return NULL;
        }
        mcu_clip_add(c, data + at, n, (word & KEYFRAME) != 0);
        at += n;
    }
    return g_steal_pointer(&c);
}

mcu_clip *mcu_clip_load(const char *path, GError **error)
{
    g_autofree char *data = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &data, &size, error)) {
        return NULL;
    }
    mcu_clip *c = read_clip(data, size);
    if (c == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is not a clip; make it again with mcu/bot/make-clips.sh", path);
    }
    return c;
}
