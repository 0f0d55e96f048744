/* test_base_log.c - one line an event, level, rate limit. stderr goes into a pipe for the time of a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"

static char caught[256 * 1024];
static int pipe_fd[2];
static int saved;

static void catch_begin(void)
{
    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK), 0);
    saved = dup(STDERR_FILENO);
    dup2(pipe_fd[1], STDERR_FILENO);
}

static unsigned catch_end(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_fd[1]);
    size_t n = 0;
    ssize_t got;
    while ((got = read(pipe_fd[0], caught + n, sizeof caught - 1 - n)) > 0) {
        n += (size_t)got;
    }
    close(pipe_fd[0]);
    caught[n] = '\0';
    unsigned lines = 0;
    for (size_t i = 0; i < n; i++) {
        lines += caught[i] == '\n';
    }
    return lines;
}

static void lines_have_their_shape(void **state)
{
    (void)state;
    unsetenv("TESSERA_LOG");
    mcu_log_init("tessera-test", MCU_LOG_INFO);
    catch_begin();
    mcu_info("ice.state", "seat=%s state=%d", "a1", 4);
    mcu_debug("not.shown", "x=%d", 1);
    mcu_warn("odd.value", "v=%s", "two\nlines\x1b[31m");
    assert_int_equal(catch_end(), 2);
    assert_non_null(strstr(caught, "Z info tessera-test ice.state seat=a1 state=4\n"));
    assert_non_null(strstr(caught, "v=two?lines?[31m\n"));
    assert_null(strstr(caught, "not.shown"));
}

static void long_values_are_cut(void **state)
{
    (void)state;
    char big[5000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    catch_begin();
    mcu_info("big", "v=%s", big);
    assert_int_equal(catch_end(), 1);
    assert_true(strlen(caught) <= 1024);
    assert_true(strlen(caught) > 1000);
}

static void environment_sets_the_level(void **state)
{
    (void)state;
    setenv("TESSERA_LOG", "error", 1);
    mcu_log_init("tessera-test", MCU_LOG_INFO);
    catch_begin();
    mcu_warn("quiet", "x=%d", 1);
    mcu_error_log("loud", "x=%d", 1);
    assert_int_equal(catch_end(), 1);
    unsetenv("TESSERA_LOG");
    mcu_log_init("tessera-test", MCU_LOG_INFO);
}

static void one_site_cannot_flood(void **state)
{
    (void)state;
    catch_begin();
    for (int i = 0; i < 500; i++) {
        mcu_info("flood", "packet=%d", i);
    }
    mcu_info("other", "still=%d", 1);
    unsigned lines = catch_end();
    /* The loop may cross a second's border once. */
    assert_in_range(lines, 21, 42);
    assert_non_null(strstr(caught, "still=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_shape),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(environment_sets_the_level),
        cmocka_unit_test(one_site_cannot_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
