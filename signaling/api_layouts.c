/* REST: which layouts there are, and which one a room uses. */
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/layouts.h"

void sig_api_list_layouts(sig_request *q)
{
    sig_reply_json(q, 200, json_pack("{s:o}", "layouts", mcu_layouts_list(q->gateway->layouts)));
}

void sig_api_set_layout(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    json_t *m = r ? sig_request_json(q, "LayoutRequest") : NULL;
    if (!m) {
        return;
    }
    sig_change c = {.kind = SIG_ROOM_LAYOUT};
    g_strlcpy(c.room, r->id, sizeof c.room);
    g_strlcpy(c.layout, json_string_value(json_object_get(m, "layout")), sizeof c.layout);
    json_decref(m);
    if (sig_layouts_known(q->gateway, c.layout)) {
        sig_api_commit_one(q, &c, "layout");
    } else {
        g_autofree char *problem = sig_layouts_problem(q->gateway, "layout");
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), problem);
    }
}
