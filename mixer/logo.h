/* logo.h - a clinic's mark from a PNG, scaled to a picture.  Thread: any. */
#ifndef MIXER_LOGO_H
#define MIXER_LOGO_H

#include "mixer/overlay.h"

/* At most this much of the picture's width is the logo's, with the gap beside it. */
int mix_logo_room(int width_px);
/* `base64` is the file. NULL = that is no PNG that mcu_png_is_logo(), or there is no memory. */
mix_overlay *mix_logo_draw(const char *base64, int width_px, int height_px);

#endif
