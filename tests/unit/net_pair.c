#include "tests/unit/net_pair.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- callbacks ---- */

static void on_state(void *user, mcu_peer_state state, const char *why)
{
    net_end *e = user;
    e->state = state;
    e->why = why;
    e->state_changes++;
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    net_end *e = user;
    net_end *other = e == &e->pair->offerer ? &e->pair->answerer : &e->pair->offerer;
    if (candidate == NULL) {
        e->gathered = true;
    } else {
        g_ptr_array_add(e->candidates, g_strdup(candidate));
    }
    if (other->peer != NULL) {
        assert_true(mcu_peer_add_candidate(other->peer, candidate, mid, NULL));
    }
}

static void on_picture(void *user, mcu_au *take_au)
{
    g_ptr_array_add(((net_end *)user)->pictures, take_au);
}

static void on_content(void *user, mcu_au *take_au)
{
    g_ptr_array_add(((net_end *)user)->screens, take_au);
}

static void on_audio(void *user, mcu_au *take_au)
{
    g_ptr_array_add(((net_end *)user)->audio, take_au);
}

static void on_keyframe_request(void *user)
{
    ((net_end *)user)->keyframe_requests++;
}

static void on_picture_left(void *user, int64_t time_ns, int64_t now_ns)
{
    net_end *e = user;
    (void)now_ns;
    e->pictures_left++;
    e->left_time_ns = time_ns;
}

static bool filter(void *user, bool outgoing, mcu_demux_kind kind, const uint8_t *data, size_t size)
{
    net_end *e = user;
    if (outgoing) {
        return true;
    }
    if (kind == MCU_DEMUX_RTP && e->drop_every != 0 && ++e->rtp_in % e->drop_every == 0) {
        e->rtp_dropped++;
        e->dropped_size = MIN(size, sizeof e->dropped);
        memcpy(e->dropped, data, e->dropped_size);
        return false;
    }
    bool rtx = kind == MCU_DEMUX_RTP && ((data[1] & 0x7f) == 97 || (data[1] & 0x7f) == 103); /* of the offer */
    return !e->deaf && !(rtx && e->no_answers);
}

/* ---- life ---- */

net_pair_setup net_pair_defaults(void)
{
    static const char *const loopback[] = {"127.0.0.1", NULL};
    mcu_peer_policy all = {.prefer_h264 = true, .send_video = true, .send_audio = true, .recv_video = true, .recv_audio = true};
    return (net_pair_setup){.net = {.addresses = loopback}, .offerer = all, .answerer = all};
}

static void open_end(net_pair *p, net_end *e, const mcu_net_config *config, const mcu_peer_policy *policy)
{
    static const mcu_peer_callbacks callbacks = {.on_state = on_state,
                                                 .on_candidate = on_candidate,
                                                 .on_picture = on_picture,
                                                 .on_audio = on_audio,
                                                 .on_content = on_content,
                                                 .on_keyframe_request = on_keyframe_request,
                                                 .on_picture_left = on_picture_left};
    e->pair = p;
    e->pictures = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref);
    e->screens = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref);
    e->audio = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref);
    e->candidates = g_ptr_array_new_with_free_func(g_free);
    e->why = "";
    e->net = mcu_net_new(p->context, config, NULL);
    assert_non_null(e->net);
    e->peer = mcu_peer_new(e->net, policy, &callbacks, e, NULL);
    assert_non_null(e->peer);
    mcu_peer_test_set_filter(e->peer, filter, e);
}

net_pair *net_pair_new(const net_pair_setup *setup)
{
    net_pair *p = g_new0(net_pair, 1);
    p->context = g_main_context_new();
    g_main_context_push_thread_default(p->context);
    open_end(p, &p->offerer, &setup->net, &setup->offerer);
    open_end(p, &p->answerer, &setup->net, &setup->answerer);
    return p;
}

static void close_end(net_end *e)
{
    mcu_peer_free(e->peer);
    e->peer = NULL;
    mcu_net_free(e->net);
    g_ptr_array_unref(e->pictures);
    g_ptr_array_unref(e->screens);
    g_ptr_array_unref(e->audio);
    g_ptr_array_unref(e->candidates);
}

void net_pair_free(net_pair *p)
{
    close_end(&p->offerer);
    close_end(&p->answerer);
    while (g_main_context_iteration(p->context, FALSE)) {
    }
    g_main_context_pop_thread_default(p->context);
    g_main_context_unref(p->context);
    g_free(p);
}

/* ---- loop ---- */

#define TURN_MS 10

typedef struct {
    net_pair *pair;
    unsigned n;
} turns;

void net_pair_go_on(net_pair *p, unsigned ms)
{
    mcu_net_test_bound(p->offerer.net, ms * MCU_NS_PER_MS);
    mcu_net_test_bound(p->answerer.net, ms * MCU_NS_PER_MS);
}

