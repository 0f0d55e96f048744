/* recording_links.h - short-lived links to one recording, each for one purpose and so many first clients.  Thread: the gateway's
 * loop. In memory alone: a gateway that starts anew knows none, and asking for another costs a click. Time is given. */
#ifndef SIGNALING_RECORDING_LINKS_H
#define SIGNALING_RECORDING_LINKS_H

#include <stdint.h>

#include "signaling/operator.h"

#define SIG_LINK_SECRET 64   /* hexadecimal digits */
#define SIG_LINK_SECONDS 300 /* until it has to be opened, unless it says otherwise */
#define SIG_LINK_SECONDS_MAX 86400
#define SIG_LINK_USES_MAX 10
#define SIG_LINK_IDLE_S 1800        /* who has opened it and reads nothing for this long has to ask again */
#define SIG_LINK_OPEN_S (12 * 3600) /* nobody reads longer than this */
#define SIG_LINKS_MAX 1024

typedef enum {
    SIG_LINK_NONE = 0,
    SIG_LINK_PLAY,
    SIG_LINK_DOWNLOAD, /* the same bytes, to be kept as a file */
    SIG_LINK_EXPORT,   /* with sound as AAC, for every player; no ranges */
} sig_link_what;
sig_link_what sig_link_what_of(const char *name); /* "play" ...; NONE = there is no such purpose */
const char *sig_link_what_name(sig_link_what what);

typedef struct {
    char token[SIG_LINK_SECRET + 1];
    char recording[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1];
    sig_link_what what;
    sig_operator by; /* who asked for it */
    int segment;     /* -1 = all of them */
} sig_link;

typedef struct sig_links sig_links;
sig_links *sig_links_new(void);
void sig_links_free(sig_links *l);

/* Fills link->token. False = there are too many. */
bool sig_links_add(sig_links *l, sig_link *link, unsigned uses, int64_t seconds, int64_t now_s);

typedef enum {
    SIG_LINK_UNKNOWN = 0, /* never made here, or long gone */
    SIG_LINK_EXPIRED,
    SIG_LINK_USED,   /* somebody else has opened it */
    SIG_LINK_OPENS,  /* it would be opened now: sig_links_open() does it */
    SIG_LINK_OPENED, /* by this client, before */
} sig_link_state;
/* `cookie`: what the client holds, NULL = nothing. `out` (NULL is fine) is filled unless UNKNOWN. */
sig_link_state sig_links_look(sig_links *l, const char *token, const char *cookie, int64_t now_s, sig_link *out);
/* Gives the client its cookie. False = it opens no more. */
bool sig_links_open(sig_links *l, const char *token, int64_t now_s, char cookie[SIG_LINK_SECRET + 1]);
void sig_links_forget(sig_links *l, const char *recording); /* all of a recording's */

#endif
