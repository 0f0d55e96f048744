#include "signaling/session_asked.h"

#include <string.h>

#include "signaling/session_private.h"
#include "signaling/supervisor.h"

struct sig_asked {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    json_t *request;
};

sig_asked *sig_asked_new(const sig_session *s, const json_t *request)
{
    sig_asked *a = g_new0(sig_asked, 1);
    a->gateway = s->gateway;
    a->request = json_incref((json_t *)(uintptr_t)request);
    g_strlcpy(a->room, sig_room_id(s->room), sizeof a->room);
    g_strlcpy(a->seat, s->seat, sizeof a->seat);
    g_strlcpy(a->session, s->session, sizeof a->session);
    return a;
}

void sig_asked_done(void *asked, const char *code, const char *message)
{
    sig_asked *a = asked;
    sig_room *room = sig_supervisor_room(a->gateway->supervisor, a->room);
    sig_session *s = room ? sig_room_client(room, a->seat) : NULL;
    if (s && strcmp(sig_session_id(s), a->session) == 0) {
        if (code) {
            sig_session_refuse(s, a->request, code, message);
        } else {
            sig_session_ok(s, a->request);
        }
    }
    json_decref(a->request);
    g_free(a);
}
