/* The room's side of a recording: what it refuses, when it runs and holds, what it tells the gateway, and what is in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/leg.h"
#include "mcu/room/record.h"
#include "tests/unit/record_kit.h"

static void test_start_to_stop(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    unsigned watched = fake.uses[0];
    int fd = record_kit_file(f, "one");
    room_kit_say(f, record_kit_start("announced"));
    const json_t *started = record_kit_await(f, "started");
    assert_string_equal(room_kit_member(started, "file"), "one");
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "ok"), "id")), 2);
    assert_true(fake.listeners[255]);
    assert_int_equal(fake.uses[0], watched + 1);
    record_kit_feed(0, 3000);
    record_kit_await(f, "head");
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    const json_t *ended = record_kit_await(f, "ended");
    mcu_chain_head head;
    assert_true(mcu_chain_head_read(&head, ended));
    assert_true(mcu_chain_head_check(&head, record_kit_keys.config.header.certificate.key));
    assert_int_equal(fake.uses[0], watched);
    assert_false(fake.listeners[255]);
    rec_reader *r = rec_reader_new(fd, record_kit_keys.gateway_public, NULL);
    const rec_proof *p = rec_reader_proof(r);
    assert_true(p->complete && p->certified);
    assert_memory_equal(p->head.hash, head.hash, 32);
    assert_true(record_kit_has_event(r, "\"seat\":\"s1\",\"what\":\"join\""));
    assert_true(record_kit_has_event(r, "\"layout\":\"grid\""));
    assert_false(record_kit_has_event(r, "Ann"));
    rec_reader_free(r);
    close(fd);
}

static const char *refusal(room_kit *f, json_t *take)
{
    json_array_clear(f->sent);
    room_kit_say(f, take);
    return room_kit_member(room_kit_heard(f, "error"), "message");
}

static void test_refusals(void **state)
{
    room_kit *f = *state;
    assert_string_equal(refusal(f, record_kit_start("announced")), "there is no file for the segment");
    int fd = record_kit_file(f, "one");
    json_t *m = record_kit_start("announced");
    json_object_set_new(m, "tier", json_string("Z"));
    assert_string_equal(refusal(f, m), "start needs the name of a tier");
    assert_string_equal(refusal(f, record_kit_start("announced")),
                        "there is no file for the segment"); /* it went with the refusal */
    close(record_kit_file(f, "two"));
    m = record_kit_start("announced");
    json_object_set_new(json_object_get(m, "certificate"), "recording", json_string("rec2"));
    assert_string_equal(refusal(f, m), "the certificate is not valid");
    close(record_kit_file(f, "three"));
    assert_string_equal(refusal(f, record_kit_start("nobody")), "policy is neither announced nor everyone");
    json_array_clear(f->sent);
    room_kit_say_fd(f,
                    json_pack("{ss si ss ss ss}", "type", "record", "id", 1, "action", "file", "recording", "rec1", "file", "x"),
                    open("/dev/null", O_RDWR));
    assert_non_null(room_kit_heard(f, "error"));
    record_kit_act(f, "pause");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "not_found");
    close(fd);
}

static void feed_canvas(unsigned canvas, unsigned from_ms, unsigned to_ms)
{
    for (unsigned ms = from_ms; ms < to_ms; ms += 40) {
        mcu_au *picture = kit_picture(ms / 40, ms == from_ms, 200);
        fake_picture_out(canvas, picture);
        mcu_au_unref(picture);
    }
}

static void call_in(room_kit *f, const char *seat, const char *session)
{
    mcu_leg_state s = {.codec = MCU_CODEC_PCMU, .ptime_ms = 20, .ssrc = 5};
    int fds[2] = {socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0)};
    assert_true(mcu_leg_address_parse("192.0.2.1:4000", &s.remote));
    json_t *m =
        json_pack("{ss si ss ss so}", "type", "leg", "id", 1, "seat", seat, "session", session, "leg", mcu_leg_to_json(&s));
    mcu_room_handle_fds(f->room, m, fds, 2);
    json_decref(m);
    room_kit_settle();
}

/* What was said over it may have been heard on the way: who reads the recording is told. */
static void test_a_clear_leg_is_marked(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    int fd = record_kit_file(f, "one");
    room_kit_say(f, record_kit_start("announced"));
    record_kit_await(f, "started");
    record_kit_feed(0, 1000);
    call_in(f, "s2", "c1");
    record_kit_feed(1000, 2000);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s2", "session", "c1"));
    record_kit_feed(2000, 3000);
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    rec_reader *r = rec_reader_new(fd, record_kit_keys.gateway_public, NULL);
    assert_true(record_kit_has_event(r, "\"seat\":\"s2\",\"what\":\"clear_leg\""));
    assert_false(record_kit_has_event(r, "\"seat\":\"s1\",\"what\":\"clear_leg\""));
    rec_reader_free(r);
    close(fd);
}

