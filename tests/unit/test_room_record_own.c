/* What is recorded is another picture than anybody's: then it has an encoder of its own, and only then. Every tick and every
 * packet is in the file, once and in order, through every hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "mcu/room/record.h"
#include "mcu/room/room_private.h"
#include "tests/unit/record_kit.h"

#define TIERS 4 /* of the kit's room: canvases from here on are for some */
#define SHARED 0

static unsigned own_canvas(void)
{
    unsigned found = 0;
    for (unsigned i = TIERS; i < MIX_MAX_TIERS; i++) {
        found = fake.uses[i] > 0 ? i : found;
    }
    return found;
}

#define BEFORE (unsigned)(MIX_AUDIO_AGE_NS / (20 * MCU_NS_PER_MS)) /* packets: what sounded before the first picture */

static void caption(room_kit *f, bool apart)
{
    room_kit_say(f, json_pack("{ss sb ss sb}", "type", "caption", "records", 1, "visit", "v1", "apart", apart));
}

/* A recording that runs, of s1; the tier is watched by s1 as well. */
static int begin(room_kit *f, record_studio *s, const char *policy)
{
    *s = (record_studio){0};
    room_kit_join(f, "s1", "a");
    int fd = record_kit_file(f, "one");
    room_kit_say(f, record_kit_start(policy));
    if (strcmp(policy, "everyone") == 0) {
        room_kit_say(f, record_kit_consent("s1", true));
    }
    record_kit_await(f, "started");
    record_kit_ticks(s, 50);
    return fd;
}

/* Stops it, and looks at every picture and packet; the canvas of each tick, caller's. */
static GArray *end(room_kit *f, record_studio *s, int fd, rec_reader **reader)
{
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    *reader = rec_reader_new(fd, record_kit_keys.gateway_public, NULL);
    assert_true(rec_reader_proof(*reader)->complete);
    assert_true(kit_unlock(*reader, fd, &record_kit_keys));
    GArray *pictures = record_kit_numbers(*reader, "picture");
    g_autoptr(GArray) packets = record_kit_numbers(*reader, "packet");
    assert_int_equal(pictures->len, s->tick);
    assert_int_equal(packets->len, s->tick * 2 - BEFORE);
    for (unsigned i = 0; i < pictures->len; i++) {
        unsigned *number = &g_array_index(pictures, unsigned, i);
        assert_int_equal(*number % RECORD_KIT_CANVAS, i);
        *number /= RECORD_KIT_CANVAS;
    }
    for (unsigned i = 0; i < packets->len; i++) {
        assert_int_equal(g_array_index(packets, unsigned, i), i + BEFORE);
    }
    assert_in_range(rec_reader_proof(*reader)->head.media_ns / MCU_NS_PER_MS, s->tick * 40 - 40, s->tick * 40 + 40);
    return pictures;
}

static unsigned canvas_at(const GArray *pictures, unsigned tick)
{
    return g_array_index(pictures, unsigned, tick);
}

/* The room does not want to see the evidence: the recording has it, in a picture of its own, and people have the mark alone. Each
 * picture that is recorded has it, so people see it for as long as theirs is recorded. */
static void test_evidence(void **state)
{
    room_kit *f = *state;
    record_studio s;
    caption(f, false);
    int fd = begin(f, &s, "announced");
    assert_string_equal(fake.caption, "v1");
    unsigned own = 0;
    assert_int_equal(mix_video_use(NULL, SHARED, MCU_CODEC_H264), MCU_OK); /* others watch it */
    for (unsigned n = 0; n < 4; n++) {
        caption(f, true);
        assert_string_equal(fake.recorded_caption, "v1");
        assert_string_equal(fake.caption, "v1"); /* it still is what is recorded */
        record_kit_ticks(&s, 30 + n * 17);
        own = own_canvas();
        assert_true(own > 0 && s.of[own].runs);
        assert_string_equal(fake.caption, "");
        assert_true(fake.records);
        unsigned asked = fake.keyframe_requests[SHARED];
        caption(f, false);
        assert_string_equal(fake.caption, "v1"); /* before it is recorded again */
        assert_int_equal(fake.keyframe_requests[SHARED], asked);
        record_kit_ticks(&s, 101);
        assert_int_equal(own_canvas(), 0); /* its own encoder has ended */
    }
    mix_video_unuse(NULL, SHARED, MCU_CODEC_H264);
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    unsigned changes = 0;
    for (unsigned i = 1; i < pictures->len; i++) {
        changes += canvas_at(pictures, i) != canvas_at(pictures, i - 1);
        assert_true(canvas_at(pictures, i) == SHARED || canvas_at(pictures, i) == own);
    }
    assert_int_equal(changes, 8);
    assert_true(record_kit_has_event(r, "\"of\":\"recording\"") && record_kit_has_event(r, "\"of\":\"tier\""));
    rec_reader_free(r);
    close(fd);
}

