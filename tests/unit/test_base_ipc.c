/* test_base_ipc.c - messages, descriptors, memfds, a full socket, and what a hostile peer may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/ipc.h"
#include "mcu/base/status.h"

typedef struct {
    mcu_ipc *a;
    mcu_ipc *b;
    int raw; /* the descriptor behind a, for sending what mcu_ipc_send would not */
} pair;

static int open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

static pair new_pair(void)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    return (pair){.a = mcu_ipc_new(fd[0]), .b = mcu_ipc_new(fd[1]), .raw = fd[0]};
}

static void free_pair(pair p)
{
    mcu_ipc_free(p.a);
    mcu_ipc_free(p.b);
}

static json_t *expect_message(mcu_ipc *c, int *fd)
{
    json_t *m;
    assert_int_equal(mcu_ipc_recv(c, &m, fd), MCU_IPC_MESSAGE);
    return m;
}

static void expect_number(mcu_ipc *c, json_int_t want)
{
    int fd;
    json_t *m = expect_message(c, &fd);
    assert_int_equal(fd, -1);
    assert_int_equal(json_integer_value(json_object_get(m, "n")), want);
    json_decref(m);
}

static void short_and_long_messages(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    json_t *m;
    int fd;
    assert_int_equal(mcu_ipc_recv(p.b, &m, &fd), MCU_IPC_AGAIN);
    static const size_t sizes[] = {1, 60 * 1024 - 10, 60 * 1024, 64 * 1024, 300 * 1024, 4 * 1024 * 1024 - 8};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        char *text = g_malloc(sizes[i] + 1);
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        assert_true(mcu_ipc_send(p.a, json_pack("{s:s}", "t", text), NULL, -1));
        m = expect_message(p.b, &fd);
        assert_int_equal(fd, -1);
        assert_string_equal(json_string_value(json_object_get(m, "t")), text);
        json_decref(m);
        g_free(text);
    }
    char *huge = g_strnfill(4 * 1024 * 1024, 'x');
    assert_false(mcu_ipc_send(p.a, json_pack("{s:s}", "t", huge), NULL, -1));
    g_free(huge);
    free_pair(p);
    mcu_ipc_free(NULL);
    assert_int_equal(open_fds(), before);
}

static void descriptors_travel(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct stat want, got;
    fstat(null, &want);
    char *big = g_strnfill(100000, 'y');
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 1), NULL, null));
    assert_true(mcu_ipc_send(p.a, json_pack("{s:s}", "t", big), NULL, null));
    g_free(big);
    close(null);
    for (int i = 0; i < 2; i++) {
        int fd;
        json_t *m = expect_message(p.b, &fd);
        assert_true(fd >= 0);
        fstat(fd, &got);
        assert_int_equal(got.st_rdev, want.st_rdev);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
        json_decref(m);
    }
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

/* Fills the socket, so that what follows waits in the queue. Returns how many messages it took. */
static int fill(mcu_ipc *c)
{
    int n = 0;
    while (!mcu_ipc_wants_write(c)) {
        assert_true(mcu_ipc_send(c, json_pack("{s:i}", "n", n), NULL, -1));
        n++;
    }
    return n;
}

static void full_socket_queues_and_coalesces(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    int n = fill(p.a);
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 1001), "roster", -1));
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 1002), "layout", 0));
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 1003), "roster", -1));
    for (int i = 3; i < 256; i++) {
        assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 2000 + i), NULL, -1));
    }
    assert_false(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 5000), NULL, -1));
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 1004), "layout", -1));
    for (int i = 0; i < n; i++) {
        expect_number(p.b, i);
        mcu_ipc_flush(p.a);
    }
    expect_number(p.b, 1003);
    for (int i = 3; i < 256; i++) {
        mcu_ipc_flush(p.a);
        expect_number(p.b, 2000 + i);
    }
    mcu_ipc_flush(p.a);
    expect_number(p.b, 1004);
    assert_false(mcu_ipc_wants_write(p.a));
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

