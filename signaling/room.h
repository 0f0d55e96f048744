/* room.h - one room as the gateway sees it: its process, who is connected by WebSocket, which sessions live.  Thread: the
 * gateway's loop. The room process is the truth about people; durable facts come from facts.h. */
#ifndef SIGNALING_ROOM_H
#define SIGNALING_ROOM_H

#include "signaling/gateway.h"
#include "signaling/room_link.h"

typedef struct sig_room sig_room;
typedef struct sig_session sig_session;
typedef struct sig_recording sig_recording;

/* A session that the room process has, or had last we heard. */
typedef struct {
    char session[SIG_ID_MAX + 1];
    char kind[8];  /* "ws", "whip", "whep" */
    bool up;       /* media has flowed */
    unsigned etag; /* WHIP: counts ICE restarts */
    char *ufrag;   /* WHIP: the device's present user fragment; NULL = not known (the gateway was restarted) */
    char *offer;   /* WHIP: its offer, for an ICE restart by PATCH; NULL = not known */
} sig_live;

sig_room *sig_room_new(sig_gateway *g, const char *id);
void sig_room_free(sig_room *r); /* drops the link; the process goes on */
const char *sig_room_id(const sig_room *r);
sig_gateway *sig_room_gateway(const sig_room *r);

/* ---- the process ---- */
void sig_room_start(sig_room *r); /* unless it runs or starts */
void sig_room_adopt(sig_room *r,
                    sig_room_link *take_link); /* a process found running; sends the durable facts, asks who is there */
bool sig_room_adopting(const sig_room *r);     /* the answer is not there yet */
bool sig_room_running(const sig_room *r);      /* open, or about to be */
bool sig_room_is_down(const sig_room *r);      /* it has no process, and may have one */
bool sig_room_occupied(const sig_room *r);     /* somebody is connected, or joining */
/* Whether somebody may come: it runs, or may be started. */
bool sig_room_takes_people(const sig_room *r);
bool sig_room_gone(const sig_room *r); /* ended, and its process has exited */
/* Ends every session and the process; clients hear `reason`. Final when the room has ended. */
void sig_room_end(sig_room *r, const char *reason);

/* A request to the process; a room without one is started first when `start`. NULL = refused or not running: `fn` is not called.
 * At most 5 s, then `fn` hears "unavailable". */
typedef struct sig_call sig_call;
sig_call *sig_room_call(sig_room *r, json_t *take_message, bool start, sig_reply_fn fn, void *user);
/* The same with at most two descriptors, borrowed: duplicates are kept while the process starts. */
sig_call *sig_room_call_fds(sig_room *r, json_t *take_message, const int *fds, unsigned n_fds, bool start, sig_reply_fn fn,
                            void *user);
void sig_call_cancel(sig_call *c); /* NULL is fine */
/* Without a reply; waits for a process that is starting, is dropped when there is none. */
void sig_room_tell(sig_room *r, json_t *take_message);

sig_recording *sig_room_recording(const sig_room *r); /* lives as long as the room */

/* ---- the door (room_door.c) ---- */
bool sig_room_lets_in(const sig_room *r, const char *seat);        /* not locked, or a host, or inside already */
void sig_room_wait(sig_room *r, const char *seat, sig_session *s); /* the hosts hear a knock */
void sig_room_gave_up(sig_room *r, const char *seat, const sig_session *s);
bool sig_room_is_waiting(const sig_room *r, const char *seat);
bool sig_room_admit(sig_room *r, const char *seat); /* false = nobody waits there */
bool sig_room_deny(sig_room *r, const char *seat);
void sig_room_left(sig_room *r, const char *seat); /* for good: has to knock again when the room is locked */
void sig_room_show_knocks(sig_room *r, sig_session *s);
/* A line of words over the picture, "" = none; kept while the gateway runs. Who asks for one takes a turn: what waited for its
 * record is not shown after what was asked for later. */
unsigned sig_room_line_turn(sig_room *r);
void sig_room_set_line(sig_room *r, unsigned turn, const char *text);
bool sig_room_line_begins_or_ends(const sig_room *r, const char *text); /* is worth a record */
void sig_room_show_layouts(sig_room *r, sig_session *s);
void sig_room_tell_layouts(sig_room *r);              /* the hosts: another one is in use, or others can be */
void sig_room_say(sig_room *r, json_t *take_message); /* to every client */
/* A line of chat by a seat, at most five in ten seconds. False = too many, not counted. */
bool sig_room_may_write(sig_room *r, const char *seat, int64_t now_ns);

/* ---- checks before a visit: connections without a seat, known by their session's id ---- */
#define SIG_CHECK_PREFIX "check-"
/* Ends an older one of the seat. False = four at a time are the most. */
bool sig_room_check_begin(sig_room *r, sig_session *s);
void sig_room_check_end(sig_room *r, const sig_session *s);

/* ---- legs: telephone calls in the room, each beside or without a session of its seat ---- */
void sig_room_note_leg(sig_room *r, const char *session, const char *seat);
void sig_room_forget_leg(sig_room *r, const char *session);
unsigned sig_room_leg_count(const sig_room *r);

/* ---- facts that changed ---- */
void sig_room_lock_changed(sig_room *r);
void sig_room_layout_changed(sig_room *r);
void sig_room_recording_changed(sig_room *r, const char *seat); /* its policy, or what that seat said */
void sig_room_layouts_changed(sig_room *r);                     /* those there are */
void sig_room_muted(sig_room *r, const sig_change *change);     /* who was asked to speak before is not any more */
void sig_room_seats_changed(sig_room *r);                       /* any of them */
void sig_room_seat_changed(sig_room *r, const char *seat);
void sig_room_mute_lifted(sig_room *r, const char *seat); /* by another's word: nobody is heard before opening the microphone */
void sig_room_seat_dropped(sig_room *r, const char *seat);

/* ---- WebSocket clients and live sessions ---- */
void sig_room_attach(sig_room *r, const char *seat, sig_session *s); /* replaces the seat's former client, and one at the door */
void sig_room_detach(sig_room *r, const char *seat, const sig_session *s);
sig_session *sig_room_client(const sig_room *r, const char *seat);
sig_live *sig_room_live(const sig_room *r, const char *seat); /* NULL = none */
sig_live *sig_room_note_session(sig_room *r, const char *seat, const char *session, const char *kind);
void sig_room_forget_session(sig_room *r, const char *seat, const char *session);
unsigned sig_room_client_count(const sig_room *r);
json_t *sig_room_roster(const sig_room *r); /* the newest, the room's own; NULL = none yet */
/* Newest roster and layouts, for who has just joined. */
void sig_room_greet(sig_room *r, sig_session *s);
void sig_room_send_layout(sig_room *r, sig_session *s, const char *canvas);

#endif
