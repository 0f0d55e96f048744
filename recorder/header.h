/* header.h - what stands before the records of a segment file: whose recording, which segment, under which keys.  Thread: any. */
#ifndef RECORDER_HEADER_H
#define RECORDER_HEADER_H

#include <glib.h>

#include "recorder/seal.h"

#define REC_HEADER_MAX (64u * 1024)

typedef struct {
    char name[8];
    int width_px, height_px, fps, bitrate_bps;
} rec_tier;

typedef struct {
    char recording[MCU_RECORDING_ID_MAX + 1], room[MCU_RECORDING_ID_MAX + 1];
    uint32_t segment;
    int64_t started_ms; /* wall clock */
    char software[32], policy[16];
    rec_tier tier;
    uint8_t salt[REC_SALT], check[MCU_HASH];
    bool has_previous;
    uint8_t previous[MCU_HASH];
    mcu_room_certificate certificate;
} rec_header;

/* The bytes that stand in the file, from the magic on, and their hash: the start of the chain. */
GByteArray *rec_header_pack(const rec_header *h, uint8_t hash[MCU_HASH]);
/* The header at MCU_KEY_PAGE of an open file; *size is how many bytes it takes. */
bool rec_header_read(int fd, rec_header *h, uint8_t hash[MCU_HASH], size_t *size, GError **error);

#endif
