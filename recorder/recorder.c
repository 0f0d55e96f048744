#include "recorder/recorder.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/mailbox.h"
#include "recorder/writer.h"

#define MESSAGES 4096
#define IDLE_NS (600 * MCU_NS_PER_MS)

struct rec_recorder {
    rec_callbacks callbacks;
    void *user;
    rec_queue *queue;
    mcu_mailbox *out; /* said */
    GSource *source;
    rec_writer *writer; /* the thread's */
    pthread_t thread;
};

/* What the thread says to the loop; without JSON: a keyframe is wanted. */
typedef struct {
    const char *state;
    json_t *json;
} said;

static void said_free(void *message)
{
    said *s = message;
    json_decref(s->json);
    g_free(s);
}

static void post(rec_recorder *r, const char *state, json_t *take)
{
    said *s = g_new(said, 1);
    *s = (said){state, take};
    (void)mcu_mailbox_push(r->out, s);
}

static void on_message(void *user, const char *state, json_t *take)
{
    post(user, state, take);
}

static void on_keyframe_wanted(void *user)
{
    post(user, NULL, NULL);
}

static void *run(void *user)
{
    rec_recorder *r = user;
    pthread_setname_np(pthread_self(), "recorder");
    for (;;) {
        int64_t until_ns = rec_writer_waits(r->writer) ? mcu_now_ns() + IDLE_NS : INT64_MAX;
        rec_item *item = rec_queue_take(r->queue, until_ns);
        if (item == NULL) {
            rec_writer_flush(r->writer);
            continue;
        }
        bool quit = item->kind == REC_ITEM_QUIT;
        rec_writer_item(r->writer, item);
        rec_item_done(r->queue, item);
        if (quit) {
            return NULL;
        }
    }
}

static void got(void *message, void *user)
{
    rec_recorder *r = user;
    said *s = message;
    if (s->json != NULL) {
        r->callbacks.message(r->user, s->state, g_steal_pointer(&s->json));
    } else {
        r->callbacks.keyframe_wanted(r->user);
    }
    said_free(s);
}

static bool start(rec_recorder *r, GError **error)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the loop's */
    int rc = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "pthread_create: %s", g_strerror(rc));
    }
    return rc == 0;
}

static void destroy(rec_recorder *r)
{
    rec_writer_free(r->writer);
    rec_queue_free(r->queue);
    mcu_mailbox_free(r->out);
    g_free(r);
}

rec_recorder *rec_recorder_new(GMainContext *context, const rec_config *config, const rec_callbacks *callbacks, void *user,
                               GError **error)
{
    static const rec_callbacks to_loop = {on_message, on_keyframe_wanted};
    rec_recorder *r = g_new0(rec_recorder, 1);
    r->callbacks = *callbacks;
    r->user = user;
    r->queue = rec_queue_new();
    r->out = mcu_mailbox_new(MESSAGES, said_free);
    r->writer = rec_writer_new(config, &to_loop, r);
    if (!start(r, error)) {
        destroy(r);
        return NULL;
    }
    r->source = mcu_mailbox_attach(r->out, context, got, r);
    return r;
}

void rec_recorder_free(rec_recorder *r, unsigned wait_ms)
{
    if (r == NULL) {
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    g_source_destroy(r->source);
    g_source_unref(r->source);
    (void)rec_queue_put(r->queue, (rec_item){.kind = REC_ITEM_QUIT, .fd = -1});
    if (pthread_timedjoin_np(r->thread, NULL, &until) != 0) {
        mcu_warn("recording.hung", "the disk does not answer"); /* the thread keeps what it uses */
        pthread_detach(r->thread);
        return;
    }
    destroy(r);
}

mcu_status rec_recorder_add_file(rec_recorder *r, int take_fd, const char *name, bool spare)
{
    rec_item item = {.kind = REC_ITEM_FILE, .fd = take_fd, .flag = spare};
    g_strlcpy(item.text, name, sizeof item.text);
    return rec_queue_put(r->queue, item) ? MCU_OK : MCU_EFULL;
}

void rec_recorder_begin(rec_recorder *r)
{
    (void)rec_queue_put(r->queue, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
}

void rec_recorder_end(rec_recorder *r, const char *reason, bool stop)
{
    rec_item item = {.kind = REC_ITEM_END, .fd = -1, .flag = stop};
    g_strlcpy(item.text, reason, sizeof item.text);
    (void)rec_queue_put(r->queue, item);
}

void rec_recorder_event(rec_recorder *r, int64_t at_ns, json_t *take)
{
    (void)rec_queue_put(r->queue, (rec_item){.kind = REC_ITEM_EVENT, .json = take, .at_ns = at_ns, .fd = -1});
}

void rec_recorder_private(rec_recorder *r, json_t *take)
{
    (void)rec_queue_put(r->queue, (rec_item){.kind = REC_ITEM_PRIVATE, .json = take, .fd = -1});
}

bool rec_recorder_picture(rec_recorder *r, mcu_au *au)
{
    return rec_queue_picture(r->queue, au);
}

bool rec_recorder_sound(rec_recorder *r, mcu_au *au)
{
    return rec_queue_sound(r->queue, au);
}
