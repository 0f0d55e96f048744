/* sandbox.h - gives up what a room process never needs: exec, new privileges, most of the file system.  Thread: main, before
 * others. Decoders run on a stranger's bytes; what they could reach after a fault is decided here. */
#ifndef MCU_SANDBOX_H
#define MCU_SANDBOX_H

#include <glib.h>
#include <stdbool.h>

/* no_new_privs, rlimits, Landlock (fonts and a few system files read-only, nothing writable; skipped where the kernel has none),
 * seccomp (no exec, no ptrace, no mount, no module, no namespace calls: they return EPERM). Final. */
bool mcu_sandbox_enter(GError **error);

#endif
