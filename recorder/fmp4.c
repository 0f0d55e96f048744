#include "recorder/fmp4.h"

#include "recorder/box.h"

#define PRE_SKIP 312                /* libopus at 48 kHz; RFC 7845 4.2 */
#define SAMPLE_NOT_SYNC 0x01010000u /* depends on others, is no sync sample (8.8.3.1) */
#define SAMPLE_SYNC 0x02000000u

static void put_matrix(GByteArray *out)
{
    static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (int i = 0; i < 9; i++) {
        rec_put32(out, unity[i]);
    }
}

static void put_ftyp(GByteArray *out)
{
    guint at = rec_box(out, "ftyp");
    rec_put(out, "iso6\0\0\0\1iso6mp41avc1", 20);
    rec_box_end(out, at);
}

static void put_mvhd(GByteArray *out)
{
    guint at = rec_full_box(out, "mvhd", 0, 0);
    rec_put_zeros(out, 8);
    rec_put32(out, 1000);
    rec_put32(out, 0);
    rec_put32(out, 0x10000); /* rate 1.0 */
    rec_put16(out, 0x100);   /* volume 1.0 */
    rec_put_zeros(out, 10);
    put_matrix(out);
    rec_put_zeros(out, 24);
    rec_put32(out, REC_TRACK_AUDIO + 1);
    rec_box_end(out, at);
}

static void put_tkhd(GByteArray *out, uint32_t track, int width_px, int height_px)
{
    guint at = rec_full_box(out, "tkhd", 0, 3); /* enabled, in the film */
    rec_put_zeros(out, 8);
    rec_put32(out, track);
    rec_put_zeros(out, 8);
    rec_put_zeros(out, 8);
    rec_put16(out, 0);
    rec_put16(out, track == REC_TRACK_AUDIO ? 1 : 0); /* alternate group */
    rec_put16(out, track == REC_TRACK_AUDIO ? 0x100 : 0);
    rec_put16(out, 0);
    put_matrix(out);
    rec_put32(out, (uint32_t)width_px << 16);
    rec_put32(out, (uint32_t)height_px << 16);
    rec_box_end(out, at);
}

static void put_mdhd_hdlr(GByteArray *out, uint32_t scale, const char *handler, const char *name)
{
    guint at = rec_full_box(out, "mdhd", 0, 0);
    rec_put_zeros(out, 8);
    rec_put32(out, scale);
    rec_put32(out, 0);
    rec_put16(out, 0x55c4); /* und */
    rec_put16(out, 0);
    rec_box_end(out, at);
    at = rec_full_box(out, "hdlr", 0, 0);
    rec_put32(out, 0);
    rec_put(out, handler, 4);
    rec_put_zeros(out, 12);
    rec_put(out, name, strlen(name) + 1);
    rec_box_end(out, at);
}

/* ISO/IEC 14496-15 5.3.3 */
static void put_avc1(GByteArray *out, const rec_picture_format *f)
{
    guint at = rec_box(out, "avc1");
    rec_put_zeros(out, 6);
    rec_put16(out, 1);
    rec_put_zeros(out, 16);
    rec_put16(out, (unsigned)f->width_px);
    rec_put16(out, (unsigned)f->height_px);
    rec_put32(out, 0x480000); /* 72 dpi */
    rec_put32(out, 0x480000);
    rec_put32(out, 0);
    rec_put16(out, 1);
    rec_put_zeros(out, 32);
    rec_put16(out, 24);
    rec_put16(out, 0xffff);
    guint config = rec_box(out, "avcC");
    rec_put8(out, 1);
    rec_put(out, f->sps + 1, 3); /* profile, constraints, level */
    rec_put8(out, 0xff);         /* lengths of four bytes */
    rec_put8(out, 0xe1);
    rec_put16(out, (unsigned)f->sps_size);
    rec_put(out, f->sps, f->sps_size);
    rec_put8(out, 1);
    rec_put16(out, (unsigned)f->pps_size);
    rec_put(out, f->pps, f->pps_size);
    rec_box_end(out, config);
    rec_box_end(out, at);
}

/* Opus in ISOBMFF 4.3 */
static void put_opus(GByteArray *out)
{
    guint at = rec_box(out, "Opus");
    rec_put_zeros(out, 6);
    rec_put16(out, 1);
    rec_put_zeros(out, 8);
    rec_put16(out, 1);
    rec_put16(out, 16);
    rec_put32(out, 0);
    rec_put32(out, (uint32_t)REC_AUDIO_SCALE << 16);
    guint config = rec_box(out, "dOps");
    rec_put8(out, 0);
    rec_put8(out, 1);
    rec_put16(out, PRE_SKIP);
    rec_put32(out, REC_AUDIO_SCALE);
    rec_put16(out, 0);
    rec_put8(out, 0);
    rec_box_end(out, config);
    rec_box_end(out, at);
}

static void put_dinf(GByteArray *out)
{
    guint dinf = rec_box(out, "dinf"), dref = rec_full_box(out, "dref", 0, 0);
    rec_put32(out, 1);
    rec_box_end(out, rec_full_box(out, "url ", 0, 1)); /* in this file */
    rec_box_end(out, dref);
    rec_box_end(out, dinf);
}

