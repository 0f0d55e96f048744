/* Sound and picture on one clock: an hour in which everything happens, stepped, and read back out of the fragments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/bytes.h"
#include "recorder/cutter.h"
#include "tests/unit/recording_kit.h"

#define NS_PER_VIDEO (1e9 / REC_VIDEO_SCALE)
#define HOUR_MS 3600000u

/* What a player would make of the fragments: where each track is, and how far its samples are from the clock that made them. */
typedef struct {
    uint64_t fragments;
    int64_t track_ns[2];   /* end of the newest sample */
    int64_t worst_ns[2];   /* |time in the file - time on the clock| */
    int64_t overlap_ns[2]; /* a run that begins before the one before it ended */
    uint64_t samples[2];
    int64_t longest_ns;
} player;

static int64_t units_ns(int track, uint64_t units)
{
    return track == 0 ? (int64_t)((double)units * NS_PER_VIDEO) : (int64_t)(units / 3 * 62500 + units % 3 * 62500 / 3);
}

/* Every sample of ours carries the clock's time as text, written by stamp(). */
static int64_t stamp_of(const uint8_t *data, size_t size, const char *mark)
{
    const char *at = memmem(data, size, mark, strlen(mark));
    return at != NULL ? (int64_t)g_ascii_strtoll(at + strlen(mark), NULL, 16) : -1;
}

static void play_run(player *p, int track, uint64_t time, const uint8_t *trun, const uint8_t *moof, size_t size)
{
    uint32_t n = mcu_rd32(trun + 12), offset = mcu_rd32(trun + 16);
    unsigned step = track == 0 ? 12 : 8;
    int64_t at_ns = units_ns(track, time);
    p->overlap_ns[track] = MAX(p->overlap_ns[track], p->track_ns[track] - at_ns);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *row = trun + 20 + i * step;
        uint32_t duration = mcu_rd32(row), bytes = mcu_rd32(row + 4);
        assert_true(offset + bytes <= size);
        int64_t clock_ns = stamp_of(moof + offset, bytes, track == 0 ? "V:" : "A:");
        if (clock_ns >= 0) {
            int64_t off_ns = units_ns(track, time) - (clock_ns - KIT_START_NS);
            p->worst_ns[track] = MAX(p->worst_ns[track], ABS(off_ns));
        }
        p->samples[track]++;
        time += duration;
        offset += bytes;
    }
    p->track_ns[track] = units_ns(track, time);
}

static void play(void *user, const rec_record *r, const GByteArray *payload)
{
    player *p = user;
    if (r->type != REC_FRAGMENT) {
        return;
    }
    p->fragments++;
    p->longest_ns = MAX(p->longest_ns, r->hold_ns);
    const uint8_t *moof = payload->data, *at = moof + 8 + 16;
    while (at < moof + mcu_rd32(moof)) {
        assert_memory_equal(at + 4, "traf", 4);
        const uint8_t *tfhd = at + 8, *tfdt = tfhd + mcu_rd32(tfhd), *trun = tfdt + mcu_rd32(tfdt);
        play_run(p, mcu_rd32(tfhd + 12) == 1 ? 0 : 1, mcu_rd64(tfdt + 12), trun, moof, payload->len);
        at += mcu_rd32(at);
    }
}

static mcu_au *stamp(mcu_au *au, size_t at, const char *mark, int64_t time_ns)
{
    au->time_ns = time_ns;
    char text[24];
    g_snprintf(text, sizeof text, "%s%016" G_GINT64_MODIFIER "x!", mark, (guint64)time_ns);
    memcpy(au->data + at, text, 19);
    return au;
}

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A picture every 40 ms, unless nothing moves or the machine is busy; a packet every 20 ms, unless the loop was too late for it
 * or the audio clock stood still (nobody listened, the machine slept) and began again in another phase. */
static void hour(rec_cutter *c, uint32_t seed)
{
    int64_t next_key_ns = 0, phase_ns = 7 * MCU_NS_PER_MS;
    for (unsigned ms = 0; ms < HOUR_MS; ms += 20) {
        bool still = ms % 60000 > 40000, busy = dice(&seed) % 50 == 0;
        if (ms % 40 == 0 && !busy && (!still || ms % 1000 == 0)) {
            int64_t at_ns = KIT_START_NS + ms * MCU_NS_PER_MS;
            bool key = at_ns >= next_key_ns;
            next_key_ns = key ? at_ns + 4 * MCU_NS_PER_SEC : next_key_ns;
            mcu_au *picture = kit_picture(0, key, 40);
            stamp(picture, picture->size - 20, "V:", at_ns);
            assert_int_equal(rec_cutter_picture(c, picture), REC_TAKEN);
            mcu_au_unref(picture);
        }
        if (ms % 300000 == 0) {
            phase_ns = (int64_t)(dice(&seed) % 20) * MCU_NS_PER_MS; /* the clock began again */
        }
        bool asleep = ms % 600000 > 590000 && ms % 600000 < 590000 + dice(&seed) % 9000, lost = dice(&seed) % 40 == 0;
        if (!asleep && !lost) {
            mcu_au *packet = stamp(kit_packet(0, 40), 8, "A:", KIT_START_NS + ms * MCU_NS_PER_MS + phase_ns);
            (void)rec_cutter_sound(c, packet);
            mcu_au_unref(packet);
        }
    }
}

static void test_hour(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 3; seed++) {
        player p = {0};
        rec_cutter *c = rec_cutter_new((rec_cutter_sink){play, &p}, 0);
        hour(c, seed);
        rec_cutter_flush(c);
        assert_in_range(p.worst_ns[0], 0, MCU_NS_PER_MS);
        assert_in_range(p.worst_ns[1], 0, 20 * MCU_NS_PER_MS); /* so A/V skew stays below 40 ms, to the end */
        assert_in_range(p.overlap_ns[0] + MCU_NS_PER_SEC, 0, MCU_NS_PER_SEC + MCU_NS_PER_MS);
        assert_in_range(p.longest_ns, 1, 1040 * MCU_NS_PER_MS); /* only while nothing moves and the audio clock stands still */
        assert_in_range(labs((long)(p.track_ns[0] - p.track_ns[1])), 0, 1100 * MCU_NS_PER_MS);
        assert_in_range(p.track_ns[1] / MCU_NS_PER_MS, HOUR_MS - 60, HOUR_MS + 60);
        assert_in_range(labs((long)rec_cutter_skew_ns(c)), 0, 20 * MCU_NS_PER_MS);
        assert_true(rec_cutter_filled(c) > 1000);
        rec_cutter_free(c);
    }
}

/* Nobody moves and nobody speaks: the recording goes on. */
static void test_quiet(void **state)
{
    (void)state;
    player p = {0};
    rec_cutter *c = rec_cutter_new((rec_cutter_sink){play, &p}, 0);
    mcu_au *picture = kit_picture(0, true, 40);
    assert_int_equal(rec_cutter_picture(c, picture), REC_TAKEN);
    mcu_au_unref(picture);
    for (unsigned i = 0; i < 3000; i++) {
        mcu_au *packet = kit_packet(i, 3);
        assert_int_equal(rec_cutter_sound(c, packet), REC_TAKEN);
        mcu_au_unref(packet);
    }
    assert_in_range(p.fragments, 115, 125);
    rec_cutter_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hour), cmocka_unit_test(test_quiet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
