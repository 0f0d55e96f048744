/* record_slate.c - a pause shows in the recording: a picture that says so and silence, until it goes on or for SLATE_MS; then the
 * segment ends. The picture is made ahead, on a thread of its own. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/record_private.h"
#include "mixer/slate.h"

#define SLATE_MS 2000

struct mcu_slate {
    mix_venc_config config;
    char words[4 * MCU_RECORD_SLATE_WORDS + 1];
    GThread *maker;
    _Atomic(mcu_au *) picture; /* NULL = it is not there yet, or cannot be made */
    GSource *timer;            /* while it shows */
    int64_t from_ns, since_ns; /* media clock at which it begins, monotonic clock then */
};

static gpointer make(gpointer user)
{
    mcu_slate *s = user;
    g_autoptr(GError) error = NULL;
    mcu_au *picture = mix_slate_new(&s->config, s->words, &error);
    if (picture == NULL) {
        mcu_warn("recording.slate", "error=\"%s\"", error->message);
    }
    atomic_store(&s->picture, picture);
    return NULL;
}

void mcu_record_slate_prepare(mcu_record *c, const char *words)
{
    const mix_tier_spec *tier = &c->room->options.video.tiers[c->tier];
    mcu_slate *s = g_new0(mcu_slate, 1);
    s->config = (mix_venc_config){
        .width_px = tier->width_px, .height_px = tier->height_px, .fps = tier->fps, .bitrate_bps = tier->bitrate_bps};
    g_strlcpy(s->words, words, sizeof s->words);
    c->slate = s;
    s->maker = g_thread_try_new("slate", make, s, NULL);
}

static void show(const mcu_record *c, const mcu_au *slate, int64_t at_ns)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe}; /* 20 ms of Opus; what is missing between two is filled with as little */
    mcu_au *picture = mcu_au_new_copy(slate->data, slate->size), *sound = mcu_au_new_copy(silence, sizeof silence);
    picture->codec = MCU_CODEC_H264;
    picture->keyframe = true;
    picture->width_px = slate->width_px;
    picture->height_px = slate->height_px;
    picture->time_ns = sound->time_ns = at_ns;
    sound->codec = MCU_CODEC_OPUS;
    (void)rec_recorder_picture(c->recorder, picture);
    (void)rec_recorder_sound(c->recorder, sound);
    mcu_au_unref(picture);
    mcu_au_unref(sound);
}

static gboolean on_timer(gpointer user)
{
    mcu_record_slate_end(user);
    return G_SOURCE_REMOVE;
}

void mcu_record_pause(mcu_record *c)
{
    mcu_slate *s = c->slate;
    const mcu_au *picture = atomic_load(&s->picture);
    rec_recorder_event(c->recorder, mcu_now_ns(), json_pack("{ss}", "what", "paused"));
    if (picture == NULL || c->newest_ns == 0) {
        rec_recorder_end(c->recorder, "pause", false);
        return;
    }
    s->since_ns = mcu_now_ns();
    s->from_ns = c->newest_ns + 20 * MCU_NS_PER_MS; /* behind the last packet */
    show(c, picture, s->from_ns);
    s->timer = g_timeout_source_new(SLATE_MS);
    g_source_set_callback(s->timer, on_timer, c, NULL);
    g_source_attach(s->timer, c->room->context);
}

static void stop_timer(mcu_slate *s)
{
    if (s->timer != NULL) {
        g_source_destroy(s->timer);
        g_clear_pointer(&s->timer, g_source_unref);
    }
}

void mcu_record_slate_end(mcu_record *c)
{
    mcu_slate *s = c->slate;
    if (s != NULL && s->timer != NULL) {
        stop_timer(s);
        show(c, atomic_load(&s->picture), s->from_ns + mcu_now_ns() - s->since_ns);
        rec_recorder_end(c->recorder, "pause", false);
    }
}

void mcu_record_slate_clear(mcu_record *c)
{
    mcu_slate *s = g_steal_pointer(&c->slate);
    if (s != NULL) {
        stop_timer(s);
        if (s->maker != NULL) {
            (void)g_thread_join(s->maker);
        }
        mcu_au_unref(atomic_load(&s->picture));
        g_free(s);
    }
}
