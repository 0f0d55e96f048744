#include "mcu/base/no_dump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void mcu_no_dump(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a core_pattern that is a pipe does not ask for the limit */
}
