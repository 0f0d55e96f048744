/* venc_vpx.c - VP8 by libvpx: real time, CBR, one thread, for receivers without H.264. */
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include "mcu/base/status.h"
#include "mixer/venc.h"

#define CPU_USED (-8) /* negative: this speed always; a positive value spends idle time on quality */

struct mix_venc {
    vpx_codec_ctx_t vpx;
    int64_t pictures;
    int width_px, height_px;
};

static bool configure(vpx_codec_enc_cfg_t *p, const mix_venc_config *c)
{
    if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), p, 0) != VPX_CODEC_OK) {
        return false;
    }
    p->g_w = (unsigned)c->width_px;
    p->g_h = (unsigned)c->height_px;
    p->g_threads = 1;
    p->g_timebase.num = 1;
    p->g_timebase.den = c->fps;
    p->g_lag_in_frames = 0;
    p->g_error_resilient = 0;
    p->rc_end_usage = VPX_CBR;
    p->rc_target_bitrate = (unsigned)c->bitrate_bps / 1000;
    p->rc_dropframe_thresh = 0;
    p->rc_resize_allowed = 0;
    p->rc_min_quantizer = 4;
    p->rc_max_quantizer = 60;
    p->rc_undershoot_pct = 100;
    p->rc_overshoot_pct = 15;
    p->rc_buf_sz = 1000;
    p->rc_buf_initial_sz = 500;
    p->rc_buf_optimal_sz = 600;
    p->kf_mode = VPX_KF_DISABLED;
    return true;
}

static mix_venc *open_vpx(const mix_venc_config *c, GError **error)
{
    vpx_codec_enc_cfg_t p;
    mix_venc *e = g_new0(mix_venc, 1);
    if (!configure(&p, c) || vpx_codec_enc_init(&e->vpx, vpx_codec_vp8_cx(), &p, 0) != VPX_CODEC_OK) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "libvpx refuses %dx%d at %d pictures and %d bit a second", c->width_px,
                    c->height_px, c->fps, c->bitrate_bps);
        g_free(e);
        return NULL;
    }
    vpx_codec_control(&e->vpx, VP8E_SET_CPUUSED, CPU_USED);
    vpx_codec_control(&e->vpx, VP8E_SET_STATIC_THRESHOLD, 100);
    vpx_codec_control(&e->vpx, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
    vpx_codec_control(&e->vpx, VP8E_SET_MAX_INTRA_BITRATE_PCT, 600);
    e->width_px = c->width_px;
    e->height_px = c->height_px;
    return e;
}

static vpx_image_t wrap(const mcu_frame *f)
{
    vpx_image_t img;
    memset(&img, 0, sizeof img);
    img.fmt = VPX_IMG_FMT_I420;
    img.cs = VPX_CS_BT_601;
    img.range = VPX_CR_STUDIO_RANGE;
    img.w = img.d_w = (unsigned)f->width_px;
    img.h = img.d_h = (unsigned)f->height_px;
    img.bit_depth = 8;
    img.bps = 12;
    img.x_chroma_shift = img.y_chroma_shift = 1;
    for (int i = 0; i < 3; i++) {
        img.planes[i] = f->plane[i];
        img.stride[i] = f->stride[i];
    }
    return img;
}

static mcu_au *encode_vpx(mix_venc *e, const mcu_frame *f, bool keyframe)
{
    vpx_image_t img = wrap(f);
    if (vpx_codec_encode(&e->vpx, &img, e->pictures++, 1, keyframe ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME) != VPX_CODEC_OK) {
        return NULL;
    }
    vpx_codec_iter_t it = NULL;
    mcu_au *au = NULL;
    const vpx_codec_cx_pkt_t *p;
    while ((p = vpx_codec_get_cx_data(&e->vpx, &it))) {
        if (p->kind != VPX_CODEC_CX_FRAME_PKT || au) {
            continue;
        }
        au = mcu_au_new_copy(p->data.frame.buf, p->data.frame.sz);
        if (au) {
            au->codec = MCU_CODEC_VP8;
            au->keyframe = (p->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
            au->width_px = (uint16_t)e->width_px;
            au->height_px = (uint16_t)e->height_px;
            au->time_ns = f->time_ns;
            au->ts = f->ts90k;
        }
    }
    return au;
}

static void close_vpx(mix_venc *e)
{
    if (e) {
        vpx_codec_destroy(&e->vpx);
        g_free(e);
    }
}

const mix_venc_type mix_venc_vpx = {open_vpx, encode_vpx, close_vpx, false};
