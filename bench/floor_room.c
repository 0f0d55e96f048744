/* floor_room.c - tessera-floor-room: the room's video path by itself, paced in real time: decode, scale, compose, label, encode.
 * tessera-floor-room [-n STREAMS] [-T TIERS | -t WxH@FPS:KBPS,...] [-f TICKS] [-w TICKS] [-p PRESET] [-s] [-c] CLIP...
 *   -s pictures of the streams are spread over the tick, as they come from a network; otherwise they arrive at once, as in the
 *      floor
 *   -c every camera is off, and sends on, as some devices do
 * The mixer as a room runs it, with its threads; nothing comes from or goes to a network. Every stream is shown, every tier
 * is in use, somebody is talking. Prints what the whole process cost as JSON, CPU milliseconds a second. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "bench/video_kit.h"
#include "mcu/base/clock.h"
#include "mcu/base/log.h"

#define TALK_NS (2 * MCU_NS_PER_SEC) /* then it is the next one's turn */
#define SETTLE_TICKS 10
#define PATIENCE_TICKS (5 * BENCH_CLIP_FPS)

enum { SPREAD, CAMERAS_OFF, HOWS }; /* in the order of their letters */

static const char *const stages[] = {"decode", "scale", "compose", "encode", "label", "other"};

typedef struct {
    double cpu_s;
    mix_video_stats video;
    uint64_t bytes[MIX_MAX_TIERS];
} reading;

typedef struct {
    bench_task task;
    bool how[HOWS];
    mix_video *video;
    GMainLoop *loop;
    GSource *feed;
    int64_t start_ns;
    uint64_t sent; /* pictures, of all streams in turn */
    unsigned talking;
    uint64_t bytes[MIX_MAX_TIERS];
    unsigned keyframes_wanted;
    uint64_t first; /* picture with which the counting begins; UINT64_MAX = not known yet */
    reading before, after;
} bench;

static void take_reading(bench *b, reading *r)
{
    r->cpu_s = bench_cpu_s();
    mix_video_get_stats(b->video, &r->video);
    memcpy(r->bytes, b->bytes, sizeof b->bytes);
}

/* ---- people ---- */

static void set_people(bench *b)
{
    static const char *const names[] = {"Ann", "Bob", "Chris", "Dr Diaz", "Emil", "Fay", "Gus", "Hana"};
    mix_person people[BENCH_MAX_STREAMS];
    for (unsigned i = 0; i < b->task.n; i++) {
        people[i] = (mix_person){.person = i + 1,
                                 .name = names[i % G_N_ELEMENTS(names)],
                                 .camera_on = !b->how[CAMERAS_OFF],
                                 .muted = i % 3 == 1,
                                 .talking = i == b->talking};
    }
    mix_video_set_people(b->video, people, b->task.n);
}

static void next_talker(bench *b, int64_t now_ns)
{
    unsigned who = (unsigned)((now_ns - b->start_ns) / TALK_NS) % b->task.n;
    if (who != b->talking) {
        b->talking = who;
        set_people(b);
    }
}

/* ---- pictures in ---- */

static int64_t arrival_ns(const bench *b, uint64_t picture)
{
    uint64_t tick = picture / b->task.n, stream = picture % b->task.n;
    int64_t offset_ns = b->how[SPREAD] ? (int64_t)stream * BENCH_CLIP_NS / b->task.n : 0;
    return b->start_ns + (int64_t)tick * BENCH_CLIP_NS + offset_ns;
}

static void send_picture(bench *b, uint64_t picture, int64_t now_ns)
{
    uint64_t tick = picture / b->task.n;
    unsigned stream = (unsigned)(picture % b->task.n);
    const GPtrArray *pictures = b->task.clips[stream % b->task.n_clips]->pictures;
    const AVPacket *p = pictures->pdata[tick % pictures->len];
    mcu_au *au = mcu_au_new_copy(p->data, (size_t)p->size);
    g_assert(au);
    au->codec = MCU_CODEC_H264;
    au->keyframe = (p->flags & AV_PKT_FLAG_KEY) != 0;
    au->time_ns = now_ns;
    au->ts = (uint32_t)(tick * 90000 / BENCH_CLIP_FPS);
    (void)mix_video_source_push(b->video, stream + 1, au);
}

/* Every tier is being encoded: nobody's decoder or encoder is still opening. */
static bool is_live(const bench *b)
{
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        if (b->bytes[k] == 0) {
            return false;
        }
    }
    return true;
}

/* The warm-up ends on time, and at the earliest SETTLE_TICKS after everything is live; on a machine that is never so, anyhow. */
static void choose_first(bench *b)
{
    uint64_t tick = b->sent / b->task.n;
    if (b->first == UINT64_MAX && (is_live(b) || tick >= b->task.warm_up + PATIENCE_TICKS)) {
        b->first = MAX((uint64_t)b->task.warm_up, tick + SETTLE_TICKS) * b->task.n;
    }
}

