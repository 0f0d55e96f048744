#include "mcu/base/audit_chain.h"

#include <jansson.h>
#include <string.h>

#include "mcu/base/hex.h"

#define SIGNATURE_TEXT (2 * MCU_SIGNATURE)
#define CONTEXT "tessera-audit-1\n"
static const char tail_begin[] = ",\"sig\":\"", tail_end[] = "\"}";
#define TAIL (sizeof tail_begin - 1 + SIGNATURE_TEXT + sizeof tail_end - 1)

void mcu_audit_begin(mcu_audit_head *head)
{
    head->seq = 0;
    memset(head->hash, '0', MCU_AUDIT_HASH);
    head->hash[MCU_AUDIT_HASH] = '\0';
}

static void note_hash(mcu_audit_head *head, const char *line, size_t length)
{
    g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)line, length);
    g_strlcpy(head->hash, hash, sizeof head->hash);
}

static char *signed_text(const char *line, size_t length, size_t *out_length)
{
    char *text = g_malloc(sizeof CONTEXT - 1 + length);
    memcpy(text, CONTEXT, sizeof CONTEXT - 1);
    memcpy(text + sizeof CONTEXT - 1, line, length);
    *out_length = sizeof CONTEXT - 1 + length;
    return text;
}

char *mcu_audit_line(mcu_audit_head *head, const char *members, const uint8_t private_key[MCU_SIGN_KEY])
{
    uint8_t signature[MCU_SIGNATURE];
    char signature_text[SIGNATURE_TEXT + 1];
    size_t n = 0;
    g_assert(strlen(members) < MCU_AUDIT_LINE_MAX - 512);
    g_autofree char *body =
        g_strdup_printf("{\"seq\":%" G_GUINT64_FORMAT ",%s,\"prev\":\"%s\"", head->seq + 1, members, head->hash);
    g_autofree char *text = signed_text(body, strlen(body), &n);
    bool ok = mcu_sign(private_key, text, n, signature);
    g_assert(ok); /* a key of our own: only memory can be missing */
    char *line = g_strconcat(body, tail_begin, mcu_hex(signature, sizeof signature, signature_text), tail_end, "\n", NULL);
    head->seq++;
    note_hash(head, line, strlen(line) - 1);
    return line;
}

static bool is_signed(const char *line, size_t length, const uint8_t public_key[MCU_SIGN_KEY])
{
    uint8_t signature[MCU_SIGNATURE];
    size_t n = 0, body = length - TAIL;
    g_autofree char *digits = g_strndup(line + body + sizeof tail_begin - 1, SIGNATURE_TEXT);
    g_autofree char *text = signed_text(line, body, &n);
    return mcu_unhex(digits, signature, sizeof signature) && mcu_sign_check(public_key, text, n, signature);
}

static const char *check_order(const mcu_audit_head *head, const char *line, size_t length)
{
    json_t *m = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *seq = json_object_get(m, "seq");
    const char *prev = json_string_value(json_object_get(m, "prev"));
    const char *problem = !json_is_integer(seq) || !prev                       ? "form"
                          : (uint64_t)json_integer_value(seq) != head->seq + 1 ? "order"
                          : strcmp(prev, head->hash) != 0                      ? "hash"
                                                                               : NULL;
    json_decref(m);
    return problem;
}

const char *mcu_audit_check(mcu_audit_head *head, const char *line, size_t length, const uint8_t public_key[MCU_SIGN_KEY])
{
    if (length <= TAIL || length > MCU_AUDIT_LINE_MAX || memcmp(line + length - TAIL, tail_begin, sizeof tail_begin - 1) != 0 ||
        memcmp(line + length - (sizeof tail_end - 1), tail_end, sizeof tail_end - 1) != 0) {
        return "form";
    }
    if (!is_signed(line, length, public_key)) {
        return "signature";
    }
    const char *problem = check_order(head, line, length);
    if (!problem) {
        head->seq++;
        note_hash(head, line, length);
    }
    return problem;
}

void mcu_audit_resume(mcu_audit_head *head, const char *line, size_t length)
{
    json_t *m = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    head->seq = (uint64_t)MAX(json_integer_value(json_object_get(m, "seq")), 0);
    json_decref(m);
    note_hash(head, line, length);
}
