#include "mcu/net/candidate.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

const char *mcu_candidate_type_name(mcu_candidate_type t)
{
    static const char *const names[] = {"none", "host", "srflx", "prflx", "relay"};
    return (unsigned)t < G_N_ELEMENTS(names) ? names[t] : "none";
}

/* ---- addresses ---- */

static bool v4_usable(const struct in_addr *a, bool allow_loopback)
{
    uint32_t ip = ntohl(a->s_addr);
    if (ip >> 24 == 127) {
        return allow_loopback;
    }
    return ip >> 24 != 0 && ip >> 16 != 0xa9fe && ip < 0xe0000000u; /* 169.254/16; 224/4 and above */
}

static bool v6_usable(const struct in6_addr *a, bool allow_loopback)
{
    if (IN6_IS_ADDR_LOOPBACK(a)) {
        return allow_loopback;
    }
    return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_V4MAPPED(a) &&
           !IN6_IS_ADDR_V4COMPAT(a);
}

bool mcu_address_is_loopback(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, ip, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    return inet_pton(AF_INET6, ip, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static mcu_status check_address(const char *ip, bool allow_loopback)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, ip, &v4) == 1) {
        return v4_usable(&v4, allow_loopback) ? MCU_OK : MCU_ENOSUP;
    }
    if (inet_pton(AF_INET6, ip, &v6) == 1) {
        return v6_usable(&v6, allow_loopback) ? MCU_OK : MCU_ENOSUP;
    }
    return MCU_ENOSUP; /* a name: mDNS, or nothing that we would look up */
}

static bool copy_address(char *out, const char *ip)
{
    return g_strlcpy(out, ip, INET6_ADDRSTRLEN) < INET6_ADDRSTRLEN;
}

/* ---- words ---- */

/* The next word of at most size - 1 bytes, separated by single or more spaces. */
static bool next_word(const char **at, char *out, size_t size)
{
    const char *s = *at;
    while (*s == ' ') {
        s++;
    }
    size_t n = 0;
    while (s[n] != '\0' && s[n] != ' ' && s[n] != '\r' && s[n] != '\n') {
        n++;
    }
    if (n == 0 || n >= size) {
        return false;
    }
    memcpy(out, s, n);
    out[n] = '\0';
    *at = s + n;
    return true;
}

static bool next_number(const char **at, uint64_t max, uint64_t *out)
{
    char word[16];
    return next_word(at, word, sizeof word) && g_ascii_string_to_unsigned(word, 10, 0, max, out, NULL);
}

static bool is_foundation(const char *s)
{
    for (; *s != '\0'; s++) {
        if (!g_ascii_isalnum(*s) && *s != '+' && *s != '/' && *s != '-' && *s != '_' && *s != '.') {
            return false;
        }
    }
    return true;
}

static mcu_candidate_type type_of(const char *word)
{
    for (mcu_candidate_type t = MCU_CANDIDATE_HOST; t <= MCU_CANDIDATE_RELAY; t++) {
        if (strcmp(word, mcu_candidate_type_name(t)) == 0) {
            return t;
        }
    }
    return MCU_CANDIDATE_NONE;
}

/* "typ" and what follows it as pairs of name and value. */
static mcu_status parse_attributes(const char *at, bool tcp, mcu_candidate *out)
{
    char name[40], value[MCU_CANDIDATE_TEXT_MAX], tcptype[16] = "";
    if (!next_word(&at, name, sizeof name) || strcmp(name, "typ") != 0 || !next_word(&at, value, sizeof value)) {
        return MCU_EINVAL;
    }
    out->type = type_of(value);
    while (next_word(&at, name, sizeof name)) {
        if (!next_word(&at, value, sizeof value)) {
            return MCU_EINVAL;
        }
        guint64 port;
        if (strcmp(name, "raddr") == 0 && check_address(value, true) == MCU_OK) {
            (void)copy_address(out->related_address, value);
        } else if (strcmp(name, "rport") == 0 && g_ascii_string_to_unsigned(value, 10, 0, 65535, &port, NULL)) {
            out->related_port = (uint16_t)port;
        } else if (strcmp(name, "tcptype") == 0) {
            g_strlcpy(tcptype, value, sizeof tcptype);
        }
    }
    out->transport = !tcp                              ? MCU_TRANSPORT_UDP
                     : strcmp(tcptype, "active") == 0  ? MCU_TRANSPORT_TCP_ACTIVE
                     : strcmp(tcptype, "passive") == 0 ? MCU_TRANSPORT_TCP_PASSIVE
                                                       : MCU_TRANSPORT_NONE;
    bool known = out->type != MCU_CANDIDATE_NONE && out->type != MCU_CANDIDATE_PRFLX && out->transport != MCU_TRANSPORT_NONE;
    return known ? MCU_OK : MCU_ENOSUP;
}

/* A candidate is an invitation to send packets somewhere: not to the services that live on low ports. An active TCP one has none.
 */
static bool port_usable(const mcu_candidate *c)
{
    return c->transport == MCU_TRANSPORT_TCP_ACTIVE || c->port >= 1024 || c->port == 80 || c->port == 443;
}

mcu_status mcu_candidate_parse(const char *text, bool allow_loopback, mcu_candidate *out)
{
    memset(out, 0, sizeof *out);
    if (strnlen(text, MCU_CANDIDATE_TEXT_MAX) >= MCU_CANDIDATE_TEXT_MAX) {
        return MCU_EINVAL;
    }
    const char *at = g_str_has_prefix(text, "a=") ? text + 2 : text;
    if (!g_str_has_prefix(at, "candidate:")) {
        return MCU_EINVAL;
    }
    at += strlen("candidate:");
    char protocol[16], address[MCU_CANDIDATE_TEXT_MAX];
    guint64 component, priority, port;
    if (!next_word(&at, out->foundation, sizeof out->foundation) || !is_foundation(out->foundation) ||
        !next_number(&at, 256, &component) || !next_word(&at, protocol, sizeof protocol) ||
        !next_number(&at, UINT32_MAX, &priority) || !next_word(&at, address, sizeof address) || !next_number(&at, 65535, &port)) {
        return MCU_EINVAL;
    }
    out->priority = (uint32_t)priority;
    out->port = (uint16_t)port;
    bool tcp = g_ascii_strcasecmp(protocol, "tcp") == 0;
    mcu_status s = parse_attributes(at, tcp, out);
    if (s != MCU_OK) {
        return s;
    }
    if ((!tcp && g_ascii_strcasecmp(protocol, "udp") != 0) || component != 1 || priority == 0 || !port_usable(out) ||
        !copy_address(out->address, address)) {
        return MCU_ENOSUP;
    }
    return check_address(out->address, allow_loopback);
}

bool mcu_candidate_print(const mcu_candidate *c, char *out, size_t size)
{
    bool tcp = c->transport != MCU_TRANSPORT_UDP;
    int n = g_snprintf(out, size, "candidate:%s 1 %s %u %s %u typ %s", c->foundation, tcp ? "tcp" : "udp", c->priority,
                       c->address, c->port, mcu_candidate_type_name(c->type));
    size_t used = n > 0 ? (size_t)n : size;
    if (used < size && c->related_address[0] != '\0') {
        n = g_snprintf(out + used, size - used, " raddr %s rport %u", c->related_address, c->related_port);
        used += n > 0 ? (size_t)n : size;
    }
    if (used < size && tcp) {
        n = g_snprintf(out + used, size - used, " tcptype %s", c->transport == MCU_TRANSPORT_TCP_ACTIVE ? "active" : "passive");
        used += n > 0 ? (size_t)n : size;
    }
    return used < size;
}
