/* REST: who hears a participant and what the participant hears, as the client's message `sound` has it. */
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/order.h"
#include "signaling/session.h"

void sig_api_sound(sig_request *q)
{
    const sig_seat_facts *s = sig_api_seat(q);
    json_t *m = s ? sig_request_json(q, "SoundRequest") : NULL;
    if (!m) {
        return;
    }
    sig_permission first;
    json_t *order = sig_sound_order(q->part[1], m, &first);
    json_decref(m);
    if (first == SIG_MAY_NONE) {
        json_decref(order);
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "there is nothing to change");
        return;
    }
    const sig_audit_entry e = sig_api_entry(q, sig_permission_name(first));
    sig_order(q->gateway, &e, order, MCU_ERROR_CONFLICT, sig_api_done, q);
}
