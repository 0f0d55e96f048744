#include "signaling/phone/orphan.h"

#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/log.h"
#include "signaling/phone/call_private.h"
#include "signaling/phone/dialog.h"
#include "signaling/phone/link.h"
#include "signaling/phone/ua.h"

#define PROBE_S 3
#define END_MS 5000
#define SILENT_MAX 2    /* probes without an answer */
#define CSEQ_AHEAD 1000 /* of what the process before may have sent */

struct tel_orphan {
    tel_owner owner; /* first */
    tel_phone *phone;
    char id[TEL_ID_MAX + 1];
    json_t *dialog, *bound;
    nua_handle_t *nh;
    unsigned probe, end; /* GLib sources */
    unsigned silent;
    json_int_t cseq;
    char reason[TEL_ID_MAX + 1]; /* it is being hung up; "" = it is not */
};

static const char *text(const json_t *j, const char *key)
{
    const char *v = json_string_value(json_object_get(j, key));
    return v ? v : "";
}

static void tell_end(tel_phone *p, const char *call, const char *reason, int status, json_t *bound)
{
    mcu_info("call.end", "call=%s reason=%s status=%d adopted=1", call, reason, status);
    tel_link_send(p->link, json_pack("{s:s, s:s, s:s, s:i, s:O?}", "type", "ended", "call", call, "reason", reason, "status",
                                     status, "bound", bound));
}

static gboolean on_over(void *user)
{
    tel_orphan *o = user;
    o->end = 0;
    g_hash_table_remove(o->phone->orphans, o->id);
    return G_SOURCE_REMOVE;
}

/* Frees it once the callbacks that are running have returned. */
static void over(tel_orphan *o, const char *reason, int status)
{
    tell_end(o->phone, o->id, reason, status, o->bound);
    if (o->end) {
        g_source_remove(o->end);
    }
    o->end = g_timeout_add(0, on_over, o);
}

static void ask(tel_orphan *o, const char *method)
{
    const json_t *d = o->dialog, *route = NULL;
    size_t i = 0;
    g_autofree char *cseq = g_strdup_printf("%lld %s", (long long)o->cseq++, method);
    GString *routes = g_string_new(NULL);
    json_array_foreach(json_object_get(d, "routes"), i, route)
    {
        g_string_append_printf(routes, "%s%s", i > 0 ? ", " : "", json_string_value(route));
    }
    nua_method(o->nh, NUTAG_METHOD(method), NUTAG_URL(text(d, "target")), SIPTAG_CALL_ID_STR(text(d, "id")),
               SIPTAG_FROM_STR(text(d, "ours")), SIPTAG_TO_STR(text(d, "theirs")), SIPTAG_CSEQ_STR(cseq),
               TAG_IF(routes->len > 0, SIPTAG_ROUTE_STR(routes->str)), TAG_END());
    g_string_free(routes, TRUE);
}

static gboolean on_probe(void *user)
{
    ask(user, "OPTIONS");
    return G_SOURCE_CONTINUE;
}

static gboolean on_no_answer(void *user)
{
    tel_orphan *o = user;
    o->end = 0;
    over(o, o->reason, 408);
    return G_SOURCE_REMOVE;
}

void tel_orphan_adopt(tel_phone *p, const json_t *m)
{
    const char *id = text(m, "call");
    json_t *dialog = json_object_get(m, "dialog"), *bound = json_object_get(m, "bound");
    if (strlen(id) > TEL_ID_MAX || g_hash_table_contains(p->calls, id) || g_hash_table_contains(p->orphans, id)) {
        return;
    }
    if (!tel_dialog_is_whole(dialog)) {
        tell_end(p, id, "phone_restarted", 0, bound);
        return;
    }
    tel_orphan *o = g_new0(tel_orphan, 1);
    o->owner.kind = TEL_OWNER_ORPHAN;
    o->phone = p;
    g_strlcpy(o->id, id, sizeof o->id);
    o->dialog = json_incref(dialog);
    o->bound = json_incref(bound);
    o->cseq = json_integer_value(json_object_get(dialog, "cseq")) + CSEQ_AHEAD;
    o->nh = nua_handle(tel_ua_stack(p->ua), &o->owner, NUTAG_URL(text(dialog, "target")), SIPTAG_FROM_STR(text(dialog, "ours")),
                       SIPTAG_TO_STR(text(dialog, "theirs")), SIPTAG_CALL_ID_STR(text(dialog, "id")), TAG_END());
    g_hash_table_insert(p->orphans, o->id, o);
    mcu_info("call.adopted", "call=%s", o->id);
    o->probe = g_timeout_add_seconds(PROBE_S, on_probe, o);
}

void tel_orphan_free(void *orphan)
{
    tel_orphan *o = orphan;
    const unsigned sources[] = {o->probe, o->end};
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]) {
            g_source_remove(sources[i]);
        }
    }
    nua_handle_bind(o->nh, NULL);
    nua_handle_destroy(o->nh);
    json_decref(o->dialog);
    json_decref(o->bound);
    g_free(o);
}

void tel_orphan_event(tel_orphan *o, nua_event_t event, int status)
{
    if (event != nua_r_method || status < 200) {
        return;
    }
    if (*o->reason) {
        over(o, o->reason, 0);
        return;
    }
    o->silent = status == 408 ? o->silent + 1 : 0;
    if (status == 481 || status == 404 || status == 410) { /* RFC 5057 5.1 */
        over(o, "hung_up", 0);
    } else if (o->silent >= SILENT_MAX) {
        over(o, "trunk_silent", status);
    }
}

void tel_orphan_hang_up(tel_orphan *o, const char *reason)
{
    if (*o->reason || o->end) {
        return;
    }
    g_strlcpy(o->reason, reason, sizeof o->reason);
    g_source_remove(o->probe);
    o->probe = 0;
    ask(o, "BYE");
    o->end = g_timeout_add(END_MS, on_no_answer, o);
}

void tel_orphan_tell(const tel_orphan *o)
{
    tel_link_send(o->phone->link, json_pack("{s:s, s:s, s:s, s:b, s:s, s:O, s:O?}", "type", "call", "call", o->id, "state",
                                            "in_room", "outgoing", 0, "trunk", "", "dialog", o->dialog, "bound", o->bound));
}
