#include "mcu/room/options.h"

#include <string.h>

static const char *keep(mcu_room_options *o, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0') {
        return NULL;
    }
    char *copy = g_strdup(text);
    g_ptr_array_add(o->strings, copy);
    return copy;
}

static int64_t integer(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

static bool read_stun(mcu_room_options *o, const json_t *media, GError **error)
{
    const char *text = json_string_value(json_object_get(media, "stun"));
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    const char *colon = strrchr(text, ':');
    guint64 port = 0;
    if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "media.stun is not address:port");
        return false;
    }
    char *host = g_strndup(text, (gsize)(colon - text));
    g_ptr_array_add(o->strings, host);
    o->net.stun_host = host;
    o->net.stun_port = (uint16_t)port;
    return true;
}

static void read_turn(mcu_room_options *o, const json_t *list)
{
    size_t n = json_array_size(list);
    o->turn = g_new0(mcu_turn_server, n + 1);
    for (size_t i = 0; i < n; i++) {
        const json_t *t = json_array_get(list, i);
        mcu_turn_server server = {
            .host = keep(o, json_object_get(t, "host")),
            .port = (uint16_t)integer(t, "port", 3478),
            .transport = keep(o, json_object_get(t, "transport")),
            .username = keep(o, json_object_get(t, "username")),
            .password = keep(o, json_object_get(t, "password")),
        };
        if (server.host != NULL && server.username != NULL && server.password != NULL) {
            server.transport = server.transport != NULL ? server.transport : "udp";
            o->turn[o->net.n_turn++] = server;
        }
    }
    o->net.turn = o->turn;
}

static bool read_denoise(mcu_room_options *o, const json_t *value, GError **error)
{
    static const char *const whom[] = {
        [MIX_DENOISE_NOBODY] = "nobody", [MIX_DENOISE_LINES] = "phones", [MIX_DENOISE_EVERYBODY] = "everybody"};
    const char *text = json_is_string(value) ? json_string_value(value) : whom[MIX_DENOISE_NOBODY];
    for (unsigned i = 0; i < G_N_ELEMENTS(whom); i++) {
        if (strcmp(text, whom[i]) == 0) {
            o->audio.denoise = i;
            return true;
        }
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "media.denoise is none of nobody, phones, everybody");
    return false;
}

static bool read_media(mcu_room_options *o, const json_t *media, GError **error)
{
    const json_t *list = json_object_get(media, "addresses");
    size_t n = json_array_size(list);
    char **addresses = g_new0(char *, n + 1);
    g_ptr_array_add(o->strings, addresses);
    for (size_t i = 0, k = 0; i < n; i++) {
        const char *a = keep(o, json_array_get(list, i));
        if (a != NULL) {
            addresses[k++] = (char *)a;
        }
    }
    o->net.addresses = (const char *const *)addresses;
    o->net.nat_address = keep(o, json_object_get(media, "nat_address"));
    o->net.port_min = (uint16_t)integer(media, "port_min", 0);
    o->net.port_max = (uint16_t)integer(media, "port_max", 0);
    o->net.ice_tcp = !json_is_false(json_object_get(media, "ice_tcp"));
    read_turn(o, json_object_get(media, "turn"));
    return read_denoise(o, json_object_get(media, "denoise"), error) && read_stun(o, media, error);
}

#define SCREEN_LINES 360
#define SCREEN_PICTURE_BITS 25000
#define SCREEN_TIERS 4  /* the largest ones on which it cannot be read */
#define SIGNED_TIERS 3  /* of those, which show hands beside it */
#define VIEW_TIERS 2    /* the largest ones: below, everybody sees the same */
#define HANDS_TIERS 2   /* the largest thin ones */
#define UPRIGHT_TIERS 4 /* from the second on: small screens need no more, and a picture of the largest size costs most */
_Static_assert(MCU_TIERS_MAX + SCREEN_TIERS + SIGNED_TIERS + 4 * VIEW_TIERS + 2 * HANDS_TIERS + UPRIGHT_TIERS <= MIX_MAX_TIERS,
               "every canvas has a place");
/* Opus at 32 kbit/s in frames of 20 ms: 80 bytes, and 58 of headers, fifty times a second. */
#define AUDIO_WIRE_BPS 55200

