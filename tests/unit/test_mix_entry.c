/* test_mix_entry.c - keyframes of an encoder: who enters a tier that others watch, and tiers that are nothing but keyframes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <semaphore.h>
#include <string.h>

#include "mixer/encoder.h"
#include "mixer/venc.h"
#include "video_rig.h"

static unsigned entries(const rig *r, mcu_au **first, unsigned *n)
{
    *n = 0;
    for (unsigned i = 0; i < r->n_kept[3][0]; i++) {
        if (r->kept[3][0][i]->entry) {
            first[(*n)++] = r->kept[3][0][i];
        }
    }
    return *n;
}

/* Who comes between two of everybody's keyframes gets a stream of his own, which nobody else notices, until the next of them. */
static void test_who_enters_is_served_apart(void **state)
{
    (void)state;
    rig *r = rig_new(1);
    mcu_au *apart[RIG_KEPT];
    unsigned n = 0;
    rig_people(r, 1, true);
    mix_video_use(r->v, 3, MCU_CODEC_H264);
    mix_video_use(r->v, 3, MCU_CODEC_H264);
    for (unsigned i = 0; i < 100 && entries(r, apart, &n) == 0; i++) {
        mix_video_enter(r->v, 3, MCU_CODEC_H264);
        rig_send(r, 3);
    }
    assert_true(n > 0);
    assert_true(apart[0]->keyframe);
    mix_video_stats before, after;
    mix_video_get_stats(r->v, &before);
    for (unsigned i = 0; i < 100 && entries(r, apart, &n) < 3; i++) {
        rig_send(r, 1);
    }
    mcu_frame *f = kit_decode_last(apart, n);
    assert_non_null(f);
    mcu_frame_unref(f);
    unsigned same = 0; /* of the times of everybody's */
    for (unsigned i = 0; i < r->n_kept[3][0]; i++) {
        same += !r->kept[3][0][i]->entry && r->kept[3][0][i]->ts == apart[0]->ts;
    }
    assert_int_equal(same, 0);
    for (after = before; after.keyframes[3] == before.keyframes[3];) {
        mix_video_request_keyframe(r->v, 3, MCU_CODEC_H264);
        rig_send(r, 1);
        mix_video_get_stats(r->v, &after);
    }
    unsigned ended = entries(r, apart, &n);
    rig_send(r, 10);
    assert_int_equal(entries(r, apart, &n), ended);
    rig_free(r);
}

typedef struct {
    mcu_au *stills[8];
    atomic_uint n;
} gallery;

static void hang(void *user, mix_encoder *e, mcu_au *take_au)
{
    gallery *g = user;
    mix_encoder_taken(e);
    g->stills[atomic_load(&g->n) % G_N_ELEMENTS(g->stills)] = take_au;
    atomic_fetch_add(&g->n, 1);
}

static void nothing(void *user, mix_encoder *e)
{
    (void)user;
    (void)e;
}

static void offer(mix_encoder *e, int64_t time_ns)
{
    mcu_frame *f = mcu_frame_new(320, 180);
    for (unsigned p = 0; p < 3; p++) {
        memset(f->plane[p], 100, (size_t)f->stride[p] * (p == 0 ? 180 : 90));
    }
    f->time_ns = time_ns;
    mix_encoder_offer(e, f);
}

/* ---- who enters where encoding takes time ---- */

enum { ENTRY_FPS = 50 };

typedef struct {
    atomic_int opened;
    int64_t entry_cost_ns; /* CPU time of each picture of who enters */
    size_t key_size;
    bool on;
} fake;

static fake made_up;

struct mix_venc {
    int64_t cost_ns;
    bool opened;
};

static mix_venc *fake_open(const mix_venc_config *c, GError **error)
{
    (void)c;
    (void)error;
    mix_venc *e = g_new0(mix_venc, 1);
    e->cost_ns = atomic_fetch_add(&made_up.opened, 1) == 0 ? 0 : made_up.entry_cost_ns; /* everybody's is the first */
    return e;
}

