/* secret_file.h - small private files under the data folder: made once, mode 0600, never half written.  Thread: start only. */
#ifndef SIGNALING_SECRET_FILE_H
#define SIGNALING_SECRET_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SIG_SECRET_HEX 64 /* 32 random bytes as text */

/* Makes a folder (and its parents) 0700; an existing one is left as it is. */
bool sig_make_private_folder(const char *path, GError **error);

/* Reads a secret of SIG_SECRET_HEX characters, making it at the first start. Free with sig_secret_free(). */
char *sig_secret_load(const char *folder, const char *name, GError **error);
void sig_secret_free(char *secret); /* wipes first */

/* Writes a file 0600 through a temporary name and rename(2), flushed to disk. */
bool sig_write_private(const char *folder, const char *name, const char *text, size_t length, GError **error);

#endif
