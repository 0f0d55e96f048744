/* sim_room.h - a whole room with the real picture half of the mixer, in simulated time: cameras before it, its canvases and what
 * it sends looked at after each tick. One thread but for the encoders and the recorder, which are waited for.  Thread: the
 * test's.
 *
 * A picture is one flat colour, which says who sent it and which one it is, wherever and at whatever size it is shown. */
#ifndef TESTS_UNIT_SIM_ROOM_H
#define TESTS_UNIT_SIM_ROOM_H

#include "mcu/room/room_private.h"
#include "mixer/compositor.h"
#include "mixer/video_private.h"
#include "tests/unit/room_kit.h"

#define SIM_PEOPLE 8
#define SIM_FPS 13 /* the room's clock: its fastest canvas */
#define SIM_CLIP 240
#define SIM_WIDTH 160
#define SIM_HEIGHT 90

/* What one source sends: a camera, or a screen. */
typedef struct {
    bool screen, on;
    unsigned who;         /* in the colour */
    unsigned next;        /* picture of the clip */
    unsigned every;       /* ticks from one picture to the next */
    unsigned asked;       /* wishes for keyframes that were heeded */
    uint64_t quiet_until; /* tick; a link that gave out */
    int shown;            /* the newest picture that reached the decoder, -1 = none */
    int64_t shown_ns;
    mcu_au *clip[SIM_CLIP]; /* every 20th a keyframe */
} sim_camera;

typedef struct {
    char seat[8], session[16];
    mcu_peer *peer; /* NULL = not here */
    sim_camera camera, screen;
    unsigned stream;   /* of the newest picture sent to it: twice the canvas, and one for an entry of one's own */
    unsigned position; /* of that picture in its stream; 0 = none */
    int64_t sent_ns;   /* when it was composed, or was said to be; 0 = there was none */
} sim_person;

typedef struct {
    room_kit *kit;
    mix_video *video;
    uint64_t tick;
    sim_person people[SIM_PEOPLE];
    unsigned sessions; /* so far */
    int talker;        /* -1 = nobody */
} sim_room;

int64_t sim_now_ns(void);
sim_room *sim_room_new(void);
void sim_room_free(sim_room *s);

void sim_join(sim_room *s, unsigned who);
void sim_leave(sim_room *s, unsigned who);
void sim_camera_on(sim_room *s, unsigned who, bool on);
void sim_share(sim_room *s, unsigned who, bool on);
/* One tick: what is due is sent, composed, encoded and delivered. */
void sim_tick(sim_room *s);
sim_person *sim_person_of(sim_room *s, const mcu_peer *p);
const mix_compositor *sim_compositor(const sim_room *s); /* NULL = nobody watches */

/* ---- sim_check.c: asserts ---- */

void sim_colour(unsigned who, unsigned number, uint8_t yuv[3]);
/* All canvases of the tick that was: every tile shows the newest picture of the right person, whole, or what stands for it. */
void sim_check_canvases(sim_room *s);
/* Each picture as its encoder hands it over. Thread: the encoder's. */
void sim_check_encoded(const mcu_au *au);
void sim_check_forget(void); /* all of them, while no encoder runs */
/* For fake.on_sent: nobody misses a picture that a later one builds on. */
void sim_check_sent(sim_room *s, const mcu_peer *p, const mcu_au *au);

typedef struct {
    unsigned pictures, dim, placeholders, sent, watched; /* tiles, tiles, tiles, pictures, pictures that a viewer decoded */
} sim_tally;
extern sim_tally sim_seen;
void sim_check_clear(void);

#endif
