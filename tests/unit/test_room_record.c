/* The room's side of a recording: what it refuses, when it runs and holds, what it tells the gateway, and what is in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/base/leg.h"
#include "mcu/room/record.h"
#include "tests/unit/recording_kit.h"
#include "tests/unit/room_kit.h"

static kit_keys keys;

/* Runs the loop until the newest `recording` message has this state. */
static const json_t *await(room_kit *f, const char *state)
{
    int64_t until_ns = mcu_now_ns() + 10 * MCU_NS_PER_SEC;
    while (mcu_now_ns() < until_ns) {
        room_kit_settle();
        for (size_t i = json_array_size(f->sent); i-- > 0;) {
            const json_t *m = json_array_get(f->sent, i);
            const char *type = room_kit_member(m, "type"), *is = room_kit_member(m, "state");
            if (strcmp(type, "recording") == 0 && strcmp(is, state) == 0) {
                return m;
            }
        }
        usleep(1000);
    }
    fail_msg("no recording %s", state);
    return NULL;
}

static int give_file(room_kit *f, const char *name)
{
    FILE *file = tmpfile();
    int mine = dup(fileno(file));
    room_kit_say_fd(f,
                    json_pack("{ss si ss ss ss}", "type", "record", "id", 1, "action", "file", "recording", "rec1", "file", name),
                    dup(mine));
    fclose(file);
    return mine;
}

static json_t *start_message(const char *policy)
{
    char key[65];
    kit_keys_make(&keys);
    mcu_room_certificate *c = &keys.config.header.certificate;
    mcu_sign_public(room_kit_signing_key, c->key);
    mcu_room_certificate_sign(c, keys.gateway);
    json_t *m = json_pack("{ss si ss ss ss si ss ss ss so}", "type", "record", "id", 2, "action", "start", "recording", "rec1",
                          "room", "room1", "segment", 0, "tier", "A", "key", mcu_hex(keys.recipient_public, 32, key), "kid",
                          "kit", "certificate", mcu_room_certificate_json(c));
    json_object_set_new(m, "policy", json_string(policy));
    json_object_set_new(m, "reserve", json_integer(0));
    return m;
}

static void simple(room_kit *f, const char *action)
{
    room_kit_say(f, json_pack("{ss si ss ss}", "type", "record", "id", 3, "action", action, "recording", "rec1"));
}

static void feed(unsigned from_ms, unsigned to_ms)
{
    for (unsigned ms = from_ms; ms < to_ms; ms += 20) {
        if (ms % 40 == 0) {
            mcu_au *picture = kit_picture(ms / 40, ms % 4000 == 0 || ms == from_ms, 200);
            fake_picture_out(0, picture);
            mcu_au_unref(picture);
        }
        mcu_au *packet = kit_packet(ms / 20, 60);
        fake_sound_out(MCU_RECORD_LISTENER, packet);
        mcu_au_unref(packet);
    }
}

static bool has_event(rec_reader *r, const char *text)
{
    const rec_proof *p = rec_reader_proof(r);
    bool found = false;
    for (unsigned i = 0; i < p->n && !found; i++) {
        if (p->entries[i].r.type == REC_EVENT) {
            g_autoptr(GByteArray) event = rec_reader_payload(r, i, NULL);
            found = memmem(event->data, event->len, text, strlen(text)) != NULL;
        }
    }
    return found;
}

