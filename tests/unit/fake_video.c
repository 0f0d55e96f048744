/* The picture half of the mixer of fake_media.h. */
#include "tests/unit/fake_media.h"

#include <string.h>

struct mix_video {
    mix_video_callbacks callbacks;
    void *user;
};

static mix_video the_video;

void fake_overload(bool without_largest)
{
    the_video.callbacks.on_overload(the_video.user, without_largest);
}

void fake_source_state(uint32_t source, mix_source_state state)
{
    the_video.callbacks.on_source_state(the_video.user, source, state);
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

void fake_layout(unsigned tier, uint32_t person)
{
    fake_tile(tier, person, 640, 360);
}

void fake_tile(unsigned tier, uint32_t person, int width_px, int height_px)
{
    mix_tile tile = {person, 2, 4, width_px, height_px};
    the_video.callbacks.on_layout(the_video.user, tier, &tile, 1);
}

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

unsigned mix_video_source_px(mix_video *v, uint32_t source)
{
    (void)v;
    (void)source;
    return fake.no_picture ? 0 : fake.source_px ? fake.source_px : 640 * 360;
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

void mix_video_set_line(mix_video *v, const char *words)
{
    (void)v;
    g_strlcpy(fake.line, words ? words : "", sizeof fake.line);
}

void mix_video_set_logo(mix_video *v, const char *png)
{
    (void)v;
    fake.logo = png && *png;
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
    fake.begun[tier] += *uses_of(tier, codec) == 0;
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

void mix_video_rise(mix_video *v, unsigned tier, mcu_codec codec)
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
