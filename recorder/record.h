/* record.h - the head of one record of a segment file (format.md).  Thread: any (pure). */
#ifndef RECORDER_RECORD_H
#define RECORDER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    REC_NONE = 0,
    REC_INIT,
    REC_FRAGMENT,
    REC_EVENT,
    REC_HEAD,
    REC_PRIVATE,
    REC_END,
} rec_type;

#define REC_FLAG_LAST 1u
#define REC_FLAG_KEY 2u
#define REC_RECORD_HEAD 32
#define REC_RECORD_MAX (16u * 1024 * 1024)
#define REC_TAG 16

typedef struct {
    uint32_t size; /* of the payload, tag included */
    rec_type type;
    uint8_t flags;
    uint32_t index;
    int64_t time_ns, hold_ns; /* media time at which it begins, media that it holds */
} rec_record;

void rec_record_pack(const rec_record *r, uint8_t out[REC_RECORD_HEAD]);
/* False: no record has this head. */
bool rec_record_parse(const uint8_t in[REC_RECORD_HEAD], rec_record *out);
bool rec_type_is_sealed(rec_type type);
/* One link: hash = SHA-256(hash || data). */
#define REC_HASH 32
void rec_chain(uint8_t hash[REC_HASH], const void *data, size_t size);

#endif
