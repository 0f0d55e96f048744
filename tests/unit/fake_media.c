#include "tests/unit/fake_media.h"

#include <string.h>

fake_media fake;

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
    char *description;
};

struct mix_video {
    mix_video_callbacks callbacks;
    void *user;
};

struct mix_audio {
    mix_audio_callbacks callbacks;
    void *user;
};

static mcu_net the_net;
static mix_video the_video;
static mix_audio the_audio;
static GPtrArray *peers;

void fake_media_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.send_codec = MCU_CODEC_H264;
    fake.gives_video = true;
    fake.gathered = true;
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

void fake_overload(bool without_largest)
{
    the_video.callbacks.on_overload(the_video.user, without_largest);
}

void fake_source_state(uint32_t source, mix_source_state state)
{
    the_video.callbacks.on_source_state(the_video.user, source, state);
}

void fake_peer_link(mcu_peer *p, unsigned estimate_bps)
{
    p->estimate_bps = estimate_bps;
}

void fake_picture(unsigned tier, bool keyframe)
{
    mcu_au *au = mcu_au_new(8);
    au->codec = MCU_CODEC_H264;
    au->keyframe = keyframe;
    au->tier = (uint8_t)tier;
    the_video.callbacks.on_picture(the_video.user, tier, au);
    mcu_au_unref(au);
}

void fake_picture_out(unsigned tier, mcu_au *au)
{
    the_video.callbacks.on_picture(the_video.user, tier, au);
}

void fake_sound_out(uint32_t listener, mcu_au *au)
{
    the_audio.callbacks.on_audio(the_audio.user, &(mix_audio_out){listener, au}, 1);
}

void fake_still(unsigned tier)
{
    mcu_au *au = mcu_au_new_copy("\xff\xd8\xff", 3);
    au->codec = MCU_CODEC_JPEG;
    au->keyframe = true;
    au->width_px = 640;
    au->height_px = 360;
    the_video.callbacks.on_picture(the_video.user, tier, au);
    mcu_au_unref(au);
}

void fake_talking(uint32_t voice, bool talking)
{
    the_audio.callbacks.on_talking(the_audio.user, voice, talking, -20);
}

void fake_level(uint32_t voice, double level_dbov, int64_t now_ns)
{
    mix_voice_level level = {voice, level_dbov};
    the_audio.callbacks.on_levels(the_audio.user, &level, 1, now_ns);
}

void fake_audio_out(uint32_t listener)
{
    mcu_au *au = mcu_au_new(160);
    mix_audio_out out = {listener, au};
    the_audio.callbacks.on_audio(the_audio.user, &out, 1);
    mcu_au_unref(au);
}

void fake_layout(unsigned tier, uint32_t person)
{
    mix_tile tile = {person, 2, 4, 640, 360};
    the_video.callbacks.on_layout(the_video.user, tier, &tile, 1);
}

/* ---- net ---- */

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

mcu_status mcu_peer_send_picture(mcu_peer *p, const mcu_au *au)
{
    (void)au;
    if (fake.pacer_full) {
        fake.pacer_full = false;
        return MCU_EFULL;
    }
    p->pictures++;
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
    *out = (mcu_peer_link){.estimate_bps = p->estimate_bps, .unheard = p->estimate_bps == 0};
}

