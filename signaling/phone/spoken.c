#include "signaling/phone/spoken.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/status.h"
#include "mixer/wav.h"

#define SECONDS_MAX 10
#define PROGRAM "espeak-ng"

/* In the child, before it is the other program, which keeps the alarm: it does not outlive it. */
static void set_alarm(void *user)
{
    (void)user;
    alarm(SECONDS_MAX);
}

static bool run(const char *const *argv, int out_fd, GError **error)
{
    GPid child = 0;
    int status = 0;
    if (!g_spawn_async_with_fds(NULL, (char **)(uintptr_t)argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, set_alarm, NULL,
                                &child, -1, out_fd, -1, error)) {
        return false;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return g_spawn_check_wait_status(status, error);
}

int16_t *tel_spoken(const char *language, const char *words, unsigned *n, GError **error)
{
    /* The file is opened anew by its name: so it can go back and write its length. */
    const char *const argv[] = {
        PROGRAM, "-v", strcmp(language, "en") == 0 ? "en-us" : language, "-s", "150", "-w", "/dev/stdout", "--", words, NULL};
    int fd = memfd_create("spoken", MFD_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no memory for what is spoken");
        return NULL;
    }
    int16_t *pcm = run(argv, fd, error) ? mix_wav_read(fd, n, error) : NULL;
    close(fd);
    return pcm;
}
