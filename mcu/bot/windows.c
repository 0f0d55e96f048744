#include "mcu/bot/windows.h"

#include "mcu/base/h264_params.h"

void mcu_window_write(FILE *file, unsigned participant, const mcu_au *au)
{
    const uint8_t *unit = au->data;
    size_t size = au->size;
    if (au->codec == MCU_CODEC_H264) {
        mcu_nal_iter it;
        mcu_nal_begin(&it, au->data, au->size);
        for (size = 0; mcu_nal_next(&it, &unit, &size);) {
            continue; /* to the last */
        }
    }
    if (size >= MCU_WINDOW) {
        fputc(au->codec == MCU_CODEC_OPUS ? 'a' : 'v', file);
        fputc((int)(participant & 0xff), file);
        (void)fwrite(unit + size - MCU_WINDOW, 1, MCU_WINDOW, file);
    }
}