static void test_start_to_stop(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    unsigned watched = fake.uses[0];
    int fd = give_file(f, "one");
    room_kit_say(f, start_message("announced"));
    const json_t *started = await(f, "started");
    assert_string_equal(room_kit_member(started, "file"), "one");
    assert_int_equal(json_integer_value(json_object_get(room_kit_heard(f, "ok"), "id")), 2);
    assert_true(fake.listeners[255]);
    assert_int_equal(fake.uses[0], watched + 1);
    feed(0, 3000);
    await(f, "head");
    simple(f, "stop");
    await(f, "stopped");
    const json_t *ended = await(f, "ended");
    mcu_chain_head head;
    assert_true(mcu_chain_head_read(&head, ended));
    assert_true(mcu_chain_head_check(&head, keys.config.header.certificate.key));
    assert_int_equal(fake.uses[0], watched);
    assert_false(fake.listeners[255]);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    const rec_proof *p = rec_reader_proof(r);
    assert_true(p->complete && p->certified);
    assert_memory_equal(p->head.hash, head.hash, 32);
    assert_true(has_event(r, "\"seat\":\"s1\",\"what\":\"join\""));
    assert_true(has_event(r, "\"layout\":\"grid\""));
    assert_false(has_event(r, "Ann"));
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
    assert_string_equal(refusal(f, start_message("announced")), "there is no file for the segment");
    int fd = give_file(f, "one");
    json_t *m = start_message("announced");
    json_object_set_new(m, "tier", json_string("Z"));
    assert_string_equal(refusal(f, m), "start needs the name of a tier");
    assert_string_equal(refusal(f, start_message("announced")),
                        "there is no file for the segment"); /* it went with the refusal */
    close(give_file(f, "two"));
    m = start_message("announced");
    json_object_set_new(json_object_get(m, "certificate"), "recording", json_string("rec2"));
    assert_string_equal(refusal(f, m), "the certificate is not valid");
    close(give_file(f, "three"));
    assert_string_equal(refusal(f, start_message("nobody")), "policy is neither announced nor everyone");
    json_array_clear(f->sent);
    room_kit_say_fd(f,
                    json_pack("{ss si ss ss ss}", "type", "record", "id", 1, "action", "file", "recording", "rec1", "file", "x"),
                    open("/dev/null", O_RDWR));
    assert_non_null(room_kit_heard(f, "error"));
    simple(f, "pause");
    assert_string_equal(room_kit_member(room_kit_heard(f, "error"), "code"), "not_found");
    close(fd);
}

static json_t *consent(const char *seat, bool given)
{
    return json_pack("{ss si ss ss ss sb ss ss sI}", "type", "record", "id", 4, "action", "consent", "recording", "rec1", "seat",
                     seat, "given", given, "version", "v1", "method", "button", "time_ms", (json_int_t)1700000000000);
}

static unsigned canvas_in_use(void)
{
    unsigned found = 0;
    for (unsigned i = 4; i < MIX_MAX_TIERS; i++) {
        found = fake.uses[i] > 0 ? i : found;
    }
    return found;
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
    int fd = give_file(f, "one");
    room_kit_say(f, start_message("announced"));
    await(f, "started");
    feed(0, 1000);
    call_in(f, "s2", "c1");
    feed(1000, 2000);
    room_kit_say(f, json_pack("{ss ss ss}", "type", "leave", "seat", "s2", "session", "c1"));
    feed(2000, 3000);
    simple(f, "stop");
    await(f, "stopped");
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(has_event(r, "\"seat\":\"s2\",\"what\":\"clear_leg\""));
    assert_false(has_event(r, "\"seat\":\"s1\",\"what\":\"clear_leg\""));
    rec_reader_free(r);
    close(fd);
}

/* Policy everyone: it begins when all who are here have agreed; who comes then is masked: another picture, another mix, no seam.
 */
