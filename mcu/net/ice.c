#include "mcu/net/ice.h"

#include <nice/agent.h>
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/net/candidate.h"

#define COMPONENT 1
#define LOCAL_MAX 64
/* For so long after the last check libnice looks each 20 ms for more, and what has no pair then has failed. */
#define IDLE_MS 5000U
#define IDLE_CONNECTED_MS 500U

struct mcu_ice {
    const mcu_ice_config *config;
    mcu_ice_callbacks callbacks;
    void *user;
    NiceAgent *agent;
    guint stream;
    mcu_ice_state state;
    char *ufrag, *pwd;
    GPtrArray *candidates; /* text, NULL-terminated */
    bool gathered;
    unsigned n_remote;
};

const char *mcu_ice_state_name(mcu_ice_state s)
{
    static const char *const names[] = {"none", "new", "checking", "connected", "failed"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

/* ---- signals ---- */

static void set_state(mcu_ice *i, mcu_ice_state state)
{
    if (i->state == state) {
        return;
    }
    mcu_debug("ice.state", "from=%s to=%s", mcu_ice_state_name(i->state), mcu_ice_state_name(state));
    i->state = state;
    if (i->callbacks.on_state != NULL) {
        i->callbacks.on_state(i->user, state);
    }
}

static void on_component_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer user)
{
    (void)stream;
    (void)component;
    mcu_ice *i = user;
    switch ((NiceComponentState)state) {
    case NICE_COMPONENT_STATE_CONNECTED:
    case NICE_COMPONENT_STATE_READY:
        g_object_set(agent, "idle-timeout", IDLE_CONNECTED_MS, NULL);
        set_state(i, MCU_ICE_CONNECTED);
        break;
    case NICE_COMPONENT_STATE_FAILED:
        set_state(i, MCU_ICE_FAILED);
        break;
    case NICE_COMPONENT_STATE_CONNECTING:
        set_state(i, MCU_ICE_CHECKING);
        break;
    case NICE_COMPONENT_STATE_DISCONNECTED:
    case NICE_COMPONENT_STATE_GATHERING:
    case NICE_COMPONENT_STATE_LAST:
        break;
    }
}

static mcu_candidate_type type_from_nice(NiceCandidateType t)
{
    switch (t) {
    case NICE_CANDIDATE_TYPE_HOST:
        return MCU_CANDIDATE_HOST;
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
        return MCU_CANDIDATE_SRFLX;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
        return MCU_CANDIDATE_PRFLX;
    case NICE_CANDIDATE_TYPE_RELAYED:
        return MCU_CANDIDATE_RELAY;
    }
    return MCU_CANDIDATE_NONE;
}

static mcu_candidate_transport transport_from_nice(NiceCandidateTransport t)
{
    switch (t) {
    case NICE_CANDIDATE_TRANSPORT_UDP:
        return MCU_TRANSPORT_UDP;
    case NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE:
        return MCU_TRANSPORT_TCP_ACTIVE;
    case NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE:
        return MCU_TRANSPORT_TCP_PASSIVE;
    case NICE_CANDIDATE_TRANSPORT_TCP_SO:
        break;
    }
    return MCU_TRANSPORT_NONE;
}

/* 1:1 NAT: the public address stands for every host address of its family, also where another candidate refers to one. */
static void put_address(const mcu_ice *i, char *out, const NiceAddress *a, bool may_rewrite)
{
    nice_address_to_string(a, out);
    const char *nat = i->config->nat_address;
    if (nat != NULL && may_rewrite && (strchr(nat, ':') != NULL) == (strchr(out, ':') != NULL)) {
        g_strlcpy(out, nat, INET6_ADDRSTRLEN);
    }
}

static bool describe(const mcu_ice *i, const NiceCandidate *from, char *text, size_t size)
{
    mcu_candidate c = {.type = type_from_nice(from->type),
                       .transport = transport_from_nice(from->transport),
                       .priority = from->priority,
                       .port = (uint16_t)nice_address_get_port(&from->addr)};
    if (c.type == MCU_CANDIDATE_PRFLX || c.type == MCU_CANDIDATE_NONE || c.transport == MCU_TRANSPORT_NONE) {
        return false;
    }
    g_strlcpy(c.foundation, from->foundation, sizeof c.foundation);
    put_address(i, c.address, &from->addr, c.type == MCU_CANDIDATE_HOST);
    if (c.transport == MCU_TRANSPORT_TCP_ACTIVE) {
        c.port = 9; /* RFC 6544 4.5: the discard port stands for "none" */
    }
    if (c.type != MCU_CANDIDATE_HOST && nice_address_is_valid(&from->base_addr)) {
        put_address(i, c.related_address, &from->base_addr, true);
        c.related_port = (uint16_t)nice_address_get_port(&from->base_addr);
    }
    return mcu_candidate_print(&c, text, size);
}

static void on_new_candidate(NiceAgent *agent, NiceCandidate *candidate, gpointer user)
{
    (void)agent;
    mcu_ice *i = user;
    char text[MCU_CANDIDATE_TEXT_MAX];
    if (i->candidates->len > LOCAL_MAX || !describe(i, candidate, text, sizeof text)) {
        return;
    }
    for (guint k = 0; k + 1 < i->candidates->len; k++) {
        if (strcmp(g_ptr_array_index(i->candidates, k), text) == 0) {
            return;
        }
    }
    g_ptr_array_insert(i->candidates, (gint)i->candidates->len - 1, g_strdup(text));
    if (i->callbacks.on_candidate != NULL) {
        i->callbacks.on_candidate(i->user, text);
    }
}

static void on_gathering_done(NiceAgent *agent, guint stream, gpointer user)
{
    (void)agent;
    (void)stream;
    mcu_ice *i = user;
    if (!i->gathered) {
        i->gathered = true;
        if (i->callbacks.on_candidate != NULL) {
            i->callbacks.on_candidate(i->user, NULL);
        }
    }
}

static void on_receive(NiceAgent *agent, guint stream, guint component, guint size, gchar *data, gpointer user)
{
    (void)agent;
    (void)stream;
    (void)component;
    mcu_ice *i = user;
    if (i->callbacks.on_data != NULL) {
        i->callbacks.on_data(i->user, (uint8_t *)data, size);
    }
}

/* ---- life ---- */

static bool take_credentials(mcu_ice *i)
{
    g_clear_pointer(&i->ufrag, g_free);
    g_clear_pointer(&i->pwd, g_free);
    return nice_agent_get_local_credentials(i->agent, i->stream, &i->ufrag, &i->pwd);
}

static void add_servers(mcu_ice *i)
{
    const mcu_ice_config *c = i->config;
    if (c->stun_host != NULL) {
        g_object_set(i->agent, "stun-server", c->stun_host, "stun-server-port", (guint)c->stun_port, NULL);
    }
    for (unsigned k = 0; k < c->n_turn; k++) {
        const mcu_turn_server *t = &c->turn[k];
        NiceRelayType type = strcmp(t->transport, "tls") == 0   ? NICE_RELAY_TYPE_TURN_TLS
                             : strcmp(t->transport, "tcp") == 0 ? NICE_RELAY_TYPE_TURN_TCP
                                                                : NICE_RELAY_TYPE_TURN_UDP;
        nice_agent_set_relay_info(i->agent, i->stream, COMPONENT, t->host, t->port, t->username, t->password, type);
    }
}

static void add_addresses(mcu_ice *i)
{
    for (char **a = i->config->addresses; *a != NULL; a++) {
        NiceAddress address;
        nice_address_init(&address);
        if (nice_address_set_from_string(&address, *a)) {
            nice_agent_add_local_address(i->agent, &address);
        }
    }
}

mcu_ice *mcu_ice_new(const mcu_ice_config *config, bool controlling, const mcu_ice_callbacks *callbacks, void *user,
                     GError **error)
{
    mcu_ice *i = g_new0(mcu_ice, 1);
    i->config = config;
    i->callbacks = *callbacks;
    i->user = user;
    i->state = MCU_ICE_NEW;
    i->candidates = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(i->candidates, NULL);
    /* RFC 6544 8: with TCP candidates the controlling side must nominate once, not aggressively. */
    NiceAgentOption options = NICE_AGENT_OPTION_ICE_TRICKLE;
    if (config->ice_tcp) {
        options |= NICE_AGENT_OPTION_REGULAR_NOMINATION;
    }
    i->agent = nice_agent_new_full(config->context, NICE_COMPATIBILITY_RFC5245, options);
    /* Its own consent timer is 10 s, shorter than RFC 7675 allows; connectivity checks as keepalives keep the path open and the
     * peer times authenticated packets itself. */
    g_object_set(i->agent, "upnp", FALSE, "ice-udp", TRUE, "ice-tcp", (gboolean)config->ice_tcp, "keepalive-conncheck", TRUE,
                 "controlling-mode", (gboolean)controlling, NULL);
    add_addresses(i);
    i->stream = nice_agent_add_stream(i->agent, COMPONENT);
    if (i->stream == 0 || !take_credentials(i)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot make an ICE stream");
        mcu_ice_free(i);
        return NULL;
    }
    nice_agent_set_port_range(i->agent, i->stream, COMPONENT, config->port_min, config->port_max);
    add_servers(i);
    g_signal_connect(i->agent, "component-state-changed", G_CALLBACK(on_component_state), i);
    g_signal_connect(i->agent, "new-candidate-full", G_CALLBACK(on_new_candidate), i);
    g_signal_connect(i->agent, "candidate-gathering-done", G_CALLBACK(on_gathering_done), i);
    nice_agent_attach_recv(i->agent, i->stream, COMPONENT, config->context, on_receive, i);
    return i;
}

static void on_closed(GObject *agent, GAsyncResult *result, gpointer unused)
{
    (void)result;
    (void)unused;
    g_object_unref(agent);
}

void mcu_ice_free(mcu_ice *i)
{
    if (i == NULL) {
        return;
    }
    g_signal_handlers_disconnect_by_data(i->agent, i);
    if (i->stream != 0) {
        nice_agent_attach_recv(i->agent, i->stream, COMPONENT, i->config->context, NULL, NULL);
    }
    if (i->config->n_turn > 0) {
        nice_agent_close_async(i->agent, on_closed, NULL); /* deletes the allocations, then drops our reference */
    } else {
        g_object_unref(i->agent);
    }
    g_ptr_array_unref(i->candidates);
    g_free(i->ufrag);
    g_free(i->pwd);
    g_free(i);
}

/* ---- local side ---- */

static guint next_source_id(GMainContext *context)
{
    GSource *s = g_idle_source_new();
    guint id = g_source_attach(s, context);
    g_source_destroy(s);
    g_source_unref(s);
    return id;
}

/* GLib takes a source's descriptor out of its set around each dispatch and wakes its own loop twice for it: two writes, a read
 * and a poll for each datagram. Not so for a source that may recurse; nobody runs a loop inside on_receive. */
static void spare_wakeups(GMainContext *context, guint first, guint end)
{
    for (guint id = first; id != end; id++) {
        GSource *s = g_main_context_find_source_by_id(context, id);
        if (s != NULL) {
            g_source_set_can_recurse(s, TRUE);
        }
    }
}

bool mcu_ice_gather(mcu_ice *i, GError **error)
{
    guint first = next_source_id(i->config->context) + 1; /* ids ascend: what the agent attaches comes between */
    if (!nice_agent_gather_candidates(i->agent, i->stream)) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no local address or port for ICE");
        return false;
    }
    spare_wakeups(i->config->context, first, next_source_id(i->config->context));
    return true;
}

