#include "mcu/bot/tally.h"

#include <string.h>

static void free_tile(gpointer tile)
{
    mcu_tile_tally *t = tile;
    g_array_unref(t->latency_ms);
    g_free(t);
}

void mcu_tally_init(mcu_tally *t)
{
    *t = (mcu_tally){.tiles = g_ptr_array_new_with_free_func(free_tile)};
}

void mcu_tally_clear(mcu_tally *t)
{
    g_ptr_array_unref(t->tiles);
    *t = (mcu_tally){0};
}

void mcu_tally_picture(mcu_tally *t, int64_t shown_ns, bool keyframe)
{
    t->pictures++;
    t->keyframes += keyframe;
    if (t->first_ns == 0) {
        t->first_ns = shown_ns;
    } else {
        const int64_t gap = shown_ns - t->last_ns;
        t->freezes += gap > MCU_TALLY_GAP_NS;
        t->longest_gap_ns = MAX(t->longest_gap_ns, gap);
    }
    t->last_ns = shown_ns;
}

mcu_tile_tally *mcu_tally_tile(mcu_tally *t, const char *seat)
{
    for (unsigned i = 0; i < t->tiles->len; i++) {
        mcu_tile_tally *tile = t->tiles->pdata[i];
        if (strcmp(tile->seat, seat) == 0) {
            return tile;
        }
    }
    mcu_tile_tally *tile = g_new0(mcu_tile_tally, 1);
    g_strlcpy(tile->seat, seat, sizeof(tile->seat));
    tile->person = tile->frame = -1;
    tile->latency_ms = g_array_new(FALSE, FALSE, sizeof(float));
    g_ptr_array_add(t->tiles, tile);
    return tile;
}

static void note_latency(mcu_tile_tally *tile, int64_t latency_ns)
{
    const float ms = (float)((double)latency_ns / 1e6);
    if (tile->latency_ms->len < MCU_TALLY_LATENCIES) {
        g_array_append_val(tile->latency_ms, ms);
    } else {
        g_array_index(tile->latency_ms, float, tile->latency_next++ % MCU_TALLY_LATENCIES) = ms;
    }
}

void mcu_tally_reading(mcu_tile_tally *tile, unsigned person, unsigned frame, int64_t shown_ns, int64_t latency_ns)
{
    if (tile->person >= 0 && tile->person != (int)person) {
        tile->wrong_person++;
    }
    tile->person = (int)person;
    if (tile->frame == (int)frame) {
        return;
    }
    if (tile->frame >= 0) {
        const int64_t gap = shown_ns - tile->last_change_ns;
        tile->changes++;
        tile->gaps += gap > MCU_TALLY_GAP_NS;
        tile->frozen_ns += gap > MCU_TALLY_GAP_NS ? gap : 0;
        tile->longest_gap_ns = MAX(tile->longest_gap_ns, gap);
    }
    if (frame < G_N_ELEMENTS(tile->seen)) {
        tile->distinct += !tile->seen[frame];
        tile->seen[frame] = true;
    }
    tile->frame = (int)frame;
    tile->last_change_ns = shown_ns;
    if (latency_ns > 0) {
        note_latency(tile, latency_ns);
    }
}

void mcu_tally_sliding(mcu_tile_tally *tile, int64_t shown_ns)
{
    tile->last_change_ns = tile->frame >= 0 ? shown_ns : tile->last_change_ns;
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return (x > y) - (x < y);
}

double mcu_tally_latency_ms(const mcu_tally *t, const mcu_tile_tally *only, double p)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(float));
    for (unsigned i = 0; i < t->tiles->len; i++) {
        const mcu_tile_tally *tile = t->tiles->pdata[i];
        if (only == NULL || only == tile) {
            g_array_append_vals(all, tile->latency_ms->data, tile->latency_ms->len);
        }
    }
    if (all->len == 0) {
        return -1;
    }
    qsort(all->data, all->len, sizeof(float), by_value);
    return (double)g_array_index(all, float, (guint)(p * (all->len - 1) + 0.5));
}
