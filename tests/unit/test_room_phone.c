/* A whole room over loopback: two telephones (one PCMU in clear, one G.722 with SRTP) and a web participant. Everybody has a tone
 * of his own; who hears whom is read from the sound that arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio_kit.h"
#include "mcu/base/clock.h"
#include "mcu/net/call_rtp.h"
#include "mcu/net/peer.h"
#include "mcu/net/srtp.h"
#include "mcu/room/room.h"
#include "mixer/adec.h"
#include "mixer/aenc.h"
#include "mixer/penc.h"

enum { HEARD_MAX = 48000 * 12, WINDOW = 48000 };

typedef struct {
    double hz, level_db;
    bool speaks;
    uint64_t sent;
    mix_adec *ear;
    unsigned heard;
    uint32_t next_seq;
    int16_t sound[HEARD_MAX];
} person;

typedef struct {
    person person;
    const char *seat, *session;
    mcu_call_rtp *call;
    mix_penc *mouth;
    mcu_leg_address rtp, rtcp;
    mcu_codec codec;
} phone;

typedef struct {
    mcu_room *room;
    json_t *sent;
    bool finished;
    mcu_net *net;
    mcu_peer *peer;
    bool up;
    mix_aenc *mouth;
    person web;
    phone phones[2];
    int64_t next_ns;
} world;

static void hear(person *p, const mcu_au *au)
{
    int16_t pcm[MIX_PACKET_MAX];
    unsigned n = 0;
    assert_int_equal(mix_adec_decode(p->ear, au->data, au->size, pcm, &n), MCU_OK);
    n = p->heard + n > HEARD_MAX ? HEARD_MAX - p->heard : n;
    memcpy(p->sound + p->heard, pcm, n * sizeof *pcm);
    p->heard += n;
}

static void person_init(person *p, double hz, mcu_codec codec)
{
    p->hz = hz;
    p->level_db = -20;
    p->speaks = true;
    p->ear = mix_adec_new(codec, NULL);
    assert_non_null(p->ear);
}

static void say(person *p, int16_t pcm[MIX_BLOCK])
{
    memset(pcm, 0, MIX_BLOCK * sizeof *pcm);
    if (p->speaks) {
        kit_tone(pcm, MIX_BLOCK, p->sent, p->hz, kit_amplitude(p->level_db));
    }
    p->sent += MIX_BLOCK;
}

/* ---- telephones ---- */

static void on_phone_audio(void *user, mcu_au *take_au)
{
    hear(&((phone *)user)->person, take_au);
    mcu_au_unref(take_au);
}

static const mcu_call_rtp_callbacks phone_callbacks = {.on_audio = on_phone_audio};

static int open_socket(mcu_leg_address *a)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof a->v4;
    *a = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(fd, &a->any, size), 0);
    assert_int_equal(getsockname(fd, &a->any, &size), 0);
    return fd;
}

static mcu_leg_state state_of(mcu_codec codec, const mcu_leg_address *rtp, const mcu_leg_address *rtcp, uint32_t ssrc,
                              bool secure)
{
    mcu_leg_state s;
    memset(&s, 0, sizeof s);
    s.codec = codec;
    s.pt_in = s.pt_out = codec == MCU_CODEC_G722 ? 9 : 0;
    s.event_pt = 101;
    s.ptime_ms = 20;
    s.ssrc = ssrc;
    s.seq = 65400;
    s.ts = 7777;
    s.remote = *rtp;
    s.remote_rtcp = *rtcp;
    s.secure = secure;
    if (secure) {
        memset(s.key_out, ssrc == 1 ? 'a' : 'b', MCU_LEG_KEY_SIZE);
        memset(s.key_in, ssrc == 1 ? 'b' : 'a', MCU_LEG_KEY_SIZE);
    }
    return s;
}

static void ask(world *w, json_t *take, int *fds, unsigned n)
{
    mcu_room_handle_fds(w->room, take, fds, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(fds[i], -1);
    }
    json_decref(take);
}

