/* no_dump.h - memory that holds keys leaves no core file, neither by a limit nor through a handler.  Thread: main, at the start.
 */
#ifndef MCU_BASE_NO_DUMP_H
#define MCU_BASE_NO_DUMP_H

void mcu_no_dump(void);

#endif
