/* What callers are told while they are in a room: files of the prompts' folder, which the room plays to that leg alone. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/phone_private.h"
#include "signaling/recording.h"

static int open_prompt(const sig_phone_call *c, const char *name)
{
    const char *const wanted[] = {c->language, c->phone->settings->languages[0]};
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autofree char *file = g_strdup_printf("%s/%.2s/%s.wav", c->phone->prompts, wanted[i], name);
        int fd = *wanted[i] ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
        if (fd >= 0) {
            return fd;
        }
    }
    return -1;
}

static void on_said(void *user, const json_t *reply, const char *code, const char *message)
{
    (void)user;
    (void)message;
    if (!reply) {
        mcu_info("phone.not_said", "code=%s", code);
    }
}

void sig_phone_say(const sig_phone_call *c, const char *name, bool now)
{
    sig_room *r = c->leg_there ? sig_phone_call_room(c) : NULL;
    int fd = r ? open_prompt(c, name) : -1;
    if (fd >= 0) {
        sig_room_call_fds(
            r, json_pack("{s:s, s:s, s:s, s:s, s:b}", "type", "say", "seat", c->seat, "session", c->id, "name", name, "now", now),
            &fd, 1, false, on_said, NULL);
        close(fd);
    } else if (r) {
        mcu_warn("phone.prompt", "prompt=%s missing=1", name);
    }
}

/* The prompt that says how it is; NULL = nothing to be said of a recording. */
static const char *recording_prompt(const sig_phone_call *c, const sig_room *r)
{
    const sig_recording *recording = sig_room_recording(r);
    const sig_room_facts *f = sig_facts_room(c->phone->gateway->facts, c->room);
    const sig_seat_facts *s = sig_facts_seat(c->phone->gateway->facts, c->room, c->seat);
    const char *state = sig_recording_state(recording);
    if (strcmp(state, "off") == 0 || !f || !s) {
        return NULL;
    }
    if (strcmp(f->policy, SIG_POLICY_EVERYONE) == 0 && !s->answered) {
        return "recording-ask";
    }
    bool recorded = strcmp(f->policy, SIG_POLICY_EVERYONE) != 0 || s->agreed;
    return strcmp(state, "on") == 0 && recorded ? "recording-on" : NULL;
}

void sig_phone_say_recording(sig_phone_call *c)
{
    const sig_room *r = c->leg_there ? sig_phone_call_room(c) : NULL;
    const char *prompt = r ? recording_prompt(c, r) : NULL;
    if (r && g_strcmp0(prompt, c->heard_recording) != 0) {
        bool over = !prompt && strcmp(c->heard_recording, "recording-on") == 0;
        c->heard_recording = prompt;
        if (prompt || over) {
            sig_phone_say(c, prompt ? prompt : "recording-off", false);
        }
    }
}