/* The tables stay empty: every sample is in a fragment. */
static void put_stbl(GByteArray *out, const rec_picture_format *video)
{
    static const char *const empty[] = {"stts", "stsc", "stco"};
    guint stbl = rec_box(out, "stbl"), stsd = rec_full_box(out, "stsd", 0, 0);
    rec_put32(out, 1);
    if (video != NULL) {
        put_avc1(out, video);
    } else {
        put_opus(out);
    }
    rec_box_end(out, stsd);
    for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
        guint at = rec_full_box(out, empty[i], 0, 0);
        rec_put32(out, 0);
        rec_box_end(out, at);
    }
    guint stsz = rec_full_box(out, "stsz", 0, 0);
    rec_put_zeros(out, 8);
    rec_box_end(out, stsz);
    rec_box_end(out, stbl);
}

static void put_trak(GByteArray *out, uint32_t track, const rec_picture_format *video)
{
    guint trak = rec_box(out, "trak");
    put_tkhd(out, track, video != NULL ? video->width_px : 0, video != NULL ? video->height_px : 0);
    guint mdia = rec_box(out, "mdia");
    put_mdhd_hdlr(out, video != NULL ? REC_VIDEO_SCALE : REC_AUDIO_SCALE, video != NULL ? "vide" : "soun",
                  video != NULL ? "composite" : "mix");
    guint minf = rec_box(out, "minf");
    guint media = video != NULL ? rec_full_box(out, "vmhd", 0, 1) : rec_full_box(out, "smhd", 0, 0);
    rec_put_zeros(out, video != NULL ? 8 : 4);
    rec_box_end(out, media);
    put_dinf(out);
    put_stbl(out, video);
    rec_box_end(out, minf);
    rec_box_end(out, mdia);
    rec_box_end(out, trak);
}

static void put_mvex(GByteArray *out)
{
    guint mvex = rec_box(out, "mvex"), mehd = rec_full_box(out, "mehd", 1, 0);
    rec_put64(out, 0); /* rec_fmp4_set_length() */
    rec_box_end(out, mehd);
    for (uint32_t track = REC_TRACK_VIDEO; track <= REC_TRACK_AUDIO; track++) {
        guint trex = rec_full_box(out, "trex", 0, 0);
        rec_put32(out, track);
        rec_put32(out, 1);
        rec_put_zeros(out, 8);
        rec_put32(out, track == REC_TRACK_VIDEO ? SAMPLE_NOT_SYNC : SAMPLE_SYNC);
        rec_box_end(out, trex);
    }
    rec_box_end(out, mvex);
}

bool rec_fmp4_init(GByteArray *out, const rec_picture_format *format)
{
    if (format->sps_size < 4 || format->sps_size > UINT16_MAX || format->pps_size < 1 || format->pps_size > UINT16_MAX) {
        return false;
    }
    put_ftyp(out);
    guint moov = rec_box(out, "moov");
    put_mvhd(out);
    put_trak(out, REC_TRACK_VIDEO, format);
    put_trak(out, REC_TRACK_AUDIO, NULL);
    put_mvex(out);
    rec_box_end(out, moov);
    return true;
}

/* ---- fragments ---- */

/* Returns where the data offset has to go. */
static guint put_traf(GByteArray *out, uint32_t track, const rec_run *run)
{
    guint traf = rec_box(out, "traf"), at = rec_full_box(out, "tfhd", 0, 0x020000); /* offsets from the moof */
    rec_put32(out, track);
    rec_box_end(out, at);
    at = rec_full_box(out, "tfdt", 1, 0);
    rec_put64(out, run->time);
    rec_box_end(out, at);
    bool video = track == REC_TRACK_VIDEO;
    at = rec_full_box(out, "trun", 0, video ? 0x000701 : 0x000301); /* data offset; duration, size, flags of each */
    rec_put32(out, run->n);
    guint offset = out->len;
    rec_put32(out, 0);
    for (unsigned i = 0; i < run->n; i++) {
        rec_put32(out, run->sample[i].duration);
        rec_put32(out, run->sample[i].size);
        if (video) {
            rec_put32(out, run->sample[i].key ? SAMPLE_SYNC : SAMPLE_NOT_SYNC);
        }
    }
    rec_box_end(out, at);
    rec_box_end(out, traf);
    return offset;
}

void rec_fmp4_fragment(GByteArray *out, uint32_t sequence, const rec_run *video, const rec_run *audio)
{
    const rec_run *runs[] = {video, audio};
    guint offset[2] = {0, 0}, start = out->len, moof = rec_box(out, "moof"), at = rec_full_box(out, "mfhd", 0, 0);
    rec_put32(out, sequence);
    rec_box_end(out, at);
    for (uint32_t i = 0; i < 2; i++) {
        offset[i] = runs[i]->n > 0 ? put_traf(out, REC_TRACK_VIDEO + i, runs[i]) : 0;
    }
    rec_box_end(out, moof);
    guint mdat = rec_box(out, "mdat");
    for (uint32_t i = 0; i < 2; i++) {
        if (runs[i]->n > 0) {
            mcu_wr32(out->data + offset[i], out->len - start);
            rec_put(out, runs[i]->data->data, runs[i]->data->len);
        }
    }
    rec_box_end(out, mdat);
}
