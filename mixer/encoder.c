/* encoder.c - see encoder.h. */
#include "mixer/encoder.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

#include "mcu/base/clock.h"
#include "mcu/base/latest.h"
#include "mcu/base/log.h"
#include "mixer/keygate.h"
#include "mixer/venc.h"

#define NICE 8
#define MAX_FAILURES 5                       /* in a row: then the encoder is opened anew */
#define STILL_EARLY_NS (500 * MCU_NS_PER_MS) /* half the distance of their canvases */
#define ENTRY_TS 90                          /* 1 ms: who changes between the streams never sees one time twice */
#define ENTRY_PART 4                         /* of the time between pictures: what the stream of who enters may take */

struct mix_encoder {
    atomic_int refs;
    mix_encoder_config c;
    mix_venc_config venc;
    const mix_venc_type *type;
    mix_venc *enc, *entry;              /* entry: of who entered since everybody's last keyframe, NULL = nobody did */
    int64_t entry_left_ns, entry_at_ns; /* CPU time that it may still take, as of then */
    pthread_t thread;
    sem_t wake; /* something is in the slot, or stop */
    mcu_latest slot;
    atomic_bool stop;
    mix_keygate gate;
    atomic_uint in_flight;
    _Atomic uint64_t pictures, keys, offered, missed;
    _Atomic(const char *) preset; /* wanted */
    unsigned failures;
};

static mcu_au *encode(mix_encoder *e, const mcu_frame *f)
{
    bool key = mix_keygate_due(&e->gate, f->time_ns) || e->c.every_s > 0;
    if (key) {
        mix_keygate_serve(&e->gate, f->time_ns);
    }
    int64_t cpu_ns = mix_cpu_now_ns(), start_ns = mcu_now_ns();
    mcu_au *au = e->enc ? e->type->encode(e->enc, f, key) : NULL;
    mix_cpu_charge(e->c.cpu, MIX_CPU_ENCODE, &cpu_ns);
    mcu_histogram_observe(e->c.seconds, (double)(mcu_now_ns() - start_ns) * 1e-9);
    if (!au) {
        if (key) {
            mix_keygate_request(&e->gate);
        }
        return NULL;
    }
    au->tier = (uint8_t)e->c.tier;
    au->scene = f->scene;
    atomic_fetch_add_explicit(&e->pictures, 1, memory_order_relaxed);
    if (au->keyframe) {
        atomic_fetch_add_explicit(&e->keys, 1, memory_order_relaxed);
        mcu_counter_add(e->c.keyframes, 1);
        mix_keygate_weigh(&e->gate, au->size, e->c.spec.bitrate_bps);
    }
    return au;
}

static mix_venc *new_venc(const mix_encoder *e)
{
    GError *error = NULL;
    mix_venc *enc = e->type->open(&e->venc, &error);
    if (error) {
        mcu_error_log("video.encoder", "tier=%s codec=%s error=\"%s\"", e->c.spec.name, mcu_codec_name(e->c.codec),
                      error->message);
        g_error_free(error);
    }
    return enc;
}

static void open_venc(mix_encoder *e)
{
    e->type->close(e->enc);
    e->enc = new_venc(e);
    e->failures = 0;
    mix_keygate_request(&e->gate);
}

static bool behind(mix_encoder *e)
{
    unsigned bound = (unsigned)e->c.spec.fps / (e->entry ? 1 : 2);
    return atomic_load_explicit(&e->in_flight, memory_order_relaxed) >= (bound < 2 ? 2 : bound);
}

/* ---- who enters ---- */

static void end_entry(mix_encoder *e)
{
    e->type->close(e->entry);
    e->entry = NULL;
}

/* It has its part of the time, and what it left of it lately, up to the time of one picture: keyframes take more than others.
 * What it took beyond that it makes up for by pictures left out, of which no later one knows; and everybody's keyframe may come
 * soon. */
