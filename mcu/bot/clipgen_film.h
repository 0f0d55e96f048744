/* clipgen_film.h - pictures of a film, one after the other, round and round.  Thread: its only one. */
#ifndef MCU_BOT_CLIPGEN_FILM_H
#define MCU_BOT_CLIPGEN_FILM_H

#include <glib.h>
#include <libavutil/frame.h>
#include <stdbool.h>

typedef struct mcu_film mcu_film;

mcu_film *mcu_film_open(const char *path, GError **error);
void mcu_film_close(mcu_film *f); /* NULL is fine */
/* Into planes of `out`, I420, at its size. False = no picture, also not from the beginning again. */
bool mcu_film_next(mcu_film *f, AVFrame *out);

#endif
