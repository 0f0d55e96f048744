/* venc_x264.c - H.264 by x264: constrained baseline, no delay, one thread, one slice (or slices that fit a packet), ABR within a
 * VBV of one second at most. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "mcu/base/decode_limits.h"
#include "mcu/base/status.h"
#include "mixer/venc.h"

#define THIN_FPS 10 /* and less: THIN_SUBME, few bits for few pictures, so that what is spared is seen */
#define THIN_SUBME 2
#define SCREEN_FPS 6    /* and less: every picture counts by itself */
#define THIN_BPS 200000 /* and less: for thin lines, on which a large picture stands for long */
#define THIN_VBV_MS 300
#define PAGE_BPS 60000   /* and less, of HIGH_PX lines that move: a screen with hands beside it, see is_page() */
#define LEAST_VBV 15000  /* bits there: less is no picture of 320x180 */
#define KEY_VBV_MS 200   /* of keyframes there: C's takes 150 ms on 256 kbit/s beside sound, D's 170 on 100 */
#define WIDE_KEY_MS 400  /* of wide lines' keyframes: 40 % off, and out in time, for 0.0005 of the SSIM of A */
#define LEAST_KEY 13000  /* D's; smaller tiers are for lines on which any keyframe stands for long */
#define UNIT_MAX 1100    /* bytes of a slice: fits every packet, whatever its headers */
#define AQ_STRENGTH 0.6F /* see `bench/run quality --sweep`: 1.0, x264's own, takes more from edges than flat walls need */
#define HIGH_PX 360      /* and less: MV_RANGE_LOW */
#define MV_RANGE 128     /* pixels that something may go from picture to picture; of each quantizer x264 keeps what each vector */
#define MV_RANGE_LOW 64  /* costs: 16 bytes a pixel, a whole MiB at the 512 of level 3.1 */
#define COLOUR_BT601 6   /* ITU-T H.264 Table E-3..E-5: SMPTE 170M */

struct mix_venc {
    x264_t *x264;
    int64_t pictures;
    int width_px, height_px;
    int vbv_kbit;
    int key_kbit; /* the same of keyframes after the first: everybody waits for one that somebody else needs */
    int set_kbit;
    mcu_codec codec;
    bool opened; /* the first picture is out */
};

/* As x264's own command line reads them. False = there is no such setting, or no such value. */
static bool apply(x264_param_t *p, const char *settings)
{
    g_auto(GStrv) all = g_strsplit(settings ? settings : "", ":", 0);
    bool fine = true;
    for (unsigned i = 0; fine && all[i]; i++) {
        char *equals = strchr(all[i], '=');
        if (equals) {
            *equals = '\0';
        }
        fine = x264_param_parse(p, all[i], equals ? equals + 1 : NULL) == 0;
    }
    return fine;
}

/* Parameter sets have a number, 1 to 31, that goes by the picture's size: another one for each shipped tier, upright ones
 * included. Browsers take an IDR picture whose parameter sets were lost on the way for a whole keyframe (libwebrtc's
 * PacketBuffer): under the numbers of the tier before it would be decoded at that tier's size, and look torn until the next
 * keyframe; sets that they never had make them ask for one. */
static int parameter_sets(int width_px, int height_px)
{
    return (width_px + 7 * height_px) / 2 % 31 + 1;
}

/* Halves of blocks and finer motion: 2.3 ms a second at 320x180@10 for 0.0065 of SSIM; keyframes stay as small as they are. */
static void take_care(x264_param_t *p)
{
    p->analyse.inter |= X264_ANALYSE_I4x4 | X264_ANALYSE_PSUB16x16;
    p->analyse.i_subpel_refine = p->analyse.i_subpel_refine < THIN_SUBME ? THIN_SUBME : p->analyse.i_subpel_refine;
}

/* A page of text needs all that there is in a second, and care, or what moves beside it keeps it from being read. Measured with
 * 20 px text of 720 lines and somebody in the inset, at 50 kbit/s: after three seconds 83 % of the words, else 33 %. */