static const mix_tier_spec default_tiers[] = {
    {"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000},
    {"D", 320, 180, 10, 64000},    {"E", 320, 180, 8, 30000},   {"S", 320, 180, 1, 8000},
};
#define DEFAULT_STILL 5
#define DEFAULT_EVERY_S 3

static void add_canvas(mcu_room_options *o, mcu_canvas c, const mix_tier_spec *spec)
{
    o->video.tiers[o->video.n_tiers] = *spec;
    o->video.view[o->video.n_tiers] = c.view;
    o->video.masks[o->video.n_tiers] = c.recorded;
    o->video.signer[o->video.n_tiers] = c.signer;
    o->canvases[o->video.n_tiers++] = c;
}

/* Text of 20 px on a screen of 720p can be read from 360 lines on. False = it can be as it is. */
static bool make_readable(mix_tier_spec *spec)
{
    bool tall = spec->height_px > spec->width_px;
    int longer = tall ? spec->height_px : spec->width_px, shorter = tall ? spec->width_px : spec->height_px;
    if (shorter >= SCREEN_LINES) {
        return false;
    }
    longer = longer * SCREEN_LINES / shorter & ~1;
    spec->width_px = tall ? SCREEN_LINES : longer;
    spec->height_px = tall ? longer : SCREEN_LINES;
    return true;
}

/* A picture of it takes about 25 kbit. */
static void add_screen_canvases(mcu_room_options *o)
{
    for (unsigned i = 0, n = 0; i < o->tiers.n_tiers && n < SCREEN_TIERS; i++) {
        mix_tier_spec spec = o->video.tiers[i];
        if (make_readable(&spec)) {
            spec.fps = CLAMP(spec.bitrate_bps / SCREEN_PICTURE_BITS, 1, spec.fps);
            unsigned every_s = (unsigned)((SCREEN_PICTURE_BITS + spec.bitrate_bps - 1) / spec.bitrate_bps);
            o->video.every_s[o->video.n_tiers] = o->tiers.still[i] ? MAX(o->video.every_s[i], every_s) : 0;
            add_canvas(o, (mcu_canvas){.tier = i, .screen = true}, &spec);
            n++;
        }
    }
}

/* Most of it stands still, so that what a thin tier has for hands is enough for them here too. */
static void add_signed_canvases(mcu_room_options *o)
{
    for (unsigned i = 0, n = 0; i < o->tiers.n_tiers && n < SIGNED_TIERS; i++) {
        mix_tier_spec spec = o->video.tiers[i], hands = spec;
        if (!o->tiers.still[i] && make_readable(&spec)) {
            if (mcu_ladder_hands(hands.fps, hands.bitrate_bps, &hands.width_px, &hands.height_px, &spec.fps, &spec.bitrate_bps)) {
                spec.bitrate_bps = MIN(spec.bitrate_bps, hands.bitrate_bps);
            }
            add_canvas(o, (mcu_canvas){.tier = i, .screen = true, .hands = true}, &spec);
            n++;
        }
    }
}

/* Two pictures at most: for all others the first who speaks with hands, for that person the next. */
static void add_hands_canvases(mcu_room_options *o)
{
    for (unsigned i = 0, n = 0; i < o->tiers.n_tiers && n < HANDS_TIERS; i++) {
        mix_tier_spec spec = o->video.tiers[i];
        if (!o->tiers.still[i] &&
            mcu_ladder_hands(spec.fps, spec.bitrate_bps, &spec.width_px, &spec.height_px, &spec.fps, &spec.bitrate_bps)) {
            o->hands_bps[i] = mcu_tier_wire_bps(spec.bitrate_bps, spec.fps);
            add_canvas(o, (mcu_canvas){.tier = i, .signer = 1}, &spec);
            add_canvas(o, (mcu_canvas){.tier = i, .signer = 2}, &spec);
            n++;
        }
    }
}

static void add_upright_canvases(mcu_room_options *o)
{
    for (unsigned i = 1; i < o->tiers.n_tiers && i <= UPRIGHT_TIERS; i++) {
        mix_tier_spec spec = o->video.tiers[i];
        if (spec.width_px > spec.height_px && !o->tiers.still[i]) {
            spec.width_px = o->video.tiers[i].height_px;
            spec.height_px = o->video.tiers[i].width_px;
            add_canvas(o, (mcu_canvas){.tier = i, .upright = true}, &spec);
        }
    }
}

static void add_canvases(mcu_room_options *o)
{
    for (unsigned i = 0; i < o->tiers.n_tiers; i++) {
        o->canvases[i] = (mcu_canvas){.tier = i};
    }
    add_screen_canvases(o);
    for (unsigned i = 0; i < MIN(o->tiers.n_tiers, VIEW_TIERS); i++) {
        for (mcu_who role = MCU_WHO_PATIENT; role <= MCU_WHO_COMPLIANCE; role++) {
            if (MCU_LAYOUT_VIEWS & 1u << role) {
                add_canvas(o, (mcu_canvas){.tier = i, .view = role}, &o->video.tiers[i]);
            }
        }
        add_canvas(o, (mcu_canvas){.tier = i, .recorded = true, .view = o->recorded_view}, &o->video.tiers[i]);
    }
    add_hands_canvases(o);
    add_upright_canvases(o);
    add_signed_canvases(o);
}

static bool read_tiers(mcu_room_options *o, const json_t *list, GError **error)
{
    size_t n = json_array_size(list);
    if (n == 0) {
        memcpy(o->video.tiers, default_tiers, sizeof default_tiers);
        o->video.n_tiers = G_N_ELEMENTS(default_tiers);
        o->video.every_s[DEFAULT_STILL] = DEFAULT_EVERY_S;
    }
    for (size_t i = 0; i < n && i < MCU_TIERS_MAX; i++) {
        const json_t *t = json_array_get(list, i);
        mix_tier_spec *spec = &o->video.tiers[i];
        const char *name = json_string_value(json_object_get(t, "name"));
        spec->width_px = (int)integer(t, "width", 0);
        spec->height_px = (int)integer(t, "height", 0);
        spec->fps = (int)integer(t, "fps", 0);
        spec->bitrate_bps = (int)integer(t, "bitrate", 0);
        json_int_t every_s = integer(t, "every", 0);
        if (every_s < 0 || every_s > 60 || (every_s > 0 ? spec->fps != 1 : i > 0 && o->video.every_s[i - 1] > 0)) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "tier %zu: stills come last, with an fps of 1", i);
            return false;
        }
        o->video.every_s[i] = (unsigned)every_s;
        if (name == NULL || spec->width_px < 32 || spec->height_px < 32 || spec->fps < 1 || spec->bitrate_bps < 1000) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "tier %zu has no usable name, size, rate or bitrate", i);
            return false;
        }
        g_strlcpy(spec->name, name, sizeof spec->name);
        o->video.n_tiers = (unsigned)i + 1;
    }
    o->tiers.n_tiers = o->video.n_tiers;
    o->tiers.audio_bps = AUDIO_WIRE_BPS;
    for (unsigned i = 0; i < o->video.n_tiers; i++) {
        o->tiers.still[i] = o->video.every_s[i] > 0;
        o->tiers.wire_bps[i] = mcu_tier_wire_bps(o->video.tiers[i].bitrate_bps, o->video.tiers[i].fps);
    }
    add_canvases(o);
    return true;
}

