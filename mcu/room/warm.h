/* warm.h - loads what libraries fetch from the file system at first use, before the sandbox closes it.  Thread: main, before
 * others. */
#ifndef MCU_ROOM_WARM_H
#define MCU_ROOM_WARM_H

#include <glib.h>
#include <stdbool.h>

/* libsrtp (NSS modules at the first srtp_create), Pango and Fontconfig, OpenSSL. */
bool mcu_room_warm(GError **error);

#endif
