/* ear.h - what a person hears of one stream: through a playout buffer and without pauses, 20 ms each 20 ms, into a file.
 * Thread: its owner's; stepped with now_ns. The buffer is the one that the room has for voices, which does what a browser's does.
 */
#ifndef MCU_BOT_EAR_H
#define MCU_BOT_EAR_H

#include <stdio.h>

#include "mcu/base/media.h"

typedef struct mcu_ear mcu_ear;
/* Writes 16 bit, mono, 48 kHz, in the byte order of this machine; NULL where the file is NULL. */
mcu_ear *mcu_ear_new(FILE *take_file, int64_t now_ns);
void mcu_ear_free(mcu_ear *e);
void mcu_ear_push(mcu_ear *e, mcu_au *au);     /* Opus, as it arrived; keeps a reference */
void mcu_ear_play(mcu_ear *e, int64_t now_ns); /* writes what is due */
int64_t mcu_ear_next_ns(const mcu_ear *e);

#endif
