/* input.h - whole reads from an open file.  Thread: any. */
#ifndef RECORDER_INPUT_H
#define RECORDER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: error or fewer bytes than that. */
bool rec_input_read(int fd, uint64_t at, void *out, size_t size);

#endif
