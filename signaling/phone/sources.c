#include "signaling/phone/sources.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/status.h"

#define V4_SOURCE 12u /* offsets of the source address in the IP headers */
#define V6_SOURCE 8u
#define NETWORK_MAX 13 /* instructions: three for each of four words, and the "accept" */
#define PROGRAM_MAX (TEL_SOURCES_MAX * NETWORK_MAX + 1)

typedef struct {
    int family;
    uint32_t address[4], mask[4]; /* host order, words as they stand in the header; one for IPv4 */
} network;

struct tel_sources {
    network list[TEL_SOURCES_MAX];
    unsigned n;
};

static unsigned words_of(int family)
{
    return family == AF_INET ? 1 : 4;
}

static void set_mask(network *n, unsigned bits)
{
    for (unsigned w = 0; w < words_of(n->family); w++) {
        unsigned of_word = MIN(bits, 32u);
        n->mask[w] = of_word == 0 ? 0 : UINT32_MAX << (32 - of_word);
        n->address[w] &= n->mask[w];
        bits -= of_word;
    }
}

static bool parse_network(const char *text, network *out)
{
    char host[INET6_ADDRSTRLEN] = "";
    uint32_t raw[4] = {0};
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    if (size >= sizeof host) {
        return false;
    }
    memcpy(host, text, size);
    out->family = strchr(host, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(out->family, host, raw) != 1) {
        return false;
    }
    for (unsigned w = 0; w < 4; w++) {
        out->address[w] = ntohl(raw[w]);
    }
    guint64 bits = 32 * words_of(out->family);
    if (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &bits, NULL)) {
        return false;
    }
    set_mask(out, (unsigned)bits);
    return true;
}

tel_sources *tel_sources_new(const json_t *list, GError **error)
{
    tel_sources *s = g_new0(tel_sources, 1);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        if (!text || s->n >= TEL_SOURCES_MAX || !parse_network(text, &s->list[s->n])) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is not an address or network, or one too many",
                        text ? text : "?");
            tel_sources_free(s);
            return NULL;
        }
        s->n++;
    }
    return s;
}

void tel_sources_free(tel_sources *s)
{
    g_free(s);
}

bool tel_sources_add(tel_sources *s, const tel_sources *other)
{
    if (s->n + other->n > TEL_SOURCES_MAX) {
        return false;
    }
    memcpy(&s->list[s->n], other->list, other->n * sizeof *other->list);
    s->n += other->n;
    return true;
}

static bool holds(const network *n, int family, const uint32_t *address)
{
    if (n->family != family) {
        return false;
    }
    for (unsigned w = 0; w < words_of(family); w++) {
        if ((address[w] & n->mask[w]) != n->address[w]) {
            return false;
        }
    }
    return true;
}

bool tel_sources_have(const tel_sources *s, const struct sockaddr *from)
{
    uint32_t address[4] = {0};
    int family = from->sa_family;
    if (family == AF_INET) {
        address[0] = ntohl(((const struct sockaddr_in *)(const void *)from)->sin_addr.s_addr);
    } else if (family == AF_INET6) {
        uint32_t raw[4];
        memcpy(raw, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, sizeof raw);
        for (unsigned w = 0; w < 4; w++) {
            address[w] = ntohl(raw[w]);
        }
    }
    for (unsigned i = 0; i < s->n; i++) {
        if (holds(&s->list[i], family, address)) {
            return true;
        }
    }
    return false;
}

/* ---- the filter ---- */

/* One network: load, mask and compare each word; the first that differs leads past it. */
static unsigned emit_network(struct sock_filter *p, const network *n, unsigned source)
{
    unsigned words = words_of(n->family), at = 0;
    for (unsigned w = 0; w < words; w++) {
        unsigned behind = (words - w - 1) * 3 + 1; /* the rest and the "accept" */
        p[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + source + 4 * w);
        p[at++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, n->mask[w]);
        p[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n->address[w], 0, (uint8_t)behind);
    }
    p[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    return at;
}

static void drop_waiting(int fd)
{
    char byte;
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM) {
        while (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0) { /* came before the filter */
        }
    }
}

bool tel_sources_guard(const tel_sources *s, int fd, GError **error)
{
    struct sock_filter program[PROGRAM_MAX];
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    unsigned n = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &size) == 0) {
        for (unsigned i = 0; i < s->n; i++) {
            if (s->list[i].family == own.ss_family) {
                n += emit_network(program + n, &s->list[i], own.ss_family == AF_INET ? V4_SOURCE : V6_SOURCE);
            }
        }
    }
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {(unsigned short)n, program};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "socket filter: %s", g_strerror(errno));
        return false;
    }
    drop_waiting(fd);
    return true;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0) {
        return 0;
    }
    return own.ss_family == AF_INET    ? ntohs(((struct sockaddr_in *)(void *)&own)->sin_port)
           : own.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&own)->sin6_port)
                                       : 0;
}

int tel_sources_guard_port(const tel_sources *s, unsigned port, GError **error)
{
    DIR *folder = opendir("/proc/self/fd");
    int guarded = folder ? 0 : -1;
    for (struct dirent *e = folder ? readdir(folder) : NULL; e && guarded >= 0; e = readdir(folder)) {
        int fd = atoi(e->d_name);
        if (g_ascii_isdigit(e->d_name[0]) && fd > 2 && port_of(fd) == port) {
            guarded = tel_sources_guard(s, fd, error) ? guarded + 1 : -1;
        }
    }
    if (folder) {
        closedir(folder);
    } else {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "/proc/self/fd: %s", g_strerror(errno));
    }
    return guarded;
}
