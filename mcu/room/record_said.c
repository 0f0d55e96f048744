/* record_said.c - what the gateway has to know of a recording although it may be away when it happens: which segments began and
 * ended in this process, and that it is over. */
#include <string.h>

#include "mcu/room/record_private.h"

#define KEPT_MAX 512 /* messages; the oldest go: a gateway is not away for hundreds of segments */

void mcu_record_remember(mcu_record *c, const char *state, json_t *message)
{
    static const char *const kept[] = {"started", "ended", "error", "stopped", NULL};
    mcu_room *r = c->room;
    if (g_strv_contains(kept, state)) {
        json_array_append(r->recording_said, message);
        if (json_array_size(r->recording_said) > KEPT_MAX) {
            json_array_remove(r->recording_said, 0);
        }
    }
}

void mcu_record_forget(mcu_room *r)
{
    json_decref(r->recording_said);
    r->recording_said = json_array();
}

void mcu_record_announce(mcu_room *r)
{
    const mcu_record *c = r->record;
    size_t i;
    json_t *message;
    json_array_foreach(r->recording_said, i, message)
    {
        mcu_room_send(r, json_incref(message), NULL);
    }
    if (c != NULL && c->recorder != NULL) {
        mcu_record_say(
            r->record, "announce",
            json_pack("{sb sb sO*}", "wanted", c->wanted, "running", c->running, "head", json_object_get(c->state, "head")));
    }
}
