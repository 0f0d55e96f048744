/* reader.h - reads a segment file and proves what it can: form, chain, signed heads, without any key; with the data key also the
 * payloads. Bytes are a stranger's: every length is checked.  Thread: its owner's. */
#ifndef RECORDER_READER_H
#define RECORDER_READER_H

#include "recorder/header.h"

typedef struct {
    rec_record r;
    uint64_t at; /* file offset of the record's head */
} rec_entry;

typedef struct {
    rec_header header;
    uint8_t header_hash[MCU_HASH];
    mcu_status key_page;      /* MCU_OK, MCU_ENOSUP shredded, MCU_EINVAL damaged */
    rec_entry *entries;       /* those of good form, in order */
    unsigned n, n_proven;     /* n_proven: up to and with the last good head */
    mcu_chain_head head;      /* of that */
    bool certified;           /* by the gateway's key */
    bool complete;            /* proven up to the end, which is the file's end */
    const char *damage;       /* NULL, or what is wrong with what stands in the file: changed bytes, not missing ones */
    uint64_t bytes, end;      /* of the file; of what is proven */
    uint8_t sha256[MCU_HASH]; /* of header and proven records */
} rec_proof;

typedef struct rec_reader rec_reader;

/* `fd` is borrowed and stays open as long as the reader. `gateway` NULL: no certificate is checked, `certified` stays false. */
rec_reader *rec_reader_new(int fd, const uint8_t *gateway, GError **error);
/* For playing at once: walks the records' heads alone and proves nothing by the chain (no hashes in the proof). Each sealed
 * record still proves itself when it is opened, and unlocking leaves out what a crash has torn at the end. */
rec_reader *rec_reader_new_index(int fd, GError **error);
void rec_reader_free(rec_reader *r);
const rec_proof *rec_reader_proof(const rec_reader *r);

/* False: not this segment's key. */
bool rec_reader_unlock(rec_reader *r, const uint8_t data_key[MCU_SEAL_KEY]);
/* Payload of an entry, opened if it is sealed. NULL: unreadable, changed, or not unlocked. */
GByteArray *rec_reader_payload(rec_reader *r, unsigned entry, GError **error);

#endif
