#include "mcu/net/vpicture.h"

#include <glib.h>
#include <string.h>

#include "mcu/base/h264_params.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/vp8_rtp.h"

/* ---- one packet ---- */

static uint8_t h264_slot_flags(unsigned flags)
{
    return (uint8_t)((flags & MCU_H264_HAS_IDR ? MCU_VSLOT_KEY : 0) | (flags & MCU_H264_HAS_SPS ? MCU_VSLOT_PARAMS : 0));
}

mcu_status mcu_vslot_fill(mcu_vslot *s, mcu_codec codec, const mcu_rtp *r, int64_t index, int64_t now_ns)
{
    mcu_vslot next = {.used = true, .index = index, .arrival_ns = now_ns, .ts = r->ts, .marker = r->marker};
    const uint8_t *data = r->payload;
    size_t size = r->payload_size;
    if (size > 0 && codec == MCU_CODEC_VP8) {
        mcu_vp8_payload p;
        if (mcu_vp8_parse(r->payload, r->payload_size, &p) != MCU_OK) {
            return MCU_EINVAL;
        }
        data = p.data;
        size = p.size;
        next.start = p.start && p.pid == 0;
        next.flags = next.start && !(data[0] & 1) ? MCU_VSLOT_KEY : 0;
    } else if (size > 0) {
        unsigned flags = mcu_h264_payload_flags(data, size);
        next.start = flags & (MCU_H264_HAS_SPS | MCU_H264_HAS_AUD);
        next.flags = h264_slot_flags(flags);
    }
    if (size > MCU_RTP_MAX) {
        return MCU_EINVAL;
    }
    next.size = (uint16_t)size;
    next.data = size > 0 ? g_memdup2(data, size) : NULL;
    *s = next;
    return MCU_OK;
}

void mcu_vslot_clear(mcu_vslot *s)
{
    g_free(s->data);
    *s = (mcu_vslot){0};
}

static const mcu_vslot *slot_at(const mcu_vslot *ring, int64_t index)
{
    return &ring[(uint64_t)index % MCU_VJITTER_PACKETS];
}

/* ---- H.264 ---- */

static void remember(mcu_vparams *params, const uint8_t *nal, size_t size)
{
    static const uint8_t start[4] = {0, 0, 0, 1};
    if (size + 4 > sizeof params->bytes - params->size || memmem(params->bytes, params->size, nal, size)) {
        return;
    }
    memcpy(params->bytes + params->size, start, 4);
    memcpy(params->bytes + params->size + 4, nal, size);
    params->size += size + 4;
}

/* Keeps the parameter sets of a picture: a new SPS replaces everything, a lone PPS joins the old SPS. */
static void learn(mcu_vparams *params, mcu_au *au)
{
    mcu_nal_iter it;
    const uint8_t *nal;
    size_t size;
    bool fresh = false;
    mcu_nal_begin(&it, au->data, au->size);
    while (mcu_nal_next(&it, &nal, &size)) {
        int type = mcu_nal_type(nal);
        mcu_h264_sps sps;
        if (type == MCU_NAL_SPS && mcu_h264_parse_sps(nal, size, &sps) == MCU_OK) {
            params->size = fresh ? params->size : 0;
            fresh = true;
            au->width_px = (uint16_t)sps.width_px;
            au->height_px = (uint16_t)sps.height_px;
            remember(params, nal, size);
        } else if (type == MCU_NAL_PPS && params->size > 0) {
            remember(params, nal, size);
        }
    }
}

static mcu_status depack(mcu_h264_depack *d, const mcu_vslot *ring, int64_t first, int64_t last, unsigned *flags)
{
    for (int64_t i = first; i <= last; i++) {
        const mcu_vslot *s = slot_at(ring, i);
        mcu_status status = s->size > 0 ? mcu_h264_depack_push(d, s->data, s->size) : MCU_OK;
        if (status != MCU_OK) {
            return status;
        }
        *flags |= mcu_h264_payload_flags(s->data, s->size);
    }
    return mcu_h264_depack_done(d) ? MCU_OK : MCU_EINVAL;
}

static mcu_status build_h264(const mcu_vslot *ring, int64_t first, int64_t last, mcu_vparams *params, mcu_au **out)
{
    mcu_h264_depack d = {0};
    unsigned flags = 0;
    if (depack(&d, ring, first, last, &flags) != MCU_OK) {
        return MCU_EINVAL;
    }
    bool idr = flags & MCU_H264_HAS_IDR;
    size_t front = idr && !(flags & MCU_H264_HAS_SPS) ? params->size : 0;
    mcu_au *au = mcu_au_new(front + d.size);
    if (!au) {
        return MCU_EINVAL;
    }
    memcpy(au->data, params->bytes, front);
    d = (mcu_h264_depack){.out = au->data + front, .room = au->size - front};
    if (depack(&d, ring, first, last, &flags) != MCU_OK) {
        mcu_au_unref(au);
        return MCU_EINVAL;
    }
    if (front > 0 || flags & (MCU_H264_HAS_SPS | MCU_H264_HAS_PPS)) {
        learn(params, au);
    }
    if (!(flags & MCU_H264_HAS_SLICE)) {
        mcu_au_unref(au);
        return MCU_EAGAIN;
    }
    au->keyframe = idr && params->size > 0;
    *out = au;
    return MCU_OK;
}

/* ---- VP8 ---- */

static mcu_status build_vp8(const mcu_vslot *ring, int64_t first, int64_t last, mcu_au **out)
{
    size_t size = 0;
    for (int64_t i = first; i <= last; i++) {
        size += slot_at(ring, i)->size;
    }
    mcu_au *au = slot_at(ring, first)->start ? mcu_au_new(size) : NULL;
    if (!au) {
        return MCU_EINVAL;
    }
    size_t at = 0;
    for (int64_t i = first; i <= last; i++) {
        const mcu_vslot *s = slot_at(ring, i);
        if (s->size > 0) {
            memcpy(au->data + at, s->data, s->size);
            at += s->size;
        }
    }
    au->keyframe = mcu_vp8_keyframe(au->data, au->size, &au->width_px, &au->height_px);
    *out = au;
    return MCU_OK;
}

mcu_status mcu_vpicture_build(mcu_codec codec, const mcu_vslot *ring, int64_t first, int64_t last, mcu_vparams *params,
                              mcu_au **out)
{
    *out = NULL;
    mcu_status status = codec == MCU_CODEC_VP8 ? build_vp8(ring, first, last, out) : build_h264(ring, first, last, params, out);
    if (status != MCU_OK) {
        return status;
    }
    mcu_au *au = *out;
    au->codec = codec;
    au->ts = slot_at(ring, first)->ts;
    for (int64_t i = first; i <= last; i++) {
        const mcu_vslot *s = slot_at(ring, i);
        au->time_ns = MAX(au->time_ns, s->arrival_ns);
        if (s->size > 0) {
            au->first_ns = au->first_ns == 0 ? s->arrival_ns : MIN(au->first_ns, s->arrival_ns);
        }
    }
    return MCU_OK;
}
