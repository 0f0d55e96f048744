#include "mcu/room/caption.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/png_head.h"
#include "mcu/room/record.h"
#include "mcu/room/requests.h"
#include "mcu/room/room_private.h"

#define SECOND_MS 1000
#define OFFSET_MOST (18 * 60) /* minutes; places on earth have up to 14 hours */
#define LINE_MOST 160

struct mcu_caption {
    mcu_room *room;
    bool records, clock, apart;
    char visit[MCU_ID_MAX + 1];
    int offset_min;
    GSource *timer; /* to the next second, while there is a clock */
};

static void append(GString *words, const char *more)
{
    if (*more) {
        g_string_append_printf(words, "%s%s", words->len > 0 && words->str[words->len - 1] != '\n' ? " \u00b7 " : "", more);
    }
}

char *mcu_caption_words(const mcu_caption *c, int64_t wall_ns)
{
    GString *words = g_string_new(NULL);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(wall_ns / INT64_C(1000000000));
    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(c->offset_min * 60);
    g_autoptr(GDateTime) now = g_date_time_to_timezone(utc, zone);
    g_autofree char *day = c->clock ? g_date_time_format(now, "%Y-%m-%d %H:%M:%S %:z") : NULL;
    g_autofree char *hour = c->clock ? g_date_time_format(now, "%H:%M:%S %:z") : NULL;
    append(words, day ? day : "");
    append(words, c->visit);
    if (hour) {
        g_string_append_c(words, '\n');
        append(words, hour);
        append(words, c->visit);
        g_string_append_printf(words, "\n%s", hour);
    }
    return g_string_free(words, FALSE);
}

/* The line leaves people's picture only when it is not what is recorded any more. */
void mcu_caption_show(mcu_caption *c)
{
    g_autofree char *words = mcu_caption_words(c, mcu_wall_ns());
    const char *recorded = *words || c->records ? words : NULL, *mark = c->records ? "" : NULL;
    bool hides = c->apart && !mcu_record_shares(c->room);
    mix_video_set_caption(c->room->video, hides ? mark : recorded, recorded, c->records);
}

bool mcu_caption_is_apart(const mcu_caption *c)
{
    return c->apart;
}

static void stop_timer(mcu_caption *c)
{
    if (c->timer) {
        g_source_destroy(c->timer);
        g_clear_pointer(&c->timer, g_source_unref);
    }
}

static gboolean on_second(gpointer user);

static void start_timer(mcu_caption *c)
{
    int64_t into_ms = mcu_wall_ns() / 1000000 % SECOND_MS;
    c->timer = g_timeout_source_new((guint)(SECOND_MS - into_ms + 1));
    g_source_set_callback(c->timer, on_second, c, NULL);
    g_source_attach(c->timer, c->room->context);
}

static gboolean on_second(gpointer user)
{
    mcu_caption *c = user;
    stop_timer(c);
    mcu_caption_show(c);
    start_timer(c);
    return G_SOURCE_REMOVE;
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

bool mcu_caption_set(mcu_caption *c, const json_t *m, GError **error)
{
    const char *visit = json_string_value(json_object_get(m, "visit"));
    json_int_t offset = json_integer_value(json_object_get(m, "utc_offset"));
    if (visit && *visit && !mcu_valid_id(visit)) {
        return bad(error, "visit is no id");
    }
    if (offset < -OFFSET_MOST || offset > OFFSET_MOST) {
        return bad(error, "utc_offset is not on earth");
    }
    stop_timer(c);
    c->records = json_is_true(json_object_get(m, "records"));
    c->clock = json_is_true(json_object_get(m, "clock"));
    c->apart = json_is_true(json_object_get(m, "apart"));
    g_strlcpy(c->visit, visit ? visit : "", sizeof c->visit);
    c->offset_min = (int)offset;
    mcu_caption_show(c);
    if (c->clock) {
        start_timer(c);
    }
    return true;
}

bool mcu_request_line(mcu_room *r, const json_t *m, GError **error)
{
    const char *text = json_string_value(json_object_get(m, "text"));
    if (!text || g_utf8_strlen(text, -1) > LINE_MOST) {
        return bad(error, "text: must be at most 160 characters");
    }
    mix_video_set_line(r->video, text);
    mcu_reply_ok(r, m);
    return true;
}

bool mcu_request_logo(mcu_room *r, const json_t *m, GError **error)
{
    const char *text = json_string_value(json_object_get(m, "png"));
    gsize size = 0;
    g_autofree guchar *png = text ? g_base64_decode(text, &size) : NULL;
    if (!text || (*text && !mcu_png_is_logo(png, size))) {
        return bad(error, "png: must be a PNG of at most 32 KiB and 2048 pixels a side, in base64");
    }
    mix_video_set_logo(r->video, text);
    mcu_reply_ok(r, m);
    return true;
}

void mcu_caption_unmark(mcu_caption *c)
{
    if (c->records) {
        c->records = false;
        mcu_caption_show(c);
    }
}

mcu_caption *mcu_caption_new(mcu_room *r)
{
    mcu_caption *c = g_new0(mcu_caption, 1);
    c->room = r;
    return c;
}

void mcu_caption_free(mcu_caption *c)
{
    if (c) {
        stop_timer(c);
        g_free(c);
    }
}
