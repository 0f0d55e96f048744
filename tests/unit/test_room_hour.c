/* test_room_hour.c - an hour of a room in simulated time: people come and go, share, mute, sign, lose their links, the layout
 * changes and it is recorded. No picture is lost, torn or black, nobody misses what a later picture builds on, nothing grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <unistd.h>

#include "tests/unit/record_kit.h"
#include "tests/unit/sim_room.h"

#define MINUTES 60
#define TICKS (MINUTES * 60 * SIM_FPS)
#define EVENT_EVERY (4 * SIM_FPS)
#define GROWS (8 * 1024 * 1024) /* bytes, in the second half: Pango keeps fonts by size, and has not met all of them before */

typedef enum { JOIN, LEAVE, CAMERA, MUTE, SHARE, SIGN, LAYOUT, TIER, LINK, KEYFRAME, TALK, RECORD, EVENTS } event;
/* How often each comes, of a hundred. */
static const unsigned weight[EVENTS] = {14, 8, 12, 10, 8, 6, 10, 8, 8, 4, 8, 4};

typedef struct {
    sim_room *s;
    uint32_t seed;
    unsigned done[EVENTS];
    bool muted[SIM_PEOPLE], signs[SIM_PEOPLE];
    bool records;
    unsigned recordings;
    int file;
} hour;

static sim_room *the_room; /* for a hook that has no user */

static unsigned draw(hour *h, unsigned below)
{
    h->seed = h->seed * 1664525u + 1013904223u;
    return (h->seed >> 8) % below;
}

static event pick(hour *h)
{
    unsigned n = draw(h, 100), e = 0;
    while (n >= weight[e]) {
        n -= weight[e++];
    }
    return (event)e;
}

static void record(hour *h)
{
    h->records = !h->records;
    if (h->records) {
        h->file = record_kit_file(h->s->kit, "one");
        room_kit_say(h->s->kit, record_kit_start("announced"));
        assert_null(room_kit_heard(h->s->kit, "error"));
        h->recordings++;
        return;
    }
    json_array_clear(h->s->kit->sent);
    record_kit_act(h->s->kit, "stop");
    const json_t *m = record_kit_await(h->s->kit, "stopped");
    assert_non_null(m);
    assert_int_equal(mcu_counter_value(mcu_counter_get("tessera_recording_gaps_total", "media=\"video\"", "x")), 0);
    rec_reader *r = rec_reader_new(h->file, record_kit_keys.gateway_public, NULL);
    assert_non_null(r);
    rec_reader_free(r);
    close(h->file);
}

static void link_event(hour *h, unsigned who)
{
    sim_camera *c = &h->s->people[who].camera;
    c->quiet_until = h->s->tick + (1 + draw(h, 14)) * SIM_FPS;
}

static void sign(hour *h, unsigned who, bool on)
{
    h->signs[who] = on;
    room_kit_say(h->s->kit, json_pack("{ss ss sb}", "type", "seat", "seat", h->s->people[who].seat, "signing", on));
}

/* Screens and signing have canvases of their own, which are dear: they are shown for some seconds. */
static void grow_tired(hour *h)
{
    for (unsigned who = 0; who < SIM_PEOPLE; who++) {
        if (h->s->people[who].screen.on && draw(h, 2)) {
            sim_share(h->s, who, false);
        }
        if (h->signs[who] && draw(h, 2)) {
            sign(h, who, false);
        }
    }
}

/* Until the person leaves. */
static void wish(room_kit *kit, const char *id, const char *tier)
{
    const mcu_seat *seat = g_hash_table_lookup(kit->room->seats, id);
    room_kit_say(kit,
                 json_pack("{ss si ss ss ss}", "type", "tier", "id", 1, "seat", id, "session", seat->session->id, "tier", tier));
    room_kit_rise(kit, id);
}

