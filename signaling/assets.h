/* assets.h - the web client's files, kept in memory.  Thread: the gateway's loop.
 * Loaded at start (at most 8 MiB together), each compressed once, when it is first asked for, with an ETag from their content.
 * "/web/VERSION/app.js" is
 * "/web/app.js" too: pages name their parts so, and a browser keeps what has the present VERSION without asking again. */
#ifndef SIGNALING_ASSETS_H
#define SIGNALING_ASSETS_H

#include <glib.h>
#include <stdbool.h>

#include "signaling/http.h"

/* The folder that has web/ and api/: `configured`, or looked for beside the program. NULL with MCU_ERROR_CONFIG. Free with
 * g_free. */
char *sig_assets_find(const char *configured, GError **error);

sig_assets *sig_assets_new(const char *folder, const char *const *frame_ancestors, GError **error);
void sig_assets_free(sig_assets *a);

bool sig_assets_has(const sig_assets *a, const char *path); /* "/web/app.js" */
/* Whether the page has words in `language`, a tag of BCP 47 of which the first part counts. */
bool sig_assets_speak(const sig_assets *a, const char *language);
char *sig_assets_languages(const sig_assets *a); /* those it has, as "en, es"; free with g_free */
bool sig_assets_is_admin(const char *path);      /* of the operator's page: only for who may operate, never framed */
/* Answers with the file (304 when the client has it); a missing one is a 404. `status` 200 unless the page says an error. */
void sig_assets_serve(sig_request *q, const char *path, int status);
/* A page of /web that explains a refusal: its data-reason="" becomes `reason`, a code of ours. False, and nothing is answered:
 * there is no such page. */
bool sig_assets_explain(sig_request *q, const char *path, int status, const char *reason);

#endif
