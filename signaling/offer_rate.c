#include "signaling/offer_rate.h"

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"
#include "signaling/client.h"

/* An offer costs a room more than a message. */
static bool slow_enough(sig_request *q, sig_rate *rate, const char *key, const char *counter_label)
{
    char after[12];
    unsigned seconds = sig_rate_take(rate, key, mcu_now_ns());
    if (seconds == 0) {
        return true;
    }
    mcu_counter_add(mcu_counter_get("tessera_offers_refused_total", counter_label, "WHIP and WHEP offers that came too fast."),
                    1);
    g_snprintf(after, sizeof after, "%u", seconds);
    sig_reply_header(q, "Retry-After", after);
    sig_reply_problem(q, 429, "rate_limited", "That was too fast: see Retry-After.");
    return false;
}

bool sig_offers_from_ok(sig_request *q)
{
    char from[SIG_CLIENT_KEY];
    sig_client_key(q, from);
    return slow_enough(q, q->gateway->offers_from, from, "by=\"address\"");
}

bool sig_offers_of_ok(sig_request *q, const sig_token *t)
{
    char seat[2 * SIG_ID_MAX + 2];
    g_snprintf(seat, sizeof seat, "%s/%s", t->room, t->seat);
    return slow_enough(q, q->gateway->offers_of_seat, seat, "by=\"seat\"");
}
