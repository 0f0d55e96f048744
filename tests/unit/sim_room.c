#include "tests/unit/sim_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mixer/overlay.h"
#include "mixer/venc.h"

#define START_NS (1000 * MCU_NS_PER_SEC)
#define GOP 20

/* ---- time ---- */

static _Atomic int64_t the_time_ns = START_NS;

int64_t sim_now_ns(void)
{
    return atomic_load(&the_time_ns);
}

/* In place of libc's, also for GLib's timers: what is waited for comes when the test says so. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    if (id != CLOCK_MONOTONIC && id != CLOCK_REALTIME) {
        return (int)syscall(SYS_clock_gettime, id, t);
    }
    int64_t now_ns = sim_now_ns();
    t->tv_sec = (time_t)(now_ns / MCU_NS_PER_SEC);
    t->tv_nsec = (long)(now_ns % MCU_NS_PER_SEC);
    return 0;
}

/* ---- the video clock without its thread ---- */

struct mix_vclock {
    mix_vclock_config c;
    mix_compositor *compositor;
    mix_scene *scene;
    uint64_t ticks;
};

mix_vclock *mix_vclock_start(const mix_vclock_config *config, GError **error)
{
    (void)error;
    mix_vclock *v = g_new0(mix_vclock, 1);
    v->c = *config;
    v->compositor = mix_compositor_new(config->fps, config->cpu);
    return v;
}

void mix_vclock_post(mix_vclock *v, mix_scene *take_scene)
{
    mix_scene_unref(v->scene);
    v->scene = take_scene;
}

void mix_vclock_stop(mix_vclock *v)
{
    mix_scene_unref(v->scene);
    mix_compositor_free(v->compositor);
    g_free(v);
}

void mix_vclock_get_stats(const mix_vclock *v, mix_vclock_stats *out)
{
    *out = (mix_vclock_stats){.ticks = v->ticks};
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        out->skipped_unchanged[t] = mix_compositor_skipped(v->compositor, t);
    }
}

static void clock_step(mix_vclock *v, uint64_t tick)
{
    mix_scene *scene = g_steal_pointer(&v->scene);
    mix_compositor_tick(v->compositor, scene ? mix_scene_ref(scene) : NULL, tick, sim_now_ns());
    v->ticks++;
    if (scene) {
        v->c.applied(v->c.user, scene);
    }
}

const mix_compositor *sim_compositor(const sim_room *s)
{
    return s->video->clock ? s->video->clock->compositor : NULL;
}

static sem_t done; /* one for each canvas that was encoded */

/* ---- cameras ---- */

static void make_clip(sim_camera *c)
{
    const mix_venc_config config = {.width_px = SIM_WIDTH, .height_px = SIM_HEIGHT, .fps = 25, .bitrate_bps = 2000000};
    mix_venc *venc = mix_venc_x264.open(&config, NULL);
    mcu_frame *f = mcu_frame_new(SIM_WIDTH, SIM_HEIGHT);
    for (unsigned i = 0; i < SIM_CLIP; i++) {
        uint8_t yuv[3];
        sim_colour(c->who, i, yuv);
        mix_draw_fill(f, 0, 0, SIM_WIDTH, SIM_HEIGHT, (mix_colour){yuv[0], yuv[1], yuv[2]});
        c->clip[i] = mix_venc_x264.encode(venc, f, i % GOP == 0);
        assert_non_null(c->clip[i]);
    }
    mcu_frame_unref(f);
    mix_venc_x264.close(venc);
}

static void camera_init(sim_camera *c, unsigned who, bool screen)
{
    *c = (sim_camera){.screen = screen, .who = who + (screen ? SIM_PEOPLE : 0), .every = screen ? 7 : 6 + who % 3, .shown = -1};
    make_clip(c);
}

static void start_camera(sim_camera *c)
{
    c->on = true;
    c->next = (c->next + GOP - 1) / GOP * GOP % SIM_CLIP;
}

/* A stream goes on at a keyframe: after a wish for one, and after pictures were lost, which the jitter buffer does not give out.
 */
