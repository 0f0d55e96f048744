/* recording_files.h - the folders of recordings, at the start.  Thread: the gateway's loop. */
#ifndef SIGNALING_RECORDING_FILES_H
#define SIGNALING_RECORDING_FILES_H

#include "signaling/gateway.h"

#define SIG_SPARE_FOLDER "spare" /* in DATA/recordings: a link to [recording] spare */
#define SIG_SEGMENT_SUFFIX ".tsr"

/* [recording] spare is reached as DATA/recordings/spare. Blocks; at the start. */
bool sig_recording_spare_check(const sig_settings *s,
                               GError **error); /* for --check-config: the folder itself is made at the start */
bool sig_recording_spare_open(const sig_gateway *g, GError **error);
/* Removes what an earlier gateway handed out and nobody used, on the store's thread. Not of recordings that go on: their room
 * may still take it. */
void sig_recording_files_tidy(const sig_gateway *g);

#endif