/* For somebody who is here. */
static void change(hour *h, event e, unsigned who)
{
    static const char *const names[] = {"grid",         "content",     "face-to-face", "interview", "picture-in-picture",
                                        "side-by-side", "signer-safe", "speaker"};
    static const char *const tiers[] = {"A", "D", "auto", "audio"};
    sim_person *p = &h->s->people[who];
    room_kit *kit = h->s->kit;
    switch (e) {
    case CAMERA:
        sim_camera_on(h->s, who, !p->camera.on);
        break;
    case MUTE:
        h->muted[who] = !h->muted[who];
        room_kit_say(kit, json_pack("{ss si ss sb}", "type", "mute", "id", 1, "seat", p->seat, "muted", h->muted[who]));
        break;
    case SHARE:
        sim_share(h->s, who, !p->screen.on);
        break;
    case SIGN:
        sign(h, who, !h->signs[who]);
        break;
    case LAYOUT:
        room_kit_say(kit, json_pack("{ss si ss}", "type", "layout", "id", 2, "layout", names[draw(h, G_N_ELEMENTS(names))]));
        break;
    case TIER:
        wish(kit, p->seat, tiers[draw(h, 4)]);
        break;
    case LINK:
        link_event(h, who);
        break;
    case KEYFRAME:
        fake_peer_wants_keyframe(p->peer);
        break;
    case TALK:
    case JOIN:
    case LEAVE:
    case RECORD:
    case EVENTS:
        h->s->talker = (int)who;
        break;
    }
}

static void happen(hour *h)
{
    grow_tired(h);
    event e = pick(h);
    unsigned who = draw(h, SIM_PEOPLE);
    bool here = h->s->people[who].peer != NULL;
    if (e == RECORD) {
        record(h);
    } else if (!here) {
        e = JOIN;
        sim_join(h->s, who);
    } else if (e == LEAVE || e == JOIN) {
        e = LEAVE;
        sim_leave(h->s, who);
    } else {
        change(h, e, who);
    }
    h->done[e]++;
    json_array_clear(h->s->kit->sent);
}

static void on_sent(const mcu_peer *p, const mcu_au *au)
{
    sim_check_sent(the_room, p, au);
}

static void some_join(hour *h)
{
    for (unsigned who = 0; who < 3; who++) {
        sim_join(h->s, who);
    }
}

/* What is held when everybody has left: nothing that was for them. */
static size_t heap_of_nobody(hour *h)
{
    if (h->records) {
        record(h);
    }
    for (unsigned who = 0; who < SIM_PEOPLE; who++) {
        if (h->s->people[who].peer) {
            sim_leave(h->s, who);
        }
    }
    for (unsigned i = 0; i < 3 * SIM_FPS; i++) {
        sim_tick(h->s);
    }
    while (h->s->video->ending->len > 0) { /* threads, in their own time */
        room_kit_settle();
        usleep(100);
    }
    json_array_clear(h->s->kit->sent);
    sim_check_forget();
    mix_video_stats s;
    mix_video_get_stats(h->s->video, &s);
    assert_int_equal(s.live_encoders, 0);
    return mallinfo2().uordblks;
}

static void check_queues(const hour *h)
{
    mix_video_stats s;
    mix_video_get_stats(h->s->video, &s);
    assert_int_equal(s.frames_replaced, 0);
    assert_int_equal(s.queue_drops, 0);
    assert_int_equal(s.overload, 0);
    assert_true(h->s->video->ending->len <= MIX_MAX_TIERS);
    assert_true(s.live_encoders <= h->s->video->n_tiers);
}

static void test_an_hour(void **state)
{
    (void)state;
    hour h = {.s = sim_room_new(), .seed = 20261126};
    size_t began = 0;
    bool early = false;
    the_room = h.s;
    fake.on_sent = on_sent;
    some_join(&h);
    while (h.s->tick < TICKS) {
        if (h.s->tick % EVENT_EVERY == EVENT_EVERY - 1) {
            happen(&h);
            check_queues(&h);
        }
        sim_tick(h.s);
        sim_check_canvases(h.s);
        if (!early && h.s->tick >= TICKS / 2) {
            early = true;
            began = heap_of_nobody(&h);
            some_join(&h);
        }
    }
    size_t ended = heap_of_nobody(&h), grown = ended > began ? ended - began : 0;
    print_message("%u tiles, %u dim, %u placeholders; %u pictures sent, %u of them watched; %u recordings; %zu bytes more\n",
                  sim_seen.pictures, sim_seen.dim, sim_seen.placeholders, sim_seen.sent, sim_seen.watched, h.recordings, grown);
    assert_true(grown < GROWS);
    for (unsigned e = 0; e < EVENTS; e++) {
        assert_true(h.done[e] > 0);
    }
    assert_true(sim_seen.pictures > 300 * MINUTES && sim_seen.dim > MINUTES && sim_seen.placeholders > 50 * MINUTES);
    assert_true(sim_seen.sent > 300 * MINUTES && sim_seen.watched > 20 * MINUTES);
    fake.on_sent = NULL;
    sim_check_clear();
    sim_room_free(h.s);
}

