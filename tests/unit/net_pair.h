/* net_pair.h - two peers on 127.0.0.1 in one process, one offering and one answering, with trickle between them.  Thread: main.
 */
#ifndef TESTS_NET_PAIR_H
#define TESTS_NET_PAIR_H

#include "mcu/net/peer.h"
#include "mcu/net/peer_test.h"

typedef struct net_pair net_pair;
typedef struct {
    net_pair *pair;
    mcu_net *net;
    mcu_peer *peer;
    /* what it received */
    GPtrArray *pictures, *screens, *audio; /* mcu_au */
    unsigned keyframe_requests, state_changes;
    mcu_peer_state state;
    const char *why;
    bool gathered;
    GPtrArray *candidates;  /* text */
    unsigned pictures_left; /* what it sent */
    int64_t left_time_ns;   /* of the newest of them */
    /* what it loses */
    unsigned drop_every; /* every n-th incoming RTP packet is lost, 0 = none */
    unsigned rtp_in, rtp_dropped;
    uint8_t dropped[1500]; /* the newest of them, as it was on the wire */
    size_t dropped_size;
    bool no_answers; /* what comes by RTX is lost */
    bool deaf;       /* loses everything that comes */
} net_end;

struct net_pair {
    GMainContext *context;
    net_end offerer, answerer;
};

typedef struct {
    mcu_net_config net;
    mcu_peer_policy offerer, answerer;
    bool tcp_only_text; /* UDP candidates are cut out of both descriptions */
} net_pair_setup;

net_pair_setup net_pair_defaults(void); /* 127.0.0.1, everything both ways */
net_pair *net_pair_new(const net_pair_setup *setup);
void net_pair_free(net_pair *p);

/* Offer, answer, accept; fails the test on an error. `edit` (may be NULL) may change a description: returns a new text. */
typedef char *(*net_edit)(const char *sdp, bool is_offer);
void net_pair_negotiate(net_pair *p, bool ice_restart, net_edit edit);
/* Runs the loop until `done` or `ms` have passed; returns what `done` says. The clocks of both ends wait for its turns: outside
 * of it they stop soon, unless the pair was told to go on. */
bool net_pair_run(net_pair *p, bool (*done)(net_pair *p), unsigned ms);
void net_pair_go_on(net_pair *p, unsigned ms); /* the clocks, for so long at most */
bool net_pair_up(net_pair *p);                 /* both are UP */
void net_pair_connect(net_pair *p);
net_pair *net_pair_connected(void); /* with the defaults */
/* `n` pictures each way, the first one key; fails the test unless all of them come as they were. */
void net_pair_exchange(net_pair *p, mcu_codec codec, unsigned n);
void net_pair_settle(net_pair *p, unsigned ms); /* lets what is in flight arrive */
void net_pair_works(net_pair *p);               /* fails the test unless it still carries pictures both ways */
mcu_peer_stats net_stats(mcu_peer *peer);
/* The nth number behind `before` in the description of the media that `line` begins. */
uint32_t net_ssrc(mcu_peer *peer, const char *line, const char *before, unsigned nth);

/* Synthetic access units with `n` payload bytes that say `index`. */
mcu_au *net_h264(unsigned index, bool key, size_t n);
mcu_au *net_vp8(unsigned index, bool key, size_t n);
mcu_au *net_opus(unsigned index, size_t n);
mcu_au *net_picture(mcu_codec codec, unsigned index); /* of net_pair_exchange() */
bool net_same(const mcu_au *a, const mcu_au *b);

#endif
