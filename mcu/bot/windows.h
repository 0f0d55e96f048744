/* windows.h - of each picture and packet that somebody received, the last 32 bytes, in a file: what a test looks for elsewhere.
 * Thread: the loop's. A record is 34 bytes: "v" or "a", number of the participant, the window. What is shorter than 32 bytes is
 * left out. */
#ifndef MCU_BOT_WINDOWS_H
#define MCU_BOT_WINDOWS_H

#include <stdio.h>

#include "mcu/base/media.h"

#define MCU_WINDOW 32

/* Of a picture: inside its last NAL unit, so that it looks the same with start codes and in an MP4. */
void mcu_window_write(FILE *file, unsigned participant, const mcu_au *au);

#endif