static const json_t *said(const world *w, const char *type, const char *key, const char *value)
{
    for (size_t i = json_array_size(w->sent); i-- > 0;) {
        const json_t *m = json_array_get(w->sent, i);
        const char *v = key != NULL ? json_string_value(json_object_get(m, key)) : NULL;
        if (strcmp(json_string_value(json_object_get(m, "type")), type) == 0 && (key == NULL || g_strcmp0(v, value) == 0)) {
            return m;
        }
    }
    return NULL;
}

static void phone_join(world *w, phone *p, const char *seat, mcu_codec codec, bool secure, double hz)
{
    p->seat = seat;
    p->session = seat; /* any id will do */
    p->codec = codec;
    person_init(&p->person, hz, codec);
    p->mouth = mix_penc_new(codec, NULL);
    int far[2] = {open_socket(&p->rtp), open_socket(&p->rtcp)};
    mcu_leg_address rtp, rtcp;
    int ours[2] = {open_socket(&rtp), open_socket(&rtcp)};
    mcu_leg_state theirs = state_of(codec, &rtp, &rtcp, 2, secure), own = state_of(codec, &p->rtp, &p->rtcp, 1, secure);
    p->call = mcu_call_rtp_new(&theirs, far[0], far[1], &phone_callbacks, p, mcu_now_ns(), NULL);
    assert_non_null(p->call);
    g_autofree char *session = g_strdup_printf("%s-call", seat);
    p->session = strdup(session);
    ask(w, json_pack("{ss si ss ss so}", "type", "leg", "id", 1, "seat", seat, "session", session, "leg", mcu_leg_to_json(&own)),
        ours, 2);
    assert_non_null(said(w, "leg", "session", session));
    assert_null(said(w, "error", NULL, NULL));
}

static void phone_step(phone *p, int64_t now_ns)
{
    int16_t pcm[MIX_BLOCK];
    say(&p->person, pcm);
    mcu_au *au = mix_penc_encode(p->mouth, pcm, (uint32_t)p->person.sent, now_ns);
    (void)mcu_call_rtp_send(p->call, au);
    mcu_au_unref(au);
    mcu_call_rtp_read(p->call, now_ns);
    mcu_call_rtp_tick(p->call, now_ns);
}

/* ---- the web participant ---- */

static void on_state(void *user, mcu_peer_state state, const char *why)
{
    (void)why;
    ((world *)user)->up = state == MCU_PEER_UP;
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    world *w = user;
    if (w->room != NULL && candidate != NULL) {
        json_t *m = json_pack("{ss ss ss ss ss}", "type", "candidate", "seat", "web", "session", "web1", "candidate", candidate,
                              "mid", mid);
        mcu_room_handle(w->room, m);
        json_decref(m);
    }
}

static void on_web_audio(void *user, mcu_au *take_au)
{
    hear(&((world *)user)->web, take_au);
    mcu_au_unref(take_au);
}

static const mcu_peer_callbacks peer_callbacks = {.on_state = on_state, .on_candidate = on_candidate, .on_audio = on_web_audio};

static void on_room_send(void *user, json_t *take, const char *coalesce)
{
    (void)coalesce;
    world *w = user;
    const char *candidate = json_string_value(json_object_get(take, "candidate"));
    if (candidate != NULL && w->peer != NULL) {
        mcu_peer_add_candidate(w->peer, candidate, json_string_value(json_object_get(take, "mid")), NULL);
    }
    json_array_append_new(w->sent, take);
}

static void on_finished(void *user, const char *reason)
{
    (void)reason;
    ((world *)user)->finished = true;
}

static void web_join(world *w)
{
    g_autoptr(GError) error = NULL;
    const char *const addresses[] = {"127.0.0.1", NULL};
    mcu_net_config net = {.addresses = addresses, .loopback = true};
    mcu_peer_policy policy = {.send_audio = true, .recv_audio = true};
    person_init(&w->web, 1300, MCU_CODEC_OPUS);
    w->mouth = mix_aenc_new(NULL, NULL);
    w->net = mcu_net_new(g_main_context_default(), &net, &error);
    assert_non_null(w->net);
    w->peer = mcu_peer_new(w->net, &policy, &peer_callbacks, w, &error);
    g_autofree char *offer = mcu_peer_offer(w->peer, false, &error);
    assert_non_null(offer);
    ask(w,
        json_pack("{ss si ss ss ss ss sb}", "type", "offer", "id", 2, "seat", "web", "session", "web1", "kind", "ws", "sdp",
                  offer, "trickle", 1),
        NULL, 0);
    const json_t *answer = said(w, "answer", NULL, NULL);
    assert_non_null(answer);
    assert_true(mcu_peer_accept(w->peer, json_string_value(json_object_get(answer, "sdp")), &error));
}