static gboolean on_turn(gpointer user)
{
    turns *t = user;
    t->n++;
    net_pair_go_on(t->pair, 2 * TURN_MS);
    return G_SOURCE_CONTINUE;
}

/* Time is what the loop had: a turn comes after what is there to be read, and late ones do not catch up. A machine that stands
 * still takes no waiting away, and next to nothing becomes late on the way. */
bool net_pair_run(net_pair *p, bool (*done)(net_pair *p), unsigned ms)
{
    turns t = {.pair = p};
    unsigned turn_ms = MIN(ms, TURN_MS);
    net_pair_go_on(p, 2 * TURN_MS);
    GSource *timer = g_timeout_source_new(turn_ms);
    g_source_set_priority(timer, G_PRIORITY_LOW);
    g_source_set_callback(timer, on_turn, &t, NULL);
    g_source_attach(timer, p->context);
    bool ok;
    while (!(ok = done(p)) && t.n * turn_ms < ms) {
        g_main_context_iteration(p->context, TRUE);
    }
    g_source_destroy(timer);
    g_source_unref(timer);
    return ok;
}

static bool never(net_pair *p)
{
    (void)p;
    return false;
}

void net_pair_settle(net_pair *p, unsigned ms)
{
    (void)net_pair_run(p, never, ms);
}

bool net_pair_up(net_pair *p)
{
    return p->offerer.state == MCU_PEER_UP && p->answerer.state == MCU_PEER_UP;
}

static char *checked(char *sdp, GError *error)
{
    if (error != NULL) {
        print_error("%s\n", error->message);
    }
    assert_null(error);
    assert_non_null(sdp);
    return sdp;
}

static char *edited(char *take_sdp, bool is_offer, net_edit edit)
{
    if (edit == NULL) {
        return take_sdp;
    }
    char *other = edit(take_sdp, is_offer);
    g_free(take_sdp);
    return other;
}

void net_pair_negotiate(net_pair *p, bool ice_restart, net_edit edit)
{
    GError *error = NULL;
    char *offer = checked(mcu_peer_offer(p->offerer.peer, ice_restart, &error), error);
    offer = edited(offer, true, edit);
    char *answer = checked(mcu_peer_answer(p->answerer.peer, offer, &error), error);
    answer = edited(answer, false, edit);
    bool ok = mcu_peer_accept(p->offerer.peer, answer, &error);
    if (!ok) {
        print_error("%s\n", error->message);
    }
    assert_true(ok);
    g_free(offer);
    g_free(answer);
}

void net_pair_connect(net_pair *p)
{
    net_pair_negotiate(p, false, NULL);
    bool up = net_pair_run(p, net_pair_up, 10000);
    if (!up) {
        print_error("offerer %s (%s), answerer %s (%s)\n", mcu_peer_state_name(p->offerer.state), p->offerer.why,
                    mcu_peer_state_name(p->answerer.state), p->answerer.why);
    }
    assert_true(up);
}

/* ---- media ---- */

/* Bytes that cannot make a start code and that say which picture they belong to. */
static void fill(uint8_t *out, unsigned index, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        out[k] = (uint8_t)(1 + (index * 31 + k * 7 + k / 251) % 255);
    }
}

static mcu_au *finish(GByteArray *bytes, mcu_codec codec, unsigned index, bool key, int64_t step_ns, unsigned clock_hz)
{
    mcu_au *au = mcu_au_new_copy(bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    assert_non_null(au);
    au->codec = codec;
    au->keyframe = key;
    au->ts = (uint32_t)(1 + index * (uint64_t)step_ns * clock_hz / 1000000000);
    return au;
}

mcu_au *net_h264(unsigned index, bool key, size_t n)
{
    /* Constrained baseline 3.0, 320x180 as x264 writes it. */
    static const uint8_t params[] = {0,    0,    0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x05, 0x06,
                                     0x6d, 0x35, 0, 0, 0,    1,    0x68, 0xce, 0x3c, 0x80};
    static const uint8_t start[] = {0, 0, 0, 1};
    GByteArray *b = g_byte_array_new();
    if (key) {
        g_byte_array_append(b, params, sizeof params);
    }
    g_byte_array_append(b, start, sizeof start);
    const uint8_t head[] = {key ? 0x65 : 0x41, 0x88};
    g_byte_array_append(b, head, sizeof head);
    g_autofree uint8_t *body = g_malloc(n);
    fill(body, index, n);
    g_byte_array_append(b, body, (guint)n);
    return finish(b, MCU_CODEC_H264, index, key, 40000000, 90000);
}

mcu_au *net_vp8(unsigned index, bool key, size_t n)
{
    static const uint8_t key_head[] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00};
    static const uint8_t inter_head[] = {0x11, 0x02, 0x00};
    GByteArray *b = g_byte_array_new();
    g_byte_array_append(b, key ? key_head : inter_head, key ? sizeof key_head : sizeof inter_head);
    g_autofree uint8_t *body = g_malloc(n);
    fill(body, index, n);
    g_byte_array_append(b, body, (guint)n);
    return finish(b, MCU_CODEC_VP8, index, key, 40000000, 90000);
}

