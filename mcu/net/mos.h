/* mos.h - how a call probably sounds: the E-model in short.  Thread: any (pure).  Source: ITU-T G.107, G.113 appendix I. */
#ifndef MCU_NET_MOS_H
#define MCU_NET_MOS_H

#include "mcu/base/media.h"

/* loss 0..1 of packets, delay one way from mouth to ear. 1 (unusable) .. 4.5. */
double mcu_mos(mcu_codec codec, double loss, double delay_ms);

#endif
