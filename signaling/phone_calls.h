/* phone_calls.h - the gateway's view of telephone calls: who may come in, whose seat a call takes, what is written down at its
 * end. Thread: the gateway's loop. NULL is fine for every `p`: the server has no telephone then. */
#ifndef SIGNALING_PHONE_CALLS_H
#define SIGNALING_PHONE_CALLS_H

#include "signaling/gateway.h"
#include "signaling/phone_seal.h"

typedef struct sig_phone sig_phone;

/* NULL without an error: not configured. */
sig_phone *sig_phone_new(sig_gateway *g, GError **error);
void sig_phone_free(sig_phone *p);
bool sig_phone_up(const sig_phone *p); /* tessera-phone is there */
unsigned sig_phone_trunks_up(const sig_phone *p);
unsigned sig_phone_count(const sig_phone *p); /* calls */

/* ---- what the room of a call says ---- */
struct sig_session;
void sig_phone_greet(const sig_phone *p, const char *room, struct sig_session *client); /* who joins: the calls there are */
void sig_phone_on_leg(sig_phone *p, const char *room, const json_t *m);
void sig_phone_on_keypad(sig_phone *p, const char *room, const json_t *m);
void sig_phone_on_keyframe(sig_phone *p, const char *room, const json_t *m); /* a video endpoint is to send one */
void sig_phone_on_sound(sig_phone *p, const char *room, const json_t *m);    /* somebody's browser is heard no more, or again */
void sig_phone_roster(const sig_phone *p, const char *room, const json_t *before, const json_t *now); /* `before` NULL = first */
void sig_phone_recording(sig_phone *p, const char *room);  /* the recording of the room, or who agreed to it, changed */
void sig_phone_room_again(sig_phone *p, const char *room); /* it died and has begun anew */
void sig_phone_seat_left(sig_phone *p, const char *room, const char *seat); /* for good, by its page */
void sig_phone_changed(sig_phone *p, const sig_change *change);             /* a fact has become true */

/* ---- calls out ---- */
/* Why not: the error of the API, a word for a page, a sentence. All static. */
typedef struct {
    const char *code, *word, *text;
} sig_refusal;
typedef struct {
    const char *room, *actor; /* actor: a seat, or an operator */
    const char *number;       /* as it was written */
    const char *name;         /* of a new seat; "" = "Phone ...3121" */
    const char *seat;         /* the call is this seat's; "" = a new one */
    const char *role, *language;
    const char *referrer; /* the call in whose place it comes; NULL = none */
    bool own;             /* the seat asks for itself */
    bool rescue;          /* the seat's own sound is dead */
} sig_dial;
/* NULL = refused; *why says why. Else the call's id, which stays until the call ends. */
const char *sig_phone_dial(sig_phone *p, const sig_dial *d, sig_refusal *why);
bool sig_phone_hang_up(sig_phone *p, const char *room, const char *call, const char *reason); /* false = no such call */

/* The other side of a call is to call somebody else instead (d: room, actor, number). False = refused, as by sig_phone_dial(). */
bool sig_phone_transfer(sig_phone *p, const sig_dial *d, const char *call, sig_refusal *why);

/* ---- a seat's own telephone, for the sound of who is here by browser ---- */
/* What its client is told at joining: {"number": the one on file, masked, or ""}. NULL = the server has no telephone. */
json_t *sig_phone_of_seat(const sig_phone *p, const char *room, const char *seat);
/* Fills `change` with the number on file of change->room and ->seat; "" takes it away. False = *why says why. */
bool sig_phone_put_number(const sig_phone *p, const char *number, sig_change *change, sig_refusal *why);
/* Calls it: `number`, or the one on file if that is "". False = *why says why not. */
bool sig_phone_call_me(sig_phone *p, const char *room, const char *seat, const char *number, sig_refusal *why);
bool sig_phone_let_go(sig_phone *p, const char *room, const char *seat);                      /* hangs up; false = no call */
bool sig_phone_switch_audio(const sig_phone *p, const char *room, const char *seat, bool on); /* false = not on the telephone */
bool sig_phone_holds(const sig_phone *p, const char *room, const char *seat);  /* it is on the telephone, in the room */
bool sig_phone_ask_to_speak(sig_phone *p, const char *room, const char *seat); /* the same */

/* ---- PINs ---- */
/* Fills `pin` with a new one and `change` with what has to be committed. `change` has room, seat, name, role, host, once,
 * language, at_ms. False = a room has as many as it may have. */
bool sig_phone_new_pin(sig_phone *p, sig_change *change, char pin[17]);
json_t *sig_phone_numbers(const sig_phone *p); /* those that lead here; the caller's */

/* What was written down, newest first, with masked numbers; the caller's. Also without a telephone. */
json_t *sig_phone_calls_json(const sig_gateway *g);

/* "Phone ...3121" */
void sig_phone_mask(const char *number, char out[32]);

#endif
