/* A call from somebody: the gateway is asked, then it is answered; reliably early where the caller requires that (RFC 3262). */
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/dialog.h"
#include "signaling/phone/link.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

static void answer(tel_call *c, const char *sdp)
{
    tel_call_set_state(c, TEL_CALL_ANSWERED, "allowed");
    nua_respond(c->nh, SIP_200_OK, SIPTAG_CONTACT_STR(c->contact), TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
                TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp)), NUTAG_SESSION_TIMER(tel_trunk_settings(c->trunk)->session_s), TAG_END());
}

/* Sound goes both ways from here on; the answer follows when the caller has acknowledged this. */
static void answer_early(tel_call *c, const char *sdp)
{
    if (!c->offerless && !tel_call_agree(c)) {
        tel_call_end(c, "unavailable", 0);
        return;
    }
    tel_call_set_state(c, TEL_CALL_EARLY, "allowed");
    nua_respond(c->nh, SIP_183_SESSION_PROGRESS, SIPTAG_CONTACT_STR(c->contact), SIPTAG_CONTENT_TYPE_STR("application/sdp"),
                SIPTAG_PAYLOAD_STR(sdp), TAG_END());
}

void tel_call_on_prack(tel_call *c, const sip_t *sip)
{
    g_autoptr(GError) error = NULL;
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    if (c->state != TEL_CALL_EARLY) {
        return;
    }
    if (c->offerless &&
        (!p || !tel_sdp_take_answer(&c->local, p->pl_data, p->pl_len, &c->agreed, &error) || !tel_call_agree(c))) {
        tel_call_end(c, "not_acceptable", 0);
        return;
    }
    c->offerless = false;
    answer(c, NULL); /* RFC 6337 3.1: what was answered reliably is answered */
}

static void on_incoming_reply(void *user, const json_t *reply, const char *code)
{
    tel_call *c = user;
    if (c->state != TEL_CALL_ASKING) {
        return;
    }
    if (!reply) {
        tel_call_end(c, code, 0);
        return;
    }
    tel_call_use_languages(c, json_object_get(reply, "languages"));
    g_autofree char *text = c->offerless ? tel_sdp_offer(&c->local) : g_steal_pointer(&c->answer);
    (c->reliable ? answer_early : answer)(c, text);
}

/* Who calls, as the trunk says it: digits and a plus only, "" = withheld. */
void tel_copy_number(const url_t *url, char out[TEL_NUMBER_MAX + 1])
{
    const char *user = url && url->url_user ? url->url_user : url && url->url_type == url_tel ? url->url_host : "";
    size_t n = user ? strspn(user, "+0123456789") : 0;
    out[0] = '\0';
    if (user && n > 0 && n <= TEL_NUMBER_MAX && (user[n] == '\0' || user[n] == ';')) {
        memcpy(out, user, n);
        out[n] = '\0';
    }
}

static bool answer_incoming(tel_call *c, const sip_t *sip, GError **error)
{
    const sip_payload_t *p = sip->sip_payload;
    if (!tel_call_open_media(c, error)) {
        return false;
    }
    c->offerless = !p || p->pl_len == 0;
    if (!c->offerless) {
        c->answer = tel_sdp_answer(&c->local, p->pl_data, p->pl_len, MCU_CODEC_NONE, &c->agreed, error);
    }
    return c->offerless || c->answer;
}

void tel_call_incoming(tel_phone *p, tel_trunk *t, nua_handle_t *nh, const sip_t *sip)
{
    char id[TEL_ID_MAX + 1], from[TEL_NUMBER_MAX + 1];
    g_autoptr(GError) error = NULL;
    g_snprintf(id, sizeof id, "call-%08x%08x", mcu_random32(), mcu_random32());
    tel_call *c = tel_call_new(p, t, id);
    c->nh = nh;
    nua_handle_bind(nh, &c->owner);
    const char *via = sip->sip_via && sip->sip_via->v_protocol ? strrchr(sip->sip_via->v_protocol, '/') : NULL;
    c->contact = tel_ua_contact(p->ua, via ? via + 1 : "udp");
    tel_call_set_state(c, TEL_CALL_ASKING, "invite");
    tel_call_learn_refresh(c, sip);
    tel_dialog_note_way(&c->dialog, sip, true);
    c->reliable = sip_has_feature(sip->sip_require, "100rel");
    tel_copy_number(sip->sip_request->rq_url, c->number);
    tel_copy_number(sip->sip_from ? sip->sip_from->a_url : NULL, from);
    if (!answer_incoming(c, sip, &error)) {
        mcu_info("call.media", "call=%s error=\"%s\"", c->id, error->message);
        tel_call_end(c, error->code == MCU_ERROR_BAD_SDP ? "not_acceptable" : "unavailable", 0);
        return;
    }
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "incoming", "call", c->id, "trunk", tel_trunk_settings(t)->name,
                          "number", c->number, "from", from);
    tel_link_request(p->link, m, NULL, 0, on_incoming_reply, c);
}
