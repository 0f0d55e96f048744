#include <arpa/inet.h>
#include <nice/interfaces.h>
#include <string.h>

#include "mcu/net/candidate.h"
#include "mcu/net/ice.h"

static bool is_ip(const char *text)
{
    uint8_t bytes[16];
    return text != NULL && (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1);
}

static bool refuse(GError **error, const char *what, const char *value)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is not an IP address: %s", what, value != NULL ? value : "(none)");
    return false;
}

/* IPv6 link-local needs a scope that a candidate cannot carry. */
static bool is_link_local(const char *ip)
{
    struct in6_addr v6;
    return inet_pton(AF_INET6, ip, &v6) == 1 && IN6_IS_ADDR_LINKLOCAL(&v6);
}

static void add_own_addresses(GPtrArray *out, bool loopback)
{
    GList *all = nice_interfaces_get_local_ips(TRUE);
    for (GList *l = all; l != NULL; l = l->next) {
        const char *ip = l->data;
        if (is_ip(ip) && !is_link_local(ip) && mcu_address_is_loopback(ip) == loopback) {
            g_ptr_array_add(out, g_strdup(ip));
        }
    }
    g_list_free_full(all, g_free);
}

static bool set_addresses(mcu_ice_config *c, const mcu_net_config *from, GError **error)
{
    GPtrArray *list = g_ptr_array_new();
    if (from->addresses != NULL && from->addresses[0] != NULL) {
        for (const char *const *a = from->addresses; *a != NULL; a++) {
            if (!is_ip(*a)) {
                g_ptr_array_free(list, TRUE);
                return refuse(error, "local address", *a);
            }
            g_ptr_array_add(list, g_strdup(*a));
        }
    } else {
        add_own_addresses(list, false);
        if (list->len == 0 || from->loopback) {
            add_own_addresses(list, true);
        }
    }
    for (guint k = 0; k < list->len; k++) {
        c->loopback |= mcu_address_is_loopback(g_ptr_array_index(list, k));
    }
    g_ptr_array_add(list, NULL);
    c->addresses = (char **)g_ptr_array_free(list, FALSE);
    return true;
}

static bool set_turn(mcu_ice_config *c, const mcu_net_config *from, GError **error)
{
    c->turn = g_new0(mcu_turn_server, from->n_turn);
    c->n_turn = from->n_turn;
    for (unsigned k = 0; k < from->n_turn; k++) {
        const mcu_turn_server *t = &from->turn[k];
        c->turn[k] = (mcu_turn_server){.host = g_strdup(t->host),
                                       .port = t->port != 0 ? t->port : 3478,
                                       .transport = g_strdup(t->transport != NULL ? t->transport : "udp"),
                                       .username = g_strdup(t->username != NULL ? t->username : ""),
                                       .password = g_strdup(t->password != NULL ? t->password : "")};
        if (!is_ip(t->host)) {
            return refuse(error, "TURN server", t->host);
        }
    }
    return true;
}

bool mcu_ice_config_init(mcu_ice_config *c, GMainContext *context, const mcu_net_config *from, GError **error)
{
    *c = (mcu_ice_config){.context = g_main_context_ref(context),
                          .nat_address = g_strdup(from->nat_address),
                          .port_min = from->port_min,
                          .port_max = from->port_max,
                          .ice_tcp = from->ice_tcp,
                          .stun_host = g_strdup(from->stun_host),
                          .stun_port = from->stun_port != 0 ? from->stun_port : 3478};
    bool ok = false;
    if (from->nat_address != NULL && !is_ip(from->nat_address)) {
        refuse(error, "NAT address", from->nat_address);
    } else if (from->stun_host != NULL && !is_ip(from->stun_host)) {
        refuse(error, "STUN server", from->stun_host);
    } else if (from->port_min > from->port_max || (from->port_max != 0 && from->port_min == 0)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "port range %u-%u is empty", from->port_min, from->port_max);
    } else {
        ok = set_addresses(c, from, error) && set_turn(c, from, error);
    }
    if (!ok) {
        mcu_ice_config_clear(c);
    }
    return ok;
}

void mcu_ice_config_clear(mcu_ice_config *c)
{
    for (unsigned k = 0; k < c->n_turn; k++) {
        g_free((char *)c->turn[k].host);
        g_free((char *)c->turn[k].transport);
        g_free((char *)c->turn[k].username);
        g_free((char *)c->turn[k].password);
    }
    g_free(c->turn);
    g_strfreev(c->addresses);
    g_free(c->nat_address);
    g_free(c->stun_host);
    g_main_context_unref(c->context);
    *c = (mcu_ice_config){0};
}