static void send(sim_room *s, sim_person *p, sim_camera *c)
{
    unsigned asked = c->screen ? fake_peer_content_keyframes(p->peer) : fake_peer_keyframes(p->peer);
    if (!c->on || s->tick < c->quiet_until || s->tick % c->every != 0) {
        return;
    }
    if (asked != c->asked || c->quiet_until) {
        start_camera(c);
    }
    c->asked = asked;
    c->quiet_until = 0;
    mcu_au *from = c->clip[c->next], *au = mcu_au_new_copy(from->data, from->size);
    au->codec = MCU_CODEC_H264;
    au->keyframe = from->keyframe;
    au->time_ns = sim_now_ns();
    mcu_seat *seat = g_hash_table_lookup(s->kit->room->seats, p->seat);
    const mix_source_entry *e = mix_video_find_source(s->video, c->screen ? seat->content : seat->person);
    if (e && e->decoded) {
        c->shown = (int)c->next;
        c->shown_ns = au->time_ns;
    }
    c->next = (c->next + 1) % SIM_CLIP;
    fake_peer_gives_picture(p->peer, c->screen, au);
    room_kit_settle();
}

/* ---- the room ---- */

static json_t *layouts(void)
{
    static const char *const names[] = {"content",      "face-to-face", "interview", "picture-in-picture",
                                        "side-by-side", "signer-safe",  "speaker"};
    json_t *all = json_array();
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("%s/assets/layouts/%s.json", TESSERA_SOURCE_DIR, names[i]);
        json_t *one = json_load_file(path, 0, NULL);
        assert_non_null(one);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *small_tiers(void)
{
    return json_pack("[{ss si si si si} {ss si si si si}]", "name", "A", "width", 192, "height", 108, "fps", 2, "bitrate", 45000,
                     "name", "D", "width", 128, "height", 72, "fps", 1, "bitrate", 45000);
}

sim_room *sim_room_new(void)
{
    sim_room *s = g_new0(sim_room, 1);
    s->talker = -1;
    sem_init(&done, 0, 0);
    mcu_log_init("room", MCU_LOG_ERROR);
    s->kit = room_kit_new(json_pack("{so so ss}", "tiers", small_tiers(), "layouts", layouts(), "preset", "ultrafast"));
    s->video = s->kit->room->video;
    /* Decoding and drawing names is done where it is asked for. */
    s->video->source_env.workers = NULL;
    mix_art_free(s->video->art);
    s->video->art = mix_art_new(NULL, &s->video->cpu, NULL);
    assert_int_equal(s->video->tick_fps, SIM_FPS);
    fake.gives_content = true;
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        sim_person *p = &s->people[i];
        static const char *const roles[] = {"patient", "clinician", "interpreter", "guest",
                                            "guest",   "observer",  "guest",       "guest"};
        static const char *const names[] = {"Ann", "Bob", "Zoë Björklund", "王小芳", "שרה לוי", "عبد الرحمن", "Kim", "สมชาย ใจดี"};
        g_snprintf(p->seat, sizeof p->seat, "s%u", i + 1);
        room_kit_say(s->kit, json_pack("{ss ss ss ss}", "type", "seat", "seat", p->seat, "name", names[i], "role", roles[i]));
        camera_init(&p->camera, i, false);
        camera_init(&p->screen, i, true);
    }
    return s;
}

static void free_clip(sim_camera *c)
{
    for (unsigned i = 0; i < SIM_CLIP; i++) {
        mcu_au_unref(c->clip[i]);
    }
}

void sim_room_free(sim_room *s)
{
    void *kit = s->kit;
    room_kit_teardown(&kit);
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        free_clip(&s->people[i].camera);
        free_clip(&s->people[i].screen);
    }
    sem_destroy(&done);
    g_free(s);
}

sim_person *sim_person_of(sim_room *s, const mcu_peer *peer)
{
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        if (s->people[i].peer == peer) {
            return &s->people[i];
        }
    }
    return NULL;
}

