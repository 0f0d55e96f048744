/* logo.h - the logo in every picture: read once from the file that `[video] logo` names.  Thread: the gateway's loop. */
#ifndef SIGNALING_LOGO_H
#define SIGNALING_LOGO_H

#include <glib.h>

/* The file in base64, the caller's; NULL with MCU_ERROR_CONFIG: it is no PNG of at most 32 KiB and 2048 pixels a side. */
char *sig_logo_read(const char *file, GError **error);

#endif
