#include "signaling/phone/call.h"

#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/link.h"
#include "signaling/phone/trunk.h"
#include "signaling/phone/ua.h"

#define END_MS 5000
#define INFO_MAX 256

const char *tel_call_state_name(tel_call_state s)
{
    static const char *const names[] = {"none",    "asking",  "early",   "answered", "dialling", "ringing",
                                        "prompts", "handing", "in_room", "adopting", "ending",   "ended"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : names[0];
}

void tel_call_set_state(tel_call *c, tel_call_state state, const char *why)
{
    if (c->state != state) {
        mcu_info("call.state", "call=%s from=%s to=%s why=%s", c->id, tel_call_state_name(c->state), tel_call_state_name(state),
                 why);
        c->state = state;
    }
}

/* "Signal=5\r\nDuration=160" (application/dtmf-relay), or the key alone (application/dtmf). */
static char key_of_info(const sip_t *sip)
{
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    const sip_content_type_t *type = sip ? sip->sip_content_type : NULL;
    if (!p || !p->pl_data || p->pl_len == 0 || p->pl_len > INFO_MAX || !type || !type->c_type ||
        !g_str_has_prefix(type->c_type, "application/dtmf")) {
        return '\0';
    }
    g_autofree char *text = g_strndup(p->pl_data, p->pl_len);
    const char *at = g_strstr_len(text, -1, "ignal");
    at = at ? strchr(at, '=') : NULL;
    at = at ? at + 1 : text;
    at += strspn(at, " \t");
    return *at && strchr("0123456789*#ABCD", *at) ? *at : '\0';
}

/* ---- life ---- */

tel_call *tel_call_new(tel_phone *p, tel_trunk *t, const char *id)
{
    static const tel_voice_events events = {tel_call_on_digit, tel_call_on_played};
    tel_call *c = g_new0(tel_call, 1);
    c->owner.kind = TEL_OWNER_CALL;
    c->phone = p;
    c->trunk = t;
    g_strlcpy(c->id, id, sizeof c->id);
    c->language[0] = p->config->languages[0];
    memcpy(c->languages, p->config->languages, sizeof c->languages);
    c->voice = tel_voice_new(p->config, &p->next_port, &events, c, NULL);
    g_hash_table_insert(p->calls, c->id, c);
    return c;
}

void tel_call_use_languages(tel_call *c, const json_t *list)
{
    unsigned n = 0;
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(list, i, item)
    {
        for (unsigned k = 0; c->phone->config->languages[k] && n < TEL_LANGUAGES_MAX; k++) {
            if (json_is_string(item) && strcmp(json_string_value(item), c->phone->config->languages[k]) == 0) {
                c->languages[n++] = c->phone->config->languages[k];
            }
        }
    }
    if (n > 0) {
        c->languages[n] = NULL;
        c->language[0] = c->languages[0];
    }
}

static void stop_timer(unsigned *source)
{
    if (*source) {
        g_source_remove(*source);
        *source = 0;
    }
}

void tel_call_drop_handle(tel_call *c)
{
    if (c->nh) {
        nua_handle_bind(c->nh, NULL);
        nua_handle_destroy(g_steal_pointer(&c->nh));
    }
}

void tel_call_free(void *call)
{
    tel_call *c = call;
    stop_timer(&c->ivr_timer);
    stop_timer(&c->dial_timer);
    stop_timer(&c->end_timer);
    stop_timer(&c->transfer_timer);
    tel_link_cancel(c->phone->link, c);
    tel_call_drop_handle(c);
    tel_ivr_free(c->ivr);
    tel_voice_free(c->voice);
    tel_ports_close(&c->video);
    json_decref(c->bound);
    mcu_leg_json_wipe(json_object_get(c->dialog, "leg"));
    json_decref(c->dialog);
    g_free(c->route);
    g_free(c->refer_event);
    g_free(c->answer);
    g_free(c->contact);
    memset(c->local.key, 0, sizeof c->local.key);
    memset(c->local.video_key, 0, sizeof c->local.video_key);
    memset(&c->agreed, 0, sizeof c->agreed);
    g_free(c);
}

static gboolean on_end_timer(void *user)
{
    tel_call *c = user;
    c->end_timer = 0;
    g_hash_table_remove(c->phone->calls, c->id);
    return G_SOURCE_REMOVE;
}

void tel_call_over(tel_call *c, const char *reason, int status)
{
    if (!c->told_end) {
        c->told_end = true;
        mcu_info("call.end", "call=%s reason=%s status=%d", c->id, reason, status);
        tel_call_tell_referrer(c, status >= 300 ? status : 480, "It did not come about"); /* says nothing after a 200 */
        tel_link_send(c->phone->link, json_pack("{s:s, s:s, s:s, s:i, s:O?}", "type", "ended", "call", c->id, "reason", reason,
                                                "status", status, "bound", c->bound));
    }
    stop_timer(&c->ivr_timer);
    stop_timer(&c->dial_timer);
    stop_timer(&c->transfer_timer);
}

/* Frees it once the callbacks that are running have returned. */
static void go(tel_call *c)
{
    tel_call_set_state(c, TEL_CALL_ENDED, "over");
    stop_timer(&c->end_timer);
    c->end_timer = g_timeout_add(0, on_end_timer, c);
}

static int status_for(const char *reason)
{
    static const struct {
        const char *reason;
        int status;
    } table[] = {{"unknown_number", 404}, {"forbidden", 403}, {"not_acceptable", 488}, {"full", 486}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(reason, table[i].reason) == 0) {
            return table[i].status;
        }
    }
    return 503;
}

