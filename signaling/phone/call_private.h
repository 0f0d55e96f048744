/* call_private.h - what call.c, call_prompts.c, call_media.c and call_dial.c share.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_CALL_PRIVATE_H
#define SIGNALING_PHONE_CALL_PRIVATE_H

#include "signaling/phone/call.h"
#include "signaling/phone/ivr.h"
#include "signaling/phone/owner.h"
#include "signaling/phone/voice.h"

#define TEL_ID_MAX 32
#define TEL_NUMBER_MAX 32

typedef enum {
    TEL_CALL_NONE = 0,
    TEL_CALL_ASKING,   /* a caller; the gateway has been asked */
    TEL_CALL_ANSWERED, /* 200 is sent, ACK is not there */
    TEL_CALL_DIALLING, /* a callee; nothing was heard of the INVITE but 100 */
    TEL_CALL_RINGING,
    TEL_CALL_IVR,     /* hears prompts */
    TEL_CALL_HANDING, /* the gateway gives it to a room */
    TEL_CALL_IN_ROOM,
    TEL_CALL_ENDING, /* we said so; the dialog is closing */
    TEL_CALL_ENDED,
} tel_call_state;

struct tel_call {
    tel_owner owner; /* first */
    tel_phone *phone;
    char id[TEL_ID_MAX + 1];
    tel_trunk *trunk;
    nua_handle_t *nh; /* NULL = none, or none any more */
    tel_call_state state;
    bool outgoing, offerless;
    char number[TEL_NUMBER_MAX + 1];              /* dialled */
    const char *languages[TEL_LANGUAGES_MAX + 1]; /* of the config's strings */
    const char *language[2];                      /* the one chosen */
    json_t *bound;                                /* what the gateway wants to be told again: opaque; NULL = nothing yet */
    tel_local local;
    tel_agreed agreed;
    char *answer;  /* to the INVITE, while the gateway is asked */
    char *contact; /* ours, over the transport of the call */
    tel_voice *voice;
    tel_ivr *ivr;
    unsigned ivr_timer, dial_timer, end_timer; /* GLib sources */
    unsigned challenges;
    int64_t dialled_ns;
    bool told_end;
};

const char *tel_call_state_name(tel_call_state s);
void tel_call_set_state(tel_call *c, tel_call_state state, const char *why);
tel_call *tel_call_new(tel_phone *p, tel_trunk *t, const char *id); /* in the table */
void tel_call_use_languages(tel_call *c, const json_t *list);       /* of those there are prompts for; all, if none of them is */
/* Ends the dialog with what its state needs and tells the gateway; the call goes when the stack says so, or after 5 s. */
void tel_call_end(tel_call *c, const char *reason, int status);
/* Tells the gateway, once. */
void tel_call_over(tel_call *c, const char *reason, int status);

/* call_prompts.c */
void tel_call_begin_prompts(tel_call *c); /* media is agreed */
void tel_call_on_digit(void *call, char digit);
void tel_call_on_played(void *call); /* the prompt is over */

/* call_media.c */
bool tel_call_open_media(tel_call *c, GError **error);
void tel_call_renegotiate(tel_call *c, nua_event_t event, const sip_t *sip); /* a re-INVITE or UPDATE inside the call */
void tel_call_on_ack(tel_call *c, const sip_t *sip);
void tel_call_hand_over(tel_call *c);

/* call_dial.c */
void tel_call_invite(tel_call *c, tel_trunk *t);
void tel_call_on_invite_response(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh);

#endif
