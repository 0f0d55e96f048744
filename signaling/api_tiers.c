/* REST: what a tier of a running room shows now, as JPEG. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/supervisor.h"

static void on_picture(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_request *q = user;
    const char *text = json_string_value(json_object_get(reply, "jpeg"));
    gsize size = 0;
    g_autofree guchar *jpeg = text ? g_base64_decode(text, &size) : NULL;
    if (jpeg && size > 0) {
        sig_reply_body(q, 200, "image/jpeg", jpeg, size);
    } else {
        sig_reply_error(q, code ? code : mcu_error_name(MCU_ERROR_UNAVAILABLE), message ? message : "There is no picture yet.");
    }
}

void sig_api_tier_picture(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    if (!r) {
        return;
    }
    const char *dot = strrchr(q->part[1], '.');
    g_autofree char *tier = dot && strcmp(dot, ".jpg") == 0 ? g_strndup(q->part[1], (gsize)(dot - q->part[1])) : NULL;
    if (!tier || !sig_settings_has_tier(q->gateway->settings, tier)) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such tier.");
        return;
    }
    sig_room *room = sig_supervisor_room(q->gateway->supervisor, r->id);
    json_t *m = json_pack("{s:s, s:s}", "type", "picture", "tier", tier);
    if (!room) {
        json_decref(m);
    }
    if (!room || !sig_room_call(room, m, false, on_picture, q)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "Nobody is in this room now.");
    }
}
