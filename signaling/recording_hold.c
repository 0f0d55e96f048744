#include "signaling/recording_hold.h"

#include "mcu/base/status.h"
#include "signaling/recording_shred.h"

static GHashTable *coming; /* recording -> how many holds are on their way */

static void count(const char *recording, int change)
{
    coming = coming ? coming : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int n = GPOINTER_TO_INT(g_hash_table_lookup(coming, recording)) + change;
    if (n > 0) {
        g_hash_table_replace(coming, g_strdup(recording), GINT_TO_POINTER(n));
    } else {
        g_hash_table_remove(coming, recording);
    }
}

bool sig_recording_held(const sig_recording_facts *r)
{
    return r->hold || (coming && g_hash_table_contains(coming, r->id));
}

typedef struct {
    char recording[SIG_ID_MAX + 1];
    bool hold;
    sig_recording_fn fn;
    void *user;
} order;

static void on_written(void *user, bool ok)
{
    order *o = user;
    if (o->hold) {
        count(o->recording, -1);
    }
    o->fn(o->user, ok ? NULL : mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be written down.");
    g_free(o);
}

void sig_recording_hold(sig_gateway *g, const sig_recording_facts *r, bool hold, const sig_audit_entry *entry,
                        sig_recording_fn fn, void *user)
{
    if (r->shredded_ms || sig_recording_dying(r->id)) {
        fn(user, mcu_error_name(MCU_ERROR_CONFLICT), "This recording has been shredded.");
        return;
    }
    order *o = g_new0(order, 1);
    sig_change c = {.kind = SIG_RECORDING_HOLD, .hold = hold};
    g_strlcpy(c.recording, r->id, sizeof c.recording);
    g_strlcpy(o->recording, r->id, sizeof o->recording);
    o->hold = hold;
    o->fn = fn;
    o->user = user;
    if (hold) {
        count(o->recording, 1);
    }
    if (!sig_commit(g, &c, 1, entry, on_written, o)) {
        on_written(o, false);
    }
}