static mcu_au *fake_encode(mix_venc *e, const mcu_frame *f, bool keyframe)
{
    int64_t until_ns = mix_cpu_now_ns() + e->cost_ns;
    while (mix_cpu_now_ns() < until_ns) {
    }
    mcu_au *au = mcu_au_new(keyframe || !e->opened ? made_up.key_size : 100);
    au->keyframe = keyframe || !e->opened;
    au->time_ns = f->time_ns;
    e->opened = true;
    return au;
}

static void fake_close(mix_venc *e)
{
    g_free(e);
}

const mix_venc_type *__real_mix_venc_for(mcu_codec codec);
const mix_venc_type *__wrap_mix_venc_for(mcu_codec codec);
const mix_venc_type *__wrap_mix_venc_for(mcu_codec codec)
{
    static const mix_venc_type type = {fake_open, fake_encode, fake_close, false};
    return made_up.on ? &type : __real_mix_venc_for(codec);
}

typedef struct {
    sem_t done;     /* everybody's picture is out; that of who enters follows before the next one's */
    int64_t key_ns; /* of the newest of everybody's keyframes */
    atomic_uint entries;
    _Atomic int64_t entry_ns; /* of the newest picture of who entered */
} crowd;

static void note(void *user, mix_encoder *e, mcu_au *take_au)
{
    crowd *c = user;
    mix_encoder_taken(e);
    if (take_au->entry) {
        atomic_fetch_add(&c->entries, 1);
        atomic_store(&c->entry_ns, take_au->time_ns);
    } else {
        c->key_ns = take_au->keyframe ? take_au->time_ns : c->key_ns;
        sem_post(&c->done);
    }
    mcu_au_unref(take_au);
}

static mix_encoder *crowd_start(crowd *c, mix_cpu *cpu)
{
    static const double seconds[] = {1};
    mcu_counter *counter = mcu_counter_get("test_stills_total", NULL, "Of this test.");
    const mix_encoder_config config = {.spec = {"D", 320, 180, ENTRY_FPS, 8000},
                                       .codec = MCU_CODEC_H264,
                                       .cpu = cpu,
                                       .deliver = note,
                                       .ended = nothing,
                                       .user = c,
                                       .seconds = mcu_histogram_get("test_stills_seconds", NULL, "Of this test.", seconds, 1),
                                       .keyframes = counter,
                                       .entries = counter,
                                       .replaced = counter,
                                       .queue_drops = counter};
    sem_init(&c->done, 0, 0);
    mix_encoder *e = mix_encoder_start(&config, NULL);
    assert_non_null(e);
    mix_encoder_set_watchers(e, 2);
    return e;
}

static void crowd_end(crowd *c, mix_encoder *e)
{
    mix_encoder_stop(e);
    mix_encoder_join(e);
    mix_encoder_unref(e);
    sem_destroy(&c->done);
    made_up.on = false;
}

/* Pictures numbered from `from` on, in their own time; returns the number after the last. */
static unsigned crowd_run(crowd *c, mix_encoder *e, unsigned from, unsigned pictures)
{
    for (unsigned k = from; k < from + pictures; k++) {
        offer(e, 100 * MCU_NS_PER_SEC + k * MCU_NS_PER_SEC / ENTRY_FPS);
        sem_wait(&c->done);
    }
    return from + pictures;
}

/* A picture of who enters takes 15 of the 20 ms that there are: he gets some of them, in a quarter of the time, until everybody's
 * keyframe, which does not wait for ten seconds then. */
