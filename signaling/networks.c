#include "signaling/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "mcu/base/status.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

typedef struct {
    sig_address address;
    unsigned bits; /* of 128 */
} network;

struct sig_networks {
    unsigned n;
    network list[];
};

bool sig_address_parse(const char *text, sig_address *out)
{
    memcpy(out->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, out->bytes + sizeof mapped) == 1 || inet_pton(AF_INET6, text, out->bytes) == 1;
}

bool sig_address_of(const struct sockaddr *from, sig_address *out)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &in.sin_addr, 4);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(out->bytes, &in6.sin6_addr, sizeof out->bytes);
        return true;
    }
    return false;
}

bool sig_address_is_ipv4(const sig_address *a)
{
    return memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

bool sig_address_is_loopback(const sig_address *a)
{
    static const uint8_t six[16] = {[15] = 1};
    return memcmp(a->bytes, six, sizeof six) == 0 || (sig_address_is_ipv4(a) && a->bytes[12] == 127);
}

static bool parse_network(const char *text, network *out)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint64 bits = 128;
    if (!parts[0] || !sig_address_parse(parts[0], &out->address)) {
        return false;
    }
    bool four = memcmp(out->address.bytes, mapped, sizeof mapped) == 0;
    if (parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, 0, four ? 32 : 128, &bits, NULL)) {
        return false;
    }
    out->bits = (unsigned)bits + (four && parts[1] ? 96 : 0);
    return true;
}

sig_networks *sig_networks_new(const char *const *list, GError **error)
{
    unsigned n = g_strv_length((char **)(uintptr_t)list);
    sig_networks *s = g_malloc0(sizeof *s + n * sizeof s->list[0]);
    for (; s->n < n; s->n++) {
        if (!parse_network(list[s->n], &s->list[s->n])) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is not a network like 10.0.0.0/8", list[s->n]);
            sig_networks_free(s);
            return NULL;
        }
    }
    return s;
}

void sig_networks_free(sig_networks *n)
{
    g_free(n);
}

static bool within(const network *n, const sig_address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->address.bytes, a->bytes, whole) != 0) {
        return false;
    }
    unsigned mask = (0xff00u >> rest) & 0xff;
    return rest == 0 || ((n->address.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

bool sig_networks_have(const sig_networks *n, const sig_address *a)
{
    for (unsigned i = 0; i < n->n; i++) {
        if (within(&n->list[i], a)) {
            return true;
        }
    }
    return false;
}