static bool is_page(const mix_venc_config *c)
{
    return c->height_px >= HIGH_PX && c->fps > SCREEN_FPS && c->bitrate_bps <= PAGE_BPS;
}

static bool is_thin(const mix_venc_config *c)
{
    return !is_page(c) && c->fps > SCREEN_FPS && c->bitrate_bps <= THIN_BPS;
}

static int vbv_bits(const mix_venc_config *c)
{
    if (is_thin(c)) {
        return MIN(MAX(c->bitrate_bps / 1000 * THIN_VBV_MS, LEAST_VBV), c->bitrate_bps);
    }
    return c->fps > THIN_FPS || c->fps <= 1 ? c->bitrate_bps : c->bitrate_bps / 2;
}

static int key_bits(const mix_venc_config *c)
{
    if (is_thin(c)) {
        return MAX(c->bitrate_bps / 1000 * KEY_VBV_MS, LEAST_KEY);
    }
    return c->fps > THIN_FPS && !is_page(c) ? c->bitrate_bps / 1000 * WIDE_KEY_MS : c->bitrate_bps;
}

static bool configure(x264_param_t *p, const mix_venc_config *c)
{
    if (x264_param_default_preset(p, c->preset ? c->preset : MIX_VENC_PRESET, "zerolatency") < 0) {
        return false;
    }
    if (c->fps <= THIN_FPS || is_page(c)) {
        take_care(p);
    }
    p->i_log_level = X264_LOG_NONE;
    p->i_width = c->width_px;
    p->i_height = c->height_px;
    p->i_csp = X264_CSP_I420;
    p->i_threads = 1;
    p->b_vfr_input = 0; /* an unchanged canvas is not encoded: the rate control sees pictures, not gaps */
    p->i_fps_num = (uint32_t)c->fps;
    p->i_fps_den = 1;
    p->i_timebase_num = 1;
    p->i_timebase_den = (uint32_t)c->fps;
    p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p->i_scenecut_threshold = 0;
    p->rc.f_aq_strength = AQ_STRENGTH;
    p->rc.i_rc_method = X264_RC_ABR;
    p->rc.i_bitrate = c->bitrate_bps / 1000;
    p->rc.i_vbv_max_bitrate = c->bitrate_bps / 1000;
    p->rc.i_vbv_buffer_size = vbv_bits(c) / 1000;
    p->i_level_idc = mcu_h264_level_for(c->width_px, c->height_px, c->fps, c->bitrate_bps);
    p->analyse.i_mv_range = c->height_px > HIGH_PX ? MV_RANGE : MV_RANGE_LOW;
    p->i_sps_id = parameter_sets(c->width_px, c->height_px);
    p->b_repeat_headers = 1;
    p->b_annexb = 1;
    p->b_aud = 0;
    p->vui.b_fullrange = 0;
    p->vui.i_colorprim = COLOUR_BT601;
    p->vui.i_transfer = COLOUR_BT601;
    p->vui.i_colmatrix = COLOUR_BT601;
    return apply(p, c->settings) &&
           x264_param_apply_profile(p, "baseline") == 0; /* x264 sets constraint_set1 with it: constrained baseline */
}

static mix_venc *open_as(const mix_venc_config *c, mcu_codec codec, GError **error)
{
    x264_param_t p;
    bool possible = configure(&p, c);
    p.i_slice_max_size = codec == MCU_CODEC_H264_UNITS ? UNIT_MAX : 0;
    x264_t *x = possible ? x264_encoder_open(&p) : NULL;
    if (!x) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "x264 refuses %dx%d at %d pictures and %d bit a second, preset %s",
                    c->width_px, c->height_px, c->fps, c->bitrate_bps, c->preset ? c->preset : MIX_VENC_PRESET);
        return NULL;
    }
    mix_venc *e = g_new0(mix_venc, 1);
    e->x264 = x;
    e->width_px = c->width_px;
    e->height_px = c->height_px;
    e->vbv_kbit = e->set_kbit = p.rc.i_vbv_buffer_size;
    e->key_kbit = MIN(key_bits(c) / 1000, e->vbv_kbit);
    e->codec = codec;
    return e;
}

