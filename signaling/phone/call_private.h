/* call_private.h - what call.c and call_*.c share.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_CALL_PRIVATE_H
#define SIGNALING_PHONE_CALL_PRIVATE_H

#include "signaling/phone/call.h"
#include "signaling/phone/ivr.h"
#include "signaling/phone/owner.h"
#include "signaling/phone/ports.h"
#include "signaling/phone/voice.h"

#define TEL_ID_MAX 32
#define TEL_NUMBER_MAX 32

typedef enum {
    TEL_CALL_NONE = 0,
    TEL_CALL_ASKING,   /* a caller; the gateway has been asked */
    TEL_CALL_EARLY,    /* the same; sound goes, 183 waits for its PRACK */
    TEL_CALL_ANSWERED, /* 200 is sent, ACK is not there */
    TEL_CALL_DIALLING, /* a callee; nothing was heard of the INVITE but 100 */
    TEL_CALL_RINGING,
    TEL_CALL_IVR,     /* hears prompts */
    TEL_CALL_HANDING, /* the gateway gives it to a room */
    TEL_CALL_IN_ROOM,
    TEL_CALL_ADOPTING, /* in a room; its dialog is being taken up from a tessera-phone that has ended */
    TEL_CALL_ENDING,   /* we said so; the dialog is closing */
    TEL_CALL_ENDED,
} tel_call_state;

typedef enum { TEL_TRANSFER_NONE = 0, TEL_TRANSFER_ASKED, TEL_TRANSFER_ACCEPTED } tel_transfer;

struct tel_call {
    tel_owner owner; /* first */
    tel_phone *phone;
    char id[TEL_ID_MAX + 1];
    tel_trunk *trunk;
    nua_handle_t *nh; /* NULL = none, or none any more */
    tel_call_state state;
    bool outgoing, offerless;
    bool offers;   /* our INVITEs inside the call have a description; else they ask for theirs */
    bool reliable; /* provisional responses are acknowledged: of a caller, wanted; of a callee, with a description that counts */
    char number[TEL_NUMBER_MAX + 1];              /* dialled */
    const char *languages[TEL_LANGUAGES_MAX + 1]; /* of the config's strings */
    const char *language[2];                      /* the one chosen */
    json_t *bound;                                /* what the gateway wants to be told again: opaque; NULL = nothing yet */
    tel_local local;
    tel_agreed agreed;
    char *answer;     /* to the INVITE, while the gateway is asked */
    char *contact;    /* ours, over the transport of the call */
    tel_voice *voice; /* NULL = the room's alone, since a tessera-phone before */
    tel_ports video;  /* where the trunk has video endpoints */
    tel_ivr *ivr;
    unsigned ivr_timer, dial_timer, end_timer; /* GLib sources */
    json_t *dialog;                            /* for a later process, with the keys of its sound; NULL = not whole yet */
    char *route;                               /* header that the stack does not know of; NULL = none */
    unsigned tries;                            /* to take the dialog up */
    tel_transfer transfer;
    unsigned transfer_timer;       /* GLib source */
    char *refer_event;             /* they asked for another in their place and are told how it goes; NULL = they did not */
    char referrer[TEL_ID_MAX + 1]; /* the call in whose place this one comes */
    unsigned challenges;
    int64_t dialled_ns;
    bool told_end;
};

const char *tel_call_state_name(tel_call_state s);
void tel_call_set_state(tel_call *c, tel_call_state state, const char *why);
tel_call *tel_call_new(tel_phone *p, tel_trunk *t, const char *id); /* in the table */
void tel_call_use_languages(tel_call *c, const json_t *list);       /* of those there are prompts for; all, if none of them is */
void tel_call_drop_handle(tel_call *c);
/* Ends the dialog with what its state needs and tells the gateway; the call goes when the stack says so, or after 5 s. */
void tel_call_end(tel_call *c, const char *reason, int status);
/* Tells the gateway, once. */
void tel_call_over(tel_call *c, const char *reason, int status);

/* call_prompts.c */
void tel_call_begin_prompts(tel_call *c); /* media is agreed */
void tel_call_on_digit(void *call, char digit);
void tel_call_on_played(void *call); /* the prompt is over */

/* call_answer.c */
void tel_copy_number(const url_t *url, char out[TEL_NUMBER_MAX + 1]); /* digits and a plus only; "" = none */
void tel_call_on_prack(tel_call *c, const sip_t *sip);

/* call_media.c */
void tel_call_use_trunk(tel_call *c); /* its part of c->local */
bool tel_call_open_media(tel_call *c, GError **error);
bool tel_call_agree(tel_call *c); /* sound goes by c->agreed from now on */
bool tel_call_may_renegotiate(const tel_call *c);
bool tel_call_take_changes(tel_call *c, const tel_agreed *now);              /* false = not what can be changed */
void tel_call_renegotiate(tel_call *c, nua_event_t event, const sip_t *sip); /* a re-INVITE or UPDATE inside the call */
void tel_call_on_ack(tel_call *c, const sip_t *sip);
void tel_call_hand_over(tel_call *c);
bool tel_call_on_media_control(tel_call *c, const sip_t *sip); /* whether it asks for a keyframe */

/* call_transfer.c */
void tel_call_on_refer(tel_call *c, const sip_t *sip, tagi_t tags[]);
void tel_call_on_refer_response(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh);
void tel_call_on_notify(tel_call *c, const sip_t *sip);
void tel_call_replaced(tel_call *c); /* the one that they asked for has come */
/* How far the call has come that they asked for; nothing for one that nobody asked for. */
void tel_call_tell_referrer(const tel_call *c, int status, const char *phrase);

/* call_refresh.c */
void tel_call_learn_refresh(tel_call *c, const sip_t *sip); /* from what the other side sent first */
void tel_call_on_refreshed(tel_call *c, const sip_t *sip);

/* call_adopt.c */
void tel_call_note_dialog(tel_call *c, const json_t *leg); /* into c->dialog, what a later process needs beside the dialog */
void tel_call_on_adopted(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh);
void tel_call_bye_unheard(tel_call *c); /* in a dialog that has not been taken up */

/* call_dial.c */
void tel_call_invite(tel_call *c, tel_trunk *t);
void tel_call_authenticate(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh);
void tel_call_on_invite_response(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh);

#endif