static void test_everyone(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    int fd = give_file(f, "one");
    room_kit_say(f, start_message("everyone"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(await(f, "held"), "seats"), 0)), "s1");
    assert_false(fake.listeners[255]);
    room_kit_say(f, consent("s1", true));
    await(f, "started");
    assert_int_equal(fake.listener_voice[255], MIX_HEARS_UNMASKED);
    feed(0, 1000);
    unsigned watched = fake.uses[0];
    room_kit_offer(f, "s2", "b", "v=0 hello"); /* not connected yet: its canvas is made ready */
    unsigned canvas = canvas_in_use();
    assert_true(canvas > 0 && fake.masked[2] && !fake.masked[1]);
    feed(1000, 1200); /* everybody's canvas: not recorded any more */
    feed_canvas(canvas, 1200, 2000);
    assert_int_equal(fake.uses[0], watched - 1);
    fake_peer_state(fake_peer(1), MCU_PEER_UP, "test");
    room_kit_settle();
    assert_true(fake.people[1].masked && !fake.people[0].masked);
    room_kit_say(f, consent("s2", true));
    assert_false(fake.masked[2]);
    feed_canvas(canvas, 2000, 2200); /* until everybody's has a keyframe */
    feed(2200, 3000);
    assert_int_equal(canvas_in_use(), 0);
    room_kit_say(f, consent("s1", false));
    assert_true(fake.masked[1] && canvas_in_use() == canvas);
    simple(f, "stop");
    await(f, "stopped");
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    assert_in_range(rec_reader_proof(r)->head.media_ns / MCU_NS_PER_MS, 2980, 3020);
    assert_true(has_event(r, "\"method\":\"button\",\"seat\":\"s1\""));
    assert_true(has_event(r, "\"seat\":\"s2\",\"time_ms\":1700000000000"));
    assert_true(has_event(r, "\"seat\":\"s2\",\"what\":\"masked\"") && has_event(r, "\"seat\":\"s2\",\"what\":\"unmasked\""));
    assert_true(has_event(r, "\"seat\":\"s1\",\"what\":\"masked\""));
    rec_reader_free(r);
    close(fd);
}

/* A tier without a canvas for it holds while somebody is here who has not agreed. */
static void test_hold(void **state)
{
    room_kit *f = *state;
    room_kit_join(f, "s1", "a");
    int first = give_file(f, "one"), second = give_file(f, "two");
    json_t *m = start_message("everyone");
    json_object_set_new(m, "tier", json_string("D"));
    room_kit_say(f, m);
    room_kit_say(f, consent("s1", true));
    await(f, "started");
    feed_canvas(3, 0, 1000);
    room_kit_join(f, "s2", "b");
    assert_string_equal(room_kit_member(await(f, "ended"), "reason"), "consent");
    json_array_clear(f->sent);
    room_kit_say(f, consent("s2", true));
    await(f, "started");
    simple(f, "stop");
    await(f, "stopped");
    close(first);
    close(second);
}

static bool has_media(rec_reader *r, const char *text)
{
    bool found = false;
    for (unsigned i = 0; i < rec_reader_proof(r)->n && !found; i++) {
        if (rec_reader_proof(r)->entries[i].r.type == REC_FRAGMENT) {
            g_autoptr(GByteArray) media = rec_reader_payload(r, i, NULL);
            found = media != NULL && memmem(media->data, media->len, text, strlen(text)) != NULL;
        }
    }
    return found;
}

/* A pause is seen: the segment ends with a picture that says so, and with what was there before it, and nothing else. */
static void test_pause(void **state)
{
    room_kit *f = *state;
    int first = give_file(f, "one"), second = give_file(f, "two");
    json_t *m = start_message("announced");
    json_object_set_new(m, "slate", json_string("En pause"));
    room_kit_say(f, m);
    await(f, "started");
    feed(0, 1000);
    while (atomic_load(&fake.slates) == 0) {
        usleep(1000);
    }
    usleep(20000); /* to be handed over */
    simple(f, "pause");
    feed(1000, 2000); /* nobody takes it */
    json_array_clear(f->sent);
    simple(f, "resume");
    await(f, "started");
    feed(4000, 5000);
    simple(f, "stop");
    await(f, "stopped");
    rec_reader *a = rec_reader_new(first, keys.gateway_public, NULL), *b = rec_reader_new(second, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete && rec_reader_proof(b)->complete);
    assert_true(has_event(a, "\"what\":\"paused\"") && has_event(a, "\"reason\":\"pause\""));
    assert_false(has_event(b, "\"what\":\"paused\""));
    assert_true(kit_unlock(a, first, &keys) && kit_unlock(b, second, &keys));
    assert_true(has_media(a, "En pause") && has_media(a, "picture 24!") && !has_media(a, "picture 25!"));
    assert_true(has_media(b, "picture 100!") && !has_media(b, "En pause"));
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
    int fd = give_file(f, "one");
    room_kit_say(f, start_message("announced"));
    await(f, "started");
    feed(0, 400);
    while (atomic_load(&fake.slates) == 0) {
        usleep(1000);
    }
    usleep(20000);
    simple(f, "pause");
    assert_string_equal(room_kit_member(await(f, "ended"), "reason"), "pause");
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    assert_in_range(rec_reader_proof(r)->head.media_ns / MCU_NS_PER_MS, 2300, 3500);
    rec_reader_free(r);
    simple(f, "stop");
    await(f, "stopped");
    close(fd);
}

