/* fmp4.h - fragmented MP4 (ISO/IEC 14496-12): H.264 as track 1, Opus as track 2.  Thread: any (pure).
 * Written by hand: libavformat would bring 38 more libraries and 5 MiB into every room process, and this subset is small and
 * fixed. */
#ifndef RECORDER_FMP4_H
#define RECORDER_FMP4_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define REC_VIDEO_SCALE 90000
#define REC_AUDIO_SCALE 48000
enum { REC_TRACK_NONE = 0, REC_TRACK_VIDEO, REC_TRACK_AUDIO };
#define REC_RUN_MAX 128

typedef struct {
    const uint8_t *sps, *pps; /* NAL units without start code */
    size_t sps_size, pps_size;
    int width_px, height_px;
} rec_picture_format;

/* Samples of one track within a fragment; `data` holds them one after the other. */
typedef struct {
    uint64_t time; /* of the first, in the track's time scale */
    unsigned n;
    struct {
        uint32_t size, duration;
        bool key;
    } sample[REC_RUN_MAX];
    GByteArray *data;
} rec_run;

/* ftyp + moov, appended to `out`. False when SPS or PPS cannot be described. */
bool rec_fmp4_init(GByteArray *out, const rec_picture_format *format);
/* moof + mdat, appended to `out`; a run without samples is left out. */
void rec_fmp4_fragment(GByteArray *out, uint32_t sequence, const rec_run *video, const rec_run *audio);

/* One of our fragments, at other times: adds to its decode times (in each track's scale) and sets its sequence number. False: it
 * is none. */
bool rec_fmp4_shift(uint8_t *fragment, size_t size, uint32_t sequence, int64_t shift_ns);
/* Of a segment's first fragment: sound that begins at most 24 ms behind the keyframe begins with it, as players need it that seek
 * there (cutter.c). Everything else stays. */
void rec_fmp4_sound_from_key(uint8_t *fragment, size_t size);
/* The length of the whole film for players, into an init of ours. */
bool rec_fmp4_set_length(uint8_t *init, size_t size, int64_t length_ns);

/* Segment indexes before the fragments, so that players seek without reading all. */
typedef struct {
    uint32_t bytes;
    int64_t length_ns;
} rec_index_entry;
/* `keys`: each entry begins with a keyframe. `all`: one for each fragment. */
void rec_fmp4_index(GByteArray *out, const rec_index_entry *keys, unsigned n_keys, const rec_index_entry *all, unsigned n_all);

#endif
