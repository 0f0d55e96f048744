/* text.h - draws names: labels, placeholder tiles, icons; Pango for every script, fonts by fontconfig.
 * Thread: one at a time. mix_text_new() loads and uses what every room needs; later only mix_text_files need be readable. */
#ifndef MIXER_TEXT_H
#define MIXER_TEXT_H

#include <glib.h>

#include "mixer/overlay.h"

typedef struct mix_text mix_text;

extern const char *const mix_text_files[]; /* what the first name in a script may open; the last is NULL */

mix_text *mix_text_new(GError **error); /* fails when there is no font at all */
void mix_text_free(mix_text *t);        /* NULL is fine */

/* Bits. Where a label has no room for all, the last ones are left out. */
enum {
    MIX_ICON_MUTED = 1,
    MIX_ICON_PHONE = 2,
    MIX_ICON_HOLD = 4,  /* the call is on hold */
    MIX_ICON_HAND = 8,  /* raised */
    MIX_ICON_WEAK = 16, /* the connection */
    MIX_ICON_CAMERA_OFF = 32,
};

/* The label of a tile of this size: a dark pill with icons and the name, cut with an ellipsis. NULL if the tile is too small for
 * one. */
mix_overlay *mix_text_label(mix_text *t, const char *name, unsigned icons, int tile_width_px, int tile_height_px);
/* A whole tile for a person without picture: initials (a handset for a phone) on a colour of their own. NULL = no memory. */
mcu_frame *mix_text_placeholder(mix_text *t, const char *name, unsigned icons, int width_px, int height_px);

/* A line for the corner of a whole picture: a dark pill with `words`, after a red mark when it `records`. `words` holds one
 * wording a line, longest first: the first that fits is drawn. NULL = no memory or no room. */
mix_overlay *mix_text_caption(mix_text *t, const char *words, bool records, int width_px, int height_px);

/* Words for the lower edge of a whole picture, such as a caption of what is said: two lines at most, the rest is cut with an
 * ellipsis. NULL = no words, no memory or no room. */
mix_overlay *mix_text_line(mix_text *t, const char *words, int width_px, int height_px);

/* Distance of the label from the tile's left and lower edge. */
int mix_text_margin(int tile_height_px);

/* What is shown of a name: valid UTF-8, no control or direction override characters, at most 64 characters. Free with g_free. */
char *mix_text_clean(const char *name);
/* The same of a line of words: at most MIX_TEXT_LINE_MOST characters. */
char *mix_text_clean_line(const char *words);
#define MIX_TEXT_LINE_MOST 160
/* First letters of the first and last word, with their marks. Free with g_free. */
char *mix_text_initials(const char *clean_name);

#endif
