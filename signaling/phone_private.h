/* phone_private.h - what phone.c, phone_calls.c, phone_entry.c and phone_out.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_PHONE_PRIVATE_H
#define SIGNALING_PHONE_PRIVATE_H

#include "mcu/base/status.h"
#include "signaling/dial_limits.h"
#include "signaling/phone_calls.h"
#include "signaling/phone_link.h"
#include "signaling/phone_settings.h"
#include "signaling/rate.h"
#include "signaling/room.h"

#define SIG_REASON_MAX 24

typedef enum {
    SIG_CALL_NONE = 0,
    SIG_CALL_PROMPTS,  /* it came; no room knows of it */
    SIG_CALL_ENTERING, /* its seat is on its way to the disk */
    SIG_CALL_CALLING,  /* out */
    SIG_CALL_RINGING,
    SIG_CALL_ANSWERED, /* hears who calls, is to press 1 */
    SIG_CALL_HANDING,
    SIG_CALL_IN_ROOM,
} sig_call_state;

typedef struct {
    sig_phone *phone;
    char id[SIG_ID_MAX + 1]; /* also of the leg's session */
    char trunk[SIG_ID_MAX + 1];
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], actor[SIG_ID_MAX + 1];
    char role[SIG_ID_MAX + 1], name[SIG_NAME_MAX + 1], language[SIG_LANGUAGE_MAX + 1];
    char number[SIG_NUMBER_MAX + 1]; /* of the other side; "" = withheld */
    char reason[SIG_REASON_MAX];
    sig_call_state state;
    bool outgoing, own_seat, clear, rescue, host;
    bool quiet, hand;            /* by its own keys or its page: what a room that begins anew is to know */
    const char *heard_recording; /* what it was told last of the recording: a prompt; NULL = nothing */
    bool told;                   /* tessera-phone is to hang up */
    bool phone_done, leg_there;  /* it ends when tessera-phone has let go of it and no room has it */
    int status;
    int64_t began_ms, answered_ms, joined_ms;
    char referrer[SIG_ID_MAX + 1]; /* the call in whose place it comes; "" = none */
    json_t *dialog;                /* for a later tessera-phone: opaque but for the keys in `leg`; never written down */
    json_t *figures;               /* of the leg's end; NULL = none */
    json_int_t waiting_id;         /* of the request that is being answered; 0 = none */
    char pin_key[SIG_KEY_MAX + 1]; /* claimed, while it enters; "" = none */
    struct event *ending;
} sig_phone_call;

struct sig_phone {
    sig_gateway *gateway;
    const sig_phone_settings *settings;
    sig_phone_link *link;
    sig_seal *seal;
    GHashTable *calls;   /* id -> sig_phone_call, owned */
    GHashTable *trunks;  /* name -> up, as GINT */
    GHashTable *rescues; /* "room/seat" -> what is done about its dead sound (phone_rescue.c) */
    GHashTable *claimed; /* keys of one-time PINs that are being used */
    sig_rate *pins_of_number, *pins_of_trunk;
    sig_dial_limits *limits;
    char *prompts; /* folder of languages */
};

sig_phone_call *sig_phone_call_new(sig_phone *p, const char *id);
sig_phone_call *sig_phone_find(const sig_phone *p, const char *id);
void sig_phone_call_end(sig_phone_call *c, const char *reason); /* tells tessera-phone and the room; goes when both have */
void sig_phone_call_check_over(sig_phone_call *c);
void sig_phone_call_hung_up(sig_phone_call *c, const char *reason, int status); /* tessera-phone has it no longer */
void sig_phone_call_lost(sig_phone_call *c);                                    /* with all of tessera-phone */
void sig_phone_call_free(void *call);
sig_room *sig_phone_call_room(const sig_phone_call *c); /* NULL = none, or it has gone */
/* phone_tell.c: every host of its room, whose seat it is, and everybody if somebody new is called, hears where it is: "calling",
 * "ringing", "answered", "joined", "ended", "transfer_failed". */
void sig_phone_tell(const sig_phone_call *c, const char *state);
json_t *sig_phone_bound(const sig_phone_call *c);
void sig_phone_keep_dialog(sig_phone_call *c,
                           json_t *dialog); /* in place of the one before, whose keys are wiped; NULL = none is known */
const char *sig_phone_text(const json_t *m, const char *member);

/* The one that a seat has, or is about to; NULL = none. */
sig_phone_call *sig_phone_call_of_seat(const sig_phone *p, const char *room, const char *seat);

/* phone_entry.c */
void sig_phone_on_incoming(sig_phone *p, const json_t *m, json_int_t id);
void sig_phone_on_pin(sig_phone *p, const json_t *m, json_int_t id);
void sig_phone_on_hand(sig_phone *p, const json_t *m, json_int_t id, const int *fds, unsigned n_fds);
typedef void (*sig_phone_seated_fn)(sig_phone_call *c, bool ok); /* the call is still there */
/* Makes the call's seat, unless it has one; then `done`. False = full, or the store is. */
bool sig_phone_take_seat(sig_phone_call *c, sig_phone_seated_fn done);

/* phone_transfer.c */
void sig_phone_on_refer(sig_phone *p, const json_t *m, json_int_t id);
void sig_phone_on_transfer(sig_phone *p, const json_t *m);
void sig_phone_take_place(sig_phone_call *c); /* the call that asked for it goes: its room is about to have this one */
void sig_phone_pass_seat(sig_phone_call *c);  /* to another call of the seat, so that it does not go with this one */

/* phone_out.c */
/* Dial plan and limits; `number` is what is to be dialled. False: refused, see sig_phone_dial(). */
bool sig_phone_may_dial(sig_phone *p, const sig_dial *d, char number[SIG_NUMBER_MAX + 1], sig_refusal *why);
void sig_phone_on_progress(sig_phone *p, const json_t *m);

/* phone_seat.c: calls the seat, on the number on file when `number` is "". */
bool sig_phone_dial_seat(sig_phone *p, const char *room, const char *seat, const char *number, bool rescue, sig_refusal *why);
bool sig_phone_refuse(sig_refusal *why, mcu_error error, const char *word, const char *text); /* false */
bool sig_phone_refuse_number(sig_refusal *why, sig_plan_verdict v);                           /* false */

/* phone_rescue.c */
GHashTable *sig_phone_rescues_new(void);
void sig_phone_rescue_joined(const sig_phone_call *c);
void sig_phone_rescue_ended(const sig_phone_call *c);                       /* of every call */
void sig_phone_rescue_forget(const sig_phone *p, const sig_change *change); /* a room or a seat that has gone */

void sig_phone_say_mute(
    const sig_phone_call *c); /* phone_room.c: why nobody would hear it, if a host or its role is the reason */

/* phone_say.c: PROMPTS/LANGUAGE/NAME.wav to a call that is in a room, after what it is being told; `now`: instead of that. */
void sig_phone_say(const sig_phone_call *c, const char *name, bool now);
void sig_phone_say_recording(sig_phone_call *c); /* whether it is being recorded, if that has changed */

#endif
