#include "signaling/audit.h"

#include <glib.h>

#include "mcu/base/log.h"
#include "mcu/base/metrics.h"

static void count(const char *name, const char *help, const char *operation)
{
    g_autofree char *label = g_strdup_printf("operation=\"%s\"", operation);
    mcu_counter_add(mcu_counter_get(name, label, help), 1);
}

void sig_audit_done(const char *room, const char *actor, const char *operation, const char *target)
{
    count("tessera_audit_done_total", "What hosts and operators did.", operation);
    mcu_info("audit.done", "room=%s actor=%s operation=%s target=%s", room, actor, operation, *target ? target : "-");
}

void sig_audit_refused(const char *room, const char *actor, const char *role, const char *operation)
{
    count("tessera_audit_refused_total", "What was refused because the seat may not do it.", operation);
    mcu_warn("audit.refused", "room=%s actor=%s role=%s operation=%s", room, actor, role, operation);
}