mcu_au *net_opus(unsigned index, size_t n)
{
    GByteArray *b = g_byte_array_new();
    const uint8_t toc = 0x78;
    g_byte_array_append(b, &toc, 1);
    g_autofree uint8_t *body = g_malloc(n);
    fill(body, index, n);
    g_byte_array_append(b, body, (guint)n);
    return finish(b, MCU_CODEC_OPUS, index, false, 20000000, 48000);
}

bool net_same(const mcu_au *a, const mcu_au *b)
{
    return a->codec == b->codec && a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

net_pair *net_pair_connected(void)
{
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_connect(p);
    return p;
}

static unsigned pictures_wanted;

static bool pictures_both_ways(net_pair *p)
{
    return p->offerer.pictures->len >= pictures_wanted && p->answerer.pictures->len >= pictures_wanted;
}

mcu_au *net_picture(mcu_codec codec, unsigned index)
{
    size_t n = index % 10 == 0 ? 9000 : 300 + index * 37 % 4000;
    return codec == MCU_CODEC_H264 ? net_h264(index, index == 0, n) : net_vp8(index, index == 0, n);
}

#define WAITING 4 /* pictures */

static unsigned offerer_sent, answerer_sent;

static bool few_are_waiting(net_pair *p)
{
    return p->offerer.pictures_left + WAITING >= offerer_sent && p->answerer.pictures_left + WAITING >= answerer_sent;
}

void net_pair_exchange(net_pair *p, mcu_codec codec, unsigned n)
{
    assert_int_equal(mcu_peer_send_codec(p->offerer.peer), codec);
    assert_int_equal(mcu_peer_send_codec(p->answerer.peer), codec);
    offerer_sent = p->offerer.pictures_left;
    answerer_sent = p->answerer.pictures_left;
    for (unsigned k = 0; k < n; k++) {
        if (k + 3 >= n) {
            p->offerer.drop_every = p->answerer.drop_every = 0; /* the loss of the very last packet shows to nobody */
        }
        mcu_au *au = net_picture(codec, k);
        assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
        offerer_sent++;
        answerer_sent++;
        net_pair_settle(p, 5);
        assert_true(net_pair_run(p, few_are_waiting, 2000)); /* the queue is full soon where the machine stands still */
    }
    pictures_wanted = n;
    bool all = net_pair_run(p, pictures_both_ways, 5000);
    if (!all) {
        print_error("%u and %u of %u pictures\n", p->offerer.pictures->len, p->answerer.pictures->len, n);
    }
    assert_true(all);
    for (unsigned k = 0; k < n; k++) {
        mcu_au *au = net_picture(codec, k);
        const mcu_au *a = g_ptr_array_index(p->offerer.pictures, k), *b = g_ptr_array_index(p->answerer.pictures, k);
        assert_true(net_same(a, au) && net_same(b, au));
        assert_int_equal(a->keyframe, k == 0);
        mcu_au_unref(au);
    }
}

static unsigned wanted;

static bool offerer_has(net_pair *p)
{
    return p->offerer.pictures->len >= wanted;
}

static bool answerer_has(net_pair *p)
{
    return p->answerer.pictures->len >= wanted;
}

void net_pair_works(net_pair *p)
{
    static unsigned index = 1000;
    wanted = p->offerer.pictures->len + 1;
    mcu_au *au = net_h264(index++, true, 3000);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
    assert_true(net_pair_run(p, offerer_has, 3000));
    wanted = p->answerer.pictures->len + 1;
    assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
    assert_true(net_pair_run(p, answerer_has, 3000));
    mcu_au_unref(au);
    assert_true(net_pair_up(p));
}

mcu_peer_stats net_stats(mcu_peer *peer)
{
    mcu_peer_stats s;
    mcu_peer_get_stats(peer, &s);
    return s;
}

uint32_t net_ssrc(mcu_peer *peer, const char *line, const char *before, unsigned nth)
{
    char *sdp = mcu_peer_local_description(peer);
    char *at = strstr(strstr(sdp, line), before);
    unsigned long ssrc = 0;
    assert_non_null(at);
    at += strlen(before);
    for (unsigned i = 0; i < nth; i++) {
        ssrc = strtoul(at, &at, 10);
    }
    g_free(sdp);
    assert_int_not_equal(ssrc, 0);
    return (uint32_t)ssrc;
}
