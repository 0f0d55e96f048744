/* The sound of a call: what is agreed, what changes, and the hand-over to a room. */
#include <sofia-sip/nua_tag.h>
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

void tel_call_use_trunk(tel_call *c)
{
    const tel_trunk_config *t = tel_trunk_settings(c->trunk);
    c->local.address = c->phone->config->address;
    c->local.srtp = t->srtp;
    memcpy(c->local.codecs, t->codecs, sizeof c->local.codecs);
}

bool tel_call_open_media(tel_call *c, GError **error)
{
    const tel_trunk_config *t = tel_trunk_settings(c->trunk);
    if (!c->voice) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no port for RTP is free");
        return false;
    }
    tel_call_use_trunk(c);
    c->local.port = (uint16_t)tel_voice_port(c->voice);
    if (t->video && (c->video.port > 0 || tel_ports_open(c->phone->config, &c->phone->next_port, &c->video, NULL))) {
        c->local.video_port = (uint16_t)c->video.port;
        mcu_random(c->local.video_key, sizeof c->local.video_key);
    }
    mcu_random(c->local.key, sizeof c->local.key);
    c->local.session = (uint64_t)mcu_wall_ns() / 1000;
    return true;
}

bool tel_call_agree(tel_call *c)
{
    g_autoptr(GError) error = NULL;
    if (tel_voice_agree(c->voice, &c->agreed, c->local.key, &error)) {
        return true;
    }
    mcu_warn("call.rtp", "call=%s error=\"%s\"", c->id, error->message);
    return false;
}

void tel_call_on_ack(tel_call *c, const sip_t *sip)
{
    g_autoptr(GError) error = NULL;
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    if (!c->outgoing && sip) {
        tel_dialog_note_names(c->dialog, sip, true);
    }
    if (c->state != TEL_CALL_ANSWERED) {
        if (c->offerless && p && c->state < TEL_CALL_ENDING) {
            tel_call_renegotiate(c, nua_i_ack, sip);
        }
        return;
    }
    if (c->offerless && !(p && tel_sdp_take_answer(&c->local, p->pl_data, p->pl_len, &c->agreed, &error))) {
        tel_call_end(c, "not_acceptable", 0);
        return;
    }
    c->offerless = false;
    if (tel_call_agree(c)) {
        tel_call_begin_prompts(c);
    } else {
        tel_call_end(c, "unavailable", 0);
    }
}

/* ---- changes during the call ---- */

static json_t *changes_json(const tel_call *c)
{
    char text[MCU_LEG_ADDRESS_TEXT];
    const tel_agreed *a = &c->agreed;
    json_t *leg = json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}", "codec", mcu_codec_name(a->codec), "pt_in", a->pt_in, "pt_out",
                            a->pt_out, "event_pt", a->event_pt, "ptime", (int)a->ptime_ms, "hold", a->hold);
    if (a->remote.any.sa_family != AF_UNSPEC) {
        mcu_leg_address_text(&a->remote, text);
        json_object_set_new(leg, "remote", json_string(text));
    }
    if (a->remote_rtcp.any.sa_family != AF_UNSPEC) {
        mcu_leg_address_text(&a->remote_rtcp, text);
        json_object_set_new(leg, "remote_rtcp", json_string(text));
    }
    if (c->video.port > 0) {
        json_object_set_new(leg, "video", mcu_leg_video_json(&a->video));
    }
    return leg;
}

static void add_new_key(json_t *leg, const tel_call *c)
{
    g_autofree char *in = g_base64_encode(c->agreed.key_in, MCU_LEG_KEY_SIZE);
    g_autofree char *out = g_base64_encode(c->local.key, MCU_LEG_KEY_SIZE);
    json_object_set_new(leg, "srtp", json_pack("{s:s, s:s}", "key_in", in, "key_out", out));
}

/* Before it is answered, too, where a description was agreed upon reliably (RFC 3311 5.1). */
bool tel_call_may_renegotiate(const tel_call *c)
{
    return c->state == TEL_CALL_IVR || c->state == TEL_CALL_HANDING || c->state == TEL_CALL_IN_ROOM ||
           (c->state == TEL_CALL_RINGING && c->reliable);
}

/* What a clear or a secure call is, it stays; where the sockets go together or not, too. */
static bool same_kind(const tel_agreed *a, const tel_agreed *b)
{
    return a->secure == b->secure && a->rtcp_mux == b->rtcp_mux;
}

bool tel_call_take_changes(tel_call *c, const tel_agreed *now)
{
    bool new_key = now->secure && memcmp(now->key_in, c->agreed.key_in, MCU_LEG_KEY_SIZE) != 0;
    if (!same_kind(now, &c->agreed)) {
        return false;
    }
    mcu_leg_address remote = c->agreed.remote;
    c->agreed = *now;
    if (now->remote.any.sa_family == AF_UNSPEC) {
        c->agreed.remote = remote; /* an old way of holding: "nowhere" */
    }
    if (c->state != TEL_CALL_HANDING && c->state != TEL_CALL_IN_ROOM) {
        return tel_call_agree(c);
    }
    json_t *leg = changes_json(c);
    if (new_key) {
        add_new_key(leg, c);
    }
    if (c->voice) {
        tel_voice_note_change(c->voice, &c->agreed);
    }
    json_t *m = json_pack("{s:s, s:s, s:O}", "type", "leg_update", "call", c->id, "leg", leg);
    tel_link_send(c->phone->link, m);
    mcu_leg_json_wipe(leg);
    json_decref(leg);
    return true;
}