/* From the start, and nobody watches: no encoder but its own. */
static void test_evidence_from_the_start(void **state)
{
    room_kit *f = *state;
    record_studio s;
    caption(f, true);
    int fd = begin(f, &s, "announced");
    assert_true(own_canvas() > 0);
    assert_string_equal(fake.caption, "");
    assert_int_equal(fake.uses[SHARED], 0);
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    assert_true(canvas_at(pictures, 0) >= TIERS && canvas_at(pictures, 49) >= TIERS);
    assert_true(record_kit_has_event(r, "\"of\":\"recording\""));
    assert_int_equal(own_canvas(), 0);
    rec_reader_free(r);
    close(fd);
}

/* It is recorded as patients see it while the layout has a picture of theirs: one that they may watch, so it is shared with them.
 */
static void test_picture_of_a_role(void **state)
{
    static const char theirs[] = "{\"type\":\"layouts\",\"layouts\":[{\"name\":\"theirs\",\"title\":\"T\",\"arrangements\":["
                                 "{\"view\":[\"patient\"],\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,1,1]}]},"
                                 "{\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,1,1],\"many\":9}]}]}]}";
    room_kit *f = *state;
    record_studio s;
    f->room->options.recorded_view = MCU_WHO_PATIENT;
    room_kit_say(f, json_loads(theirs, 0, NULL));
    int fd = begin(f, &s, "announced");
    room_kit_say(f, json_pack("{ss ss}", "type", "layout", "layout", "theirs"));
    record_kit_ticks(&s, 30);
    unsigned canvas = mcu_canvas_shared(f->room, SHARED), own = (unsigned)mcu_room_options_recorded(&f->room->options, SHARED);
    assert_true(canvas >= TIERS && fake.uses[canvas] == 1 && fake.uses[own] == 0);
    caption(f, true);
    record_kit_ticks(&s, 30);
    assert_true(fake.uses[canvas] == 0 && fake.uses[own] == 1);
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    assert_int_equal(canvas_at(pictures, 49), SHARED);
    assert_int_equal(canvas_at(pictures, 79), canvas);
    rec_reader_free(r);
    close(fd);
}

/* A machine without time for the largest tier: its viewers leave it, the recording stays, and misses no tick and no sound. */
static void test_overload(void **state)
{
    room_kit *f = *state;
    record_studio s;
    int fd = begin(f, &s, "announced");
    room_kit_rise(f, "s1");
    record_kit_ticks(&s, 50);
    assert_int_equal(fake.uses[0], 2);
    fake_overload(true);
    record_kit_ticks(&s, 100);
    assert_int_equal(fake.uses[0], 1);
    fake_overload(false);
    record_kit_ticks(&s, 50);
    assert_int_equal(fake.uses[0], 2);
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    for (unsigned i = 0; i < pictures->len; i++) {
        assert_int_equal(canvas_at(pictures, i), 0);
    }
    rec_reader_free(r);
    close(fd);
}

/* Tiers without a canvas for it are refused where it is needed. */
static void test_no_picture_of_its_own(void **state)
{
    room_kit *f = *state;
    caption(f, true);
    close(record_kit_file(f, "one"));
    json_t *m = record_kit_start("announced");
    json_object_set_new(m, "tier", json_string("D"));
    room_kit_say(f, m);
    assert_non_null(strstr(room_kit_member(room_kit_heard(f, "error"), "message"), "no picture of its own"));
}

static bool shows(uint32_t person, bool masked)
{
    for (unsigned i = 0; i < fake.n_people; i++) {
        if (fake.people[i].person == person && fake.people[i].masked == masked) {
            return true;
        }
    }
    return false;
}

/* Policy everyone: who comes and has not agreed, and who takes it back, is in no picture that is recorded from the tick on, and
 * no tick is missing because of that. */