static void test_who_enters_takes_a_quarter_of_the_time(void **state)
{
    (void)state;
    crowd c = {0};
    mix_cpu cpu = {0};
    made_up = (fake){.on = true, .entry_cost_ns = 15 * MCU_NS_PER_MS, .key_size = 8000};
    mix_encoder *e = crowd_start(&c, &cpu);
    unsigned next = crowd_run(&c, e, 0, 5);
    mix_encoder_enter(e);
    (void)crowd_run(&c, e, next, ENTRY_FPS - 6);
    int64_t used_ns = atomic_load(&cpu.ns[MIX_CPU_ENCODE]);
    assert_int_equal(c.key_ns, 100 * MCU_NS_PER_SEC);
    assert_in_range(c.entries, 8, 17); /* of 44 */
    assert_true(used_ns < (MCU_NS_PER_SEC + 4 * 20 * MCU_NS_PER_MS) / 4 + 20 * MCU_NS_PER_MS);
    unsigned until = c.entries;
    (void)crowd_run(&c, e, ENTRY_FPS, 20);
    assert_int_equal(c.key_ns, 101 * MCU_NS_PER_SEC);
    assert_in_range(c.entries, until, until + 1);
    crowd_end(&c, e);
}

/* However heavy everybody's keyframes are; and who enters cheaply lacks no picture. */
static void test_nobody_is_apart_for_more_than_ten_seconds(void **state)
{
    (void)state;
    crowd c = {0};
    mix_cpu cpu = {0};
    made_up = (fake){.on = true, .key_size = 8000};
    mix_encoder *e = crowd_start(&c, &cpu);
    unsigned next = crowd_run(&c, e, 0, 5);
    mix_encoder_enter(e);
    next = crowd_run(&c, e, next, 10 * ENTRY_FPS - 5);
    assert_int_equal(c.key_ns, 100 * MCU_NS_PER_SEC);
    next = crowd_run(&c, e, next, 50);
    assert_int_equal(c.key_ns, 110 * MCU_NS_PER_SEC);
    assert_in_range(c.entries, 10 * ENTRY_FPS - 5, 10 * ENTRY_FPS - 4); /* perhaps also after the picture before */
    assert_true(c.entry_ns < 110 * MCU_NS_PER_SEC);
    crowd_end(&c, e);
}

/* One picture in so many seconds, each a keyframe, whatever is asked for between. */
static void test_stills_of_a_thin_tier(void **state)
{
    (void)state;
    static const double seconds[] = {1};
    gallery g = {.n = 0};
    mix_cpu cpu = {0};
    mcu_counter *counter = mcu_counter_get("test_stills_total", NULL, "Of this test.");
    const mix_encoder_config c = {.spec = {"S", 320, 180, 1, 8000},
                                  .every_s = 3,
                                  .codec = MCU_CODEC_H264,
                                  .cpu = &cpu,
                                  .deliver = hang,
                                  .ended = nothing,
                                  .user = &g,
                                  .seconds = mcu_histogram_get("test_stills_seconds", NULL, "Of this test.", seconds, 1),
                                  .keyframes = counter,
                                  .entries = counter,
                                  .replaced = counter,
                                  .queue_drops = counter};
    mix_encoder *e = mix_encoder_start(&c, NULL);
    assert_non_null(e);
    for (unsigned s = 100; s < 109; s++) {
        unsigned due = (s - 100) / 3 + 1;
        mix_encoder_enter(e);
        offer(e, s * MCU_NS_PER_SEC);
        for (unsigned k = 0; k < 5000 && (s - 100) % 3 == 0 && atomic_load(&g.n) < due; k++) {
            g_usleep(1000);
        }
    }
    mix_encoder_stop(e);
    mix_encoder_join(e);
    mix_encoder_unref(e);
    assert_int_equal(atomic_load(&g.n), 3);
    for (unsigned k = 0; k < 3; k++) {
        assert_true(g.stills[k]->keyframe && !g.stills[k]->entry);
        assert_int_equal(g.stills[k]->time_ns, (100 + 3 * k) * MCU_NS_PER_SEC);
        assert_true(g.stills[k]->size < 3500);
        mcu_au_unref(g.stills[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_enters_is_served_apart),
        cmocka_unit_test(test_who_enters_takes_a_quarter_of_the_time),
        cmocka_unit_test(test_nobody_is_apart_for_more_than_ten_seconds),
        cmocka_unit_test(test_stills_of_a_thin_tier),
    };
    return cmocka_run_group_tests_name("mix_entry", tests, NULL, NULL);
}
