/* fuzz_base_config.c - any file as a configuration: values or an error, never both, never a crash. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mcu/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mcu_config_key keys[] = {
        {"server", "port", MCU_CONFIG_INT, "8443", 1, 65535, ""}, {"server", "name", MCU_CONFIG_STRING, "x", 0, 0, ""},
        {"server", "tls", MCU_CONFIG_BOOL, "true", 0, 0, ""},     {"media", "list", MCU_CONFIG_LIST, "a;b", 0, 0, ""},
        {NULL, NULL, MCU_CONFIG_NONE, NULL, 0, 0, NULL},
    };
    int fd = memfd_create("config", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    GError *error = NULL;
    mcu_config *c = mcu_config_load(path, keys, &error);
    if (!c == !error || (c && mcu_config_int(c, "server", "port") < 1)) {
        abort();
    }
    g_clear_error(&error);
    mcu_config_free(c);
    g_free(path);
    close(fd);
    return 0;
}