void sim_join(sim_room *s, unsigned who)
{
    sim_person *p = &s->people[who];
    g_snprintf(p->session, sizeof p->session, "c%u", ++s->sessions);
    p->sent_ns = 0;
    room_kit_offer(s->kit, p->seat, p->session, "v=0 hello");
    p->peer = fake_peer(fake.peers - 1);
    fake_peer_link(p->peer, 3000000);
    p->camera.asked = p->screen.asked = 0;
    p->camera.shown = p->screen.shown = -1;
    p->camera.quiet_until = p->screen.quiet_until = 0;
    start_camera(&p->camera);
    p->screen.on = false;
    fake_peer_state(p->peer, MCU_PEER_UP, "test");
    room_kit_settle();
}

void sim_leave(sim_room *s, unsigned who)
{
    sim_person *p = &s->people[who];
    fake_peer_state(p->peer, MCU_PEER_GONE, "test");
    p->peer = NULL;
    p->camera.on = p->screen.on = false;
    p->camera.shown = p->screen.shown = -1;
    room_kit_settle();
}

static void tell(sim_room *s, unsigned who, const char *what, bool on)
{
    const sim_person *p = &s->people[who];
    room_kit_say(s->kit, json_pack("{ss ss ss sb}", "type", "state", "seat", p->seat, "session", p->session, what, on));
}

void sim_camera_on(sim_room *s, unsigned who, bool on)
{
    sim_camera *c = &s->people[who].camera;
    tell(s, who, "video", on);
    c->on = on;
    if (on) {
        start_camera(c);
    }
}

void sim_share(sim_room *s, unsigned who, bool on)
{
    sim_camera *c = &s->people[who].screen;
    tell(s, who, "share", on);
    c->on = on;
    c->shown = -1;
    if (on) {
        start_camera(c);
    }
}

/* What was offered to encoders so far, by all that are there. */
static uint64_t offered(const mix_video *v)
{
    uint64_t n = 0, missed = 0;
    for (unsigned t = 0; t < v->n_tiers; t++) {
        for (int c = 0; c < MIX_TIER_CODECS; c++) {
            if (v->tiers[t].encoder[c]) {
                mix_encoder_tally(v->tiers[t].encoder[c], &n, &missed);
            }
        }
    }
    assert_int_equal(missed, 0);
    return n;
}

/* ---- the encoders' threads ---- */

/* Whoever waits for a canvas has done all there was to do with the one before, for everybody and for who entered (linked with
 * --wrap; the mixer's encoders are the only ones that call it). */
int __wrap_sem_wait(sem_t *wake);
int __real_sem_wait(sem_t *wake);
int __wrap_sem_wait(sem_t *wake)
{
    static _Thread_local bool worked;
    if (worked) {
        sem_post(&done);
    }
    worked = true;
    return __real_sem_wait(wake);
}

/* They are waited for: none is to stand back behind whatever else the machine does. */
int setpriority(__priority_which_t which, id_t who, int priority)
{
    (void)which;
    (void)who;
    (void)priority;
    return 0;
}

/* Its deadline is of the test's clock, which the kernel does not know. */
int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
    (void)until;
    return pthread_join(thread, result);
}

void __wrap_mix_video_deliver(void *user, mix_encoder *e, mcu_au *take_au);
void __real_mix_video_deliver(void *user, mix_encoder *e, mcu_au *take_au);
void __wrap_mix_video_deliver(void *user, mix_encoder *e, mcu_au *take_au)
{
    sim_check_encoded(take_au);
    __real_mix_video_deliver(user, e, take_au);
}

static void compose(sim_room *s)
{
    uint64_t before = offered(s->video);
    clock_step(s->video->clock, s->tick);
    for (uint64_t due = offered(s->video) - before; due > 0; due--) {
        __real_sem_wait(&done);
    }
}

void sim_tick(sim_room *s)
{
    s->tick++;
    atomic_store(&the_time_ns, START_NS + (int64_t)s->tick * MCU_NS_PER_SEC / SIM_FPS);
    room_kit_settle();
    if (s->talker >= 0 && s->people[s->talker].peer) {
        const mcu_seat *seat = g_hash_table_lookup(s->kit->room->seats, s->people[s->talker].seat);
        fake_level(seat->person, -25, sim_now_ns());
    }
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        if (s->people[i].peer) {
            send(s, &s->people[i], &s->people[i].camera);
            send(s, &s->people[i], &s->people[i].screen);
        }
    }
    if (s->video->clock) {
        compose(s);
    }
    room_kit_settle();
}
