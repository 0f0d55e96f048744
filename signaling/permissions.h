/* permissions.h - who may do what: the one table of operations, roles and the host flag.  Thread: any; constant.
 * Everything that is not in the table is refused. `tessera --permissions` prints it. */
#ifndef SIGNALING_PERMISSIONS_H
#define SIGNALING_PERMISSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum {
    SIG_ROLE_NONE = 0,
    SIG_ROLE_PATIENT,
    SIG_ROLE_CLINICIAN,
    SIG_ROLE_INTERPRETER,
    SIG_ROLE_GUEST,
    SIG_ROLE_OBSERVER,   /* watches and listens */
    SIG_ROLE_KIOSK,      /* a device without keyboard */
    SIG_ROLE_COMPLIANCE, /* watches and listens, e.g. for quality control */
} sig_role;
const char *sig_role_name(sig_role r);
/* Also takes "provider", an older word for clinician. NONE = there is no such role. */
sig_role sig_role_of(const char *name);
#define SIG_ROLE_LIST "patient, clinician, interpreter, guest, observer, kiosk, compliance"

typedef enum {
    SIG_MAY_NONE = 0,
    SIG_MAY_AUDIO, /* be heard */
    SIG_MAY_VIDEO, /* be seen, with a tile */
    SIG_MAY_SHARE,
    SIG_MAY_CHAT,
    SIG_MAY_PHONE, /* be called on the telephone for one's own sound */
    SIG_MAY_HAND,
    SIG_MAY_WHISPER,   /* be heard by one person alone */
    SIG_MAY_INTERPRET, /* be heard by those who chose a language */
    SIG_MAY_LISTEN,    /* choose it */
    SIG_MAY_CLINICAL,  /* send the sound of a stethoscope */
    SIG_MAY_DENOISE,   /* have the noise taken out of one's own sound, or not */
    SIG_MAY_SOUND,     /* all of these but whispering, for others */
    SIG_MAY_MUTE,
    SIG_MAY_UNMUTE_ASK,
    SIG_MAY_CAMERA_ASK,
    SIG_MAY_MUTE_ALL,
    SIG_MAY_REMOVE,
    SIG_MAY_LOCK,
    SIG_MAY_ADMIT,
    SIG_MAY_DENY,
    SIG_MAY_TIER, /* cap a seat's tier */
    SIG_MAY_LAYOUT,
    SIG_MAY_FREEZE,  /* hold a still of somebody's picture */
    SIG_MAY_CAPTION, /* a line of words over the picture */
    SIG_MAY_RECORD,
    SIG_MAY_DIAL, /* call somebody by telephone */
    SIG_MAY_END,
    SIG_MAY_REVIEW, /* find, play, check, export and hold the visit's recordings */
    SIG_N_PERMISSIONS,
} sig_permission;
const char *sig_permission_name(sig_permission p);  /* as clients know it: "mute_all" */
sig_permission sig_permission_of(const char *name); /* NONE = there is no such operation */

bool sig_may(sig_permission p, sig_role role, bool host);
/* One sentence for the person who was refused. */
const char *sig_permission_refusal(sig_permission p);
/* The names of all that a seat may do, an array; the caller's. */
json_t *sig_permissions_json(sig_role role, bool host);
/* One line for each operation: name, roles that may, "host" where the flag is needed. */
void sig_permissions_print(FILE *out);

#endif
