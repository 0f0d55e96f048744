#include "signaling/unmute.h"

#include "signaling/audit.h"
#include "signaling/facts.h"
#include "signaling/permissions.h"

sig_unmute sig_unmute_self(sig_gateway *g, const char *room, const char *seat)
{
    const sig_seat_facts *f = sig_facts_seat(g->facts, room, seat);
    if (f && !sig_may(SIG_MAY_AUDIO, sig_role_of(f->role), f->host)) {
        return SIG_UNMUTE_LISTENS;
    }
    if (!f || !f->muted) {
        return f ? SIG_UNMUTE_NOT_MUTED : SIG_UNMUTE_FAILED;
    }
    sig_change c = {.kind = SIG_SEAT_MUTE, .muted = false};
    g_strlcpy(c.room, room, sizeof c.room);
    g_strlcpy(c.seat, seat, sizeof c.seat);
    const sig_audit_entry e = {.room = room, .actor = seat, .operation = "unmute", .target = seat};
    return sig_commit(g, &c, 1, &e, NULL, NULL) ? SIG_UNMUTE_DONE : SIG_UNMUTE_FAILED;
}
