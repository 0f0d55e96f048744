/* Who may speak SIP to us: the list, and the filter in the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <unistd.h>

#include "signaling/phone/sources.h"

static tel_sources *make(const char *text)
{
    json_t *list = json_loads(text, 0, NULL);
    tel_sources *s = tel_sources_new(list, NULL);
    json_decref(list);
    return s;
}

static struct sockaddr_in v4(const char *host, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    return a;
}

static bool have(const tel_sources *s, const char *host)
{
    struct sockaddr_in a = v4(host, 5060);
    struct sockaddr_in6 b = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, host, &b.sin6_addr) == 1) {
        return tel_sources_have(s, (const struct sockaddr *)&b);
    }
    return tel_sources_have(s, (const struct sockaddr *)&a);
}

static void networks_are_compared_by_their_bits(void **state)
{
    (void)state;
    tel_sources *s = make("[\"192.0.2.7\", \"10.64.0.0/10\", \"2001:db8:0:8000::/49\"]");
    assert_non_null(s);
    assert_true(have(s, "192.0.2.7"));
    assert_false(have(s, "192.0.2.8"));
    assert_true(have(s, "10.127.255.255"));
    assert_false(have(s, "10.128.0.0"));
    assert_true(have(s, "2001:db8:0:ffff::1"));
    assert_false(have(s, "2001:db8:0:7fff::1"));
    tel_sources_free(s);
    assert_null(make("[\"192.0.2.0/33\"]"));
    assert_null(make("[\"host.example\"]"));
    assert_null(make("[\"\"]"));
    assert_null(make("[7]"));
}

/* What reaches a guarded socket that is sent a datagram from 127.0.0.2. */
static bool arrives(const char *list)
{
    int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = v4("127.0.0.1", 0), other = v4("127.0.0.2", 0);
    socklen_t size = sizeof own;
    char byte = 0;
    assert_int_equal(bind(to, (struct sockaddr *)&own, size), 0);
    assert_int_equal(bind(from, (struct sockaddr *)&other, size), 0);
    assert_int_equal(getsockname(to, (struct sockaddr *)&own, &size), 0);
    assert_int_equal(sendto(from, "a", 1, 0, (struct sockaddr *)&own, size), 1);
    tel_sources *s = make(list);
    assert_true(tel_sources_guard(s, to, NULL)); /* and what waited is dropped */
    assert_int_equal(sendto(from, "b", 1, 0, (struct sockaddr *)&own, size), 1);
    bool came = recv(to, &byte, 1, MSG_DONTWAIT) == 1;
    assert_true(!came || byte == 'b');
    tel_sources_free(s);
    close(to);
    close(from);
    return came;
}

static void the_kernel_keeps_the_others_out(void **state)
{
    (void)state;
    assert_true(arrives("[\"192.0.2.1\", \"127.0.0.2\"]"));
    assert_true(arrives("[\"127.0.0.0/8\"]"));
    assert_true(arrives("[\"0.0.0.0/0\"]"));
    assert_false(arrives("[\"127.0.0.3\"]"));
    assert_false(arrives("[\"127.0.0.4/30\", \"::/0\"]"));
    assert_false(arrives("[]"));
}

/* Every place taken, each with as many instructions as there may be. */
static void a_full_list_fits_the_filter(void **state)
{
    (void)state;
    struct sockaddr_in6 own = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    json_t *list = json_array();
    for (int i = 0; i < TEL_SOURCES_MAX; i++) {
        json_array_append_new(list, json_sprintf("2001:db8:%x::/64", i));
    }
    tel_sources *s = tel_sources_new(list, NULL);
    assert_non_null(s);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof own) == 0) { /* a machine may have no IPv6 */
        assert_true(tel_sources_guard(s, fd, NULL));
    }
    json_array_append_new(list, json_string("::1"));
    assert_null(tel_sources_new(list, NULL));
    tel_sources_free(s);
    json_decref(list);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_compared_by_their_bits),
        cmocka_unit_test(the_kernel_keeps_the_others_out),
        cmocka_unit_test(a_full_list_fits_the_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