static void queued_descriptors_are_closed_with_it(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    fill(p.a);
    char *big = g_strnfill(100000, 'y');
    for (int i = 0; i < 10; i++) {
        assert_true(mcu_ipc_send(p.a, json_pack("{s:s}", "t", big), i < 5 ? "same" : NULL, 0));
    }
    g_free(big);
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

static void peer_that_is_gone(void **state)
{
    (void)state;
    pair p = new_pair();
    json_t *m;
    int fd;
    mcu_ipc_free(p.b);
    assert_int_equal(mcu_ipc_recv(p.a, &m, &fd), MCU_IPC_CLOSED);
    assert_false(mcu_ipc_send(p.a, json_object(), NULL, -1));
    assert_false(mcu_ipc_send(p.a, json_object(), NULL, -1));
    assert_false(mcu_ipc_wants_write(p.a));
    mcu_ipc_free(p.a);
}

static void send_raw(int fd, const void *data, size_t size, const int *fds, unsigned n)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n > 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    }
    assert_true(sendmsg(fd, &msg, 0) >= 0);
}

static void expect_bad(mcu_ipc *c)
{
    json_t *m;
    int fd;
    assert_int_equal(mcu_ipc_recv(c, &m, &fd), MCU_IPC_BAD);
    assert_null(m);
    assert_int_equal(fd, -1);
}

static int new_memfd(const char *text, int seals)
{
    int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void two_descriptors_go_to_who_takes_them(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    char *big = g_strnfill(80 * 1024, 'x');
    assert_true(mcu_ipc_send_fds(p.a, json_pack("{s:i}", "n", 1), NULL, pipes, 2));
    assert_true(mcu_ipc_send_fds(p.a, json_pack("{s:s}", "t", big), NULL, pipes, 2)); /* beside the memfd */
    g_free(big);
    for (int i = 0; i < 2; i++) {
        json_t *m;
        int fds[MCU_IPC_FDS];
        unsigned n;
        char byte = 0;
        assert_int_equal(mcu_ipc_recv_fds(p.b, &m, fds, &n), MCU_IPC_MESSAGE);
        assert_int_equal(n, 2);
        assert_int_equal(write(fds[1], "r", 1), 1); /* in this order */
        assert_int_equal(read(fds[0], &byte, 1), 1);
        close(fds[0]);
        close(fds[1]);
        json_decref(m);
    }
    assert_true(mcu_ipc_send_fds(p.a, json_pack("{s:i}", "n", 2), NULL, pipes, 2));
    expect_bad(p.b); /* who takes one */
    close(pipes[0]);
    close(pipes[1]);
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

static void malformed_messages_leave_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "x", "{", "[]", "1", "\"s\"", "null", "{\"a\":1}{", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}",
    };
    int before = open_fds();
    pair p = new_pair();
    const int many[40] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        send_raw(p.raw, rows[i], strlen(rows[i]), many, i % 3);
        expect_bad(p.b);
    }
    send_raw(p.raw, "{}", 2, many, 2); /* one more descriptor than a message may have */
    expect_bad(p.b);
    send_raw(p.raw, "{}", 2, many, 3);
    expect_bad(p.b);
    send_raw(p.raw, "{}", 2, many, 40); /* more than the control buffer holds */
    expect_bad(p.b);
    char *big = g_strnfill(100 * 1024, ' ');
    memcpy(big, "{}", 2);
    send_raw(p.raw, big, 100 * 1024, many, 1); /* cut by the buffer: shows as MSG_TRUNC only */
    expect_bad(p.b);
    g_free(big);
    char *deep = g_strnfill(50 * 1024, '[');
    send_raw(p.raw, deep, 50 * 1024, NULL, 0);
    expect_bad(p.b);
    g_free(deep);
    send_raw(p.raw, "{\"n\":7}", 7, NULL, 0); /* and goes on */
    expect_number(p.b, 7);
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