static mix_venc *open_x264(const mix_venc_config *c, GError **error)
{
    return open_as(c, MCU_CODEC_H264, error);
}

static mix_venc *open_units(const mix_venc_config *c, GError **error)
{
    return open_as(c, MCU_CODEC_H264_UNITS, error);
}

/* x264's SEI says how it was configured: of no use to a viewer, and 700 bytes long. */
static bool wanted(const x264_nal_t *n)
{
    return n->i_type != NAL_SEI;
}

static int start_code_size(const x264_nal_t *n)
{
    return n->b_long_startcode ? 4 : 3;
}

/* Every NAL unit behind a four-byte start code, as mcu_au promises. */
static mcu_au *collect(const x264_nal_t *nal, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size += wanted(&nal[i]) ? (size_t)(4 + nal[i].i_payload - start_code_size(&nal[i])) : 0;
    }
    mcu_au *au = mcu_au_new(size);
    if (!au) {
        return NULL;
    }
    uint8_t *at = au->data;
    for (int i = 0; i < count; i++) {
        if (wanted(&nal[i])) {
            size_t skip = (size_t)start_code_size(&nal[i]), n = (size_t)nal[i].i_payload - skip;
            memcpy(at, (const uint8_t[]){0, 0, 0, 1}, 4);
            memcpy(at + 4, nal[i].p_payload + skip, n);
            at += 4 + n;
        }
    }
    return au;
}

/* x264 takes it with the next picture. */
static void set_vbv(mix_venc *e, int kbit)
{
    if (e->set_kbit != kbit) {
        x264_param_t p;
        x264_encoder_parameters(e->x264, &p);
        p.rc.i_vbv_buffer_size = e->set_kbit = kbit;
        (void)x264_encoder_reconfig(e->x264, &p); /* refused: a larger keyframe */
    }
}

/* Keyframes are bounded, but for the first, for which nobody else waits: what one is short of is missing for half a minute from
 * whatever stands still. */
static int encode_within(mix_venc *e, x264_picture_t *in, x264_picture_t *out, x264_nal_t **nal, int *count)
{
    bool shared = in->i_type == X264_TYPE_IDR && e->opened;
    if (shared) {
        set_vbv(e, e->key_kbit);
    }
    int size = x264_encoder_encode(e->x264, nal, count, in, out);
    if (shared) {
        set_vbv(e, e->vbv_kbit);
    }
    return size;
}

static mcu_au *encode_x264(mix_venc *e, const mcu_frame *f, bool keyframe)
{
    x264_picture_t in, out;
    x264_nal_t *nal = NULL;
    int count = 0;
    x264_picture_init(&in);
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    for (int i = 0; i < 3; i++) {
        in.img.plane[i] = f->plane[i];
        in.img.i_stride[i] = f->stride[i];
    }
    in.i_pts = e->pictures++;
    in.i_type = keyframe || !e->opened ? X264_TYPE_IDR : X264_TYPE_AUTO;
    if (encode_within(e, &in, &out, &nal, &count) <= 0) {
        return NULL;
    }
    mcu_au *au = collect(nal, count);
    if (au) {
        e->opened = true;
        au->codec = e->codec;
        au->keyframe = out.b_keyframe != 0;
        au->width_px = (uint16_t)e->width_px;
        au->height_px = (uint16_t)e->height_px;
        au->time_ns = f->time_ns;
        au->ts = f->ts90k;
    }
    return au;
}

static void close_x264(mix_venc *e)
{
    if (e) {
        x264_encoder_close(e->x264);
        g_free(e);
    }
}

const mix_venc_type mix_venc_x264 = {open_x264, encode_x264, close_x264, false};
const mix_venc_type mix_venc_x264_units = {open_units, encode_x264, close_x264, false};
