#include "mcu/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mcu/base/no_dump.h"
#include "mcu/base/status.h"

#define READ_ONLY (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ALL_OF_V1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What glibc and its friends still open after start. */
static const char *const system_files[] = {
    "/usr/share/locale",   "/usr/lib",     "/lib", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/proc",
    "/sys/devices/system", "/dev/urandom",
};

static const int denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(personality),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
};

static void allow_reading(int ruleset, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    bool is_file = access(path, F_OK) == 0 && g_file_test(path, G_FILE_TEST_IS_DIR) == FALSE;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = is_file ? LANDLOCK_ACCESS_FS_READ_FILE : READ_ONLY,
        .parent_fd = fd,
    };
    (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
}

/* A kernel without Landlock leaves this layer out; seccomp and the process's user still stand. */
static bool enter_landlock(const char *const *readable, GError **error)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_OF_V1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0) {
        mcu_warn("sandbox.landlock", "available=0 errno=%d", errno);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(system_files); i++) {
        allow_reading(ruleset, system_files[i]);
    }
    for (; *readable != NULL; readable++) {
        allow_reading(ruleset, *readable);
    }
    int rc = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    int saved = errno;
    close(ruleset);
    if (rc != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "landlock_restrict_self: %s", g_strerror(saved));
        return false;
    }
    return true;
}

static bool enter_seccomp(GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int rc = filter != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(denied); i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
    }
    rc = rc == 0 ? seccomp_load(filter) : rc;
    seccomp_release(filter);
    if (rc != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "seccomp: %s", g_strerror(-rc));
        return false;
    }
    return true;
}

bool mcu_sandbox_enter(const char *const *readable, GError **error)
{
    if (g_getenv("TESSERA_NO_SANDBOX") != NULL) {
        return true;
    }
    const struct rlimit files = {4096, 4096};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "no_new_privs: %s", g_strerror(errno));
        return false;
    }
    (void)setrlimit(RLIMIT_NOFILE, &files);
    mcu_no_dump();
    return enter_landlock(readable, error) && enter_seccomp(error);
}
