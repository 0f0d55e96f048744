/* warm.h - loads what every room's libraries fetch from the file system at first use, before the sandbox closes it.  Thread:
 * main, before others. */
#ifndef MCU_ROOM_WARM_H
#define MCU_ROOM_WARM_H

#include <glib.h>
#include <stdbool.h>

/* libsrtp (NSS modules at the first srtp_create), Pango and Fontconfig, OpenSSL. */
bool mcu_room_warm(GError **error);

/* What must stay readable: few rooms need it, and who does opens it late. The last is NULL. */
const char *const *mcu_room_files(void);

#endif
