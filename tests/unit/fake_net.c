/* The network of fake_media.h. */
#include "tests/unit/fake_media.h"

#include <string.h>

struct mcu_net {
    int unused;
};

struct mcu_peer {
    mcu_peer_callbacks callbacks;
    void *user;
    mcu_peer_state state;
    mcu_peer_policy policy;
    unsigned pictures, packets, keyframes, content_keyframes, max_video_bps;
    unsigned start_bps, estimate_bps;
    bool probes; /* gives transport-wide feedback */
    char *description;
};

static mcu_net the_net;
static GPtrArray *peers;

void fake_net_reset(void)
{
    g_clear_pointer(&peers, g_ptr_array_unref);
    peers = g_ptr_array_new();
}

mcu_peer *fake_peer(unsigned n)
{
    return n < peers->len ? peers->pdata[n] : NULL;
}

void fake_peer_state(mcu_peer *p, mcu_peer_state state, const char *why)
{
    p->state = state;
    p->callbacks.on_state(p->user, state, why);
}

void fake_peer_gathered(mcu_peer *p)
{
    p->callbacks.on_candidate(p->user, NULL, NULL);
}

unsigned fake_peer_pictures(const mcu_peer *p)
{
    return p->pictures;
}

unsigned fake_peer_packets(const mcu_peer *p)
{
    return p->packets;
}

unsigned fake_peer_max_video_bps(const mcu_peer *p)
{
    return p->max_video_bps;
}

unsigned fake_peer_keyframes(const mcu_peer *p)
{
    return p->keyframes;
}

unsigned fake_peer_content_keyframes(const mcu_peer *p)
{
    return p->content_keyframes;
}

const mcu_peer_policy *fake_peer_policy(const mcu_peer *p)
{
    return &p->policy;
}

void fake_peer_gives(mcu_peer *p)
{
    mcu_au *picture = mcu_au_new(8), *packet = mcu_au_new(8);
    picture->codec = MCU_CODEC_H264;
    packet->codec = MCU_CODEC_OPUS;
    p->callbacks.on_picture(p->user, picture);
    p->callbacks.on_audio(p->user, packet);
    p->callbacks.on_keyframe_request(p->user);
}

void fake_peer_gives_picture(mcu_peer *p, bool screen, mcu_au *take)
{
    (screen ? p->callbacks.on_content : p->callbacks.on_picture)(p->user, take);
}

void fake_peer_wants_keyframe(mcu_peer *p)
{
    p->callbacks.on_keyframe_request(p->user);
}

void fake_peer_link(mcu_peer *p, unsigned estimate_bps)
{
    p->estimate_bps = estimate_bps;
}

void fake_peer_tells(mcu_peer *p, bool tells)
{
    p->probes = tells;
}

mcu_net *mcu_net_new(GMainContext *context, const mcu_net_config *config, GError **error)
{
    (void)context;
    (void)config;
    (void)error;
    return &the_net;
}

void mcu_net_free(mcu_net *n)
{
    (void)n;
}

mcu_peer *mcu_peer_new(mcu_net *net, const mcu_peer_policy *policy, const mcu_peer_callbacks *callbacks, void *user,
                       GError **error)
{
    (void)net;
    (void)error;
    mcu_peer *p = g_new0(mcu_peer, 1);
    p->policy = *policy;
    p->callbacks = *callbacks;
    p->user = user;
    p->state = MCU_PEER_NEW;
    p->estimate_bps = fake.estimate_bps;
    fake.peers++;
    g_ptr_array_add(peers, p);
    return p;
}

void mcu_peer_free(mcu_peer *p)
{
    if (p == NULL) {
        return;
    }
    fake.peers--;
    g_ptr_array_remove(peers, p);
    g_free(p->description);
    g_free(p);
}

char *mcu_peer_answer(mcu_peer *p, const char *offer_sdp, GError **error)
{
    if (!g_str_has_prefix(offer_sdp, "v=0")) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_SDP, "not SDP");
        return NULL;
    }
    g_free(p->description);
    p->description = g_strdup_printf("answer to %s", offer_sdp);
    return g_strdup(p->description);
}

bool mcu_peer_add_candidate(mcu_peer *p, const char *candidate, const char *mid, GError **error)
{
    (void)p;
    (void)mid;
    if (strcmp(candidate, "bad") == 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "not a candidate");
        return false;
    }
    return true;
}

char *mcu_peer_local_description(mcu_peer *p)
{
    return g_strdup(p->description);
}

bool mcu_peer_gathered(const mcu_peer *p)
{
    (void)p;
    return fake.gathered;
}

mcu_peer_state mcu_peer_get_state(const mcu_peer *p)
{
    return p->state;
}

mcu_decode_limits mcu_peer_decode_limits(const mcu_peer *p)
{
    (void)p;
    return fake.limits;
}

mcu_codec mcu_peer_send_codec(const mcu_peer *p)
{
    (void)p;
    return fake.send_codec;
}

bool mcu_peer_takes_audio(const mcu_peer *p)
{
    (void)p;
    return true;
}

bool mcu_peer_gives_video(const mcu_peer *p)
{
    (void)p;
    return fake.gives_video;
}

bool mcu_peer_gives_content(const mcu_peer *p)
{
    (void)p;
    return fake.gives_content;
}

bool mcu_peer_gives_audio(const mcu_peer *p)
{
    (void)p;
    return true;
}

mcu_status mcu_peer_send_picture(mcu_peer *p, mcu_au *au)
{
    if (fake.pacer_full) {
        fake.pacer_full = false;
        return MCU_EFULL;
    }
    p->pictures++;
    if (fake.on_sent) {
        fake.on_sent(p, au);
    }
    return MCU_OK;
}

bool mcu_peer_takes_copies(const mcu_peer *p)
{
    (void)p;
    return true;
}

void mcu_peer_set_audio_copies(mcu_peer *p, unsigned copies, unsigned stride)
{
    (void)p;
    (void)copies;
    (void)stride;
}

mcu_status mcu_peer_send_audio(mcu_peer *p, const mcu_au *au)
{
    (void)au;
    p->packets++;
    return MCU_OK;
}

void mcu_peer_request_content_keyframe(mcu_peer *p)
{
    p->content_keyframes++;
}

void mcu_peer_request_keyframe(mcu_peer *p)
{
    p->keyframes++;
}

void mcu_peer_set_max_video_bps(mcu_peer *p, unsigned bps)
{
    p->max_video_bps = bps;
}

void mcu_peer_get_link(mcu_peer *p, mcu_peer_link *out)
{
    *out = (mcu_peer_link){.estimate_bps = p->estimate_bps,
                           .proven_bps = p->probes ? p->estimate_bps : 0,
                           .probes = p->probes,
                           .unheard = p->estimate_bps == 0};
}

void mcu_peer_set_start_bps(mcu_peer *p, unsigned bps)
{
    p->start_bps = bps;
}

void mcu_peer_follow_voice(mcu_peer *p, double voice_ms)
{
    (void)p;
    fake.followed_ms = voice_ms;
}

int64_t mcu_peer_voice_wait_ns(const mcu_peer *p)
{
    (void)p;
    return fake.picture_wait_ns;
}

void mcu_peer_set_goal(mcu_peer *p, unsigned bps)
{
    (void)p;
    (void)bps;
}

void mcu_peer_get_stats(mcu_peer *p, mcu_peer_stats *out)
{
    *out = (mcu_peer_stats){.state = p->state, .rtt_ms = 20};
    mcu_peer_get_link(p, &out->link);
}

const char *mcu_peer_state_name(mcu_peer_state s)
{
    (void)s;
    return "state";
}