bool mcu_ice_gathered(const mcu_ice *i)
{
    return i->gathered;
}

const char *const *mcu_ice_candidates(const mcu_ice *i)
{
    return (const char *const *)i->candidates->pdata;
}

const char *mcu_ice_ufrag(const mcu_ice *i)
{
    return i->ufrag;
}

const char *mcu_ice_pwd(const mcu_ice *i)
{
    return i->pwd;
}

bool mcu_ice_restart(mcu_ice *i)
{
    i->n_remote = 0;
    g_object_set(i->agent, "idle-timeout", IDLE_MS, NULL);
    return nice_agent_restart_stream(i->agent, i->stream) && take_credentials(i);
}

/* ---- remote side ---- */

bool mcu_ice_set_remote(mcu_ice *i, const char *ufrag, const char *pwd)
{
    return nice_agent_set_remote_credentials(i->agent, i->stream, ufrag, pwd);
}

static NiceCandidate *to_nice(const mcu_ice *i, const mcu_candidate *c)
{
    static const NiceCandidateType types[] = {
        [MCU_CANDIDATE_HOST] = NICE_CANDIDATE_TYPE_HOST,
        [MCU_CANDIDATE_SRFLX] = NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
        [MCU_CANDIDATE_RELAY] = NICE_CANDIDATE_TYPE_RELAYED,
    };
    NiceCandidate *n = nice_candidate_new(types[c->type]);
    n->stream_id = i->stream;
    n->component_id = COMPONENT;
    n->priority = c->priority;
    n->transport = c->transport == MCU_TRANSPORT_TCP_ACTIVE    ? NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE
                   : c->transport == MCU_TRANSPORT_TCP_PASSIVE ? NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE
                                                               : NICE_CANDIDATE_TRANSPORT_UDP;
    g_strlcpy(n->foundation, c->foundation, sizeof n->foundation);
    if (!nice_address_set_from_string(&n->addr, c->address)) {
        nice_candidate_free(n);
        return NULL;
    }
    nice_address_set_port(&n->addr, c->port != 0 ? c->port : 9);
    if (c->related_address[0] != '\0' && nice_address_set_from_string(&n->base_addr, c->related_address)) {
        nice_address_set_port(&n->base_addr, c->related_port);
    }
    return n;
}

