/* scene.c - see scene.h. */
#include "mixer/scene.h"

mix_scene *mix_scene_new(void)
{
    mix_scene *s = g_new0(mix_scene, 1);
    atomic_init(&s->refs, 1);
    return s;
}

mix_scene *mix_scene_ref(mix_scene *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void mix_scene_unref(mix_scene *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned i = 0; i < s->n_people; i++) {
        mix_source_unref(s->people[i].source);
        for (unsigned t = 0; t < s->n_tiers; t++) {
            mix_art_item_unref(s->tiers[t].label[i]);
            mix_art_item_unref(s->tiers[t].placeholder[i]);
        }
    }
    for (unsigned t = 0; t < s->n_tiers; t++) {
        for (unsigned c = 0; c < MIX_TIER_CODECS; c++) {
            mix_encoder_unref(s->tiers[t].encoders[c]);
        }
    }
    g_free(s);
}
