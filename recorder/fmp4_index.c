/* fmp4_index.c - where in a film what is: segment index boxes (ISO/IEC 14496-12 8.16.3) before its first fragment. */
#include "recorder/box.h"
#include "recorder/fmp4.h"

#define SIDX_HEAD 40
#define SIDX_ENTRY 12
#define SIDX_MAX 65535 /* its counter has 16 bits; that is 7 hours of fragments: after that there are several */

static int64_t units(int64_t ns, uint32_t scale)
{
    return ns / 1000 * scale / 1000000;
}

/* One box; its first entry begins at `begins_ns` and `behind` bytes after the box. Returns where the last one ends. */
static int64_t put_sidx(GByteArray *out, uint32_t track, const rec_index_entry *entries, unsigned n, int64_t begins_ns,
                        uint64_t behind)
{
    uint32_t scale = track == REC_TRACK_VIDEO ? REC_VIDEO_SCALE : REC_AUDIO_SCALE;
    guint at = rec_full_box(out, "sidx", 1, 0);
    int64_t end_ns = begins_ns; /* whole units are counted from the film's beginning: nothing adds up */
    rec_put32(out, track);
    rec_put32(out, scale);
    rec_put64(out, (uint64_t)units(begins_ns, scale));
    rec_put64(out, behind);
    rec_put16(out, 0);
    rec_put16(out, n);
    for (unsigned i = 0; i < n; i++) {
        rec_put32(out, entries[i].bytes);
        rec_put32(out, (uint32_t)(units(end_ns + entries[i].length_ns, scale) - units(end_ns, scale)));
        end_ns += entries[i].length_ns;
        rec_put32(out, 0x90000000u); /* begins with a random access point of type 1 */
    }
    rec_box_end(out, at);
    return end_ns;
}

static uint64_t bytes_of(unsigned n)
{
    return (uint64_t)((n + SIDX_MAX - 1) / SIDX_MAX) * SIDX_HEAD + (uint64_t)n * SIDX_ENTRY;
}

/* `after`: bytes between the last of these boxes and the first fragment. */
static void put_track(GByteArray *out, uint32_t track, const rec_index_entry *entries, unsigned n, uint64_t after)
{
    uint64_t left = bytes_of(n), before = 0; /* bytes of boxes to come, of fragments that earlier boxes name */
    int64_t at_ns = 0;
    for (unsigned i = 0, count; i < n; i += count) {
        count = MIN(n - i, SIDX_MAX);
        left -= SIDX_HEAD + (uint64_t)count * SIDX_ENTRY;
        at_ns = put_sidx(out, track, entries + i, count, at_ns, left + after + before);
        for (unsigned k = i; k < i + count; k++) {
            before += entries[k].bytes;
        }
    }
}

/* One for each track: libavformat takes the times of the only one there is for those of any track, in that track's scale. It
 * looks for pictures where theirs leads, and then goes on with the next fragment that it knows of: so that of sound has to name
 * all. */
void rec_fmp4_index(GByteArray *out, const rec_index_entry *keys, unsigned n_keys, const rec_index_entry *all, unsigned n_all)
{
    put_track(out, REC_TRACK_VIDEO, keys, n_keys, bytes_of(n_all));
    put_track(out, REC_TRACK_AUDIO, all, n_all, 0);
}
