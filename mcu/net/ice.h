/* ice.h - one ICE agent with one stream and one component (BUNDLE, rtcp-mux) over libnice.  Thread: the one that runs the
 * GMainContext; everything else of libnice stays behind this header. Source: RFC 8445, RFC 8838 (trickle), RFC 6544 (TCP). */
#ifndef MCU_NET_ICE_H
#define MCU_NET_ICE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"
#include "mcu/net/peer.h"

#define MCU_ICE_REMOTE_MAX 32 /* remote candidates taken per generation */

/* mcu_net_config with its addresses resolved; owned by the net, outlives every agent. */
typedef struct {
    GMainContext *context;
    char **addresses; /* NULL-terminated IP addresses to gather on */
    bool loopback;    /* one of them is loopback: remote loopback candidates are fine too */
    char *nat_address;
    uint16_t port_min, port_max;
    bool ice_tcp;
    char *stun_host;
    uint16_t stun_port;
    mcu_turn_server *turn; /* deep copies */
    unsigned n_turn;
} mcu_ice_config;

/* Copies and checks `from`; addresses are looked up here when none are given. */
bool mcu_ice_config_init(mcu_ice_config *c, GMainContext *context, const mcu_net_config *from, GError **error);
void mcu_ice_config_clear(mcu_ice_config *c);

typedef enum {
    MCU_ICE_NONE = 0,
    MCU_ICE_NEW,
    MCU_ICE_CHECKING,
    MCU_ICE_CONNECTED, /* data can be sent */
    MCU_ICE_FAILED,    /* no pair works now; a candidate, a check or a restart may still mend it */
} mcu_ice_state;
const char *mcu_ice_state_name(mcu_ice_state s);

typedef struct {
    void (*on_state)(void *user, mcu_ice_state state);
    void (*on_candidate)(void *user, const char *text); /* "candidate:...", NULL = gathering is complete */
    /* A datagram from an address that a check has validated; `data` is writable and has no room behind `size`. */
    void (*on_data)(void *user, uint8_t *data, size_t size);
} mcu_ice_callbacks;

typedef struct mcu_ice mcu_ice;
/* `config` is borrowed for life. */
mcu_ice *mcu_ice_new(const mcu_ice_config *config, bool controlling, const mcu_ice_callbacks *callbacks, void *user,
                     GError **error);
void mcu_ice_free(mcu_ice *i); /* no callback after; relay allocations are given back in the background */

/* Starts gathering; candidates may be reported inside the call. */
bool mcu_ice_gather(mcu_ice *i, GError **error);
bool mcu_ice_gathered(const mcu_ice *i);
const char *const *mcu_ice_candidates(const mcu_ice *i); /* NULL-terminated, borrowed until the next candidate */
const char *mcu_ice_ufrag(const mcu_ice *i);
const char *mcu_ice_pwd(const mcu_ice *i);

/* Credentials first, then candidates. */
bool mcu_ice_set_remote(mcu_ice *i, const char *ufrag, const char *pwd);
/* MCU_OK also when the candidate is skipped; MCU_EINVAL malformed; MCU_EFULL over MCU_ICE_REMOTE_MAX. */
mcu_status mcu_ice_add_candidate(mcu_ice *i, const char *text);
void mcu_ice_end_of_candidates(mcu_ice *i);
/* New local credentials, same sockets and candidates; the selected pair carries data until a new one is found. */
bool mcu_ice_restart(mcu_ice *i);

/* MCU_EAGAIN: no pair yet, or the socket is full (datagram dropped). */
mcu_status mcu_ice_send(mcu_ice *i, const uint8_t *data, size_t size);
/* "host/udp", "relay/udp", "prflx/tcp" ... of the selected pair; "" when there is none. */
void mcu_ice_pair(mcu_ice *i, char local[16], char remote[16]);

#endif
