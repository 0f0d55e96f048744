/* hearing.h - decodes the mix that one participant hears and tells how loud everybody's tone is in it.  Thread: its owner's. */
#ifndef MCU_BOT_HEARING_H
#define MCU_BOT_HEARING_H

#include "mcu/base/media.h"
#include "mcu/bot/tone.h"

#define MCU_HEARING_MAX_TONES 32
#define MCU_HEARING_HEARD_DB (-40.0) /* a tone above this is heard; an Opus-coded mix leaks less than -60 elsewhere */

typedef struct {
    uint64_t packets, lost, late, recovered; /* recovered: by in-band FEC */
    unsigned windows;                        /* of 200 ms, measured so far */
    double rms_db;                           /* of the newest window */
    double level_db[MCU_HEARING_MAX_TONES];  /* of the newest window */
    unsigned heard[MCU_HEARING_MAX_TONES];   /* windows in which the tone was heard */
} mcu_hearing_stats;

typedef struct mcu_hearing mcu_hearing;
/* Listens for the tones of people 0 .. n_tones-1. */
mcu_hearing *mcu_hearing_new(unsigned n_tones);
void mcu_hearing_free(mcu_hearing *h);
void mcu_hearing_push(mcu_hearing *h, const mcu_au *au); /* borrowed, as it arrived */
const mcu_hearing_stats *mcu_hearing_get(const mcu_hearing *h);

#endif
