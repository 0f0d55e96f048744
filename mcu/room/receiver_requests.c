/* What a person is sent at most: the tier that somebody chose, the size at which it is looked at. */
#include <string.h>

#include "mcu/room/requests.h"
#include "mcu/room/room_private.h"

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

/* From its answer on, so that what is encoded before it is up is what it will get. */
static void apply(mcu_session *s)
{
    if (s->view.codec != MCU_CODEC_NONE) {
        mcu_session_apply_tier(s);
    }
}

/* With `session` it is the person's own wish, which goes with the connection that follows it; else somebody chose it for the
 * seat. */
bool mcu_request_tier(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    const char *name = json_string_value(json_object_get(m, "tier"));
    if (seat == NULL) {
        return false;
    }
    bool own = json_object_get(m, "session") != NULL;
    if (own && mcu_request_find_session(r, m, error) == NULL) {
        return false;
    }
    int tier = name != NULL ? mcu_room_options_tier(&r->options, name) : -1;
    if (tier < 0 && (name == NULL || strcmp(name, "auto") != 0)) {
        return bad(error, "tier is not auto, audio or the name of a tier");
    }
    *(own ? &seat->session->tier_wished : &seat->tier_chosen) = tier >= 0 ? (unsigned)tier : r->options.tiers.n_tiers + 1;
    if (seat->session != NULL) {
        apply(seat->session);
    }
    mcu_roster_changed(r);
    mcu_reply_ok(r, m);
    return true;
}

static bool read_px(const json_t *m, const char *key, unsigned *out)
{
    const json_int_t value = json_integer_value(json_object_get(m, key));
    *out = value > 0 && value <= MCU_DISPLAY_MAX_PX ? (unsigned)value : 0;
    return *out != 0;
}

bool mcu_request_display(mcu_room *r, const json_t *m, GError **error)
{
    mcu_session *s = mcu_request_find_session(r, m, error);
    unsigned width = 0;
    unsigned height = 0;
    if (s == NULL) {
        return false;
    }
    if (!read_px(m, "width", &width) || !read_px(m, "height", &height)) {
        return bad(error, "display needs width and height");
    }
    s->upright = json_is_true(json_object_get(m, "upright"));
    unsigned useful = mcu_room_options_useful(&r->options, width, height);
    s->tier_useful = s->upright && r->options.tiers.n_tiers > 1 ? MAX(useful, 1) : useful; /* where there are upright pictures */
    apply(s);
    mcu_reply_ok(r, m);
    return true;
}
