/* art.c - see art.h. */
#include "mixer/art.h"

#include "mixer/logo.h"
#include "mixer/text.h"

#define STRAND_BOUND 256

enum { IDLE = 0, ASKED, READY };

/* What drawing needs; items hold it, so it outlives mix_art_free() until the last drawing is done. */
typedef struct {
    mix_text *text;
    mix_cpu *cpu;
    mcu_strand *strand;
} studio;

struct mix_art_item {
    atomic_int refs;
    atomic_int state;
    mix_art_kind kind;
    unsigned icons;
    int width_px, height_px;
    uint64_t serial;
    studio *studio; /* borrowed by jobs: closed after the last of them */
    mix_overlay *overlay;
    mcu_frame *frame;
    char *name;
};

struct mix_art {
    studio *studio;
    GHashTable *items; /* key text -> item */
};

static void studio_free(void *arg)
{
    studio *s = arg;
    mix_text_free(s->text);
    g_free(s);
}

mix_art *mix_art_new(mcu_workers *workers, mix_cpu *cpu, GError **error)
{
    mix_text *text = mix_text_new(error);
    if (!text) {
        return NULL;
    }
    mix_art *a = g_new0(mix_art, 1);
    a->studio = g_new0(studio, 1);
    a->studio->text = text;
    a->studio->cpu = cpu;
    a->studio->strand = workers ? mcu_strand_new(workers, STRAND_BOUND) : NULL;
    a->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mix_art_item_unref);
    return a;
}

void mix_art_free(mix_art *a)
{
    if (!a) {
        return;
    }
    g_hash_table_destroy(a->items);
    if (a->studio->strand) {
        mcu_strand_close(a->studio->strand, studio_free, a->studio);
    } else {
        studio_free(a->studio);
    }
    g_free(a);
}

static mix_art_item *item_ref(mix_art_item *i)
{
    atomic_fetch_add_explicit(&i->refs, 1, memory_order_relaxed);
    return i;
}

void mix_art_item_unref(mix_art_item *i)
{
    if (i && atomic_fetch_sub_explicit(&i->refs, 1, memory_order_acq_rel) == 1) {
        mix_overlay_free(i->overlay);
        mcu_frame_unref(i->frame);
        g_free(i->name);
        g_free(i);
    }
}

mix_art_item *mix_art_get(mix_art *a, mix_art_kind kind, const char *name, unsigned icons, int tile_w, int tile_h)
{
    static _Atomic uint64_t serials;
    char *key = g_strdup_printf("%d/%u/%dx%d/%s", (int)kind, icons, tile_w, tile_h, name);
    mix_art_item *i = g_hash_table_lookup(a->items, key);
    if (i) {
        g_free(key);
        return item_ref(i);
    }
    i = g_new0(mix_art_item, 1);
    atomic_init(&i->refs, 1);
    atomic_init(&i->state, IDLE);
    i->kind = kind;
    i->icons = icons;
    i->width_px = tile_w;
    i->height_px = tile_h;
    i->serial = atomic_fetch_add(&serials, 1) + 1;
    i->studio = a->studio;
    i->name = g_strdup(name);
    g_hash_table_insert(a->items, key, i);
    return item_ref(i);
}

static gboolean unused(gpointer key, gpointer value, gpointer user)
{
    (void)key;
    (void)user;
    mix_art_item *i = value;
    return atomic_load_explicit(&i->refs, memory_order_acquire) == 1;
}

void mix_art_sweep(mix_art *a)
{
    g_hash_table_foreach_remove(a->items, unused, NULL);
}

static void draw(void *arg)
{
    mix_art_item *i = arg;
    int64_t cpu_ns = mix_cpu_now_ns();
    if (i->kind == MIX_ART_LABEL) {
        i->overlay = mix_text_label(i->studio->text, i->name, i->icons, i->width_px, i->height_px);
    } else if (i->kind == MIX_ART_CAPTION) {
        i->overlay = mix_text_caption(i->studio->text, i->name, i->icons != 0, i->width_px, i->height_px);
    } else if (i->kind == MIX_ART_LINE) {
        i->overlay = mix_text_line(i->studio->text, i->name, i->width_px, i->height_px);
    } else if (i->kind == MIX_ART_LOGO) {
        i->overlay = mix_logo_draw(i->name, i->width_px, i->height_px);
    } else {
        i->frame = mix_text_placeholder(i->studio->text, i->name, i->icons, i->width_px, i->height_px);
    }
    if (i->studio->cpu) {
        mix_cpu_charge(i->studio->cpu, MIX_CPU_LABEL, &cpu_ns);
    }
    atomic_store_explicit(&i->state, READY, memory_order_release);
    mix_art_item_unref(i);
}

void mix_art_ask(mix_art_item *i)
{
    int state = IDLE;
    if (!atomic_compare_exchange_strong_explicit(&i->state, &state, ASKED, memory_order_acquire, memory_order_acquire)) {
        return;
    }
    item_ref(i);
    if (!i->studio->strand) {
        draw(i);
    } else if (!mcu_strand_post(i->studio->strand, draw, i)) {
        atomic_store_explicit(&i->state, IDLE, memory_order_relaxed);
        mix_art_item_unref(i);
    }
}

bool mix_art_drawn(mix_art_item *i)
{
    mix_art_ask(i);
    return atomic_load_explicit(&i->state, memory_order_acquire) == READY;
}

const mix_overlay *mix_art_overlay_of(mix_art_item *i)
{
    return mix_art_drawn(i) ? i->overlay : NULL;
}

const mcu_frame *mix_art_frame_of(mix_art_item *i)
{
    return mix_art_drawn(i) ? i->frame : NULL;
}

uint64_t mix_art_serial(const mix_art_item *i)
{
    return i->serial;
}
