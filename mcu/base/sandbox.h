/* sandbox.h - gives up what a process that reads strangers' bytes never needs: exec, new privileges, most of the file system.
 * Thread: main, before others. What a decoder or a SIP parser could reach after a fault is decided here. */
#ifndef MCU_BASE_SANDBOX_H
#define MCU_BASE_SANDBOX_H

#include <glib.h>
#include <stdbool.h>

/* no_new_privs, rlimits, Landlock (a few system files and what `readable` names, NULL-terminated, read-only; nothing writable;
 * skipped where the kernel has none), seccomp (no exec, no ptrace, no mount, no module, no namespace calls: they return EPERM).
 * Final. TESSERA_NO_SANDBOX in the environment leaves all of it out, for sanitizers and debuggers. */
bool mcu_sandbox_enter(const char *const *readable, GError **error);

#endif