/* ---- what costs nothing ---- */

typedef struct {
    uint64_t encoded, ticks;
    int64_t decode_ns, scale_ns;
} spent;

static spent spend(sim_room *s, unsigned seconds)
{
    mix_video_stats a, b;
    int64_t decode_ns = s->video->cpu.ns[MIX_CPU_DECODE], scale_ns = s->video->cpu.ns[MIX_CPU_SCALE];
    mix_video_get_stats(s->video, &a);
    for (unsigned i = 0; i < seconds * SIM_FPS; i++) {
        sim_tick(s);
    }
    mix_video_get_stats(s->video, &b);
    spent r = {.ticks = b.ticks - a.ticks,
               .decode_ns = s->video->cpu.ns[MIX_CPU_DECODE] - decode_ns,
               .scale_ns = s->video->cpu.ns[MIX_CPU_SCALE] - scale_ns};
    for (unsigned t = 0; t < s->video->n_tiers; t++) {
        r.encoded += b.encoded[t] - a.encoded[t];
    }
    return r;
}

static void watch(sim_room *s, unsigned who, const char *tier)
{
    room_kit_say(s->kit, json_pack("{ss si ss ss}", "type", "tier", "id", 1, "seat", s->people[who].seat, "tier", tier));
    room_kit_rise(s->kit, s->people[who].seat);
}

/* Cameras that are off send on, as some devices do: nothing is decoded, nothing scaled, and each tier is encoded once a second.
 */
static void test_an_unchanged_picture_rests(void **state)
{
    (void)state;
    enum { PEOPLE = 4, SECONDS = 10, TIERS = 2 };
    sim_room *s = sim_room_new();
    for (unsigned who = 0; who < PEOPLE; who++) {
        sim_join(s, who);
        watch(s, who, who % 2 ? "D" : "A");
    }
    spent moving = spend(s, SECONDS);
    assert_true(moving.encoded > SECONDS * (2 + 1) - 4 && moving.decode_ns > 0 && moving.scale_ns > 0);
    for (unsigned who = 0; who < PEOPLE; who++) {
        sim_camera_on(s, who, false);
        s->people[who].camera.on = true; /* it sends on */
    }
    (void)spend(s, 1);
    spent still = spend(s, SECONDS);
    assert_int_equal(still.ticks, SECONDS * SIM_FPS);
    assert_int_equal(still.encoded, SECONDS * TIERS);
    assert_true(still.decode_ns == 0 && still.scale_ns == 0);
    sim_room_free(s);
}

/* One for each tier that somebody watches, however many people there are and watch it; none for a tier that nobody does. */
static void test_encoders_are_as_many_as_tiers(void **state)
{
    (void)state;
    sim_room *s = sim_room_new();
    mix_video_stats stats;
    for (unsigned who = 0; who < SIM_PEOPLE; who++) {
        sim_join(s, who);
        watch(s, who, who < 3 ? "D" : "A");
        (void)spend(s, 3);
        mix_video_get_stats(s->video, &stats);
        assert_int_equal(stats.live_encoders, who < 3 ? 1 : 2);
    }
    for (unsigned who = 3; who < SIM_PEOPLE; who++) {
        watch(s, who, "D");
    }
    (void)spend(s, 3);
    mix_video_get_stats(s->video, &stats);
    assert_int_equal(stats.live_encoders, 1);
    uint64_t before = stats.encoded[0];
    assert_true(spend(s, 5).encoded > 0);
    mix_video_get_stats(s->video, &stats);
    assert_int_equal(stats.encoded[0], before);
    sim_room_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_hour),
        cmocka_unit_test(test_an_unchanged_picture_rests),
        cmocka_unit_test(test_encoders_are_as_many_as_tiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
