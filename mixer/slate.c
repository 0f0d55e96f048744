#include "mixer/slate.h"

#include "mcu/base/status.h"
#include "mixer/text.h"

#define GROUND 0x202830

static mcu_frame *draw(const mix_venc_config *config, const char *words, GError **error)
{
    mix_text *text = mix_text_new(error);
    mcu_frame *f = text != NULL ? mcu_frame_new(config->width_px, config->height_px) : NULL;
    if (f != NULL) {
        mix_overlay *o = mix_text_caption(text, words, false, f->width_px, f->height_px);
        mix_draw_fill(f, 0, 0, f->width_px, f->height_px, mix_colour_rgb(GROUND));
        if (o != NULL) {
            mix_overlay_blend(o, f, ((f->width_px - o->width_px) / 2) & ~1, ((f->height_px - o->height_px) / 2) & ~1);
        }
        mix_overlay_free(o);
    } else if (text != NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "no picture has this size");
    }
    mix_text_free(text);
    return f;
}

mcu_au *mix_slate_new(const mix_venc_config *config, const char *words, GError **error)
{
    mcu_frame *f = draw(config, words, error);
    mix_venc *e = f != NULL ? mix_venc_x264.open(config, error) : NULL;
    mcu_au *picture = e != NULL ? mix_venc_x264.encode(e, f, true) : NULL;
    if (e != NULL && picture == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "the encoder gave nothing");
    }
    if (e != NULL) {
        mix_venc_x264.close(e);
    }
    if (f != NULL) {
        mcu_frame_unref(f);
    }
    return picture;
}
