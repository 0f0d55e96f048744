/* Refreshes of the session that we send (RFC 4028): UPDATE where the other side knows it, else an INVITE; and what it says to
 * them. */
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/log.h"
#include "signaling/phone/call_private.h"

void tel_call_learn_refresh(tel_call *c, const sip_t *sip)
{
    bool update = sip && sip_is_allowed(sip->sip_allow, sip_method_update, NULL);
    nua_set_hparams(c->nh, NUTAG_UPDATE_REFRESH(update), NUTAG_AUTOACK(c->offers), TAG_END());
}

/* An INVITE of ours inside the call was answered. It repeats our first offer; to a caller, to whom we made none, it asks for
 * theirs (c->offers). */
void tel_call_on_refreshed(tel_call *c, const sip_t *sip)
{
    tel_agreed now;
    g_autofree char *text = NULL;
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    bool agreed = false;
    if (c->offers) {
        agreed = p && tel_sdp_take_answer(&c->local, p->pl_data, p->pl_len, &now, NULL) && tel_call_take_changes(c, &now);
    } else {
        text = p ? tel_sdp_answer(&c->local, p->pl_data, p->pl_len, c->agreed.codec, &now, NULL) : NULL;
        agreed = text && tel_call_take_changes(c, &now);
        nua_ack(c->nh, TAG_IF(text, SIPTAG_CONTENT_TYPE_STR("application/sdp")), TAG_IF(text, SIPTAG_PAYLOAD_STR(text)),
                TAG_END());
    }
    mcu_info("call.refreshed", "call=%s agreed=%d", c->id, agreed);
    if (!agreed) {
        tel_call_end(c, "not_acceptable", 0);
    }
}
