/* What a call hears before a room has it, and the keys that it presses meanwhile: ivr.h between the voice and the gateway. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/link.h"

static gboolean on_ivr_timer(void *user);

static void arm_ivr(tel_call *c)
{
    if (c->ivr_timer) {
        g_source_remove(c->ivr_timer);
        c->ivr_timer = 0;
    }
    int64_t next = c->ivr ? tel_ivr_next_ns(c->ivr) : INT64_MAX;
    if (next != INT64_MAX && c->state == TEL_CALL_IVR) {
        c->ivr_timer = g_timeout_add((guint)(MAX(0, next - mcu_now_ns()) / 1000000 + 1), on_ivr_timer, c);
    }
}

static gboolean on_ivr_timer(void *user)
{
    tel_call *c = user;
    c->ivr_timer = 0;
    tel_ivr_step(c->ivr, mcu_now_ns());
    arm_ivr(c);
    return G_SOURCE_REMOVE;
}

static void ivr_play(void *user, tel_prompt prompt)
{
    tel_call *c = user;
    const char *const *languages = prompt == TEL_PROMPT_LANGUAGE ? c->languages : c->language;
    tel_voice_play(c->voice, prompt ? tel_prompts_get(c->phone->prompts, languages, prompt) : NULL);
}

static void ivr_language(void *user, const char *language)
{
    tel_call *c = user;
    c->language[0] = language;
}

static tel_verdict verdict_of(const char *code)
{
    static const struct {
        const char *code;
        tel_verdict verdict;
    } table[] = {{"wrong", TEL_VERDICT_WRONG},
                 {"blocked", TEL_VERDICT_BLOCKED},
                 {"room_ended", TEL_VERDICT_ENDED},
                 {"full", TEL_VERDICT_FULL},
                 {"locked", TEL_VERDICT_LOCKED}};
    for (size_t i = 0; code && i < G_N_ELEMENTS(table); i++) {
        if (strcmp(code, table[i].code) == 0) {
            return table[i].verdict;
        }
    }
    return code ? TEL_VERDICT_LATER : TEL_VERDICT_OK;
}

static void on_pin_reply(void *user, const json_t *reply, const char *code)
{
    tel_call *c = user;
    if (c->state != TEL_CALL_IVR) {
        return;
    }
    tel_ivr_verdict(c->ivr, verdict_of(reply ? NULL : code), mcu_now_ns());
    if (reply) {
        json_decref(c->bound);
        c->bound = json_incref(json_object_get(reply, "bound"));
        tel_call_hand_over(c);
    }
    arm_ivr(c);
}

static void ivr_submit(void *user, const char *pin)
{
    tel_call *c = user;
    json_t *m = json_pack("{s:s, s:s, s:s, s:s}", "type", "pin", "call", c->id, "pin", pin, "language", c->language[0]);
    tel_link_request(c->phone->link, m, NULL, 0, on_pin_reply, c);
}

static void ivr_join(void *user)
{
    tel_call_hand_over(user);
}

static void ivr_hang_up(void *user, const char *reason)
{
    tel_call_end(user, reason, 0);
}

void tel_call_begin_prompts(tel_call *c)
{
    static const tel_ivr_do doers = {ivr_play, ivr_language, ivr_submit, ivr_join, ivr_hang_up};
    tel_call_set_state(c, TEL_CALL_IVR, "media");
    c->ivr = tel_ivr_new(&doers, c, c->outgoing ? NULL : c->languages);
    if (c->outgoing) {
        tel_ivr_begin_callee(c->ivr, mcu_now_ns());
    } else {
        tel_ivr_begin_caller(c->ivr, mcu_now_ns());
    }
    arm_ivr(c);
}

void tel_call_on_digit(void *user, char digit)
{
    tel_call *c = user;
    if (c->state == TEL_CALL_IVR) {
        tel_ivr_digit(c->ivr, digit, mcu_now_ns());
        arm_ivr(c);
    } else if (c->state == TEL_CALL_IN_ROOM) { /* by signalling: what comes with the sound is the room's */
        char key[2] = {digit, '\0'};
        tel_link_send(c->phone->link, json_pack("{s:s, s:s, s:s}", "type", "key", "call", c->id, "key", key));
    }
}

void tel_call_on_played(void *user)
{
    tel_call *c = user;
    if (c->state == TEL_CALL_IVR) {
        tel_ivr_played(c->ivr, mcu_now_ns());
        arm_ivr(c);
    }
}