mcu_status mcu_ice_add_candidate(mcu_ice *i, const char *text)
{
    mcu_candidate c;
    mcu_status s = mcu_candidate_parse(text, i->config->loopback, &c);
    if (s != MCU_OK) {
        return s == MCU_ENOSUP ? MCU_OK : s;
    }
    if (c.transport != MCU_TRANSPORT_UDP && !i->config->ice_tcp) {
        return MCU_OK;
    }
    if (i->n_remote >= MCU_ICE_REMOTE_MAX) {
        return MCU_EFULL;
    }
    NiceCandidate *n = to_nice(i, &c);
    if (n == NULL) {
        return MCU_EINVAL;
    }
    i->n_remote++;
    GSList one = {.data = n};
    (void)nice_agent_set_remote_candidates(i->agent, i->stream, COMPONENT, &one);
    nice_candidate_free(n);
    return MCU_OK;
}

void mcu_ice_end_of_candidates(mcu_ice *i)
{
    nice_agent_peer_candidate_gathering_done(i->agent, i->stream);
}

/* ---- data ---- */

mcu_status mcu_ice_send(mcu_ice *i, const uint8_t *data, size_t size)
{
    gint n = nice_agent_send(i->agent, i->stream, COMPONENT, (guint)size, (const gchar *)data);
    return n == (gint)size ? MCU_OK : MCU_EAGAIN;
}

static void pair_text(const NiceCandidate *c, char out[16])
{
    g_snprintf(out, 16, "%s/%s", mcu_candidate_type_name(type_from_nice(c->type)),
               c->transport == NICE_CANDIDATE_TRANSPORT_UDP ? "udp" : "tcp");
}

void mcu_ice_pair(mcu_ice *i, char local[16], char remote[16])
{
    NiceCandidate *l = NULL, *r = NULL;
    local[0] = remote[0] = '\0';
    if (nice_agent_get_selected_pair(i->agent, i->stream, COMPONENT, &l, &r)) {
        pair_text(l, local);
        pair_text(r, remote);
    }
}
