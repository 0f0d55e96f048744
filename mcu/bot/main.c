/* tessera-bot: simulated participants of a visit; see README.md in this folder. */
#include <glib-unix.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "mcu/bot/participant.h"
#include "mcu/bot/report.h"
#include "mcu/bot/rest.h"

static const char *const names[] = {"Ana",  "Dr Bell", "Carmen", "David", "Emma", "Femi", "Grace", "Hugo",
                                    "Ines", "Jonas",   "Kim",    "Lucia", "Marc", "Nora", "Omar",  "Petra"};

/* Rooms and links by REST, put where --link would have put them. */
static bool invite(mcu_crew *c, mcu_bot_options *o, GError **error)
{
    g_autofree char *key = NULL;
    if (!g_file_get_contents(o->admin_key_file, &key, NULL, error)) {
        return false;
    }
    const mcu_rest rest = {c->soup, o->url, g_strstrip(key), o->insecure};
    g_autofree char *room = mcu_rest_room(&rest, o->room != NULL ? o->room : "Simulated visit", error);
    if (room == NULL) {
        return false;
    }
    g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < o->participants; i++) {
        const char *name = names[(unsigned)i % G_N_ELEMENTS(names)];
        char *link = mcu_rest_link(&rest, room, o->role, name, error);
        if (link == NULL) {
            return false;
        }
        g_ptr_array_add(links, link);
    }
    g_ptr_array_add(links, NULL);
    o->links = g_strdupv((char **)links->pdata);
    return true;
}

static bool populate(mcu_crew *c, const mcu_bot_options *o, GError **error)
{
    for (unsigned i = 0; o->links[i] != NULL; i++) {
        g_autofree char *base = NULL;
        g_autofree char *token = NULL;
        g_autofree char *room = NULL;
        if (!mcu_bot_split_link(o->links[i], &base, &token) || (o->whip && (room = mcu_bot_token_room(token)) == NULL)) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "the server's link cannot be used");
            return false;
        }
        mcu_participant *p = mcu_participant_new(c, i, o->url != NULL ? o->url : base, token, room, i * (unsigned)o->stagger_ms);
        g_ptr_array_add(c->participants, p);
    }
    return true;
}

static gboolean on_signal(gpointer crew)
{
    mcu_crew_leave(crew);
    return G_SOURCE_CONTINUE;
}

static gboolean on_report(gpointer crew)
{
    mcu_report(crew, false);
    return G_SOURCE_CONTINUE;
}

static gboolean on_duration(gpointer crew)
{
    mcu_crew_leave(crew);
    return G_SOURCE_REMOVE;
}

static int run(mcu_crew *c, mcu_bot_options *o)
{
    g_autoptr(GError) error = NULL;
    const guint sources[] = {
        g_unix_signal_add(SIGTERM, on_signal, c),
        g_unix_signal_add(SIGINT, on_signal, c),
        o->report_s > 0 ? g_timeout_add_seconds((guint)o->report_s, on_report, c) : 0,
    };
    const bool ok = (o->links != NULL || invite(c, o, &error)) && populate(c, o, &error);
    const guint duration = ok && o->duration_s > 0 ? g_timeout_add_seconds((guint)o->duration_s, on_duration, c) : 0;
    int status = 1;
    if (ok) {
        g_main_loop_run(c->loop);
        mcu_report(c, true);
        status = mcu_report_all_seen(c) ? 0 : 1;
    } else {
        fprintf(stderr, "tessera-bot: %s\n", error->message);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i] != 0) {
            g_source_remove(sources[i]);
        }
    }
    if (duration != 0 && g_main_context_find_source_by_id(NULL, duration) != NULL) {
        g_source_remove(duration);
    }
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_free(c->participants->pdata[i]);
    }
    g_ptr_array_set_size(c->participants, 0);
    return status;
}

int main(int argc, char **argv)
{
    mcu_bot_options options;
    mcu_crew crew;
    g_autoptr(GError) error = NULL;
    int status = 0;
    mcu_log_init("tessera-bot", MCU_LOG_WARN);
    av_log_set_level(AV_LOG_FATAL);
    if (mcu_bot_options_parse(&options, argc, argv, &status)) {
        if (mcu_crew_init(&crew, &options, &error)) {
            status = run(&crew, &options);
            mcu_crew_clear(&crew);
        } else {
            fprintf(stderr, "tessera-bot: %s\n", error->message);
            status = 1;
        }
    }
    mcu_bot_options_clear(&options);
    return status;
}
