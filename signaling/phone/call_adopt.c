/* A call in a room whose tessera-phone has ended: its sound goes on there. The next tessera-phone takes its dialog up by an
 * INVITE inside it, which changes nothing of the sound (RFC 3261 14), and from its answer on the call is one like any other. */
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/log.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/dialog.h"
#include "signaling/phone/link.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

#define TRIES 3
#define AGAIN_MS 3000
#define AHEAD 1000 /* of what the process before may have sent: CSeq, and the version of our description */

static const char *text(const json_t *j, const char *key)
{
    const char *v = json_string_value(json_object_get(j, key));
    return v ? v : "";
}

static json_int_t number(const json_t *j, const char *key)
{
    return json_integer_value(json_object_get(j, key));
}

void tel_call_note_dialog(tel_call *c, const json_t *leg)
{
    if (c->dialog) {
        mcu_leg_json_wipe(json_object_get(c->dialog, "leg"));
        json_object_update_new(c->dialog,
                               json_pack("{s:s, s:b, s:s, s:i, s:i, s:I, s:I, s:o}", "trunk", tel_trunk_settings(c->trunk)->name,
                                         "outgoing", c->outgoing, "contact", c->contact, "port", c->local.port, "video_port",
                                         c->local.video_port, "session", (json_int_t)c->local.session, "version",
                                         (json_int_t)c->local.version, "leg", json_deep_copy(leg)));
    }
}

/* ---- asking inside the dialog ---- */

static char *routes_of(const json_t *dialog)
{
    GString *routes = g_string_new(NULL);
    const json_t *route = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(dialog, "routes"), i, route)
    {
        g_string_append_printf(routes, "%s%s", i > 0 ? ", " : "", json_string_value(route));
    }
    return g_string_free(routes, FALSE);
}

static void open_handle(tel_call *c)
{
    const json_t *d = c->dialog;
    tel_call_drop_handle(c);
    c->nh = nua_handle(tel_ua_stack(c->phone->ua), &c->owner, NUTAG_URL(text(d, "target")), SIPTAG_FROM_STR(text(d, "ours")),
                       SIPTAG_TO_STR(text(d, "theirs")), SIPTAG_CALL_ID_STR(text(d, "id")), NUTAG_AUTOACK(c->offers), TAG_END());
}

static char *next_cseq(tel_call *c, const char *method)
{
    json_int_t cseq = number(c->dialog, "cseq") + 1;
    json_object_set_new(c->dialog, "cseq", json_integer(cseq));
    return g_strdup_printf("%lld %s", (long long)cseq, method);
}

static void ask(tel_call *c)
{
    g_autofree char *cseq = next_cseq(c, "INVITE"), *routes = routes_of(c->dialog);
    g_autofree char *offer = c->offers ? tel_sdp_offer(&c->local) : NULL;
    open_handle(c);
    c->challenges = 0;
    c->tries++;
    nua_invite(c->nh, SIPTAG_CSEQ_STR(cseq), SIPTAG_CONTACT_STR(c->contact), TAG_IF(*routes, SIPTAG_ROUTE_STR(routes)),
               TAG_IF(offer, SIPTAG_CONTENT_TYPE_STR("application/sdp")), TAG_IF(offer, SIPTAG_PAYLOAD_STR(offer)),
               NUTAG_SESSION_TIMER(tel_trunk_settings(c->trunk)->session_s), TAG_END());
}

void tel_call_bye_unheard(tel_call *c)
{
    g_autofree char *cseq = next_cseq(c, "BYE"), *routes = routes_of(c->dialog);
    open_handle(c);
    nua_method(c->nh, NUTAG_METHOD("BYE"), SIPTAG_CSEQ_STR(cseq), TAG_IF(*routes, SIPTAG_ROUTE_STR(routes)), TAG_END());
}

static gboolean on_again(void *user)
{
    tel_call *c = user;
    c->dial_timer = 0;
    ask(c);
    return G_SOURCE_REMOVE;
}

/* ---- what they say to it ---- */

/* The stack takes the way from the answer, and proxies need not write themselves into one that begins no dialog. */
static void keep_way(tel_call *c, const sip_t *sip)
{
    const char *first = json_string_value(json_array_get(json_object_get(c->dialog, "routes"), 0));
    if (first && !sip->sip_record_route) {
        g_autofree char *proxy = g_strndup(first + 1, strcspn(first + 1, ">")), *routes = routes_of(c->dialog);
        c->route = g_strdup_printf("Route: %s", routes);
        nua_set_hparams(c->nh, NUTAG_PROXY(proxy), TAG_END());
    }
}