static void test_everyone(void **state)
{
    room_kit *f = *state;
    record_studio s;
    int fd = begin(f, &s, "everyone");
    assert_int_equal(fake.listener_voice[255], MIX_HEARS_UNMASKED);
    unsigned masked_at[3][2], n = 0;
    room_kit_offer(f, "s2", "b", "v=0 hello"); /* not connected yet: its canvas is made ready */
    assert_true(own_canvas() > 0 && fake.masked[2] && !fake.masked[1]);
    fake_peer_state(fake_peer(1), MCU_PEER_UP, "test");
    masked_at[n][0] = s.tick;
    room_kit_settle();
    record_kit_ticks(&s, 40);
    assert_true(shows(2, true) && shows(1, false));
    room_kit_say(f, record_kit_consent("s2", true));
    assert_true(shows(2, false) && !fake.masked[2]);
    masked_at[n++][1] = s.tick;
    record_kit_ticks(&s, 110);
    assert_int_equal(own_canvas(), 0);
    for (; n < 3; n++) { /* he does not know what he wants */
        room_kit_say(f, record_kit_consent("s1", false));
        assert_true(fake.masked[1] && shows(1, true) && own_canvas() > 0);
        masked_at[n][0] = s.tick;
        record_kit_ticks(&s, 20);
        room_kit_say(f, record_kit_consent("s1", true));
        masked_at[n][1] = s.tick;
        record_kit_ticks(&s, n == 1 ? 110 : 3);
    }
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned tick = masked_at[i][0]; tick < masked_at[i][1]; tick++) {
            assert_true(canvas_at(pictures, tick) >= TIERS);
        }
        assert_int_equal(canvas_at(pictures, masked_at[i][0] - 1), SHARED);
    }
    assert_true(record_kit_has_event(r, "\"method\":\"button\",\"seat\":\"s1\""));
    assert_true(record_kit_has_event(r, "\"seat\":\"s2\",\"time_ms\":1700000000000"));
    assert_true(record_kit_has_event(r, "\"seat\":\"s2\",\"what\":\"masked\""));
    assert_true(record_kit_has_event(r, "\"seat\":\"s2\",\"what\":\"unmasked\""));
    assert_true(record_kit_has_event(r, "\"seat\":\"s1\",\"what\":\"masked\""));
    rec_reader_free(r);
    close(fd);
}

/* Each part stands for itself: who is masked when it begins is said to be so; a first no takes nothing back. */
static void test_masked_from_the_start(void **state)
{
    room_kit *f = *state;
    record_studio s;
    int fd = begin(f, &s, "everyone"), next = record_kit_file(f, "two");
    room_kit_join(f, "s2", "b");
    room_kit_say(f, record_kit_consent("s2", false));
    record_kit_act(f, "pause");
    json_array_clear(f->sent);
    record_kit_act(f, "resume");
    record_kit_await(f, "started");
    record_kit_ticks(&s, 20);
    room_kit_say(f, record_kit_consent("s1", false));
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    rec_reader *first = rec_reader_new(fd, record_kit_keys.gateway_public, NULL),
               *second = rec_reader_new(next, record_kit_keys.gateway_public, NULL);
    assert_true(record_kit_has_event(first, "\"seat\":\"s2\",\"what\":\"consent_refused\""));
    assert_false(record_kit_has_event(first, "consent_withdrawn"));
    assert_true(record_kit_has_event(second, "\"seat\":\"s2\",\"what\":\"join\""));
    assert_true(record_kit_has_event(second, "\"seat\":\"s2\",\"what\":\"masked\""));
    assert_true(record_kit_has_event(second, "\"seat\":\"s1\",\"what\":\"consent_withdrawn\""));
    assert_false(record_kit_has_event(second, "consent_refused"));
    rec_reader_free(first);
    rec_reader_free(second);
    close(fd);
    close(next);
}

/* Nobody watches the tier: its encoder runs for the recording alone. Somebody comes to watch and goes: nothing is handed over. */
static void test_nobody_watches(void **state)
{
    room_kit *f = *state;
    record_studio s;
    int fd = begin(f, &s, "announced");
    assert_int_equal(fake.uses[SHARED], 1);
    assert_int_equal(mix_video_use(NULL, SHARED, MCU_CODEC_H264), MCU_OK);
    record_kit_ticks(&s, 130);
    mix_video_unuse(NULL, SHARED, MCU_CODEC_H264);
    record_kit_ticks(&s, 130);
    rec_reader *r;
    g_autoptr(GArray) pictures = end(f, &s, fd, &r);
    for (unsigned i = 0; i < pictures->len; i++) {
        assert_int_equal(canvas_at(pictures, i), SHARED);
    }
    rec_reader_free(r);
    close(fd);
}

#define WITH_ROOM(test) cmocka_unit_test_setup_teardown(test, room_kit_setup, room_kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOM(test_overload),
        WITH_ROOM(test_evidence),
        WITH_ROOM(test_evidence_from_the_start),
        WITH_ROOM(test_no_picture_of_its_own),
        WITH_ROOM(test_everyone),
        WITH_ROOM(test_masked_from_the_start),
        WITH_ROOM(test_nobody_watches),
        WITH_ROOM(test_picture_of_a_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
