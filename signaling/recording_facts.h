/* recording_facts.h - the part of facts.c that holds recordings: a table of id -> sig_recording_facts.  Thread: the gateway's
 * loop. */
#ifndef SIGNALING_RECORDING_FACTS_H
#define SIGNALING_RECORDING_FACTS_H

#include "signaling/facts.h"

void sig_recording_facts_free(void *recording);
void sig_recording_facts_apply(GHashTable *recordings, const sig_change *c);
const sig_recording_facts *sig_recording_facts_active(GHashTable *recordings, const char *room); /* that has not ended */
GList *sig_recording_facts_list(GHashTable *recordings);                                         /* newest first */

#endif