/* Other words than 481 may mean that they did not like how it was asked: the next time with a description, or without. */
static void try_again(tel_call *c, int status)
{
    if (c->tries >= TRIES) {
        tel_call_end(c, status == 408 ? "trunk_silent" : "phone_restarted", status);
        return;
    }
    tel_call_drop_handle(c);
    c->offers = status >= 400 && status < 500 && status != 408 && status != 491 ? !c->offers : c->offers;
    c->dial_timer = g_timeout_add(AGAIN_MS, on_again, c);
}

void tel_call_on_adopted(tel_call *c, int status, const sip_t *sip, nua_handle_t *nh)
{
    if (status < 200) {
        return;
    }
    mcu_info("call.adopted", "call=%s status=%d try=%u", c->id, status, c->tries);
    if (status == 401 || status == 407) {
        tel_call_authenticate(c, status, sip, nh);
    } else if (status < 300 && sip) {
        tel_call_set_state(c, TEL_CALL_IN_ROOM, "taken_up");
        c->challenges = 0;
        keep_way(c, sip);
        tel_call_learn_refresh(c, sip);
        tel_call_on_refreshed(c, sip);
        tel_call_tell(c);
    } else if (status == 481 || status == 404 || status == 410) { /* RFC 5057 5.1 */
        tel_call_over(c, "hung_up", 0);
    } else {
        try_again(c, status);
    }
}

/* ---- the gateway's word ---- */

static void restore_sound(tel_call *c, const mcu_leg_state *s)
{
    tel_agreed *a = &c->agreed;
    tel_call_use_trunk(c);
    c->local.port = (uint16_t)number(c->dialog, "port");
    c->local.video_port = (uint16_t)number(c->dialog, "video_port");
    c->local.session = (uint64_t)number(c->dialog, "session");
    c->local.version = (uint64_t)number(c->dialog, "version") + AHEAD;
    c->video = (tel_ports){{-1, -1}, c->local.video_port};
    memcpy(c->local.key, s->key_out, sizeof c->local.key);
    memcpy(c->local.video_key, s->video.key_out, sizeof c->local.video_key);
    *a = (tel_agreed){.codec = s->codec,
                      .pt_in = s->pt_in,
                      .pt_out = s->pt_out,
                      .event_pt = s->event_pt,
                      .ptime_ms = s->ptime_ms,
                      .remote = s->remote,
                      .remote_rtcp = s->remote_rtcp,
                      .rtcp_mux = s->rtcp_mux,
                      .hold = s->hold,
                      .secure = s->secure,
                      .video = s->video};
    memcpy(a->key_in, s->key_in, sizeof a->key_in);
}

static tel_trunk *trunk_of(const tel_phone *p, const json_t *dialog)
{
    for (unsigned i = 0; tel_ua_trunk(p->ua, i); i++) {
        if (strcmp(tel_trunk_settings(tel_ua_trunk(p->ua, i))->name, text(dialog, "trunk")) == 0) {
            return tel_ua_trunk(p->ua, i);
        }
    }
    return NULL;
}

void tel_call_adopt(tel_phone *p, const json_t *m)
{
    const char *id = text(m, "call");
    json_t *dialog = json_object_get(m, "dialog"), *bound = json_object_get(m, "bound");
    mcu_leg_state sound;
    if (strlen(id) > TEL_ID_MAX || g_hash_table_contains(p->calls, id)) {
        return;
    }
    tel_trunk *t = trunk_of(p, dialog);
    if (!t || !tel_dialog_is_whole(dialog) || !mcu_leg_from_json(json_object_get(dialog, "leg"), &sound, NULL)) {
        mcu_warn("call.adopt", "call=%s trunk=%d whole=0", id, t != NULL);
        tel_link_send(p->link, json_pack("{s:s, s:s, s:s, s:i, s:O?}", "type", "ended", "call", id, "reason", "phone_restarted",
                                         "status", 0, "bound", bound));
        return;
    }
    tel_call *c = tel_call_new(p, t, id);
    g_clear_pointer(&c->voice, tel_voice_free); /* its ports are the room's */
    c->outgoing = c->offers = json_is_true(json_object_get(dialog, "outgoing"));
    c->bound = json_incref(bound);
    c->dialog = json_deep_copy(dialog);
    c->contact = g_strdup(text(dialog, "contact"));
    json_object_set_new(c->dialog, "cseq", json_integer(number(dialog, "cseq") + AHEAD));
    restore_sound(c, &sound);
    mcu_leg_wipe(&sound);
    tel_call_set_state(c, TEL_CALL_ADOPTING, "restart");
    ask(c);
}
