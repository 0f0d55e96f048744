/* fmp4_patch.c - the few numbers of our own boxes that change when segments become one film. */
#include "recorder/fmp4.h"

#include "recorder/box.h"

/* The first box of this name in [data, data + size), or NULL; *length is the box's. */
static uint8_t *find(uint8_t *data, size_t size, const char name[5], size_t *length)
{
    while (size >= 8) {
        size_t box = mcu_rd32(data);
        if (box < 8 || box > size) {
            return NULL;
        }
        if (memcmp(data + 4, name, 4) == 0) {
            *length = box;
            return data;
        }
        data += box;
        size -= box;
    }
    return NULL;
}

static bool shift_traf(uint8_t *traf, size_t size, int64_t shift_ns)
{
    size_t length = 0;
    uint8_t *tfhd = find(traf + 8, size - 8, "tfhd", &length);
    if (tfhd == NULL || length < 16) {
        return false;
    }
    int64_t scale = mcu_rd32(tfhd + 12) == REC_TRACK_VIDEO ? REC_VIDEO_SCALE : REC_AUDIO_SCALE;
    uint8_t *tfdt = find(traf + 8, size - 8, "tfdt", &length);
    if (tfdt == NULL || length < 20 || tfdt[8] != 1) {
        return false;
    }
    mcu_wr64(tfdt + 12, mcu_rd64(tfdt + 12) + (uint64_t)(shift_ns / 1000000 * (scale / 1000)));
    return true;
}

/* Segments begin on whole milliseconds of the film: exact in both scales. */
bool rec_fmp4_shift(uint8_t *fragment, size_t size, uint32_t sequence, int64_t shift_ns)
{
    size_t moof_size = 0, length = 0;
    uint8_t *moof = find(fragment, size, "moof", &moof_size);
    uint8_t *mfhd = moof != NULL ? find(moof + 8, moof_size - 8, "mfhd", &length) : NULL;
    if (mfhd == NULL || length < 16) {
        return false;
    }
    mcu_wr32(mfhd + 12, sequence);
    uint8_t *at = moof + 8, *end = moof + moof_size;
    for (uint8_t *traf = find(at, (size_t)(end - at), "traf", &length); traf != NULL;
         traf = find(at, (size_t)(end - at), "traf", &length)) {
        if (!shift_traf(traf, length, shift_ns)) {
            return false;
        }
        at = traf + length;
    }
    return true;
}

/* The decode time of a track's run, or NULL. */
static uint8_t *time_of(uint8_t *moof, size_t size, uint32_t track)
{
    uint8_t *at = moof + 8, *end = moof + size;
    size_t length = 0, box = 0;
    for (uint8_t *traf = find(at, (size_t)(end - at), "traf", &length); traf != NULL;
         traf = find(at, (size_t)(end - at), "traf", &length)) {
        uint8_t *tfhd = find(traf + 8, length - 8, "tfhd", &box);
        bool is_it = tfhd != NULL && box >= 16 && mcu_rd32(tfhd + 12) == track;
        uint8_t *tfdt = is_it ? find(traf + 8, length - 8, "tfdt", &box) : NULL;
        if (tfdt != NULL && box >= 20 && tfdt[8] == 1) {
            return tfdt + 12;
        }
        at = traf + length;
    }
    return NULL;
}

void rec_fmp4_sound_from_key(uint8_t *fragment, size_t size)
{
    enum { MS = REC_AUDIO_SCALE / 1000, MOST = 25 * MS };
    size_t length = 0;
    uint8_t *moof = find(fragment, size, "moof", &length);
    uint8_t *picture = moof != NULL ? time_of(moof, length, REC_TRACK_VIDEO) : NULL,
            *sound = moof != NULL ? time_of(moof, length, REC_TRACK_AUDIO) : NULL;
    if (picture == NULL || sound == NULL) {
        return;
    }
    uint64_t wanted = mcu_rd64(picture) / (REC_VIDEO_SCALE / 1000) * MS;
    wanted -= MIN(wanted, MS);
    if (mcu_rd64(sound) > wanted && mcu_rd64(sound) - wanted <= MOST) {
        mcu_wr64(sound, wanted);
    }
}

bool rec_fmp4_set_length(uint8_t *init, size_t size, int64_t length_ns)
{
    size_t moov_size = 0, mvex_size = 0, length = 0;
    uint8_t *moov = find(init, size, "moov", &moov_size);
    uint8_t *mvex = moov != NULL ? find(moov + 8, moov_size - 8, "mvex", &mvex_size) : NULL;
    uint8_t *mehd = mvex != NULL ? find(mvex + 8, mvex_size - 8, "mehd", &length) : NULL;
    if (mehd == NULL || length != 20) {
        return false;
    }
    mcu_wr64(mehd + 12, (uint64_t)(length_ns / 1000000));
    return true;
}
