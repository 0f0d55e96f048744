#include "tests/unit/room_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "mcu/room/room_private.h"

static void on_send(void *user, json_t *take, const char *coalesce)
{
    (void)coalesce;
    room_kit *f = user;
    json_array_append_new(f->sent, take);
}

static void on_finished(void *user, const char *reason)
{
    (void)reason;
    ((room_kit *)user)->finished = true;
}

void room_kit_settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

const uint8_t room_kit_signing_key[32] = {7};

/* Fewer than there are by default, so that a tier's number is not the tests' to follow. */
static json_t *four_tiers(void)
{
    return json_pack("[{ss si si si si} {ss si si si si} {ss si si si si} {ss si si si si}]", "name", "A", "width", 1280,
                     "height", 720, "fps", 25, "bitrate", 1200000, "name", "B", "width", 640, "height", 360, "fps", 25, "bitrate",
                     400000, "name", "C", "width", 480, "height", 270, "fps", 15, "bitrate", 150000, "name", "D", "width", 320,
                     "height", 180, "fps", 10, "bitrate", 64000);
}

room_kit *room_kit_new(json_t *take_config)
{
    fake_media_reset();
    room_kit *f = g_new0(room_kit, 1);
    f->sent = json_array();
    json_t *open =
        json_pack("{ss ss so s[{ss ss ss} {ss ss ss sb}]}", "room", "r1", "name", "Visit", "config", take_config, "seats", "seat",
                  "s1", "name", "Ann", "role", "patient", "seat", "s2", "name", "Bob", "role", "clinician", "muted", 1);
    mcu_room_callbacks callbacks = {on_send, on_finished, room_kit_signing_key};
    f->room = mcu_room_new(NULL, open, &callbacks, f, NULL);
    json_decref(open);
    assert_non_null(f->room);
    return f;
}

int room_kit_setup(void **state)
{
    *state = room_kit_new(json_pack("{so}", "tiers", four_tiers()));
    return 0;
}

int room_kit_teardown(void **state)
{
    room_kit *f = *state;
    mcu_room_free(f->room);
    assert_int_equal(fake.peers, 0);
    for (unsigned i = 0; i < MIX_MAX_TIERS; i++) {
        assert_int_equal(fake.uses[i], 0);
        assert_int_equal(fake.stills[i], 0);
    }
    room_kit_settle();
    json_decref(f->sent);
    g_free(f);
    return 0;
}

void room_kit_say(room_kit *f, json_t *take)
{
    mcu_room_handle(f->room, take);
    json_decref(take);
    room_kit_settle();
}

void room_kit_say_fd(room_kit *f, json_t *take, int take_fd)
{
    mcu_room_handle_fds(f->room, take, &take_fd, 1);
    json_decref(take);
    if (take_fd >= 0) {
        close(take_fd);
    }
    room_kit_settle();
}

/* The newest message of a type, borrowed; NULL = none. */
const json_t *room_kit_heard(const room_kit *f, const char *type)
{
    for (size_t i = json_array_size(f->sent); i-- > 0;) {
        const json_t *m = json_array_get(f->sent, i);
        if (strcmp(json_string_value(json_object_get(m, "type")), type) == 0) {
            return m;
        }
    }
    return NULL;
}

const char *room_kit_member(const json_t *m, const char *key)
{
    return json_string_value(json_object_get(m, key));
}

void room_kit_offer(room_kit *f, const char *seat, const char *session, const char *sdp)
{
    room_kit_say(f, json_pack("{ss si ss ss ss ss sb}", "type", "offer", "id", 7, "seat", seat, "session", session, "kind", "ws",
                              "sdp", sdp, "trickle", 1));
}

mcu_peer *room_kit_join(room_kit *f, const char *seat, const char *session)
{
    room_kit_offer(f, seat, session, "v=0 hello");
    mcu_peer *p = fake_peer(fake.peers - 1);
    fake_peer_state(p, MCU_PEER_UP, "test");
    room_kit_settle();
    return p;
}

void room_kit_rise(room_kit *f, const char *seat)
{
    mcu_session *s = ((mcu_seat *)g_hash_table_lookup(f->room->seats, seat))->session;
    s->choice.carried = 0;
    mcu_session_apply_tier(s);
}
