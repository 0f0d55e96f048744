/* The way to the recorder's thread: media in batches, everything else at once, nothing lost and nothing out of order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mcu/base/clock.h"
#include "recorder/queue.h"
#include "recorder/recorder.h"

static void put(rec_queue *q, bool picture, int64_t at_ms, size_t size)
{
    mcu_au *au = mcu_au_new(size);
    au->time_ns = at_ms * MCU_NS_PER_MS;
    au->keyframe = picture;
    assert_true(picture ? rec_queue_picture(q, au) : rec_queue_sound(q, au));
    mcu_au_unref(au);
}

static bool is_empty(rec_queue *q)
{
    return rec_queue_take(q, mcu_now_ns()) == NULL;
}

static void take_media(rec_queue *q, rec_item_kind kind, int64_t at_ms)
{
    rec_item *item = rec_queue_take(q, mcu_now_ns());
    assert_non_null(item);
    assert_int_equal(item->kind, kind);
    assert_int_equal(item->au->time_ns / MCU_NS_PER_MS, at_ms);
    rec_item_done(q, item);
}

static void test_media_goes_over_together(void **state)
{
    (void)state;
    rec_queue *q = rec_queue_new();
    for (int64_t at_ms = 0; at_ms < 100; at_ms += 20) {
        put(q, false, at_ms, 100);
    }
    put(q, true, -40, 1000); /* an encoder is behind the sound */
    assert_true(is_empty(q));
    put(q, false, 100, 100);
    for (int64_t at_ms = 0; at_ms < 100; at_ms += 20) {
        take_media(q, REC_ITEM_SOUND, at_ms);
    }
    take_media(q, REC_ITEM_PICTURE, -40);
    take_media(q, REC_ITEM_SOUND, 100);
    assert_true(is_empty(q));
    for (unsigned i = 0; i < 16; i++) { /* a clock that stands still holds nothing back for long */
        put(q, false, 120, 100);
    }
    take_media(q, REC_ITEM_SOUND, 120);
    rec_queue_free(q);
}

static void test_the_rest_goes_at_once(void **state)
{
    (void)state;
    rec_queue *q = rec_queue_new();
    put(q, true, 0, 1000);
    put(q, false, 20, 100);
    assert_true(is_empty(q));
    assert_true(rec_queue_put(q, (rec_item){.kind = REC_ITEM_END, .fd = -1}));
    take_media(q, REC_ITEM_PICTURE, 0);
    take_media(q, REC_ITEM_SOUND, 20);
    rec_item *item = rec_queue_take(q, mcu_now_ns());
    assert_int_equal(item->kind, REC_ITEM_END);
    rec_item_done(q, item);
    put(q, false, 40, 100); /* what waits is freed with the queue */
    rec_queue_free(q);
}

/* What waits on this side counts towards the bound as well. */
static void test_bound(void **state)
{
    (void)state;
    rec_queue *q = rec_queue_new();
    put(q, true, 0, REC_QUEUE_VIDEO - 2000);
    mcu_au *au = mcu_au_new(2000);
    au->time_ns = 40 * MCU_NS_PER_MS;
    au->keyframe = true;
    assert_false(rec_queue_picture(q, au));
    put(q, false, 100, 100);
    take_media(q, REC_ITEM_PICTURE, 0);
    assert_true(rec_queue_picture(q, au));
    mcu_au_unref(au);
    put(q, false, 200, 100);
    take_media(q, REC_ITEM_SOUND, 100);
    rec_item *gap = rec_queue_take(q, mcu_now_ns());
    assert_int_equal(gap->kind, REC_ITEM_GAP);
    assert_int_equal(gap->at_ns, 40 * MCU_NS_PER_MS);
    rec_item_done(q, gap);
    take_media(q, REC_ITEM_PICTURE, 40);
    take_media(q, REC_ITEM_SOUND, 200);
    rec_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_goes_over_together),
        cmocka_unit_test(test_the_rest_goes_at_once),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
