/* What a process that has shut itself in can still do: each case in a child, for there is no way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/sandbox.h"

enum { OPENS = 1, EXEC_REFUSED = 2, PTRACE_REFUSED = 4, NO_NEW_PRIVS = 8, REFUSES_OTHERS = 16, REFUSES_WRITING = 32 };

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 ? 0 : errno;
}

/* Never returns to the tests: the sandbox is final. */
static _Noreturn void shut_in(const char *folder)
{
    const char *const readable[] = {folder, "/no/such/folder", NULL};
    char *const arguments[] = {NULL};
    int found = 0;
    if (!mcu_sandbox_enter(readable, NULL)) {
        _exit(255);
    }
    found |= opens(folder, O_RDONLY | O_DIRECTORY) == 0 ? OPENS : 0;
    found |= execve("/bin/true", arguments, arguments) != 0 && errno == EPERM ? EXEC_REFUSED : 0;
    found |= ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 && errno == EPERM ? PTRACE_REFUSED : 0;
    found |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NO_NEW_PRIVS : 0;
    found |= opens("/etc/passwd", O_RDONLY) == EACCES ? REFUSES_OTHERS : 0;
    found |= opens(folder, O_TMPFILE | O_RDWR) == EACCES ? REFUSES_WRITING : 0;
    _exit(found);
}

static void only_what_was_named_can_be_read_and_nothing_be_run(void **state)
{
    (void)state;
    char folder[] = "/tmp/tessera-sandbox-XXXXXX";
    int expected = OPENS | EXEC_REFUSED | PTRACE_REFUSED | NO_NEW_PRIVS, status = 0;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1) {
        expected |= REFUSES_OTHERS | REFUSES_WRITING;
    }
    assert_non_null(mkdtemp(folder));
    (void)unsetenv("TESSERA_NO_SANDBOX");
    pid_t child = fork();
    if (child == 0) {
        shut_in(folder);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_was_named_can_be_read_and_nothing_be_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