static void web_step(world *w, int64_t now_ns)
{
    int16_t pcm[MIX_BLOCK];
    say(&w->web, pcm);
    mcu_au *au = mix_aenc_encode(w->mouth, pcm, (uint32_t)w->web.sent, now_ns);
    (void)mcu_peer_send_audio(w->peer, au);
    mcu_au_unref(au);
}

/* ---- the whole ---- */

static gboolean on_tick(gpointer user)
{
    world *w = user;
    int64_t now_ns = mcu_now_ns();
    while (w->next_ns <= now_ns) {
        web_step(w, now_ns);
        for (unsigned i = 0; i < 2; i++) {
            phone_step(&w->phones[i], now_ns);
        }
        w->next_ns += MIX_BLOCK_NS;
    }
    return G_SOURCE_CONTINUE;
}

static void run(world *w, unsigned ms)
{
    int64_t until_ns = mcu_now_ns() + ms * KIT_MS;
    GSource *wake = g_timeout_source_new(5);
    g_source_set_callback(wake, on_tick, w, NULL);
    g_source_attach(wake, NULL);
    w->next_ns = mcu_now_ns();
    while (mcu_now_ns() < until_ns) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_source_destroy(wake);
    g_source_unref(wake);
}

static double level(const person *listener, const person *voice)
{
    assert_true(listener->heard > WINDOW);
    return kit_level_db(listener->sound + listener->heard - WINDOW, WINDOW, voice->hz);
}

/* One visit for all cases, each of which goes on where the one before ended. */
static int setup(void **state)
{
    world *w = *state = calloc(1, sizeof *w);
    assert_non_null(w);
    static const mcu_room_callbacks callbacks = {on_room_send, on_finished, NULL};
    w->sent = json_array();
    json_t *open =
        json_pack("{ss ss s[{ss ss ss} {ss ss ss} {ss ss ss}] s{s{s[s]}}}", "room", "r1", "name", "Visit", "seats", "seat", "web",
                  "name", "Ann", "role", "clinician", "seat", "p1", "name", "Phone ...3121", "role", "patient", "seat", "p2",
                  "name", "Bob", "role", "family", "config", "media", "addresses", "127.0.0.1");
    g_autoptr(GError) error = NULL;
    w->room = mcu_room_new(g_main_context_default(), open, &callbacks, w, &error);
    json_decref(open);
    assert_non_null(w->room);
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    for (unsigned i = 0; i < 2; i++) {
        mcu_call_rtp_free(w->phones[i].call);
        mix_penc_free(w->phones[i].mouth);
        mix_adec_free(w->phones[i].person.ear);
        free((char *)(uintptr_t)w->phones[i].session);
    }
    mcu_room *room = w->room;
    w->room = NULL;
    mcu_room_free(room);
    mcu_peer_free(w->peer);
    mcu_net_free(w->net);
    mix_aenc_free(w->mouth);
    mix_adec_free(w->web.ear);
    json_decref(w->sent);
    free(w);
    return 0;
}

static void expect_all_but_oneself(const world *w)
{
    const person *people[3] = {&w->web, &w->phones[0].person, &w->phones[1].person};
    for (unsigned l = 0; l < 3; l++) {
        double least = 0, own = level(people[l], people[l]);
        for (unsigned v = 0; v < 3; v++) {
            double db = level(people[l], people[v]);
            least = v != l && db < least ? db : least;
        }
        if (least < -35 || own > -60 || own > least - 30) {
            fail_msg("listener %u: own tone %.1f dB, softest of the others %.1f dB", l, own, least);
        }
    }
}

