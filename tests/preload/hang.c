/* Preloaded, a disk that hangs: no sync ends while the file that TESSERA_TEST_HANG names is there. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_when_it_answers(long number, int fd)
{
    const char *file = getenv("TESSERA_TEST_HANG");
    while (file != NULL && access(file, F_OK) == 0) {
        usleep(5000);
    }
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_when_it_answers(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_when_it_answers(SYS_fdatasync, fd);
}