void tel_call_end(tel_call *c, const char *reason, int status)
{
    tel_call_state was = c->state;
    if (was == TEL_CALL_ENDING || was == TEL_CALL_ENDED) {
        return;
    }
    tel_call_over(c, reason, status);
    tel_call_set_state(c, TEL_CALL_ENDING, reason);
    stop_timer(&c->end_timer);
    c->end_timer = g_timeout_add(END_MS, on_end_timer, c);
    if (!c->nh && was != TEL_CALL_ADOPTING) {
        go(c);
    } else if (was == TEL_CALL_ASKING || was == TEL_CALL_EARLY) {
        nua_respond(c->nh, status_for(reason), sip_status_phrase(status_for(reason)), TAG_END());
    } else if (was == TEL_CALL_DIALLING || was == TEL_CALL_RINGING) {
        nua_cancel(c->nh, TAG_END());
    } else if (was == TEL_CALL_ADOPTING) {
        tel_call_bye_unheard(c);
    } else {
        nua_bye(c->nh, TAG_IF(c->route, SIPTAG_UNKNOWN_STR(c->route)), TAG_END());
    }
}

void tel_call_hang_up(tel_call *c, const char *reason)
{
    if (strcmp(reason, "transferred") == 0) {
        tel_call_replaced(c);
    }
    tel_call_end(c, reason, 0);
}

void tel_call_tell(const tel_call *c)
{
    tel_call_state state = c->state == TEL_CALL_ADOPTING ? TEL_CALL_IN_ROOM : c->state; /* what it is to the gateway */
    if (!c->told_end) {
        tel_link_send(c->phone->link, json_pack("{s:s, s:s, s:s, s:b, s:s, s:O?, s:O?}", "type", "call", "call", c->id, "state",
                                                tel_call_state_name(state), "outgoing", c->outgoing, "trunk",
                                                tel_trunk_settings(c->trunk)->name, "bound", c->bound, "dialog", c->dialog));
    }
}

/* ---- what the stack says ---- */

static void on_state(tel_call *c, int status, tagi_t tags[])
{
    int state = -1;
    tl_gets(tags, NUTAG_CALLSTATE_REF(state), TAG_END());
    if (state == nua_callstate_terminated && c->state != TEL_CALL_ENDED) {
        tel_call_over(c,
                      c->state == TEL_CALL_ASKING || c->state == TEL_CALL_EARLY ? "cancelled"
                      : status >= 300                                           ? "failed"
                                                                                : "hung_up",
                      status);
        go(c);
    }
}

void tel_call_event(tel_call *c, nua_event_t event, int status, const sip_t *sip, nua_handle_t *nh, tagi_t tags[])
{
    char key = '\0';
    bool keyframe = false;
    if (nh != c->nh) {
        return;
    }
    switch ((int)event) {
    case nua_i_invite:
    case nua_i_update:
        if (tel_call_may_renegotiate(c)) {
            tel_call_renegotiate(c, event, sip);
        } else if (status < 200) {
            nua_respond(nh, SIP_491_REQUEST_PENDING, NUTAG_WITH_THIS(tel_ua_stack(c->phone->ua)), TAG_END());
        }
        break;
    case nua_i_ack:
        tel_call_on_ack(c, sip);
        break;
    case nua_i_prack:
        tel_call_on_prack(c, sip);
        break;
    case nua_r_invite:
        (c->state == TEL_CALL_ADOPTING ? tel_call_on_adopted : tel_call_on_invite_response)(c, status, sip, nh);
        break;
    case nua_r_method: /* the BYE in a dialog that was not taken up */
        if (status >= 200) {
            go(c);
        }
        break;
    case nua_r_update:
        if (status == 401 || status == 407) {
            tel_call_authenticate(c, status, sip, nh);
        }
        break;
    case nua_i_info:
        key = key_of_info(sip);
        keyframe = tel_call_on_media_control(c, sip);
        nua_respond(nh, key || keyframe ? 200 : 415, key || keyframe ? "OK" : "Unsupported Media Type",
                    NUTAG_WITH_THIS(tel_ua_stack(c->phone->ua)), TAG_END());
        if (key) {
            tel_call_on_digit(c, key);
        }
        break;
    case nua_i_refer:
        tel_call_on_refer(c, sip, tags);
        break;
    case nua_r_refer:
        tel_call_on_refer_response(c, status, sip, nh);
        break;
    case nua_i_notify:
        tel_call_on_notify(c, sip);
        break;
    case nua_i_bye:
        tel_call_over(c, c->transfer == TEL_TRANSFER_ACCEPTED ? "transferred" : "hung_up", 0);
        break;
    case nua_i_cancel:
        tel_call_over(c, "cancelled", 0);
        break;
    case nua_i_state:
        on_state(c, status, tags);
        break;
    default:
        break;
    }
}
