/* layout_reader.h - members of a layout's JSON, checked, with the place of what is wrong.  Thread: any. Private to layout.c.
 * Every function that returns bool sets the reader's error before it returns false. */
#ifndef MCU_BASE_LAYOUT_READER_H
#define MCU_BASE_LAYOUT_READER_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct {
    GString *path; /* of the object being read */
    GError **error;
} mcu_layout_reader;

/* "PATH.key: ..."; `key` may be "". Returns false. */
bool mcu_layout_read_refuse(const mcu_layout_reader *r, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Into an element of a list, and back to what enter gave. */
gsize mcu_layout_read_enter(mcu_layout_reader *r, const char *key, size_t index);
void mcu_layout_read_leave(mcu_layout_reader *r, gsize before);
/* An object that has no members but these. */
bool mcu_layout_read_known(const mcu_layout_reader *r, const json_t *o, const char *const *keys);
/* [low, high], whole numbers; what is absent stays as it is. */
bool mcu_layout_read_range(const mcu_layout_reader *r, const json_t *o, const char *key, int most, int *low, int *high);
bool mcu_layout_read_flag(const mcu_layout_reader *r, const json_t *o, const char *key, bool *out); /* absent: false */
bool mcu_layout_read_number(const mcu_layout_reader *r, const json_t *o, const char *key, double least, double most, double *out);

#endif
