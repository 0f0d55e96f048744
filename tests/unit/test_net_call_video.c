/* Pictures of a video endpoint's call over loopback sockets: both packetization-modes, SRTP, keyframes that are asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "mcu/net/call_video.h"
#include "tests/unit/h264_kit.h"

#define MS MCU_NS_PER_MS
#define STEP_NS (10 * MS)

typedef struct {
    mcu_call_video *call;
    GPtrArray *pictures;
    unsigned wanted, asked; /* keyframes: of us, by signalling */
    int fds[2];
    mcu_leg_address rtp, rtcp;
} end;

static void on_picture(void *user, mcu_au *take_au)
{
    g_ptr_array_add(((end *)user)->pictures, take_au);
}

static void on_keyframe_request(void *user)
{
    ((end *)user)->wanted++;
}

static void on_ask(void *user)
{
    ((end *)user)->asked++;
}

static int open_socket(mcu_leg_address *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *address = (mcu_leg_address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address->v4;
    assert_int_equal(bind(fd, &address->any, size), 0);
    assert_int_equal(getsockname(fd, &address->any, &size), 0);
    return fd;
}

static void end_open(end *e)
{
    *e = (end){.pictures = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref)};
    e->fds[0] = open_socket(&e->rtp);
    e->fds[1] = open_socket(&e->rtcp);
}

static void end_start(end *e, const mcu_leg_video *s)
{
    static const mcu_call_video_callbacks callbacks = {on_picture, on_keyframe_request, on_ask};
    e->call = mcu_call_video_new(s, e->fds[0], e->fds[1], &callbacks, e, 0, NULL);
    assert_non_null(e->call);
}

static void end_close(end *e)
{
    mcu_call_video_free(e->call);
    g_ptr_array_unref(e->pictures);
}

static mcu_leg_video towards(const end *remote)
{
    return (mcu_leg_video){
        .pt = 97, .send = true, .recv = true, .remote = remote->rtp, .remote_rtcp = remote->rtcp, .max_kbps = 2000};
}

static void pair_open(end *a, end *b, const mcu_leg_video *like)
{
    end_open(a);
    end_open(b);
    mcu_leg_video sa = *like, sb = *like;
    sa.remote = b->rtp;
    sa.remote_rtcp = b->rtcp;
    sb.remote = a->rtp;
    sb.remote_rtcp = a->rtcp;
    if (like->secure) {
        memset(sa.key_out, 1, MCU_LEG_KEY_SIZE);
        memset(sa.key_in, 2, MCU_LEG_KEY_SIZE);
        memset(sb.key_out, 2, MCU_LEG_KEY_SIZE);
        memset(sb.key_in, 1, MCU_LEG_KEY_SIZE);
    }
    end_start(a, &sa);
    end_start(b, &sb);
}

/* `slices` of `size` bytes each. */
static mcu_au *picture(bool key, unsigned slices, size_t size, int64_t now_ns)
{
    static const kit_sps format = {.profile = 66, .chroma = 1, .depth = 8, .width_mbs = 20, .height_mbs = 12};
    uint8_t bytes[32768];
    size_t n = 0;
    if (key) {
        n += kit_add_sps(bytes, &format);
        n += kit_add_pps(bytes + n, 0, 0, 1);
    }
    for (unsigned i = 0; i < slices; i++) {
        n += kit_add_slice(bytes + n, key, i * 20, key ? 7 : 5, 0, size, i + 1);
    }
    mcu_au *au = mcu_au_new_copy(bytes, n);
    au->codec = MCU_CODEC_H264;
    au->keyframe = key;
    au->time_ns = now_ns;
    au->ts = (uint32_t)(now_ns / 1000 * 9 / 100) + 1;
    return au;
}

static void step(end *a, end *b, int64_t *now_ns, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        *now_ns += STEP_NS;
        end *const both[] = {a, b};
        for (unsigned k = 0; k < 2; k++) {
            mcu_call_video_read(both[k]->call, *now_ns);
            mcu_call_video_step(both[k]->call, *now_ns);
        }
    }
}

static void give(end *from, mcu_au *take_au, mcu_status expected, int64_t now_ns)
{
    assert_int_equal(mcu_call_video_send(from->call, take_au, now_ns), expected);
    mcu_au_unref(take_au);
}

static void pictures_arrive_whole_in_both_modes_clear_and_secure(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 4; row++) {
        end a, b;
        mcu_leg_video like = {.pt = 97, .send = true, .recv = true, .whole_units = row & 1, .secure = row & 2};
        int64_t now_ns = 1000 * MS;
        pair_open(&a, &b, &like);
        for (unsigned i = 0; i < 6; i++) {
            mcu_au *au = picture(i == 0, 4, like.whole_units ? 900 : 3000, now_ns); /* fragments, or a unit each */
            uint8_t first[64];
            memcpy(first, au->data, sizeof first);
            give(&a, au, MCU_OK, now_ns);
            step(&a, &b, &now_ns, 20);
            assert_int_equal(b.pictures->len, i + 1);
            assert_memory_equal(((mcu_au *)b.pictures->pdata[i])->data, first, sizeof first);
            assert_int_equal(((mcu_au *)b.pictures->pdata[i])->keyframe, i == 0);
        }
        mcu_call_video_stats t;
        mcu_call_video_get_stats(b.call, &t);
        assert_int_equal(t.auth_failures + t.refused + t.bad, 0);
        end_close(&a);
        end_close(&b);
    }
}