static gboolean on_feed(gpointer user)
{
    bench *b = user;
    int64_t now_ns = mcu_now_ns();
    next_talker(b, now_ns);
    choose_first(b);
    while (arrival_ns(b, b->sent) <= now_ns) {
        if (b->sent == b->first) {
            take_reading(b, &b->before);
        }
        if (b->first != UINT64_MAX && b->sent == b->first + (uint64_t)b->task.ticks * b->task.n) {
            take_reading(b, &b->after);
            g_main_loop_quit(b->loop);
            return G_SOURCE_REMOVE;
        }
        send_picture(b, b->sent++, now_ns);
    }
    g_source_set_ready_time(b->feed, (arrival_ns(b, b->sent) + 999) / 1000);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)source;
    return callback(user);
}

/* ---- pictures out ---- */

static void on_picture(void *user, unsigned tier, mcu_au *au)
{
    bench *b = user;
    b->bytes[tier] += au->size;
}

static void on_keyframe_wanted(void *user, uint32_t source)
{
    bench *b = user;
    (void)source;
    b->keyframes_wanted++;
}

/* ---- the whole ---- */

static bool start(bench *b, GError **error)
{
    static const mix_video_callbacks callbacks = {.on_picture = on_picture, .on_keyframe_wanted = on_keyframe_wanted};
    mix_video_config config = {.n_tiers = b->task.n_tiers, .preset = b->task.preset};
    memcpy(config.tiers, b->task.tiers, sizeof config.tiers);
    b->video = mix_video_new(NULL, &config, &callbacks, b, error);
    if (!b->video) {
        return false;
    }
    for (unsigned i = 0; i < b->task.n; i++) {
        g_assert(mix_video_source_add(b->video, i + 1) == MCU_OK);
    }
    set_people(b);
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        g_assert(mix_video_use(b->video, k, MCU_CODEC_H264) == MCU_OK);
    }
    return true;
}

static void run(bench *b)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    b->loop = g_main_loop_new(NULL, FALSE);
    b->start_ns = mcu_now_ns();
    b->feed = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(b->feed, on_feed, b, NULL);
    g_source_set_ready_time(b->feed, 0);
    g_source_attach(b->feed, NULL);
    g_main_loop_run(b->loop);
    g_source_destroy(b->feed);
    g_source_unref(b->feed);
    g_main_loop_unref(b->loop);
}

static void print_tiers(const bench *b)
{
    double seconds = bench_task_seconds(&b->task), share = 1;
    printf("\"tiers\": [");
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        const mix_tier_spec *t = &b->task.tiers[k];
        double encoded = (double)(b->after.video.encoded[k] - b->before.video.encoded[k]);
        share = MIN(share, encoded / (t->fps * seconds));
        printf("%s{\"picture\": \"%dx%d@%d\", \"encoded\": %.0f, \"kbps\": %.1f}", k ? ", " : "", t->width_px, t->height_px,
               t->fps, encoded, (double)(b->after.bytes[k] - b->before.bytes[k]) * 8e-3 / seconds);
    }
    printf("], \"encoded_share\": %.4f", share);
}

static void print(const bench *b)
{
    const mix_video_stats *was = &b->before.video, *is = &b->after.video;
    double each = 1e3 / bench_task_seconds(&b->task), total = b->after.cpu_s - b->before.cpu_s, rest = total;
    printf("{\"streams\": %u, \"seconds\": %.3f, \"total_ms\": %.3f, ", b->task.n, bench_task_seconds(&b->task), total * each);
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
        double used = is->cpu_s[i] - was->cpu_s[i];
        rest -= used;
        printf("\"%s_ms\": %.3f, ", stages[i], used * each);
    }
    printf("\"uncounted_ms\": %.3f, ", rest * each);
    print_tiers(b);
    printf(", \"ticks\": %" G_GUINT64_FORMAT ", \"late_ticks\": %" G_GUINT64_FORMAT ", \"missed_ticks\": %" G_GUINT64_FORMAT
           ", \"queue_drops\": %" G_GUINT64_FORMAT,
           is->ticks - was->ticks, is->late_ticks - was->late_ticks, is->missed_ticks - was->missed_ticks,
           is->queue_drops - was->queue_drops);
    printf(", \"replaced\": %" G_GUINT64_FORMAT ", \"keyframes_wanted\": %u}\n", is->frames_replaced - was->frames_replaced,
           b->keyframes_wanted);
}

int main(int argc, char **argv)
{
    bench b = {.first = UINT64_MAX};
    g_autoptr(GError) error = NULL;
    mcu_log_init("tessera-floor-room", MCU_LOG_WARN);
    if (!bench_task_read(&b.task, argc, argv, "sc", b.how)) {
        bench_task_clear(&b.task);
        return 2;
    }
    bool fine = start(&b, &error);
    if (fine) {
        run(&b);
        print(&b);
    } else {
        fprintf(stderr, "tessera-floor-room: %s\n", error->message);
    }
    mix_video_free(b.video);
    bench_task_clear(&b.task);
    return fine ? 0 : 1;
}
