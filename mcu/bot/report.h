/* report.h - what the participants have measured, as text or as one JSON object a line on stdout.  Thread: the loop's. */
#ifndef MCU_BOT_REPORT_H
#define MCU_BOT_REPORT_H

#include "mcu/bot/participant.h"

/* One line a participant; `final` also a summary of all. */
void mcu_report(mcu_crew *c, bool final);
/* Everybody has received pictures, and who decodes them has seen every other one's marker move. */
bool mcu_report_all_seen(mcu_crew *c);

#endif
