#include "mcu/bot/crew.h"

#include <stdio.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "mcu/bot/participant.h"
#include "mcu/bot/viewer.h"

enum { FACES = 6, TONES = 32, SIGHTINGS = 4096, LEAVE_MS = 1500 };

static void on_sighting(void *message, void *user)
{
    mcu_crew *c = user;
    mcu_sighting *s = message;
    if (s->viewer < c->participants->len) {
        mcu_participant_saw(c->participants->pdata[s->viewer], s);
    }
    mcu_sighting_free(s);
}

static void free_clip(gpointer clip)
{
    mcu_clip_free(clip);
}

bool mcu_crew_init(mcu_crew *c, const mcu_bot_options *options, GError **error)
{
    const mcu_net_config net = {.addresses = (const char *const *)options->addresses, .loopback = true};
    *c = (mcu_crew){.options = options, .start_ns = mcu_now_ns()};
    c->windows = options->windows != NULL ? fopen(options->windows, "we") : NULL;
    if (options->windows != NULL && c->windows == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "cannot write %s", options->windows);
        return false;
    }
    c->net = mcu_net_new(g_main_context_default(), &net, error);
    if (c->net == NULL) {
        return false;
    }
    c->loop = g_main_loop_new(NULL, FALSE);
    c->soup = soup_session_new_with_options("max-conns", 256, "max-conns-per-host", 256, "timeout", 10, NULL);
    c->workers = mcu_workers_new(2, "bot-decode");
    c->sightings = mcu_mailbox_new(SIGHTINGS, mcu_sighting_free);
    c->sightings_source = mcu_mailbox_attach(c->sightings, g_main_context_default(), on_sighting, c);
    c->clips = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_clip);
    c->participants = g_ptr_array_new();
    return true;
}

void mcu_crew_clear(mcu_crew *c)
{
    g_source_destroy(c->sightings_source);
    g_source_unref(c->sightings_source);
    mcu_workers_free(c->workers);
    mcu_mailbox_free(c->sightings);
    g_ptr_array_unref(c->participants);
    g_hash_table_unref(c->clips);
    g_object_unref(c->soup);
    mcu_net_free(c->net);
    if (c->windows != NULL) {
        (void)fclose(c->windows);
    }
    g_main_loop_unref(c->loop);
}

static const mcu_clip *clip(mcu_crew *c, char *take_name)
{
    g_autofree char *path = g_build_filename(c->options->clips, take_name, NULL);
    g_autoptr(GError) error = NULL;
    gpointer known = NULL;
    if (g_hash_table_lookup_extended(c->clips, take_name, NULL, &known)) {
        g_free(take_name);
        return known;
    }
    mcu_clip *loaded = mcu_clip_load(path, &error);
    if (loaded == NULL) {
        fprintf(stderr, "tessera-bot: %s\n", error->message);
    }
    g_hash_table_insert(c->clips, take_name, loaded);
    return loaded;
}

const mcu_clip *mcu_crew_video_clip(mcu_crew *c, mcu_codec codec, unsigned index)
{
    if (c->options->plain && codec == MCU_CODEC_H264) {
        return clip(c, g_strdup_printf("plain-h264-%u.clip", index % FACES));
    }
    return clip(c, g_strdup_printf("%s-%u.clip", codec == MCU_CODEC_H264 ? "h264" : "vp8", index % FACES));
}

const mcu_clip *mcu_crew_audio_clip(mcu_crew *c, unsigned index)
{
    const mcu_bot_options *o = c->options;
    return clip(c, o->tone && !o->clap ? g_strdup_printf("tone-%u.clip", index % TONES)
                                       : g_strdup_printf("%s-%u.clip", o->clap ? "clap" : "speech", index % FACES));
}

unsigned mcu_crew_turn(const mcu_crew *c, int64_t now_ns)
{
    return (unsigned)((now_ns - c->start_ns) / MCU_TURN_NS % MAX(c->participants->len, 1));
}

mcu_participant *mcu_crew_by_seat(const mcu_crew *c, const char *seat)
{
    for (unsigned i = 0; i < c->participants->len; i++) {
        const char *theirs = mcu_participant_seat(c->participants->pdata[i]);
        if (theirs[0] != '\0' && strcmp(theirs, seat) == 0) {
            return c->participants->pdata[i];
        }
    }
    return NULL;
}

static gboolean leave_in_time(gpointer user)
{
    const mcu_crew *c = user;
    g_main_loop_quit(c->loop);
    return G_SOURCE_REMOVE;
}

void mcu_crew_left(mcu_crew *c)
{
    for (unsigned i = 0; i < c->participants->len; i++) {
        if (!mcu_participant_ended(c->participants->pdata[i])) {
            return;
        }
    }
    g_main_loop_quit(c->loop);
}

void mcu_crew_leave(mcu_crew *c)
{
    if (c->leaving) {
        return;
    }
    c->leaving = true;
    g_timeout_add(LEAVE_MS, leave_in_time, c);
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_leave(c->participants->pdata[i]);
    }
    mcu_crew_left(c);
}
