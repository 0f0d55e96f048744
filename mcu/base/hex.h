/* hex.h - bytes as lower-case hexadecimal text and back.  Thread: any. */
#ifndef MCU_BASE_HEX_H
#define MCU_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `text` has room for 2 * size + 1. Returns it. */
char *mcu_hex(const void *data, size_t size, char *text);
/* False unless `text` is exactly `size` bytes in lower-case hexadecimal; NULL is not. */
bool mcu_unhex(const char *text, void *data, size_t size);

#endif
