/* Who hears a person and what the person hears: a whisper, an interpretation, clinical sound, noise. A host may change it for
 * others. The room does it; it is recorded first. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/order.h"
#include "signaling/session_asked.h"
#include "signaling/session_private.h"

static const struct {
    const char *member;
    sig_permission permission; /* for oneself */
} members[] = {
    {"whisper", SIG_MAY_WHISPER},   {"channel", SIG_MAY_INTERPRET}, {"hears", SIG_MAY_LISTEN},
    {"clinical", SIG_MAY_CLINICAL}, {"denoise", SIG_MAY_DENOISE},
};

json_t *sig_sound_order(const char *seat, const json_t *m, sig_permission *first)
{
    json_t *order = json_pack("{s:s, s:s}", "type", "seat_sound", "seat", seat);
    *first = SIG_MAY_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        json_t *v = json_object_get(m, members[i].member);
        if (v) {
            json_object_set(order, members[i].member, v);
            *first = *first == SIG_MAY_NONE ? members[i].permission : *first;
        }
    }
    return order;
}

/* False: refused. Of oneself each thing is allowed by itself; for another nobody whispers. */
static bool may(sig_session *s, const json_t *m, bool own)
{
    if (!own) {
        if (json_object_get(m, "whisper")) {
            sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_FORBIDDEN), "Nobody whispers for somebody else.");
            return false;
        }
        return sig_session_may(s, SIG_MAY_SOUND, m);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (json_object_get(m, members[i].member) && !sig_session_may(s, members[i].permission, m)) {
            return false;
        }
    }
    return true;
}

void sig_session_sound(sig_session *s, const json_t *m)
{
    const char *seat = json_string_value(json_object_get(m, "seat"));
    bool own = !seat || strcmp(seat, s->seat) == 0;
    if (!may(s, m, own)) {
        return;
    }
    sig_permission first;
    json_t *order = sig_sound_order(own ? s->seat : seat, m, &first);
    if (first == SIG_MAY_NONE) {
        json_decref(order);
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_BAD_REQUEST), "There is nothing to change.");
        return;
    }
    const char *whisper = json_string_value(json_object_get(m, "whisper"));
    const sig_audit_entry e = {.room = sig_room_id(s->room),
                               .actor = s->seat,
                               .operation = sig_permission_name(own ? first : SIG_MAY_SOUND),
                               .target = whisper ? whisper
                                         : own   ? s->seat
                                                 : seat};
    sig_order(s->gateway, &e, order, MCU_ERROR_UNAVAILABLE, sig_asked_done, sig_asked_new(s, m));
}
