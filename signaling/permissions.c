#include "signaling/permissions.h"

#include <glib.h>
#include <string.h>

#define R(role) (1u << SIG_ROLE_##role)
#define ALL (R(PATIENT) | R(CLINICIAN) | R(INTERPRETER) | R(GUEST) | R(OBSERVER) | R(KIOSK) | R(COMPLIANCE))
#define SPEAKERS (R(PATIENT) | R(CLINICIAN) | R(INTERPRETER) | R(GUEST) | R(KIOSK))
#define TYPISTS (R(PATIENT) | R(CLINICIAN) | R(INTERPRETER) | R(GUEST))

typedef struct {
    const char *name;
    unsigned roles;
    bool host; /* the seat's host flag is needed as well */
    const char *refusal;
} row;

static const char only_hosts[] = "Only a host of this visit may do that.";

static const row table[SIG_N_PERMISSIONS] = {
    [SIG_MAY_NONE] = {"none", 0, true, "This cannot be done."},
    [SIG_MAY_AUDIO] = {"audio", SPEAKERS, false, "With this link one listens, without speaking."},
    [SIG_MAY_VIDEO] = {"video", SPEAKERS, false, "With this link one watches, without being seen."},
    [SIG_MAY_SHARE] = {"share", TYPISTS, false, "With this link a screen cannot be shared."},
    [SIG_MAY_CHAT] = {"chat", TYPISTS, false, "With this link messages cannot be written."},
    [SIG_MAY_PHONE] = {"phone", SPEAKERS, false, "With this link one listens: a telephone cannot be used to speak."},
    [SIG_MAY_HAND] = {"hand", SPEAKERS | R(OBSERVER), false, "With this link a hand cannot be raised."},
    [SIG_MAY_WHISPER] = {"whisper", R(CLINICIAN) | R(INTERPRETER), false,
                         "Only clinicians and interpreters may speak to one person alone."},
    [SIG_MAY_INTERPRET] = {"interpret", R(INTERPRETER), false, "Only an interpreter may speak into a language of his own."},
    [SIG_MAY_LISTEN] = {"listen", ALL, false, "With this link the language cannot be chosen."},
    [SIG_MAY_CLINICAL] = {"clinical", SPEAKERS, false, "With this link one listens, without sending a sound."},
    [SIG_MAY_DENOISE] = {"denoise", SPEAKERS, false, "With this link one listens, without sending a sound."},
    [SIG_MAY_SOUND] = {"sound", ALL, true, only_hosts},
    [SIG_MAY_MUTE] = {"mute", ALL, true, only_hosts},
    [SIG_MAY_UNMUTE_ASK] = {"unmute_ask", ALL, true, only_hosts},
    [SIG_MAY_CAMERA_ASK] = {"camera_ask", ALL, true, only_hosts},
    [SIG_MAY_MUTE_ALL] = {"mute_all", ALL, true, only_hosts},
    [SIG_MAY_REMOVE] = {"remove", ALL, true, only_hosts},
    [SIG_MAY_LOCK] = {"lock", ALL, true, only_hosts},
    [SIG_MAY_ADMIT] = {"admit", ALL, true, only_hosts},
    [SIG_MAY_DENY] = {"deny", ALL, true, only_hosts},
    [SIG_MAY_TIER] = {"tier", ALL, true, only_hosts},
    [SIG_MAY_LAYOUT] = {"layout", ALL, true, only_hosts},
    [SIG_MAY_FREEZE] = {"freeze", ALL, true, only_hosts},
    [SIG_MAY_CAPTION] = {"caption", ALL, true, only_hosts},
    [SIG_MAY_RECORD] = {"record", ALL, true, only_hosts},
    [SIG_MAY_DIAL] = {"dial", ALL, true, only_hosts},
    [SIG_MAY_END] = {"end", ALL, true, only_hosts},
    [SIG_MAY_REVIEW] = {"review", R(COMPLIANCE), false, "Recordings are shown to the compliance role."},
};

static const char *const roles[] = {"none", "patient", "clinician", "interpreter", "guest", "observer", "kiosk", "compliance"};

const char *sig_role_name(sig_role r)
{
    return (unsigned)r < G_N_ELEMENTS(roles) ? roles[r] : roles[0];
}

sig_role sig_role_of(const char *name)
{
    for (unsigned i = SIG_ROLE_PATIENT; i < G_N_ELEMENTS(roles); i++) {
        if (strcmp(name, roles[i]) == 0) {
            return (sig_role)i;
        }
    }
    return strcmp(name, "provider") == 0 ? SIG_ROLE_CLINICIAN : SIG_ROLE_NONE;
}

const char *sig_permission_name(sig_permission p)
{
    return table[(unsigned)p < SIG_N_PERMISSIONS ? p : SIG_MAY_NONE].name;
}

sig_permission sig_permission_of(const char *name)
{
    for (unsigned i = SIG_MAY_NONE + 1; i < SIG_N_PERMISSIONS; i++) {
        if (strcmp(name, table[i].name) == 0) {
            return (sig_permission)i;
        }
    }
    return SIG_MAY_NONE;
}

bool sig_may(sig_permission p, sig_role role, bool host)
{
    const row *r = &table[(unsigned)p < SIG_N_PERMISSIONS ? p : SIG_MAY_NONE];
    return (r->roles & (1u << role)) != 0 && (host || !r->host);
}

const char *sig_permission_refusal(sig_permission p)
{
    return table[(unsigned)p < SIG_N_PERMISSIONS ? p : SIG_MAY_NONE].refusal;
}

json_t *sig_permissions_json(sig_role role, bool host)
{
    json_t *may = json_array();
    for (unsigned i = SIG_MAY_NONE + 1; i < SIG_N_PERMISSIONS; i++) {
        if (sig_may((sig_permission)i, role, host)) {
            json_array_append_new(may, json_string(table[i].name));
        }
    }
    return may;
}

void sig_permissions_print(FILE *out)
{
    fputs("# Each line: an operation, the roles of links that may do it, and \"host\" where the link must also be a host's\n"
          "# (\"host\": true when it is made). What is not listed is refused, and the refusal is written to the audit trail.\n"
          "# Operators, who have the admin key or a token of [oidc], work by REST without a link.\n",
          out);
    for (unsigned i = SIG_MAY_NONE + 1; i < SIG_N_PERMISSIONS; i++) {
        fprintf(out, "%-11s", table[i].name);
        for (unsigned role = SIG_ROLE_PATIENT; role < G_N_ELEMENTS(roles); role++) {
            if (table[i].roles & (1u << role)) {
                fprintf(out, " %s", roles[role]);
            }
        }
        fprintf(out, "%s\n", table[i].host ? " host" : "");
    }
}
