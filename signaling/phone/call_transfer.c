/* Blind transfers (RFC 3515), both ways. Out: a host sends a call away; the other side does it and says by NOTIFY how it went.
 * In: the other side wants somebody else in its place; the gateway judges the number and calls it, and how that goes is told by
 * NOTIFY. */
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/log.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/link.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

#define TRANSFER_S 60
#define FRAGMENT "message/sipfrag;version=2.0"
#define FRAGMENT_MAX 2048

/* ---- out ---- */

static void stop_timer(tel_call *c)
{
    if (c->transfer_timer) {
        g_source_remove(c->transfer_timer);
        c->transfer_timer = 0;
    }
}

static void failed(tel_call *c, int status)
{
    stop_timer(c);
    c->transfer = TEL_TRANSFER_NONE;
    mcu_info("call.transfer", "call=%s done=0 status=%d", c->id, status);
    tel_link_send(c->phone->link,
                  json_pack("{s:s, s:s, s:s, s:i}", "type", "transfer", "call", c->id, "state", "failed", "status", status));
}

static gboolean on_timeout(void *user)
{
    tel_call *c = user;
    c->transfer_timer = 0;
    failed(c, 408);
    return G_SOURCE_REMOVE;
}

void tel_call_transfer(tel_call *c, const char *number)
{
    if (c->state != TEL_CALL_IN_ROOM || c->transfer != TEL_TRANSFER_NONE || strlen(number) > TEL_NUMBER_MAX) {
        failed(c, 491);
        return;
    }
    g_autofree char *to = g_strdup_printf("<sip:%s@%s>", number, tel_trunk_settings(c->trunk)->domain);
    c->transfer = TEL_TRANSFER_ASKED;
    c->transfer_timer = g_timeout_add_seconds(TRANSFER_S, on_timeout, c);
    nua_refer(c->nh, SIPTAG_REFER_TO_STR(to), SIPTAG_REFERRED_BY_STR(c->contact), SIPTAG_CONTACT_STR(c->contact), TAG_END());
}

void tel_call_on_refer_response(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh)
{
    if (c->transfer == TEL_TRANSFER_NONE || status < 200) {
        return;
    }
    if (status == 401 || status == 407) {
        tel_call_authenticate(c, status, sip, nh);
    } else if (status < 300) {
        c->transfer = TEL_TRANSFER_ACCEPTED;
    } else {
        failed(c, status);
    }
}

/* "SIP/2.0 200 OK"; 0 = it is none. */
static int status_of(const sip_t *sip)
{
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    if (!p || !p->pl_data || p->pl_len > FRAGMENT_MAX || p->pl_len < strlen("SIP/2.0 200") ||
        g_ascii_strncasecmp(p->pl_data, "SIP/2.0 ", 8) != 0) {
        return 0;
    }
    g_autofree char *digits = g_strndup(p->pl_data + 8, 3);
    guint64 status = 0;
    return g_ascii_string_to_unsigned(digits, 10, 100, 699, &status, NULL) ? (int)status : 0;
}

void tel_call_on_notify(tel_call *c, const sip_t *sip)
{
    int status = status_of(sip);
    if (c->transfer == TEL_TRANSFER_NONE || status < 200) {
        return;
    }
    if (status >= 300) {
        failed(c, status);
        return;
    }
    mcu_info("call.transfer", "call=%s done=1", c->id);
    tel_call_end(c, "transferred", 0);
}

/* ---- in ---- */

static void notify(tel_call *c, int status, const char *phrase)
{
    g_autofree char *fragment = g_strdup_printf("SIP/2.0 %d %s\r\n", status, phrase);
    bool over = status >= 200;
    if (c->nh && c->refer_event) {
        nua_notify(c->nh, SIPTAG_EVENT_STR(c->refer_event), NUTAG_SUBSTATE(over ? nua_substate_terminated : nua_substate_active),
                   SIPTAG_CONTACT_STR(c->contact), SIPTAG_CONTENT_TYPE_STR(FRAGMENT), SIPTAG_PAYLOAD_STR(fragment), TAG_END());
    }
    if (over) {
        g_clear_pointer(&c->refer_event, g_free);
    }
}

static void on_refer_reply(void *user, const json_t *reply, const char *code)
{
    tel_call *c = user;
    if (!reply && c->refer_event) {
        bool later = strcmp(code, "unavailable") == 0 || strcmp(code, "full") == 0;
        notify(c, later ? 503 : 603, later ? "Service Unavailable" : "Decline");
    }
}

void tel_call_on_refer(tel_call *c, const sip_t *sip, tagi_t tags[])
{
    const sip_refer_to_t *to = sip ? sip->sip_refer_to : NULL;
    const sip_event_t *event = NULL;
    char number[TEL_NUMBER_MAX + 1] = "";
    nua_t *nua = tel_ua_stack(c->phone->ua);
    tl_gets(tags, NUTAG_REFER_EVENT_REF(event), TAG_END());
    tel_copy_number(to ? to->r_url : NULL, number);
    /* Headers in the URI would be others' words in our INVITE, a Replaces an attended transfer. */
    if (!*number || to->r_url->url_headers || c->state != TEL_CALL_IN_ROOM || c->refer_event || !event) {
        nua_respond(c->nh, SIP_603_DECLINE, NUTAG_WITH_THIS(nua), TAG_END());
        return;
    }
    nua_respond(c->nh, SIP_202_ACCEPTED, SIPTAG_CONTACT_STR(c->contact), NUTAG_WITH_THIS(nua), TAG_END());
    c->refer_event = event->o_id ? g_strdup_printf("%s;id=%s", event->o_type, event->o_id) : g_strdup(event->o_type);
    notify(c, SIP_100_TRYING);
    tel_link_request(c->phone->link, json_pack("{s:s, s:s, s:s}", "type", "refer", "call", c->id, "number", number), NULL, 0,
                     on_refer_reply, c);
}

void tel_call_replaced(tel_call *c)
{
    notify(c, SIP_200_OK);
}

void tel_call_tell_referrer(const tel_call *c, int status, const char *phrase)
{
    tel_call *by = *c->referrer ? g_hash_table_lookup(c->phone->calls, c->referrer) : NULL;
    if (by) {
        notify(by, status, phrase);
    }
}
