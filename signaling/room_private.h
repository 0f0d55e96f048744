/* room_private.h - what room.c, room_call.c and room_events.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_ROOM_PRIVATE_H
#define SIGNALING_ROOM_PRIVATE_H

#include "signaling/recording.h"
#include "signaling/room.h"

typedef enum {
    SIG_ROOM_NONE = 0,
    SIG_ROOM_DOWN,    /* no process */
    SIG_ROOM_WAITING, /* for an idle process */
    SIG_ROOM_OPENING, /* it has been told to become this room */
    SIG_ROOM_OPEN,
    SIG_ROOM_BACKOFF, /* it died again and again: a pause */
    SIG_ROOM_ENDING,  /* told to end */
    SIG_ROOM_GONE,
} sig_room_state;

#define SIG_CHAT_LINES 5
#define SIG_CHAT_NS (INT64_C(10) * 1000000000)

struct sig_room {
    sig_gateway *gateway;
    char id[SIG_ID_MAX + 1];
    sig_room_state state;
    sig_room_link *link;
    struct event *timer; /* of the state */
    int64_t opened_ns;
    unsigned deaths; /* in a row, soon after opening */
    bool adopting;
    bool bye;            /* the process said that it ends by itself */
    bool restart;        /* clients must connect anew once it is open */
    GQueue queue;        /* of sig_call, for a process that is starting */
    GHashTable *clients; /* seat -> sig_session, borrowed */
    GHashTable *waiting; /* seat -> sig_session before the locked door, borrowed */
    GHashTable *inside;  /* seats that need not knock while the room is locked */
    GHashTable *checks;  /* session -> sig_session, borrowed */
    GHashTable *chat;    /* seat -> times of its newest lines, int64_t[SIG_CHAT_LINES] */
    GHashTable *live;    /* seat -> sig_live, owned */
    GHashTable *legs;    /* session -> seat: telephone calls */
    json_t *roster;      /* newest, as clients see it; NULL = none */
    json_t *sounds;      /* seat -> its `sound` in the newest roster: a room that is opened again is told */
    sig_recording *recording;
    char *line;                     /* over the picture; NULL = none */
    unsigned line_turns, line_turn; /* that were asked for; of the one that is shown */
    GHashTable *layouts;            /* tier -> json_t, as clients see it */
};

void sig_room_flush_queue(sig_room *r);
void sig_room_fail_queue(sig_room *r);
void sig_room_unlink_process(sig_room *r);
void sig_room_tell_picture(sig_room *r); /* room_picture.c */

/* What the process is told (room_open.c). */
json_t *sig_room_open_json(const sig_room *r);
json_t *sig_room_seat_json(const sig_seat_facts *s);
json_t *sig_room_layouts_json(const sig_room *r);

/* What the process says (room_events.c). */
void sig_room_on_message(sig_room *r, const char *type, const json_t *m);
void sig_room_on_inspection(sig_room *r, const json_t *m); /* after an adoption */

#endif
