#include "tests/unit/weak_mixer.h"

#include "mixer/keybank.h"
#include "mixer/keygate.h"
#include "tests/unit/link_model.h"

#define START_NS (30 * MCU_NS_PER_MS) /* its thread starts */
#define KEY_S 0.4                     /* of its tier's rate is what a keyframe weighs */

typedef struct {
    unsigned uses;
    mix_keygate gate;
    mix_keybank *bank, *entry_bank;
    bool apart;
    int64_t next_ns, key_ns;
    unsigned keyframes;
} encoder;

static struct {
    const mix_tier_spec *specs;
    const unsigned *every_s; /* of stills */
    unsigned n;
    uint32_t seed;
    weak_picture_fn fn;
    void *user;
    int64_t now_ns;
    encoder encoders[MIX_MAX_TIERS];
} m;

void weak_mixer_begin(const mix_tier_spec *specs, const unsigned *every_s, unsigned n, uint32_t seed, weak_picture_fn fn,
                      void *user)
{
    m.specs = specs;
    m.every_s = every_s;
    m.n = n;
    m.seed = seed;
    m.fn = fn;
    m.user = user;
    for (unsigned i = 0; i < n; i++) {
        m.encoders[i] = (encoder){.bank = mix_keybank_new((size_t)specs[i].bitrate_bps / 8),
                                  .entry_bank = mix_keybank_new((size_t)specs[i].bitrate_bps / 8)};
    }
}

void weak_mixer_end(void)
{
    for (unsigned i = 0; i < m.n; i++) {
        mix_keybank_free(m.encoders[i].bank);
        mix_keybank_free(m.encoders[i].entry_bank);
    }
}

unsigned weak_mixer_keyframes(unsigned tier)
{
    return m.encoders[tier].keyframes;
}

/* ---- what views use ---- */

mcu_status mix_video_use(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    encoder *e = &m.encoders[tier];
    if (e->uses++ == 0) {
        e->gate = (mix_keygate){0};
        e->next_ns = m.now_ns + START_NS;
        mix_keybank_clear(e->bank);
        mix_keybank_clear(e->entry_bank);
    }
    mix_keygate_set_watchers(&e->gate, e->uses);
    return MCU_OK;
}

void mix_video_unuse(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    mix_keygate_set_watchers(&m.encoders[tier].gate, --m.encoders[tier].uses);
}

void mix_video_request_keyframe(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    mix_keygate_request(&m.encoders[tier].gate);
}

void mix_video_enter(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    mix_keygate_enter(&m.encoders[tier].gate);
}

void mix_video_rise(mix_video *v, unsigned tier, mcu_codec codec)
{
    (void)v;
    (void)codec;
    mix_keygate_rise(&m.encoders[tier].gate);
}

unsigned mix_video_bank(mix_video *v, unsigned tier, mcu_codec codec, mcu_au *const **pictures)
{
    (void)v;
    (void)codec;
    unsigned n = mix_keybank_get(m.encoders[tier].bank, m.now_ns, pictures);
    return n > 0 ? n : mix_keybank_get(m.encoders[tier].entry_bank, m.now_ns, pictures);
}

/* ---- encoders ---- */

static double noise(void)
{
    return 0.75 + 0.5 * (link_model_random(&m.seed) / 4294967296.0);
}

/* What follows a keyframe makes up for it over a second, as a rate control with a buffer does. */
static mcu_au *code(const mix_tier_spec *s, bool key, int64_t since_key_ns)
{
    double bytes_s = s->bitrate_bps / 8.0, after = since_key_ns < MCU_NS_PER_SEC ? 0.65 : 1;
    mcu_au *au = mcu_au_new((size_t)(key ? bytes_s * KEY_S : bytes_s / s->fps * noise() * after));
    au->codec = MCU_CODEC_H264;
    au->keyframe = key;
    au->time_ns = m.now_ns;
    return au;
}

static void deliver(mix_keybank *bank, unsigned tier, mcu_au *take_au)
{
    mix_keybank_add(bank, take_au);
    m.fn(m.user, tier, take_au);
    mcu_au_unref(take_au);
}

static void encode_entry(encoder *e, unsigned tier)
{
    bool key = mix_keygate_entry_due(&e->gate, m.now_ns);
    if (key) {
        mix_keygate_serve_entry(&e->gate, m.now_ns);
        e->apart = true;
    }
    if (e->apart) {
        mcu_au *au = code(&m.specs[tier], key, m.now_ns - atomic_load(&e->gate.entry_ns));
        au->entry = true;
        deliver(e->entry_bank, tier, au);
    }
}

static void make_still(encoder *e, unsigned tier)
{
    mcu_au *au = mcu_au_new((size_t)m.specs[tier].bitrate_bps / 8 * m.every_s[tier]);
    au->codec = MCU_CODEC_H264;
    au->keyframe = true;
    au->time_ns = m.now_ns;
    e->next_ns += m.every_s[tier] * MCU_NS_PER_SEC;
    e->keyframes++;
    deliver(e->bank, tier, au);
}

static void encode(encoder *e, unsigned tier)
{
    const mix_tier_spec *s = &m.specs[tier];
    if (m.every_s[tier] > 0) {
        make_still(e, tier);
        return;
    }
    bool key = mix_keygate_due(&e->gate, m.now_ns);
    e->next_ns += MCU_NS_PER_SEC / s->fps;
    mcu_au *au = code(s, key, m.now_ns - e->key_ns);
    if (key) {
        mix_keygate_serve(&e->gate, m.now_ns);
        mix_keygate_weigh(&e->gate, au->size, s->bitrate_bps);
        mix_keybank_clear(e->entry_bank);
        e->key_ns = m.now_ns;
        e->keyframes++;
        e->apart = false;
    }
    deliver(e->bank, tier, au);
    encode_entry(e, tier);
}

void weak_mixer_step(int64_t now_ns)
{
    m.now_ns = now_ns;
    for (unsigned t = 0; t < m.n; t++) {
        if (m.encoders[t].uses > 0 && now_ns >= m.encoders[t].next_ns) {
            encode(&m.encoders[t], t);
        }
    }
}
