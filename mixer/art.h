/* art.h - labels and placeholders, drawn once per (name, icons, size) and kept while a scene uses them.
 * Thread: new, get, sweep and free on the loop; ask, drawn and mix_art_*_of() on it or on the video clock; drawing on a strand of
 * the pool. */
#ifndef MIXER_ART_H
#define MIXER_ART_H

#include <glib.h>

#include "mcu/base/workers.h"
#include "mixer/cpu.h"
#include "mixer/overlay.h"

typedef struct mix_art mix_art;
typedef struct mix_art_item mix_art_item;

typedef enum { MIX_ART_NONE = 0, MIX_ART_LABEL, MIX_ART_PLACEHOLDER, MIX_ART_CAPTION, MIX_ART_LINE, MIX_ART_LOGO } mix_art_kind;

/* `workers` NULL = drawn at once by whoever asks. `cpu` may be NULL. */
mix_art *mix_art_new(mcu_workers *workers, mix_cpu *cpu, GError **error);
void mix_art_free(mix_art *a); /* before the workers; items that scenes still hold stay valid */

/* A reference for the caller. Of a caption `name` is its wordings, `icons` whether it records, and the tile the whole picture; of
 * a line of words it is that, of a logo its PNG in base64. */
mix_art_item *mix_art_get(mix_art *a, mix_art_kind kind, const char *name, unsigned icons, int tile_width_px, int tile_height_px);
void mix_art_item_unref(mix_art_item *i); /* NULL is fine */
void mix_art_sweep(mix_art *a);           /* forgets items that nobody else holds */

void mix_art_ask(mix_art_item *i);   /* to be drawn, if it is not yet; so do the calls below */
bool mix_art_drawn(mix_art_item *i); /* there is nothing more to wait for */
/* NULL until it has been drawn or when it has no picture. */
const mix_overlay *mix_art_overlay_of(mix_art_item *i);
const mcu_frame *mix_art_frame_of(mix_art_item *i);
uint64_t mix_art_serial(const mix_art_item *i); /* never used twice in a process */

#endif
