#include "recorder/header.h"

#include <openssl/sha.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/hex.h"
#include "mcu/base/whole_io.h"

static const char magic[8] = "TSREC01"; /* with its zero */

static json_t *to_json(const rec_header *h)
{
    char salt[2 * REC_SALT + 1], check[2 * MCU_HASH + 1], previous[2 * MCU_HASH + 1] = "";
    if (h->has_previous) {
        mcu_hex(h->previous, sizeof h->previous, previous);
    }
    return json_pack("{ss ss sI sI ss ss s{ss si si si si} ss ss ss so}", "recording", h->recording, "room", h->room, "segment",
                     (json_int_t)h->segment, "started_ms", (json_int_t)h->started_ms, "software", h->software, "policy",
                     h->policy, "tier", "name", h->tier.name, "width", h->tier.width_px, "height", h->tier.height_px, "fps",
                     h->tier.fps, "bitrate", h->tier.bitrate_bps, "salt", mcu_hex(h->salt, sizeof h->salt, salt), "check",
                     mcu_hex(h->check, sizeof h->check, check), "previous", previous, "certificate",
                     mcu_room_certificate_json(&h->certificate));
}

GByteArray *rec_header_pack(const rec_header *h, uint8_t hash[MCU_HASH])
{
    json_t *json = to_json(h);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    g_assert(text != NULL); /* every member is text of ours or checked text */
    uint8_t size[4];
    mcu_wr32(size, (uint32_t)strlen(text));
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const uint8_t *)magic, sizeof magic);
    g_byte_array_append(out, size, sizeof size);
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
    free(text);
    SHA256(out->data, out->len, hash);
    return out;
}

static bool read_text(const json_t *json, const char *member, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, member));
    return text != NULL && g_strlcpy(out, text, size) < size;
}

static int small_int(const json_t *json, const char *member)
{
    json_int_t n = json_integer_value(json_object_get(json, member));
    return n > 0 && n <= INT32_MAX ? (int)n : 0;
}

static bool from_json(rec_header *h, const json_t *json)
{
    const json_t *tier = json_object_get(json, "tier");
    const char *previous = json_string_value(json_object_get(json, "previous"));
    json_int_t segment = json_integer_value(json_object_get(json, "segment"));
    *h = (rec_header){.segment = (uint32_t)segment, .started_ms = json_integer_value(json_object_get(json, "started_ms"))};
    h->tier = (rec_tier){.width_px = small_int(tier, "width"),
                         .height_px = small_int(tier, "height"),
                         .fps = small_int(tier, "fps"),
                         .bitrate_bps = small_int(tier, "bitrate")};
    h->has_previous = previous != NULL && previous[0] != '\0';
    return segment >= 0 && segment <= UINT32_MAX && previous != NULL && h->started_ms > 0 &&
           read_text(json, "recording", h->recording, sizeof h->recording) && read_text(json, "room", h->room, sizeof h->room) &&
           read_text(json, "software", h->software, sizeof h->software) &&
           read_text(json, "policy", h->policy, sizeof h->policy) && read_text(tier, "name", h->tier.name, sizeof h->tier.name) &&
           mcu_unhex(json_string_value(json_object_get(json, "salt")), h->salt, sizeof h->salt) &&
           mcu_unhex(json_string_value(json_object_get(json, "check")), h->check, sizeof h->check) &&
           (!h->has_previous || mcu_unhex(previous, h->previous, sizeof h->previous)) &&
           mcu_room_certificate_read(&h->certificate, json_object_get(json, "certificate"));
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

bool rec_header_read(int fd, rec_header *h, uint8_t hash[MCU_HASH], size_t *size, GError **error)
{
    uint8_t start[12];
    if (mcu_pread_whole(fd, start, sizeof start, MCU_KEY_PAGE) != sizeof start || memcmp(start, magic, sizeof magic) != 0) {
        return bad(error, "this is no segment of a recording");
    }
    size_t text_size = mcu_rd32(start + 8);
    if (text_size > REC_HEADER_MAX) {
        return bad(error, "the header is damaged");
    }
    *size = sizeof start + text_size;
    g_autofree uint8_t *all = g_malloc(*size);
    if (mcu_pread_whole(fd, all, *size, MCU_KEY_PAGE) != *size) {
        return bad(error, "the header is cut off");
    }
    SHA256(all, *size, hash);
    json_t *json = json_loadb((const char *)all + sizeof start, text_size, JSON_REJECT_DUPLICATES, NULL);
    bool ok = from_json(h, json);
    json_decref(json);
    return ok || bad(error, "the header is damaged");
}