bool mcu_room_options_init(mcu_room_options *o, const json_t *config, GError **error)
{
    memset(o, 0, sizeof *o);
    o->strings = g_ptr_array_new_with_free_func(g_free);
    o->max_seats = (unsigned)integer(json_object_get(config, "limits"), "seats", MIX_MAX_PEOPLE);
    o->max_seats = CLAMP(o->max_seats, 1, MIX_MAX_PEOPLE);
    o->empty_ns = integer(config, "empty_seconds", 60) * MCU_NS_PER_SEC;
    o->video.preset = keep(o, json_object_get(config, "preset"));
    o->audio.complexity = -1;
    o->audio.even = true;
    const char *layout = json_string_value(json_object_get(config, "layout"));
    o->layout = g_strdup(layout != NULL ? layout : MCU_LAYOUT_DEFAULT);
    const char *view = json_string_value(json_object_get(config, "recorded_view"));
    o->recorded_view = view != NULL ? mcu_who_of(view) : MCU_WHO_NONE;
    o->layouts = mcu_layouts_parse(json_object_get(config, "layouts"), error);
    if (!mcu_keypad_map_init(&o->keypad, json_object_get(config, "keypad"), error) || o->layouts == NULL ||
        !read_media(o, json_object_get(config, "media"), error) || !read_tiers(o, json_object_get(config, "tiers"), error)) {
        mcu_room_options_clear(o);
        return false;
    }
    return true;
}

void mcu_room_options_clear(mcu_room_options *o)
{
    g_clear_pointer(&o->strings, g_ptr_array_unref);
    g_clear_pointer(&o->turn, g_free);
    g_clear_pointer(&o->layouts, mcu_layouts_free);
    g_clear_pointer(&o->layout, g_free);
}

int mcu_room_options_recorded(const mcu_room_options *o, unsigned tier)
{
    for (unsigned i = o->tiers.n_tiers; i < o->video.n_tiers; i++) {
        if (o->canvases[i].recorded && o->canvases[i].tier == tier) {
            return (int)i;
        }
    }
    return -1;
}

int mcu_room_options_tier(const mcu_room_options *o, const char *name)
{
    for (unsigned i = 0; i < o->tiers.n_tiers; i++) {
        if (strcmp(o->video.tiers[i].name, name) == 0) {
            return (int)i;
        }
    }
    return strcmp(name, "audio") == 0 ? (int)o->tiers.n_tiers : -1;
}

const char *mcu_room_options_tier_name(const mcu_room_options *o, unsigned tier)
{
    return tier < o->tiers.n_tiers ? o->video.tiers[tier].name : "audio";
}

unsigned mcu_room_options_top(const mcu_room_options *o, const mcu_decode_limits *limits)
{
    unsigned top = o->tiers.n_tiers;
    for (; top > 0; top--) {
        const mix_tier_spec *t = &o->video.tiers[top - 1];
        if (!mcu_decode_limits_allow(limits, t->width_px, t->height_px, t->fps, t->bitrate_bps)) {
            break;
        }
    }
    return top;
}

unsigned mcu_room_options_useful(const mcu_room_options *o, unsigned width_px, unsigned height_px)
{
    unsigned useful = 0;
    for (unsigned i = 1; i < o->tiers.n_tiers; i++) {
        const mix_tier_spec *t = &o->video.tiers[i];
        if (t->fps < o->video.tiers[0].fps || width_px > (unsigned)t->width_px * 5 / 4 ||
            height_px > (unsigned)t->height_px * 5 / 4) {
            break;
        }
        useful = i;
    }
    return useful;
}
