#include "recorder/record.h"

#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "mcu/base/bytes.h"

bool rec_type_is_sealed(rec_type type)
{
    return type == REC_INIT || type == REC_FRAGMENT || type == REC_PRIVATE || type == REC_END;
}

void rec_record_pack(const rec_record *r, uint8_t out[REC_RECORD_HEAD])
{
    memset(out, 0, REC_RECORD_HEAD);
    mcu_wr32(out, r->size);
    out[4] = (uint8_t)r->type;
    out[5] = r->flags;
    mcu_wr32(out + 8, r->index);
    mcu_wr64(out + 16, (uint64_t)r->time_ns);
    mcu_wr64(out + 24, (uint64_t)r->hold_ns);
}

bool rec_record_parse(const uint8_t in[REC_RECORD_HEAD], rec_record *out)
{
    static const uint8_t zero[4];
    *out = (rec_record){
        .size = mcu_rd32(in),
        .type = (rec_type)in[4],
        .flags = in[5],
        .index = mcu_rd32(in + 8),
        .time_ns = (int64_t)mcu_rd64(in + 16),
        .hold_ns = (int64_t)mcu_rd64(in + 24),
    };
    if (in[4] < REC_INIT || in[4] > REC_END || in[5] > (REC_FLAG_LAST | REC_FLAG_KEY) || memcmp(in + 6, zero, 2) != 0 ||
        memcmp(in + 12, zero, 4) != 0) {
        return false;
    }
    bool last = (out->flags & REC_FLAG_LAST) != 0;
    return out->size <= REC_RECORD_MAX && out->time_ns >= 0 && out->hold_ns >= 0 && last == (out->type == REC_END) &&
           (!rec_type_is_sealed(out->type) || out->size >= REC_TAG);
}

void rec_chain(uint8_t hash[REC_HASH], const void *data, size_t size)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(c, hash, REC_HASH) == 1 &&
              EVP_DigestUpdate(c, data, size) == 1 && EVP_DigestFinal_ex(c, hash, NULL) == 1;
    g_assert(ok); /* OpenSSL fails here only without memory */
    EVP_MD_CTX_free(c);
}
