#include "mcu/bot/signal.h"

static gboolean take_any_certificate(SoupMessage *m, GTlsCertificate *certificate, GTlsCertificateFlags errors, gpointer user)
{
    (void)m;
    (void)certificate;
    (void)errors;
    (void)user;
    return TRUE;
}

SoupMessage *mcu_signal_request(const char *method, const char *url, bool insecure)
{
    SoupMessage *m = soup_message_new(method, url);
    if (m != NULL && insecure) {
        g_signal_connect(m, "accept-certificate", G_CALLBACK(take_any_certificate), NULL);
    }
    return m;
}

void mcu_signal_end(mcu_signal *s, const char *why)
{
    if (!s->ended) {
        s->ended = true;
        s->callbacks->on_ended(s->user, why);
    }
}

void mcu_signal_free(mcu_signal *s)
{
    if (s != NULL) {
        s->kind->free(s);
    }
}

void mcu_signal_start(mcu_signal *s)
{
    s->kind->start(s);
}

void mcu_signal_rejoin(mcu_signal *s)
{
    if (!s->ended) {
        s->kind->rejoin(s);
    }
}

void mcu_signal_offer(mcu_signal *s, const char *sdp)
{
    s->kind->offer(s, sdp);
}

void mcu_signal_candidate(mcu_signal *s, const char *candidate, const char *mid)
{
    s->kind->candidate(s, candidate, mid);
}

void mcu_signal_state(mcu_signal *s, bool audio, bool video)
{
    s->kind->state(s, audio, video);
}

void mcu_signal_tier(mcu_signal *s, const char *tier)
{
    s->kind->tier(s, tier);
}

void mcu_signal_leave(mcu_signal *s)
{
    s->kind->leave(s);
}

bool mcu_signal_trickles(const mcu_signal *s)
{
    return s->kind->trickles;
}
