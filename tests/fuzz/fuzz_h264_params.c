/* Access units (each behind a 16-bit length) through one guard: what it admits must be within what it promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/h264_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PX 1280

static void check(const mcu_h264_info *info, mcu_status s)
{
    const mcu_h264_sps *p = &info->sps;
    if ((s == MCU_OK) != (info->reason == MCU_H264_FINE)) {
        abort();
    }
    if (s != MCU_OK) {
        return;
    }
    if (!p->valid || p->width_px < 16 || p->height_px < 16 || p->coded_width_px > MAX_PX || p->coded_height_px > MAX_PX ||
        p->width_px > p->coded_width_px || p->height_px > p->coded_height_px || p->chroma_format_idc != 1 ||
        p->bit_depth_luma != 8 || p->bit_depth_chroma != 8 || !p->frame_mbs_only || info->slices == 0 ||
        info->slices > MCU_H264_MAX_SLICES) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcu_h264_info *info = calloc(1, sizeof *info);
    while (size >= 2) {
        size_t n = (size_t)(data[0] << 8 | data[1]);
        n = n > size - 2 ? size - 2 : n;
        mcu_au *au = mcu_au_new_copy(data + 2, n);
        check(info, mcu_h264_check(au, MAX_PX, info));
        mcu_au_unref(au);
        data += 2 + n;
        size -= 2 + n;
    }
    free(info);
    return 0;
}
