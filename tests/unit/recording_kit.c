#include "tests/unit/recording_kit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00};
static const uint8_t pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};

void kit_keys_make(kit_keys *k)
{
    rec_header *h = &k->config.header;
    memset(k, 0, sizeof *k);
    mcu_sign_key_new(k->gateway, k->gateway_public);
    mcu_seal_pair_new(k->recipient, k->recipient_public);
    mcu_sign_key_new(k->config.room_private, h->certificate.key);
    *h = (rec_header){.recording = "rec1",
                      .room = "room1",
                      .software = "test",
                      .policy = "announced",
                      .tier = {"A", 1280, 720, 25, 1200000},
                      .certificate = h->certificate};
    g_strlcpy(h->certificate.recording, "rec1", sizeof h->certificate.recording);
    g_strlcpy(h->certificate.room, "room1", sizeof h->certificate.room);
    h->certificate.issued_ms = 1;
    mcu_room_certificate_sign(&h->certificate, k->gateway);
    memcpy(k->config.recipient, k->recipient_public, 32);
    g_strlcpy(k->config.kid, "kit", sizeof k->config.kid);
}

static uint8_t *put_nal(uint8_t *at, const uint8_t *nal, size_t size)
{
    memcpy(at, "\0\0\0\1", 4);
    memcpy(at + 4, nal, size);
    return at + 4 + size;
}

mcu_au *kit_picture(unsigned number, bool keyframe, size_t size)
{
    mcu_au *au = mcu_au_new((keyframe ? sizeof sps + sizeof pps + 8 : 0) + 4 + size);
    uint8_t *at = au->data;
    if (keyframe) {
        at = put_nal(put_nal(at, sps, sizeof sps), pps, sizeof pps);
    }
    memcpy(at, "\0\0\0\1", 4);
    memset(at + 4, 0x80 | (int)(number % 100), size); /* no start code inside */
    at[4] = keyframe ? 0x65 : 0x41;
    g_snprintf((char *)at + 5, size - 5, "picture %u", number);
    at[5 + strlen((char *)at + 5)] = '!';
    au->codec = MCU_CODEC_H264;
    au->keyframe = keyframe;
    au->width_px = 1280;
    au->height_px = 720;
    au->time_ns = KIT_START_NS + number * KIT_TICK_NS;
    return au;
}

mcu_au *kit_packet(unsigned number, size_t size)
{
    mcu_au *au = mcu_au_new(size);
    memset(au->data, 0x40, size);
    au->data[0] = 0x78;
    if (size > 16) {
        g_snprintf((char *)au->data + 1, size - 1, "packet %u", number);
    }
    au->codec = MCU_CODEC_OPUS;
    au->time_ns = KIT_START_NS + 7 * MCU_NS_PER_MS + number * 20 * MCU_NS_PER_MS; /* the clocks' phases differ */
    return au;
}

void kit_item(rec_writer *w, rec_item item)
{
    rec_writer_item(w, &item);
    mcu_au_unref(item.au);
    json_decref(item.json);
}

void kit_feed(rec_writer *w, unsigned from_ms, unsigned to_ms)
{
    for (unsigned ms = from_ms; ms < to_ms; ms += 20) {
        if (ms % 40 == 0) {
            unsigned n = ms / 40;
            kit_item(
                w, (rec_item){.kind = REC_ITEM_PICTURE, .au = kit_picture(n, n % 100 == 0, n % 100 == 0 ? 9000 : 900), .fd = -1});
        }
        kit_item(w, (rec_item){.kind = REC_ITEM_SOUND, .au = kit_packet(ms / 20, 80), .fd = -1});
    }
}

static int temporary(void)
{
    FILE *f = tmpfile();
    int fd = dup(fileno(f));
    fclose(f);
    return fd;
}

int kit_file(rec_writer *w, const char *name, bool spare)
{
    int fd = temporary();
    rec_item item = {.kind = REC_ITEM_FILE, .fd = dup(fd), .flag = spare};
    g_strlcpy(item.text, name, sizeof item.text);
    kit_item(w, item);
    return fd;
}

/* ---- what was said ---- */

static void on_message(void *user, const char *state, json_t *take)
{
    kit_said *s = user;
    if (s->messages == NULL) {
        s->messages = g_ptr_array_new();
    }
    json_object_set_new(take, "state", json_string(state));
    g_ptr_array_add(s->messages, take);
}

static void on_keyframe_wanted(void *user)
{
    ((kit_said *)user)->keyframes_wanted++;
}

const rec_callbacks kit_callbacks = {on_message, on_keyframe_wanted};

void kit_said_clear(kit_said *s)
{
    for (guint i = 0; s->messages != NULL && i < s->messages->len; i++) {
        json_decref(s->messages->pdata[i]);
    }
    if (s->messages != NULL) {
        g_ptr_array_unref(s->messages);
    }
    *s = (kit_said){0};
}

static bool is_state(const json_t *m, const char *state)
{
    return strcmp(json_string_value(json_object_get(m, "state")), state) == 0;
}

const json_t *kit_last(const kit_said *s, const char *state)
{
    for (guint i = s->messages != NULL ? s->messages->len : 0; i > 0; i--) {
        if (is_state(s->messages->pdata[i - 1], state)) {
            return s->messages->pdata[i - 1];
        }
    }
    return NULL;
}

unsigned kit_count(const kit_said *s, const char *state)
{
    unsigned n = 0;
    for (guint i = 0; s->messages != NULL && i < s->messages->len; i++) {
        n += is_state(s->messages->pdata[i], state);
    }
    return n;
}

/* ---- files ---- */

int kit_segment(kit_keys *keys, unsigned ms)
{
    kit_said said = {0};
    kit_keys_make(keys);
    rec_writer *w = rec_writer_new(&keys->config, &kit_callbacks, &said);
    int fd = kit_file(w, "0", false);
    kit_item(w, (rec_item){.kind = REC_ITEM_PRIVATE, .json = json_pack("{s{ss}}", "seats", "s1", "Zo\u00eb Person"), .fd = -1});
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(w, 0, ms);
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    rec_writer_free(w);
    kit_said_clear(&said);
    return fd;
}

bool kit_unlock(rec_reader *r, int fd, const kit_keys *keys)
{
    const rec_header *h = &rec_reader_proof(r)->header;
    mcu_wrapped_key wrapped;
    uint8_t key[32];
    char context[MCU_SEAL_CONTEXT];
    return mcu_key_page_read(fd, &wrapped) == MCU_OK &&
           mcu_key_unwrap(&wrapped, keys->recipient, mcu_seal_context(h->recording, h->segment, context), key) &&
           rec_reader_unlock(r, key);
}

int kit_copy(int fd)
{
    struct stat st;
    fstat(fd, &st);
    g_autofree uint8_t *all = g_malloc((gsize)st.st_size);
    int copy = memfd_create("copy", MFD_CLOEXEC);
    g_assert(pread(fd, all, (size_t)st.st_size, 0) == st.st_size && write(copy, all, (size_t)st.st_size) == st.st_size);
    return copy;
}
