/* whole_io.h - whole reads and writes at a place of an open file, over interruptions and short counts.  Thread: any; blocks on
 * the disk. */
#ifndef MCU_BASE_WHOLE_IO_H
#define MCU_BASE_WHOLE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes came: fewer than `size` at the end of the file or after an error. */
size_t mcu_pread_whole(int fd, void *out, size_t size, uint64_t at);
/* False: not all of it was written; errno says why. */
bool mcu_pwrite_whole(int fd, const void *data, size_t size, uint64_t at);

#endif