static void respond(tel_call *c, int status, const char *phrase, const char *sdp)
{
    nua_respond(c->nh, status, phrase, SIPTAG_CONTACT_STR(c->contact), TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
                TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp)), NUTAG_WITH_THIS(tel_ua_stack(c->phone->ua)), TAG_END());
}

void tel_call_renegotiate(tel_call *c, nua_event_t event, const sip_t *sip)
{
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    tel_agreed now;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (event == nua_i_ack) { /* the answer to an offer of ours */
        c->offerless = false;
        if (!p || !tel_sdp_take_answer(&c->local, p->pl_data, p->pl_len, &now, &error) || !tel_call_take_changes(c, &now)) {
            tel_call_end(c, "not_acceptable", 0);
        }
        return;
    }
    if (!p || p->pl_len == 0) { /* UPDATE: a session timer's; INVITE: wants an offer */
        text = event == nua_i_invite ? tel_sdp_offer(&c->local) : NULL;
        c->offerless = event == nua_i_invite;
        respond(c, SIP_200_OK, text);
        return;
    }
    text = tel_sdp_answer(&c->local, p->pl_data, p->pl_len, c->agreed.codec, &now, &error);
    if (text && tel_call_take_changes(c, &now)) {
        respond(c, SIP_200_OK, text);
    } else {
        respond(c, SIP_488_NOT_ACCEPTABLE, NULL);
    }
}

/* ---- keyframes by signalling (RFC 5168) ---- */

#define MEDIA_CONTROL "application/media_control+xml"
#define MEDIA_CONTROL_MAX 2048

bool tel_call_on_media_control(tel_call *c, const sip_t *sip)
{
    const sip_payload_t *p = sip ? sip->sip_payload : NULL;
    const sip_content_type_t *type = sip ? sip->sip_content_type : NULL;
    if (!p || !p->pl_data || p->pl_len > MEDIA_CONTROL_MAX || !type || !type->c_type ||
        g_ascii_strcasecmp(type->c_type, MEDIA_CONTROL) != 0 ||
        !g_strstr_len(p->pl_data, (gssize)p->pl_len, "picture_fast_update")) {
        return false;
    }
    if (c->state == TEL_CALL_IN_ROOM) {
        tel_link_send(c->phone->link, json_pack("{s:s, s:s}", "type", "keyframe", "call", c->id));
    }
    return true;
}

void tel_call_ask_keyframe(tel_call *c)
{
    static const char body[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<media_control><vc_primitive><to_encoder>"
                               "<picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n";
    if (c->state == TEL_CALL_IN_ROOM) {
        nua_info(c->nh, SIPTAG_CONTENT_TYPE_STR(MEDIA_CONTROL), SIPTAG_PAYLOAD_STR(body), TAG_END());
    }
}

/* ---- the hand-over ---- */

static void on_handed(void *user, const json_t *reply, const char *code)
{
    tel_call *c = user;
    if (c->state != TEL_CALL_HANDING) {
        return;
    }
    if (reply) {
        json_decref(c->bound);
        c->bound = json_incref(json_object_get(reply, "bound"));
        tel_call_set_state(c, TEL_CALL_IN_ROOM, "handed");
    } else {
        tel_call_end(c, code, 0);
    }
}

void tel_call_hand_over(tel_call *c)
{
    mcu_leg_state state;
    int fds[4] = {-1, -1, -1, -1};
    unsigned n = tel_voice_hand_over(c->voice, &state, fds);
    if (c->video.port > 0) { /* pictures begin with the room */
        state.has_video = true;
        state.video = c->agreed.video;
        fds[n++] = c->video.fds[0];
        fds[n++] = c->video.fds[1];
    }
    json_t *leg = mcu_leg_to_json(&state);
    mcu_leg_wipe(&state);
    tel_call_set_state(c, TEL_CALL_HANDING, "to_room");
    tel_call_note_dialog(c, leg);
    json_t *m = json_pack("{s:s, s:s, s:O, s:O?, s:O?}", "type", "leg", "call", c->id, "leg", leg, "bound", c->bound, "dialog",
                          c->dialog);
    tel_link_request(c->phone->link, m, fds, n, on_handed, c);
    mcu_leg_json_wipe(leg);
    json_decref(leg);
}

void tel_call_hand_again(tel_call *c)
{
    if (c->state == TEL_CALL_ADOPTING || (c->state == TEL_CALL_IN_ROOM && !c->voice)) {
        tel_call_end(c, "room_lost", 0); /* its sockets went with the process before */
    } else if (c->state == TEL_CALL_IN_ROOM) {
        tel_call_hand_over(c);
    }
}
