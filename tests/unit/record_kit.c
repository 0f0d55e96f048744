#include "tests/unit/record_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/room/record.h"

kit_keys record_kit_keys;

/* Runs the loop until the newest `recording` message has this state. */
const json_t *record_kit_await(room_kit *f, const char *state)
{
    int64_t until_ns = mcu_now_ns() + 10 * MCU_NS_PER_SEC;
    while (mcu_now_ns() < until_ns) {
        room_kit_settle();
        for (size_t i = json_array_size(f->sent); i-- > 0;) {
            const json_t *m = json_array_get(f->sent, i);
            const char *type = room_kit_member(m, "type"), *is = room_kit_member(m, "state");
            if (strcmp(type, "recording") == 0 && strcmp(is, state) == 0) {
                return m;
            }
        }
        usleep(1000);
    }
    fail_msg("no recording %s", state);
    return NULL;
}

int record_kit_file(room_kit *f, const char *name)
{
    FILE *file = tmpfile();
    int mine = dup(fileno(file));
    room_kit_say_fd(f,
                    json_pack("{ss si ss ss ss}", "type", "record", "id", 1, "action", "file", "recording", "rec1", "file", name),
                    dup(mine));
    fclose(file);
    return mine;
}

json_t *record_kit_start(const char *policy)
{
    char key[65];
    kit_keys_make(&record_kit_keys);
    mcu_room_certificate *c = &record_kit_keys.config.header.certificate;
    mcu_sign_public(room_kit_signing_key, c->key);
    mcu_room_certificate_sign(c, record_kit_keys.gateway);
    json_t *m = json_pack("{ss si ss ss ss si ss ss ss so}", "type", "record", "id", 2, "action", "start", "recording", "rec1",
                          "room", "room1", "segment", 0, "tier", "A", "key", mcu_hex(record_kit_keys.recipient_public, 32, key),
                          "kid", "kit", "certificate", mcu_room_certificate_json(c));
    json_object_set_new(m, "policy", json_string(policy));
    json_object_set_new(m, "reserve", json_integer(0));
    return m;
}

void record_kit_act(room_kit *f, const char *action)
{
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "record", "id", 3, "action", action, "recording", "rec1"));
}

bool record_kit_has_event(rec_reader *r, const char *text)
{
    const rec_proof *p = rec_reader_proof(r);
    bool found = false;
    for (unsigned i = 0; i < p->n && !found; i++) {
        if (p->entries[i].r.type == REC_EVENT) {
            g_autoptr(GByteArray) event = rec_reader_payload(r, i, NULL);
            found = memmem(event->data, event->len, text, strlen(text)) != NULL;
        }
    }
    return found;
}

json_t *record_kit_consent(const char *seat, bool given)
{
    return json_pack("{ss si ss ss ss sb ss ss sI}", "type", "record", "id", 4, "action", "consent", "recording", "rec1", "seat",
                     seat, "given", given, "version", "v1", "method", "button", "time_ms", (json_int_t)1700000000000);
}

bool record_kit_has_media(rec_reader *r, const char *text)
{
    bool found = false;
    for (unsigned i = 0; i < rec_reader_proof(r)->n && !found; i++) {
        if (rec_reader_proof(r)->entries[i].r.type == REC_FRAGMENT) {
            g_autoptr(GByteArray) media = rec_reader_payload(r, i, NULL);
            found = media != NULL && memmem(media->data, media->len, text, strlen(text)) != NULL;
        }
    }
    return found;
}

GArray *record_kit_numbers(rec_reader *r, const char *word)
{
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
    size_t length = strlen(word);
    for (unsigned i = 0; i < rec_reader_proof(r)->n; i++) {
        if (rec_reader_proof(r)->entries[i].r.type != REC_FRAGMENT) {
            continue;
        }
        g_autoptr(GByteArray) media = rec_reader_payload(r, i, NULL);
        assert_non_null(media);
        const uint8_t *at = media->data, *end = at + media->len;
        while ((at = memmem(at, (size_t)(end - at), word, length)) != NULL) {
            at += length;
            unsigned number = (unsigned)strtoul((const char *)at + 1, NULL, 10);
            g_array_append_val(numbers, number);
        }
    }
    return numbers;
}