/* A tier without a canvas for it holds while somebody is here who has not agreed. */
static void test_hold(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    int first = record_kit_file(f, "one"), second = record_kit_file(f, "two");
    json_t *m = record_kit_start("everyone");
    json_object_set_new(m, "tier", json_string("D"));
    room_kit_say(f, m);
    room_kit_say(f, record_kit_consent("s1", true));
    record_kit_await(f, "started");
    feed_canvas(3, 0, 1000);
    room_kit_join(f, "s2", "b");
    assert_string_equal(room_kit_member(record_kit_await(f, "ended"), "reason"), "consent");
    json_array_clear(f->sent);
    room_kit_say(f, record_kit_consent("s2", true));
    record_kit_await(f, "started");
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    close(first);
    close(second);
}

/* A pause is seen: the segment ends with a picture that says so, and with what was there before it, and nothing else. */
static void test_pause(void **state)
{
    room_kit *f = *state;
    int first = record_kit_file(f, "one"), second = record_kit_file(f, "two");
    json_t *m = record_kit_start("announced");
    json_object_set_new(m, "slate", json_string("En pause"));
    room_kit_say(f, m);
    record_kit_await(f, "started");
    record_kit_feed(0, 1000);
    while (atomic_load(&fake.slates) == 0) {
        usleep(1000);
    }
    usleep(20000); /* to be handed over */
    record_kit_act(f, "pause");
    record_kit_feed(1000, 2000); /* nobody takes it */
    json_array_clear(f->sent);
    record_kit_act(f, "resume");
    record_kit_await(f, "started");
    record_kit_feed(4000, 5000);
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    rec_reader *a = rec_reader_new(first, record_kit_keys.gateway_public, NULL),
               *b = rec_reader_new(second, record_kit_keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete && rec_reader_proof(b)->complete);
    assert_true(record_kit_has_event(a, "\"what\":\"paused\"") && record_kit_has_event(a, "\"reason\":\"pause\""));
    assert_false(record_kit_has_event(b, "\"what\":\"paused\""));
    assert_true(kit_unlock(a, first, &record_kit_keys) && kit_unlock(b, second, &record_kit_keys));
    assert_true(record_kit_has_media(a, "En pause") && record_kit_has_media(a, "picture 24!") &&
                !record_kit_has_media(a, "picture 25!"));
    assert_true(record_kit_has_media(b, "picture 100!") && !record_kit_has_media(b, "En pause"));
    assert_in_range(rec_reader_proof(a)->head.media_ns / MCU_NS_PER_MS, 1000, 1500);
    rec_reader_free(a);
    rec_reader_free(b);
    close(first);
    close(second);
}

