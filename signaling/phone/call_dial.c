/* A call to somebody: the trunk that takes it, its password, ringing, the other trunk when the first is silent. */
#include <openssl/crypto.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/dialog.h"
#include "signaling/phone/link.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

#define SILENT_MS 3500 /* without a word: the other trunk is asked, so that it has the call within 5 s */
#define RING_MS 45000

static void say_state(tel_call *c, const char *state)
{
    tel_link_send(c->phone->link, json_pack("{s:s, s:s, s:s, s:s}", "type", "state", "call", c->id, "state", state, "trunk",
                                            tel_trunk_settings(c->trunk)->name));
}

static bool try_other(tel_call *c)
{
    tel_trunk *other = c->trunk == tel_ua_trunk(c->phone->ua, 0) ? tel_ua_pick_trunk(c->phone->ua, c->trunk) : NULL;
    if (!other) {
        return false;
    }
    mcu_info("call.other_trunk", "call=%s trunk=%s", c->id, tel_trunk_settings(other)->name);
    nua_handle_bind(c->nh, NULL);
    nua_handle_destroy(g_steal_pointer(&c->nh)); /* sends CANCEL if there is something to cancel */
    tel_call_invite(c, other);
    return true;
}

static gboolean on_dial_timer(void *user)
{
    tel_call *c = user;
    c->dial_timer = 0;
    if (c->state == TEL_CALL_RINGING) {
        tel_call_end(c, "no_answer", 0);
    } else if (!try_other(c)) {
        tel_call_end(c, "trunk_silent", 0);
    }
    return G_SOURCE_REMOVE;
}

static void arm(tel_call *c, unsigned ms)
{
    if (c->dial_timer) {
        g_source_remove(c->dial_timer);
    }
    c->dial_timer = g_timeout_add(ms, on_dial_timer, c);
}

void tel_call_invite(tel_call *c, tel_trunk *t)
{
    const tel_trunk_config *k = tel_trunk_settings(t);
    g_autofree char *to = g_strdup_printf("<sip:%s@%s>", c->number, k->domain);
    g_autofree char *url = g_strdup_printf("sip:%s@%s", c->number, k->domain);
    g_autofree char *from = g_strdup_printf("<sip:%s@%s>", *k->caller_id ? k->caller_id : "anonymous", k->domain);
    c->trunk = t;
    c->challenges = 0;
    c->reliable = false;
    tel_call_open_media(c, NULL);
    g_autofree char *offer = tel_sdp_offer(&c->local);
    c->nh =
        nua_handle(tel_ua_stack(c->phone->ua), &c->owner, NUTAG_URL(url), SIPTAG_TO_STR(to), SIPTAG_FROM_STR(from), TAG_END());
    tel_call_set_state(c, TEL_CALL_DIALLING, "invite");
    const char *transport = strstr(k->proxy, "transport=");
    g_autofree char *over = transport
                                ? g_strndup(transport + strlen("transport="), strcspn(transport + strlen("transport="), ";>"))
                                : g_strdup(g_str_has_prefix(k->proxy, "sips:") ? "tls" : "udp");
    g_free(c->contact);
    c->contact = tel_ua_contact(c->phone->ua, over);
    nua_invite(c->nh, NUTAG_PROXY(k->proxy), SIPTAG_CONTACT_STR(c->contact), SIPTAG_CONTENT_TYPE_STR("application/sdp"),
               SIPTAG_PAYLOAD_STR(offer), NUTAG_SESSION_TIMER(k->session_s), TAG_END());
    say_state(c, "calling");
    arm(c, SILENT_MS);
}

void tel_call_dial(tel_phone *p, const json_t *m)
{
    const char *id = json_string_value(json_object_get(m, "call")), *number = json_string_value(json_object_get(m, "number"));
    const char *referrer = json_string_value(json_object_get(m, "referrer"));
    if (!id || strlen(id) > TEL_ID_MAX || !number || strlen(number) > TEL_NUMBER_MAX || g_hash_table_contains(p->calls, id)) {
        return;
    }
    tel_trunk *t = tel_ua_pick_trunk(p->ua, NULL);
    tel_call *c = tel_call_new(p, t ? t : tel_ua_trunk(p->ua, 0), id);
    c->outgoing = c->offers = true;
    c->bound = json_incref(json_object_get(m, "bound"));
    g_strlcpy(c->number, number, sizeof c->number);
    g_strlcpy(c->referrer, referrer ? referrer : "", sizeof c->referrer);
    tel_call_use_languages(c, json_object_get(m, "languages"));
    if (!t || !c->voice) {
        tel_call_end(c, t ? "unavailable" : "trunk_down", 0);
        return;
    }
    tel_call_invite(c, t);
}