static bool entry_affords(mix_encoder *e, int64_t now_ns)
{
    int64_t most_ns = MCU_NS_PER_SEC / e->c.spec.fps;
    e->entry_left_ns = MIN(e->entry_left_ns + (now_ns - e->entry_at_ns) / ENTRY_PART, most_ns);
    e->entry_at_ns = now_ns;
    return e->entry_left_ns > 0;
}

/* After everybody's picture, so that nobody who is there waits for who comes. */
static void encode_entry(mix_encoder *e, const mcu_frame *f)
{
    bool key = mix_keygate_entry_due(&e->gate, f->time_ns);
    if (!key && !e->entry) {
        return;
    }
    if (!entry_affords(e, f->time_ns)) {
        mix_keygate_hurry(&e->gate);
        return;
    }
    int64_t began_ns = mix_cpu_now_ns(), cpu_ns = began_ns;
    if (!e->entry && !(e->entry = new_venc(e))) {
        return;
    }
    if (key) {
        mix_keygate_serve_entry(&e->gate, f->time_ns);
    }
    mcu_au *au = e->type->encode(e->entry, f, key);
    mix_cpu_charge(e->c.cpu, MIX_CPU_ENCODE, &cpu_ns);
    e->entry_left_ns -= cpu_ns - began_ns;
    if (!au) {
        mix_keygate_request(&e->gate); /* they miss a reference from here on */
        return;
    }
    au->tier = (uint8_t)e->c.tier;
    au->entry = true;
    au->ts += ENTRY_TS;
    mcu_counter_add(e->c.entries, au->keyframe);
    atomic_fetch_add_explicit(&e->in_flight, 1, memory_order_relaxed);
    e->c.deliver(e->c.user, e, au);
}

/* Stills come when their time is there, and JPEG when it is asked for. */
static bool rests(const mix_encoder *e, const mcu_frame *f)
{
    int64_t last_ns = atomic_load_explicit(&e->gate.last_ns, memory_order_relaxed);
    int64_t spacing_ns = (int64_t)e->c.every_s * MCU_NS_PER_SEC - STILL_EARLY_NS;
    return e->type->stills ? !mix_keygate_due(&e->gate, f->time_ns)
                           : e->c.every_s > 0 && last_ns != 0 && f->time_ns - last_ns < spacing_ns;
}

/* A picture that the loop has no time for is not encoded at all: so no receiver ever misses a reference. */
static void work(mix_encoder *e, mcu_frame *take)
{
    if (rests(e, take)) {
        mcu_frame_unref(take);
        return;
    }
    if (behind(e)) {
        mcu_counter_add(e->c.queue_drops, 1);
        atomic_fetch_add_explicit(&e->missed, 1, memory_order_relaxed);
        mcu_frame_unref(take);
        return;
    }
    const char *preset = atomic_load_explicit(&e->preset, memory_order_relaxed);
    if (preset != e->venc.preset) {
        e->venc.preset = preset;
        open_venc(e);
    }
    mcu_au *au = encode(e, take);
    if (au) {
        e->failures = 0;
        if (au->keyframe) {
            end_entry(e);
        }
        atomic_fetch_add_explicit(&e->in_flight, 1, memory_order_relaxed);
        e->c.deliver(e->c.user, e, au);
        encode_entry(e, take);
    } else if (++e->failures >= MAX_FAILURES) {
        mcu_warn("video.encoder", "tier=%s codec=%s state=reopened", e->c.spec.name, mcu_codec_name(e->c.codec));
        open_venc(e);
    }
    mcu_frame_unref(take);
}

static void *run(void *arg)
{
    mix_encoder *e = arg;
    char name[16];
    g_snprintf(name, sizeof name, "enc-%s-%s", e->c.spec.name, mcu_codec_name(e->c.codec));
    pthread_setname_np(pthread_self(), name);
    setpriority(PRIO_PROCESS, 0, NICE); /* Linux: of this thread alone */
    open_venc(e);
    for (;;) {
        while (sem_wait(&e->wake) != 0 && errno == EINTR) {
        }
        if (atomic_load_explicit(&e->stop, memory_order_acquire)) {
            break;
        }
        mcu_frame *f = mcu_latest_take(&e->slot);
        if (f) {
            work(e, f);
        }
    }
    e->c.ended(e->c.user, e);
    return NULL;
}