/* Paused while the slate shows, the room waits for nobody: it ends by itself. */
static void test_pause_lasts(void **state)
{
    room_kit *f = *state;
    int fd = record_kit_file(f, "one");
    room_kit_say(f, record_kit_start("announced"));
    record_kit_await(f, "started");
    record_kit_feed(0, 400);
    while (atomic_load(&fake.slates) == 0) {
        usleep(1000);
    }
    usleep(20000);
    record_kit_act(f, "pause");
    assert_string_equal(room_kit_member(record_kit_await(f, "ended"), "reason"), "pause");
    rec_reader *r = rec_reader_new(fd, record_kit_keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    assert_in_range(rec_reader_proof(r)->head.media_ns / MCU_NS_PER_MS, 2300, 3500);
    rec_reader_free(r);
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
    close(fd);
}

/* The disk fails while no gateway is there: the mark goes from the picture, and the next gateway hears all of it. */
static void test_nobody_heard(void **state)
{
    room_kit *f = *state;
    int fd = record_kit_file(f, "one");
    room_kit_say(f, json_pack("{ss sb ss}", "type", "caption", "records", 1, "visit", "v1"));
    room_kit_say(f, record_kit_start("announced"));
    record_kit_await(f, "started");
    assert_true(fake.records);
    record_kit_feed(0, 1000);
    record_kit_act(f, "pause");
    record_kit_act(f, "resume"); /* there is no second file */
    record_kit_await(f, "stopped");
    assert_false(fake.records);
    json_array_clear(f->sent);
    mcu_room_announce(f->room);
    assert_string_equal(room_kit_member(record_kit_await(f, "started"), "file"), "one");
    mcu_chain_head head;
    assert_true(mcu_chain_head_read(&head, record_kit_await(f, "ended")));
    assert_string_equal(room_kit_member(record_kit_await(f, "error"), "code"), "no_file");
    assert_string_equal(room_kit_member(record_kit_await(f, "stopped"), "reason"), "no_file");
    close(fd);
}

/* A keyframe is asked for every four seconds, so that players can seek. */
static void test_keyframes(void **state)
{
    room_kit *f = *state;
    close(record_kit_file(f, "one"));
    room_kit_say(f, record_kit_start("announced"));
    record_kit_await(f, "started");
    fake.keyframe_requests[0] = 0;
    for (unsigned n = 0; n < 200; n++) {
        mcu_au *picture = kit_picture(n, n % 100 == 0, 200);
        fake_picture_out(0, picture);
        mcu_au_unref(picture);
        assert_int_equal(fake.keyframe_requests[0], n >= 199 ? 2 : n >= 99 ? 1 : 0);
    }
    record_kit_act(f, "stop");
    record_kit_await(f, "stopped");
}

/* What a test's part says to standard error. */
static int log_begin(int *usual)
{
    int file = memfd_create("log", MFD_CLOEXEC);
    *usual = dup(STDERR_FILENO);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    return file;
}

static bool log_end(int file, int usual, const char *sought)
{
    char text[8192] = "";
    assert_true(dup2(usual, STDERR_FILENO) >= 0 && pread(file, text, sizeof text - 1, 0) > 0);
    close(file);
    close(usual);
    return strstr(text, sought) != NULL;
}

/* Each stop is in the log with its reason: a command, what the gateway's policy says, the end of the room, a disk. */
static void test_stops_are_logged(void **state)
{
    static const struct {
        const char *reason, *expected;
    } rows[] = {{"stop", "reason=stop"}, {"policy", "reason=policy"}, {NULL, "reason=no_file"}, {"end", "reason=room"}};
    room_kit *f = *state;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        close(record_kit_file(f, "one"));
        json_array_clear(f->sent);
        room_kit_say(f, record_kit_start("announced"));
        record_kit_await(f, "started");
        record_kit_feed(0, 400);
        int usual, log = log_begin(&usual);
        if (rows[i].reason == NULL) {
            record_kit_act(f, "pause");
            record_kit_act(f, "resume");
        } else if (strcmp(rows[i].reason, "end") == 0) {
            room_kit_say(f, json_pack("{ss ss}", "type", "end", "reason", "test"));
        } else {
            room_kit_say(f, json_pack("{ss si ss ss ss}", "type", "record", "id", 3, "action", "stop", "recording", "rec1",
                                      "reason", rows[i].reason));
        }
        record_kit_await(f, "stopped");
        room_kit_settle();
        g_autofree char *line = g_strdup_printf("recording.stopped room=r1 recording=rec1 %s", rows[i].expected);
        assert_true(log_end(log, usual, line));
    }
}

/* The room ends: the segment is complete before the process says goodbye. */
static void test_room_ends(void **state)
{
    room_kit *f = *state;
    int fd = record_kit_file(f, "one");
    room_kit_say(f, record_kit_start("announced"));
    record_kit_await(f, "started");
    record_kit_feed(0, 1000);
    room_kit_say(f, json_pack("{ss ss}", "type", "end", "reason", "test"));
    assert_string_equal(room_kit_member(record_kit_await(f, "stopped"), "reason"), "room");
    for (int i = 0; i < 1000 && !f->finished; i++) {
        room_kit_settle();
        usleep(1000);
    }
    assert_true(f->finished);
    assert_string_equal(room_kit_member(room_kit_heard(f, "bye"), "reason"), "test");
    rec_reader *r = rec_reader_new(fd, record_kit_keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    rec_reader_free(r);
    close(fd);
}

#define WITH_ROOM(test) cmocka_unit_test_setup_teardown(test, room_kit_setup, room_kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOM(test_stops_are_logged),
        WITH_ROOM(test_start_to_stop),
        WITH_ROOM(test_refusals),
        WITH_ROOM(test_a_clear_leg_is_marked),
        WITH_ROOM(test_hold),
        WITH_ROOM(test_keyframes),
        WITH_ROOM(test_room_ends),
        WITH_ROOM(test_pause),
        WITH_ROOM(test_pause_lasts),
        WITH_ROOM(test_nobody_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