/* ---- answers ---- */

void tel_call_authenticate(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh)
{
    char *credentials = c->challenges++ < 1 ? tel_trunk_credentials(c->trunk, sip) : NULL;
    if (!credentials) {
        tel_call_end(c, "trunk_refused", status);
        return;
    }
    nua_authenticate(nh, NUTAG_AUTH(credentials), TAG_END());
    OPENSSL_cleanse(credentials, strlen(credentials));
    g_free(credentials);
}

static const char *reason_of(int status)
{
    switch (status) {
    case 486:
    case 600:
        return "busy";
    case 480:
    case 408:
    case 487:
        return "no_answer";
    case 404:
    case 484:
    case 604:
        return "unknown_number";
    case 403:
    case 603:
        return "declined";
    case 488:
    case 606:
        return "not_acceptable";
    default:
        return status >= 500 ? "trunk_failed" : "failed";
    }
}

static bool take_description(tel_call *c, const sip_t *sip)
{
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    return p && tel_sdp_take_answer(&c->local, p->pl_data, p->pl_len, &c->agreed, NULL) && tel_call_agree(c);
}

/* What is heard of the other side before it answers goes nowhere, but the ways are open: its first word is not cut off. What
 * came reliably is the answer (RFC 3262 5); the rest is only a hint. */
static void on_provisional(tel_call *c, const sip_t *sip)
{
    if (sip && sip->sip_payload && !c->reliable) {
        c->reliable = take_description(c, sip) && sip->sip_rseq;
    }
    if (c->state == TEL_CALL_DIALLING) {
        tel_call_set_state(c, TEL_CALL_RINGING, "provisional");
        say_state(c, "ringing");
        tel_call_tell_referrer(c, SIP_180_RINGING);
        arm(c, RING_MS);
    }
}

static void on_answered(tel_call *c, const sip_t *sip)
{
    if (c->state == TEL_CALL_ENDING || c->state == TEL_CALL_ENDED) {
        nua_bye(c->nh, TAG_END()); /* it was answered while we gave up */
        return;
    }
    if (c->state != TEL_CALL_DIALLING && c->state != TEL_CALL_RINGING) {
        return;
    }
    if (c->dial_timer) {
        g_source_remove(c->dial_timer);
        c->dial_timer = 0;
    }
    tel_call_set_state(c, TEL_CALL_ANSWERED, "answered");
    c->challenges = 0; /* later ones are asked anew */
    tel_call_learn_refresh(c, sip);
    if (sip) {
        tel_dialog_note_way(&c->dialog, sip, false);
        tel_dialog_note_names(c->dialog, sip, false);
    }
    if (!(c->reliable && tel_call_agree(c)) && !take_description(c, sip)) {
        tel_call_end(c, "not_acceptable", 0);
        return;
    }
    say_state(c, "answered");
    tel_call_begin_prompts(c);
}

void tel_call_on_invite_response(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh)
{
    bool over = c->state == TEL_CALL_ENDING || c->state == TEL_CALL_ENDED;
    if ((status == 401 || status == 407) && !over) { /* over: asked again, it would ring all the same */
        tel_call_authenticate(c, status, sip, nh);
    } else if (status >= 200 && status < 300 && tel_call_may_renegotiate(c) && c->state != TEL_CALL_RINGING) {
        tel_call_on_refreshed(c, sip);
    } else if (status >= 200 && status < 300) {
        on_answered(c, sip);
    } else if (status >= 300 && (c->state == TEL_CALL_DIALLING || c->state == TEL_CALL_RINGING)) {
        bool trunk_failed = c->state == TEL_CALL_DIALLING && (status >= 500 || status == 408);
        if (!trunk_failed || status >= 600 || !try_other(c)) {
            tel_call_over(c, reason_of(status), status);
        }
    } else if (status > 100 && status < 200 && (c->state == TEL_CALL_DIALLING || c->state == TEL_CALL_RINGING)) {
        on_provisional(c, sip);
    } else if (status == 100 && c->state == TEL_CALL_DIALLING) {
        arm(c, RING_MS); /* somebody is there */
    }
}