void mcu_peer_set_start_bps(mcu_peer *p, unsigned bps)
{
    p->start_bps = bps;
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

/* ---- video ---- */

mix_video *mix_video_new(GMainContext *context, const mix_video_config *config, const mix_video_callbacks *callbacks, void *user,
                         GError **error)
{
    (void)context;
    (void)config;
    (void)error;
    the_video = (mix_video){*callbacks, user};
    return &the_video;
}

void mix_video_free(mix_video *v)
{
    (void)v;
}

/* A screen's number is its owner's with the highest bit set, a still's has the next one. */
static bool *source_flag(uint32_t source)
{
    if (source & 0x40000000u) {
        return &fake.frozen[source & 0xff];
    }
    return source & 0x80000000u ? &fake.screens[source & 0xff] : &fake.sources[source];
}

mcu_status mix_video_source_add(mix_video *v, uint32_t source)
{
    (void)v;
    *source_flag(source) = true;
    return MCU_OK;
}

mcu_status mix_video_freeze(mix_video *v, uint32_t source, uint32_t still)
{
    (void)v;
    if (fake.no_picture) {
        return MCU_EAGAIN;
    }
    fake.frozen_from = source;
    *source_flag(still) = true;
    fake.frozen_as = still;
    return MCU_OK;
}

void mix_video_source_remove(mix_video *v, uint32_t source)
{
    (void)v;
    *source_flag(source) = false;
}

mcu_status mix_video_source_push(mix_video *v, uint32_t source, mcu_au *take_au)
{
    (void)v;
    (void)source;
    mcu_au_unref(take_au);
    return MCU_OK;
}

void mix_video_set_people(mix_video *v, const mix_person *people, unsigned n)
{
    (void)v;
    fake.scene++;
    fake.n_people = n;
    for (unsigned i = 0; i < n; i++) {
        fake.people[i] = people[i];
        g_strlcpy(fake.names[i], people[i].name, sizeof fake.names[i]);
        fake.people[i].name = fake.names[i];
    }
}

void mix_video_set_layout(mix_video *v, const mcu_layout *layout)
{
    (void)v;
    g_strlcpy(fake.layout, layout->name, sizeof fake.layout);
}

uint64_t mix_video_scene(const mix_video *v)
{
    (void)v;
    return fake.scene;
}

void mix_video_set_caption(mix_video *v, const char *words, const char *recorded, bool records)
{
    (void)v;
    fake.scene++;
    g_strlcpy(fake.caption, words ? words : "", sizeof fake.caption);
    g_strlcpy(fake.recorded_caption, recorded ? recorded : "", sizeof fake.recorded_caption);
    fake.records = records;
}

mcu_au *mix_slate_new(const mix_venc_config *config, const char *words, GError **error)
{
    (void)error;
    static const uint8_t start[] = {0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0xd9, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0, 0, 0, 1, 0x65};
    mcu_au *au = mcu_au_new(sizeof start + strlen(words));
    memcpy(au->data, start, sizeof start);
    memcpy(au->data + sizeof start, words, strlen(words));
    au->codec = MCU_CODEC_H264;
    au->keyframe = true;
    au->width_px = (uint16_t)config->width_px;
    au->height_px = (uint16_t)config->height_px;
    atomic_fetch_add(&fake.slates, 1);
    return au;
}

static unsigned *uses_of(unsigned tier, mcu_codec codec)
{
    return codec == MCU_CODEC_JPEG ? &fake.stills[tier] : &fake.uses[tier];
}

mcu_status mix_video_use(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    if (fake.no_encoder) {
        return MCU_ENOMEM;
    }
    fake.scene++;
    *uses_of(tier, codec) += 1;
    return MCU_OK;
}

void mix_video_unuse(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    g_assert(*uses_of(tier, codec) > 0);
    *uses_of(tier, codec) -= 1;
}

void mix_video_request_keyframe(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    fake.keyframe_requests[tier]++;
}

void mix_video_enter(mix_video *v, unsigned tier, mcu_codec codec)
{
    mix_video_request_keyframe(v, tier, codec);
}

unsigned mix_video_bank(mix_video *v, unsigned tier, mcu_codec codec, mcu_au *const **pictures)
{
    (void)v;
    (void)codec;
    *pictures = fake.bank;
    return tier == fake.bank_tier ? fake.n_bank : 0;
}

void mix_video_get_stats(mix_video *v, mix_video_stats *out)
{
    (void)v;
    *out = (mix_video_stats){0};
}

const char *mix_source_state_name(mix_source_state s)
{
    (void)s;
    return "state";
}

/* ---- audio ---- */

mix_audio *mix_audio_new(GMainContext *context, const mix_audio_config *config, const mix_audio_callbacks *callbacks, void *user,
                         GError **error)
{
    (void)context;
    (void)config;
    (void)error;
    the_audio = (mix_audio){*callbacks, user};
    return &the_audio;
}

void mix_audio_free(mix_audio *a)
{
    (void)a;
}

mcu_status mix_audio_voice_add(mix_audio *a, uint32_t voice, mcu_codec codec)
{
    (void)a;
    (void)codec;
    fake.voices[voice] = true;
    return MCU_OK;
}

void mix_audio_voice_remove(mix_audio *a, uint32_t voice)
{
    (void)a;
    fake.voices[voice] = false;
}

mcu_status mix_audio_voice_push(mix_audio *a, uint32_t voice, mcu_au *take_au)
{
    (void)a;
    (void)voice;
    mcu_au_unref(take_au);
    return MCU_OK;
}

void mix_audio_voice_mute(mix_audio *a, uint32_t voice, bool muted)
{
    (void)a;
    fake.muted[voice] = muted;
}

void mix_audio_voice_mask(mix_audio *a, uint32_t voice, bool masked)
{
    (void)a;
    fake.masked[voice & 255] = masked;
}

mcu_status mix_audio_listener_add(mix_audio *a, uint32_t listener, uint32_t own_voice)
{
    (void)a;
    fake.listeners[listener & 255] = true;
    fake.listener_voice[listener & 255] = own_voice;
    return MCU_OK;
}

mcu_status mix_audio_listener_profile(mix_audio *a, uint32_t listener, mix_audio_profile profile)
{
    (void)a;
    (void)listener;
    (void)profile;
    return MCU_OK;
}

mcu_status mix_audio_voice_route(mix_audio *a, uint32_t voice, mix_route route)
{
    (void)a;
    fake.route[voice & 255] = route;
    return fake.voices[voice & 255] ? MCU_OK : MCU_EINVAL;
}

mcu_status mix_audio_voice_denoise(mix_audio *a, uint32_t voice, bool on)
{
    (void)a;
    fake.denoise[voice & 255] = on ? 1 : -1;
    return MCU_OK;
}

void mix_audio_listener_hears(mix_audio *a, uint32_t listener, uint32_t channel)
{
    (void)a;
    fake.hears[listener & 255] = channel;
}

void mix_audio_listener_remove(mix_audio *a, uint32_t listener)
{
    (void)a;
    fake.listeners[listener & 255] = false;
}

bool mix_audio_voice_get_stats(mix_audio *a, uint32_t voice, mix_voice_stats *out)
{
    (void)a;
    (void)voice;
    *out = (mix_voice_stats){.delay_ms = 40, .target_ms = 40};
    return true;
}

void mix_audio_get_stats(mix_audio *a, mix_audio_stats *out)
{
    (void)a;
    *out = (mix_audio_stats){0};
}
