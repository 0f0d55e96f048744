/* recording_tool.h - tessera-recording as a child of the gateway: the key that opens recordings is in the child's memory alone.
 * Thread: the gateway's loop. A child that is stopped or that outlives its reader is killed; at most SIG_TOOLS_MAX run. */
#ifndef SIGNALING_RECORDING_TOOL_H
#define SIGNALING_RECORDING_TOOL_H

#include <event2/buffer.h>

#include "signaling/gateway.h"

#define SIG_TOOLS_MAX 24
#define SIG_TOOL_OUTPUT_MAX (8u * 1024 * 1024) /* of a child whose output is collected */

#define SIG_TOOL_PARTLY 3 /* its status when what is there is proven, and a segment has no end */

typedef struct sig_tool sig_tool;
typedef struct {
    /* Output that nobody has taken yet; what is left in it stays. NULL = collect it for on_end. */
    void (*on_output)(void *user, struct evbuffer *output);
    /* The last thing: `status` as it exited, -1 = killed or never started; `complaint` its last words, of files
     * only the names, "" = none. */
    void (*on_end)(void *user, int status, struct evbuffer *output, const char *complaint);
} sig_tool_events;

/* `arguments` begin with the command and end with NULL. NULL = too many run, or it could not be started; no event follows. */
sig_tool *sig_tool_start(const sig_gateway *g, const char *const *arguments, const sig_tool_events *events, void *user);
void sig_tool_pause(sig_tool *t, bool paused); /* its output: then it waits */
void sig_tool_stop(sig_tool *t);               /* kills it; no event follows. NULL is fine */
void sig_tools_end(void);                      /* all of them, at the gateway's end */

#define SIG_RECORDING_NO_KEY                                                                                                     \
    "The private key of recordings is not on this server: set [recording] key to its file, or read them where the key is with "  \
    "tessera-recording."
/* The file with the private key of recordings, as configured; NULL = it is not on this server. Free with g_free. */
char *sig_recording_private_key(const sig_gateway *g);
char *sig_recording_folder(const sig_gateway *g, const char *recording); /* where its segments are. Free with g_free */
bool sig_recording_is_here(const sig_gateway *g, const char *recording); /* some folder of it */
/* Where those are that its own disk would not take; NULL = there are none. Free with g_free. */
char *sig_recording_spare_folder(const sig_gateway *g, const char *recording);

#endif
