/* test_mix_masked.c - who is not to be recorded, in the picture that is, and in the one that people watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "mixer/video_private.h"
#include "video_rig.h"

static uint8_t edge_luma(rig *r, unsigned tier, unsigned i)
{
    mcu_frame *f = kit_decode_last(r->kept[tier][0], r->n_kept[tier][0]);
    assert_non_null(f);
    const mix_tile *t = &r->tiles[tier][i];
    uint8_t luma = kit_mean_luma(f, t->x_px, t->y_px + t->height_px / 4, 2, t->height_px / 2);
    mcu_frame_unref(f);
    return luma;
}

/* What is recorded does not show that somebody talks who is not to be in it; people's picture does. */
static void test_who_is_masked_is_not_seen_to_talk(void **state)
{
    (void)state;
    rig *r = rig_new(2);
    r->v->masks[1] = true;
    const mix_person people[] = {{.person = 1, .name = "One", .camera_on = true},
                                 {.person = 2, .name = "Two", .camera_on = true, .talking = true, .masked = true}};
    mix_video_set_people(r->v, people, 2);
    for (unsigned t = 0; t < 2; t++) {
        assert_int_equal(mix_video_use(r->v, t, MCU_CODEC_H264), MCU_OK);
    }
    rig_send(r, 10);
    for (unsigned t = 0; t < 2; t++) {
        rig_until_kept(r, t, 0, 10);
    }
    assert_in_range(edge_luma(r, 0, 1), 120, 200);
    assert_in_range(edge_luma(r, 1, 1), 0, 90);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_is_masked_is_not_seen_to_talk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
