/* shown_name.h - the name of a person, a room or a clinic, as others may be shown it.  Thread: any; pure. */
#ifndef SIGNALING_SHOWN_NAME_H
#define SIGNALING_SHOWN_NAME_H

#include <stdbool.h>

#include "signaling/auth.h"

/* Every name from outside goes through here. Takes away what writes nothing and turns or hides the text around it: Unicode's
 * Bidi_Control characters (UAX 9), zero-width spaces, soft hyphens, byte order marks. Joiners stay where a script or an emoji
 * needs them. False = no name: bad UTF-8, a control character, nothing to see, or more than SIG_NAME_MAX bytes. */
bool sig_name_read(const char *given, char name[SIG_NAME_MAX + 1]);

#endif