/* The disk fails while no gateway is there: the mark goes from the picture, and the next gateway hears all of it. */
static void test_nobody_heard(void **state)
{
    room_kit *f = *state;
    int fd = give_file(f, "one");
    room_kit_say(f, json_pack("{ss sb ss}", "type", "caption", "records", 1, "visit", "v1"));
    room_kit_say(f, start_message("announced"));
    await(f, "started");
    assert_true(fake.records);
    feed(0, 1000);
    simple(f, "pause");
    simple(f, "resume"); /* there is no second file */
    await(f, "stopped");
    assert_false(fake.records);
    json_array_clear(f->sent);
    mcu_room_announce(f->room);
    assert_string_equal(room_kit_member(await(f, "started"), "file"), "one");
    mcu_chain_head head;
    assert_true(mcu_chain_head_read(&head, await(f, "ended")));
    assert_string_equal(room_kit_member(await(f, "error"), "code"), "no_file");
    assert_string_equal(room_kit_member(await(f, "stopped"), "reason"), "no_file");
    close(fd);
}

/* A keyframe is asked for every four seconds, so that players can seek. */
static void test_keyframes(void **state)
{
    room_kit *f = *state;
    close(give_file(f, "one"));
    room_kit_say(f, start_message("announced"));
    await(f, "started");
    fake.keyframe_requests[0] = 0;
    for (unsigned n = 0; n < 200; n++) {
        mcu_au *picture = kit_picture(n, n % 100 == 0, 200);
        fake_picture_out(0, picture);
        mcu_au_unref(picture);
        assert_int_equal(fake.keyframe_requests[0], n >= 199 ? 2 : n >= 99 ? 1 : 0);
    }
    simple(f, "stop");
    await(f, "stopped");
}

/* The room ends: the segment is complete before the process says goodbye. */
static void test_room_ends(void **state)
{
    room_kit *f = *state;
    int fd = give_file(f, "one");
    room_kit_say(f, start_message("announced"));
    await(f, "started");
    feed(0, 1000);
    room_kit_say(f, json_pack("{ss ss}", "type", "end", "reason", "test"));
    assert_string_equal(room_kit_member(await(f, "stopped"), "reason"), "room");
    for (int i = 0; i < 1000 && !f->finished; i++) {
        room_kit_settle();
        usleep(1000);
    }
    assert_true(f->finished);
    assert_string_equal(room_kit_member(room_kit_heard(f, "bye"), "reason"), "test");
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    rec_reader_free(r);
    close(fd);
}

#define WITH_ROOM(test) cmocka_unit_test_setup_teardown(test, room_kit_setup, room_kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOM(test_start_to_stop), WITH_ROOM(test_refusals),
        WITH_ROOM(test_everyone),      WITH_ROOM(test_a_clear_leg_is_marked),
        WITH_ROOM(test_hold),          WITH_ROOM(test_keyframes),
        WITH_ROOM(test_room_ends),     WITH_ROOM(test_pause),
        WITH_ROOM(test_pause_lasts),   WITH_ROOM(test_nobody_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