static void a_unit_that_fits_no_packet_is_not_sent_in_mode_0(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_video like = {.pt = 97, .send = true, .recv = true, .whole_units = true};
    pair_open(&a, &b, &like);
    give(&a, picture(true, 1, 3000, MS), MCU_EINVAL, MS);
    end_close(&a);
    end_close(&b);
}

static void keyframes_are_asked_for_as_was_agreed(void **state)
{
    (void)state;
    static const struct {
        bool pli, fir;
        unsigned heard, asked;
    } rows[] = {{true, true, 1, 0}, {false, true, 1, 0}, {false, false, 0, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        end a, b;
        mcu_leg_video like = {.pt = 97, .send = true, .recv = true, .pli = rows[i].pli, .fir = rows[i].fir};
        int64_t now_ns = 1000 * MS;
        pair_open(&a, &b, &like);
        give(&a, picture(true, 1, 500, now_ns), MCU_OK, now_ns);
        step(&a, &b, &now_ns, 120);
        assert_int_equal(a.wanted + b.asked, 0); /* it had one */
        mcu_call_video_want_keyframe(b.call, now_ns);
        mcu_call_video_want_keyframe(b.call, now_ns); /* merged */
        step(&a, &b, &now_ns, 10);
        assert_int_equal(a.wanted, rows[i].heard);
        assert_int_equal(b.asked, rows[i].asked);
        step(&a, &b, &now_ns, 100); /* none came: it is asked for again */
        assert_int_equal(a.wanted + b.asked, 2);
        give(&a, picture(true, 1, 500, now_ns), MCU_OK, now_ns);
        step(&a, &b, &now_ns, 200);
        assert_int_equal(a.wanted + b.asked, 2);
        end_close(&a);
        end_close(&b);
    }
}

static void what_they_ask_by_signalling_is_told_at_most_four_times_a_second(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_video like = {.pt = 97, .send = true, .recv = true};
    int64_t now_ns = 1000 * MS;
    pair_open(&a, &b, &like);
    for (unsigned i = 0; i < 100; i++) {
        mcu_call_video_asked(a.call, now_ns);
        step(&a, &b, &now_ns, 1);
    }
    assert_in_range(a.wanted, 3, 5);
    end_close(&a);
    end_close(&b);
}

static void strangers_and_other_types_are_refused(void **state)
{
    (void)state;
    end a, b, c;
    mcu_leg_video like = {.pt = 97, .send = true, .recv = true};
    int64_t now_ns = 1000 * MS;
    pair_open(&a, &b, &like);
    end_open(&c);
    mcu_leg_video s = towards(&b);
    end_start(&c, &s);
    give(&a, picture(true, 1, 500, now_ns), MCU_OK, now_ns);
    step(&a, &b, &now_ns, 5);
    give(&c, picture(true, 1, 500, now_ns), MCU_OK, now_ns);
    step(&c, &b, &now_ns, 5);
    mcu_call_video_stats t;
    mcu_call_video_get_stats(b.call, &t);
    assert_int_equal(b.pictures->len, 1);
    assert_true(t.refused > 0);
    end_close(&a);
    end_close(&b);
    end_close(&c);
}

static void pictures_may_begin_and_stop_while_the_call_goes_on(void **state)
{
    (void)state;
    end a, b;
    mcu_leg_video none = {0};
    int64_t now_ns = 1000 * MS;
    end_open(&a);
    end_open(&b);
    end_start(&a, &none);
    mcu_leg_video s = towards(&a), t = towards(&b);
    end_start(&b, &s);
    give(&a, picture(true, 1, 500, now_ns), MCU_EAGAIN, now_ns);
    assert_true(mcu_call_video_change(a.call, &t, now_ns, NULL));
    give(&a, picture(true, 1, 500, now_ns), MCU_OK, now_ns);
    step(&a, &b, &now_ns, 10);
    assert_int_equal(b.pictures->len, 1);
    t.send = false;
    assert_true(mcu_call_video_change(a.call, &t, now_ns, NULL));
    give(&a, picture(true, 1, 500, now_ns), MCU_EAGAIN, now_ns);
    end_close(&a);
    end_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_arrive_whole_in_both_modes_clear_and_secure),
        cmocka_unit_test(a_unit_that_fits_no_packet_is_not_sent_in_mode_0),
        cmocka_unit_test(keyframes_are_asked_for_as_was_agreed),
        cmocka_unit_test(what_they_ask_by_signalling_is_told_at_most_four_times_a_second),
        cmocka_unit_test(strangers_and_other_types_are_refused),
        cmocka_unit_test(pictures_may_begin_and_stop_while_the_call_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