mix_encoder *mix_encoder_start(const mix_encoder_config *c, GError **error)
{
    const mix_tier_spec *t = &c->spec;
    mix_encoder *e = g_new0(mix_encoder, 1);
    atomic_init(&e->refs, 1);
    e->c = *c;
    e->type = mix_venc_for(c->codec);
    int seconds = c->every_s > 0 ? (int)c->every_s : 1; /* what a still may weigh */
    e->venc = (mix_venc_config){.width_px = t->width_px,
                                .height_px = t->height_px,
                                .fps = t->fps,
                                .bitrate_bps = t->bitrate_bps * seconds,
                                .preset = c->preset};
    atomic_init(&e->preset, c->preset);
    sem_init(&e->wake, 0, 0);
    int rc = pthread_create(&e->thread, NULL, run, e);
    if (rc != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "pthread_create: %s", g_strerror(rc));
        mix_encoder_unref(e);
        return NULL;
    }
    return e;
}

mix_encoder *mix_encoder_ref(mix_encoder *e)
{
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void mix_encoder_unref(mix_encoder *e)
{
    if (e && atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) == 1) {
        mcu_frame_unref(mcu_latest_take(&e->slot));
        e->type->close(e->enc);
        e->type->close(e->entry);
        sem_destroy(&e->wake);
        g_free(e);
    }
}

void mix_encoder_stop(mix_encoder *e)
{
    atomic_store_explicit(&e->stop, true, memory_order_release);
    sem_post(&e->wake);
}

void mix_encoder_join(mix_encoder *e)
{
    pthread_join(e->thread, NULL);
}

unsigned mix_encoder_tier(const mix_encoder *e)
{
    return e->c.tier;
}

mcu_codec mix_encoder_codec(const mix_encoder *e)
{
    return e->c.codec;
}

void mix_encoder_request_key(mix_encoder *e)
{
    mix_keygate_request(&e->gate);
}

void mix_encoder_enter(mix_encoder *e)
{
    mix_keygate_enter(&e->gate);
}

void mix_encoder_rise(mix_encoder *e)
{
    mix_keygate_rise(&e->gate);
}

void mix_encoder_set_watchers(mix_encoder *e, unsigned n)
{
    mix_keygate_set_watchers(&e->gate, n);
}

void mix_encoder_taken(mix_encoder *e)
{
    atomic_fetch_sub_explicit(&e->in_flight, 1, memory_order_relaxed);
}

void mix_encoder_offer(mix_encoder *e, mcu_frame *take)
{
    atomic_fetch_add_explicit(&e->offered, 1, memory_order_relaxed);
    mcu_frame *replaced = mcu_latest_put(&e->slot, take);
    if (replaced) {
        mcu_frame_unref(replaced);
        mcu_counter_add(e->c.replaced, 1);
        atomic_fetch_add_explicit(&e->missed, 1, memory_order_relaxed);
        return; /* the thread has not answered the last call yet */
    }
    sem_post(&e->wake);
}

bool mix_encoder_wants_key(const mix_encoder *e, int64_t now_ns)
{
    return mix_keygate_due(&e->gate, now_ns) || mix_keygate_entry_due(&e->gate, now_ns);
}

void mix_encoder_set_preset(mix_encoder *e, const char *preset)
{
    atomic_store_explicit(&e->preset, preset, memory_order_relaxed);
}

void mix_encoder_tally(const mix_encoder *e, uint64_t *offered, uint64_t *missed)
{
    *offered += atomic_load_explicit(&e->offered, memory_order_relaxed);
    *missed += atomic_load_explicit(&e->missed, memory_order_relaxed);
}

uint64_t mix_encoder_pictures(const mix_encoder *e)
{
    return atomic_load_explicit(&e->pictures, memory_order_relaxed);
}

uint64_t mix_encoder_keys(const mix_encoder *e)
{
    return atomic_load_explicit(&e->keys, memory_order_relaxed);
}