static const json_t *participant(world *w, const char *list, const char *seat)
{
    if (strcmp(list, "inspection") == 0) {
        ask(w, json_pack("{ss si}", "type", "inspect", "id", 9), NULL, 0);
    }
    const json_t *all = json_object_get(said(w, list, NULL, NULL), "participants");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *p = json_array_get(all, i);
        if (strcmp(json_string_value(json_object_get(p, "seat")), seat) == 0) {
            return p;
        }
    }
    return NULL;
}

static void expect_figures(world *w)
{
    const json_t *p1 = participant(w, "inspection", "p1"), *line = json_object_get(p1, "phone");
    assert_string_equal(json_string_value(json_object_get(p1, "kind")), "phone");
    assert_string_equal(json_string_value(json_object_get(line, "codec")), "PCMU");
    assert_true(json_is_true(json_object_get(line, "clear")));
    assert_true(json_integer_value(json_object_get(line, "packets_in")) > 100);
    assert_true(json_real_value(json_object_get(line, "mos")) > 3.5);
    const json_t *p2 = participant(w, "inspection", "p2");
    assert_true(json_is_false(json_object_get(json_object_get(p2, "phone"), "clear")));
    assert_true(json_is_true(json_object_get(participant(w, "roster", "p2"), "talking")));
    assert_true(json_is_true(json_object_get(participant(w, "roster", "p1"), "phone")));
}

static void press(world *w, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        char key[2] = {*keys, '\0'};
        ask(w, json_pack("{ss ss ss ss}", "type", "key", "seat", "p1", "session", "p1-call", "key", key), NULL, 0);
    }
}

static void telephones_and_web_hear_each_other_and_not_themselves(void **state)
{
    world *w = *state;
    phone_join(w, &w->phones[0], "p1", MCU_CODEC_PCMU, false, 600);
    phone_join(w, &w->phones[1], "p2", MCU_CODEC_G722, true, 900);
    web_join(w);
    run(w, 3500);
    assert_true(w->up);
    expect_all_but_oneself(w);
    expect_figures(w);
}

static void ask_hold(world *w, bool hold)
{
    ask(w,
        json_pack("{ss si ss ss s{sb}}", "type", "leg_update", "id", 3, "seat", "p2", "session", "p2-call", "leg", "hold", hold),
        NULL, 0);
}

static void far_end_hold_mutes_within_100_ms_and_no_music_is_in_the_mix(void **state)
{
    world *w = *state;
    phone *held = &w->phones[1], *other = &w->phones[0]; /* whose tone goes on: music on hold */
    assert_true(level(&w->web, &held->person) > -35);
    unsigned web_at = w->web.heard, other_at = other->person.heard;
    ask_hold(w, true);
    run(w, 1500);
    assert_true(kit_level_db(w->web.sound + web_at + 4800, WINDOW / 4, held->person.hz) < -50); /* from 100 ms on */
    assert_true(kit_level_db(other->person.sound + other_at + 4800, WINDOW / 4, held->person.hz) < -50);
    assert_true(level(&w->web, &held->person) < -60);
    assert_true(level(&other->person, &held->person) < -60);
    assert_string_equal(json_string_value(json_object_get(participant(w, "roster", "p2"), "state")), "held");
    ask_hold(w, false);
    run(w, 1300);
    assert_true(level(&w->web, &held->person) > -35);
}

static void a_caller_mutes_himself_and_leaves_by_keys(void **state)
{
    world *w = *state;
    press(w, "*6");
    assert_true(json_is_true(json_object_get(said(w, "keypad", "command", "mute"), "on")));
    run(w, 1300);
    assert_true(level(&w->web, &w->phones[0].person) < -60);
    press(w, "*#");
    const json_t *gone = said(w, "leg", "state", "gone");
    assert_string_equal(json_string_value(json_object_get(gone, "why")), "keypad");
    assert_true(json_integer_value(json_object_get(json_object_get(gone, "call"), "packets_out")) > 200);
    run(w, 50);
    assert_null(participant(w, "roster", "p1"));
}

int main(void)
{
    assert_true(mcu_srtp_warm(NULL));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telephones_and_web_hear_each_other_and_not_themselves),
        cmocka_unit_test(far_end_hold_mutes_within_100_ms_and_no_music_is_in_the_mix),
        cmocka_unit_test(a_caller_mutes_himself_and_leaves_by_keys),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
