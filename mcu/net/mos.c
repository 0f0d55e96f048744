#include "mcu/net/mos.h"

#include <math.h>

#define R_DEFAULT 93.2
#define DELAY_KNEE_MS 177.3 /* from here on people talk into each other */
#define BPL_CONCEALED 25.1  /* packet loss robustness of G.711 with concealment, random loss; the others behave alike */

double mcu_mos(mcu_codec codec, double loss, double delay_ms)
{
    double ie = codec == MCU_CODEC_G722 ? 5 : 0;
    double percent = fmin(fmax(loss, 0), 1) * 100;
    double ie_eff = ie + (95 - ie) * percent / (percent + BPL_CONCEALED);
    double delay = fmax(delay_ms, 0);
    double id = 0.024 * delay + 0.11 * fmax(delay - DELAY_KNEE_MS, 0);
    double r = fmin(fmax(R_DEFAULT - id - ie_eff, 0), 100);
    return fmax(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1);
}