static void memfds_are_checked(void **state)
{
    (void)state;
    int before = open_fds();
    pair p = new_pair();
    const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const struct {
        const char *head;
        const char *text;
        int seals;
        bool good;
    } rows[] = {
        {"{\"memfd\":7}", "{\"n\":9}", all, true},
        {"{\"memfd\":7}", "{\"n\":9}", F_SEAL_SHRINK | F_SEAL_GROW, false},
        {"{\"memfd\":7}", "{\"n\":9}", F_SEAL_SHRINK | F_SEAL_WRITE, false},
        {"{\"memfd\":7}", "{\"n\":9}", 0, false},
        {"{\"memfd\":6}", "{\"n\":9}", all, false},
        {"{\"memfd\":8}", "{\"n\":9}", all, false},
        {"{\"memfd\":0}", "", all, false},
        {"{\"memfd\":-1}", "{\"n\":9}", all, false},
        {"{\"memfd\":9223372036854775807}", "{\"n\":9}", all, false},
        {"{\"memfd\":7}", "[1,2,3]", all, false},
        {"{\"memfd\":7}", "{\"n\":9]", all, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int fd = new_memfd(rows[i].text, rows[i].seals);
        send_raw(p.raw, rows[i].head, strlen(rows[i].head), &fd, 1);
        close(fd);
        if (rows[i].good) {
            expect_number(p.b, 9);
        } else {
            expect_bad(p.b);
        }
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    send_raw(p.raw, "{\"memfd\":7}", 11, &null, 1);
    close(null);
    expect_bad(p.b);
    free_pair(p);
    assert_int_equal(open_fds(), before);
}

static void named_sockets(void **state)
{
    (void)state;
    int before = open_fds();
    /* A folder whose full path is longer than sun_path. */
    char *base = g_dir_make_tmp("tessera-ipc-XXXXXX", NULL);
    char *name = g_strnfill(120, 'd');
    char *folder = g_build_filename(base, name, NULL);
    assert_int_equal(mkdir(folder, 0700), 0);
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);

    GError *error = NULL;
    assert_int_equal(mcu_ipc_connect(dir, "room", &error), -1);
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_NOT_FOUND));
    g_clear_error(&error);
    int l = mcu_ipc_listen(dir, "room", &error);
    assert_null(error);
    assert_true(l >= 0);
    assert_int_equal(mcu_ipc_accept(l, &error), -1);
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE));
    g_clear_error(&error);
    assert_int_equal(mcu_ipc_listen(dir, "room", &error), -1);
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_CONFLICT));
    g_clear_error(&error);
    int c = mcu_ipc_connect(dir, "room", &error);
    assert_true(c >= 0);
    /* The failed listen above knocked once to see whether anybody is there. */
    int knock = mcu_ipc_accept(l, NULL);
    int s = mcu_ipc_accept(l, &error);
    assert_true(s >= 0);
    close(knock);
    pair p = {.a = mcu_ipc_new(c), .b = mcu_ipc_new(s), .raw = c};
    assert_true(mcu_ipc_send(p.a, json_pack("{s:i}", "n", 3), NULL, -1));
    expect_number(p.b, 3);
    free_pair(p);
    close(l);

    assert_int_equal(mcu_ipc_connect(dir, "room", &error), -1);
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE));
    g_clear_error(&error);
    l = mcu_ipc_listen(dir, "room", &error); /* what a killed process left behind is taken over */
    assert_true(l >= 0);
    close(l);
    assert_int_equal(mcu_ipc_listen(dir, "../room", &error), -1);
    g_clear_error(&error);
    assert_int_equal(mcu_ipc_listen(dir, name, &error), -1);
    g_clear_error(&error);

    unlinkat(dir, "room", 0);
    close(dir);
    rmdir(folder);
    rmdir(base);
    g_free(folder);
    g_free(name);
    g_free(base);
    assert_int_equal(open_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_and_long_messages),
        cmocka_unit_test(descriptors_travel),
        cmocka_unit_test(full_socket_queues_and_coalesces),
        cmocka_unit_test(queued_descriptors_are_closed_with_it),
        cmocka_unit_test(peer_that_is_gone),
        cmocka_unit_test(two_descriptors_go_to_who_takes_them),
        cmocka_unit_test(malformed_messages_leave_nothing),
        cmocka_unit_test(memfds_are_checked),
        cmocka_unit_test(named_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
