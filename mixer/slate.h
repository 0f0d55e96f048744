/* slate.h - one coded picture that says something in words, for when there is nothing to show.  Thread: any, not the loop: it
 * draws and encodes, some 100 ms. */
#ifndef MIXER_SLATE_H
#define MIXER_SLATE_H

#include "mixer/venc.h"

/* An H.264 keyframe of the configured size with `words` in the middle; time_ns is the caller's to set. NULL with error. */
mcu_au *mix_slate_new(const mix_venc_config *config, const char *words, GError **error);

#endif
