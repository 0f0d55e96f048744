#include "mcu/base/leg.h"

#include <arpa/inet.h>
#include <string.h>

#include "mcu/base/leg_json.h"
#include "mcu/base/status.h"

#define SPARE_PACKETS 100 /* beyond what time accounts for: a burst, a late report */
#define RTCP_PER_SECOND 1 /* one report in five seconds is sent: more than enough */

/* ---- addresses ---- */

static bool parse_host(const char *host, mcu_leg_address *out)
{
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        return true;
    }
    return false;
}

static in_port_t *port_of(mcu_leg_address *a)
{
    return a->any.sa_family == AF_INET6 ? &a->v6.sin6_port : &a->v4.sin_port;
}

bool mcu_leg_address_parse(const char *text, mcu_leg_address *out)
{
    memset(out, 0, sizeof *out);
    const char *colon = text ? strrchr(text, ':') : NULL;
    size_t n = colon ? (size_t)(colon - text) : 0;
    guint64 port;
    char host[MCU_LEG_ADDRESS_TEXT];
    if (n == 0 || n >= sizeof host || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) {
        return false;
    }
    bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';
    g_strlcpy(host, text + brackets, n + 1 - 2 * (size_t)brackets);
    mcu_leg_address a = {0};
    if (!parse_host(host, &a) || (a.any.sa_family == AF_INET6) != brackets) {
        return false;
    }
    *port_of(&a) = htons((uint16_t)port);
    *out = a;
    return true;
}

void mcu_leg_address_text(const mcu_leg_address *a, char out[MCU_LEG_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (a->any.sa_family == AF_INET && inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host)) {
        g_snprintf(out, MCU_LEG_ADDRESS_TEXT, "%s:%u", host, ntohs(a->v4.sin_port));
    } else if (a->any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host)) {
        g_snprintf(out, MCU_LEG_ADDRESS_TEXT, "[%s]:%u", host, ntohs(a->v6.sin6_port));
    }
}

bool mcu_leg_address_same(const mcu_leg_address *a, const mcu_leg_address *b)
{
    if (a->any.sa_family != b->any.sa_family) {
        return false;
    }
    if (a->any.sa_family == AF_INET6) {
        return a->v6.sin6_port == b->v6.sin6_port && memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    }
    return a->any.sa_family != AF_INET || (a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr);
}

bool mcu_leg_address_same_host(const mcu_leg_address *a, const mcu_leg_address *b)
{
    if (a->any.sa_family != b->any.sa_family) {
        return false;
    }
    return a->any.sa_family == AF_INET6 ? memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0
                                        : a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

socklen_t mcu_leg_address_size(const mcu_leg_address *a)
{
    return a->any.sa_family == AF_INET6 ? sizeof a->v6 : a->any.sa_family == AF_INET ? sizeof a->v4 : 0;
}

/* ---- reading ---- */

bool mcu_leg_bad(GError **error, const char *key)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "leg.%s is missing or out of range", key);
    return false;
}

/* Leaves *value alone when the member is absent. */
bool mcu_leg_read_number(const json_t *j, const char *key, json_int_t min, json_int_t max, json_int_t *value, GError **error)
{
    const json_t *v = json_object_get(j, key);
    if (!v) {
        return true;
    }
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < min || n > max) {
        return mcu_leg_bad(error, key);
    }
    *value = n;
    return true;
}

static bool u8(const json_t *j, const char *key, json_int_t max, uint8_t *value, GError **error)
{
    json_int_t n = *value;
    bool ok = mcu_leg_read_number(j, key, 0, max, &n, error);
    *value = (uint8_t)n;
    return ok;
}

static bool u16(const json_t *j, const char *key, uint16_t *value, GError **error)
{
    json_int_t n = *value;
    bool ok = mcu_leg_read_number(j, key, 0, UINT16_MAX, &n, error);
    *value = (uint16_t)n;
    return ok;
}

static bool u32(const json_t *j, const char *key, json_int_t max, uint32_t *value, GError **error)
{
    json_int_t n = *value;
    bool ok = mcu_leg_read_number(j, key, 0, max, &n, error);
    *value = (uint32_t)n;
    return ok;
}

bool mcu_leg_read_flag(const json_t *j, const char *key, bool *value, GError **error)
{
    const json_t *v = json_object_get(j, key);
    if (v && !json_is_boolean(v)) {
        return mcu_leg_bad(error, key);
    }
    *value = v ? json_is_true(v) : *value;
    return true;
}

bool mcu_leg_read_address(const json_t *j, const char *key, mcu_leg_address *value, GError **error)
{
    const json_t *v = json_object_get(j, key);
    return !v || mcu_leg_address_parse(json_string_value(v), value) || mcu_leg_bad(error, key);
}

bool mcu_leg_read_key(const json_t *j, const char *key, uint8_t value[MCU_LEG_KEY_SIZE], GError **error)
{
    const char *text = json_string_value(json_object_get(j, key));
    if (!text || strlen(text) != MCU_LEG_KEY_SIZE / 3 * 4) { /* 40 characters: no padding, so nothing else fits */
        return mcu_leg_bad(error, key);
    }
    gsize n = 0;
    guchar *raw = g_base64_decode(text, &n);
    bool ok = n == MCU_LEG_KEY_SIZE;
    if (ok) {
        memcpy(value, raw, n);
    }
    explicit_bzero(raw, n);
    g_free(raw);
    return ok || mcu_leg_bad(error, key);
}

static bool read_srtp(mcu_leg_state *s, const json_t *j, GError **error)
{
    const json_t *srtp = json_object_get(j, "srtp");
    if (!srtp) {
        return true;
    }
    if (json_is_null(srtp)) {
        s->secure = false;
        return true;
    }
    s->secure = true;
    s->roc_out = s->roc_in = s->srtcp_index = 0;
    return mcu_leg_read_key(srtp, "key_out", s->key_out, error) && mcu_leg_read_key(srtp, "key_in", s->key_in, error) &&
           u32(srtp, "roc_out", UINT32_MAX, &s->roc_out, error) && u32(srtp, "roc_in", UINT32_MAX, &s->roc_in, error) &&
           u32(srtp, "srtcp_index", MCU_LEG_SRTCP_MAX, &s->srtcp_index, error);
}

static bool read_codec(mcu_leg_state *s, const json_t *j, GError **error)
{
    const json_t *v = json_object_get(j, "codec");
    if (v) {
        s->codec = mcu_codec_by_name(json_string_value(v));
        if (s->codec < MCU_CODEC_OPUS || s->codec > MCU_CODEC_G722) {
            return mcu_leg_bad(error, "codec");
        }
    }
    json_int_t ptime = s->ptime_ms;
    if (!mcu_leg_read_number(j, "ptime", 20, 60, &ptime, error)) {
        return false;
    }
    s->ptime_ms = (unsigned)ptime;
    if (s->ptime_ms % 20 != 0 || (s->codec == MCU_CODEC_OPUS && s->ptime_ms != 20)) {
        return mcu_leg_bad(error, "ptime");
    }
    return u8(j, "pt_in", 127, &s->pt_in, error) && u8(j, "pt_out", 127, &s->pt_out, error) &&
           u8(j, "event_pt", 127, &s->event_pt, error);
}

static bool read_all(mcu_leg_state *s, const json_t *j, GError **error)
{
    return read_codec(s, j, error) && u32(j, "ssrc", UINT32_MAX, &s->ssrc, error) && u16(j, "seq", &s->seq, error) &&
           u32(j, "ts", UINT32_MAX, &s->ts, error) && mcu_leg_read_address(j, "remote", &s->remote, error) &&
           mcu_leg_read_address(j, "remote_rtcp", &s->remote_rtcp, error) &&
           mcu_leg_read_flag(j, "latched", &s->latched, error) && mcu_leg_read_flag(j, "rtcp_mux", &s->rtcp_mux, error) &&
           mcu_leg_read_flag(j, "hold", &s->hold, error) && u32(j, "remote_ssrc", UINT32_MAX, &s->remote_ssrc, error) &&
           u16(j, "remote_seq", &s->remote_seq, error) && read_srtp(s, j, error) &&
           mcu_leg_video_read(&s->video, &s->has_video, json_object_get(j, "video"), error);
}

bool mcu_leg_from_json(const json_t *j, mcu_leg_state *out, GError **error)
{
    static const char *const needed[] = {"codec", "pt_in", "pt_out", "ssrc", "seq", "ts", "remote", "srtp"};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!json_object_get(j, needed[i])) { /* srtp null says that it is clear: leaving it out says nothing */
            return mcu_leg_bad(error, needed[i]);
        }
    }
    mcu_leg_state s = {.ptime_ms = 20};
    bool ok = read_all(&s, j, error);
    if (ok && s.ssrc == 0) {
        ok = mcu_leg_bad(error, "ssrc");
    }
    if (ok) {
        *out = s;
    }
    mcu_leg_wipe(&s);
    return ok;
}

bool mcu_leg_state_change(mcu_leg_state *s, const json_t *j, GError **error)
{
    mcu_leg_state next = *s;
    bool ok = json_is_object(j) ? read_all(&next, j, error) : mcu_leg_bad(error, "leg");
    if (ok) {
        *s = next;
    }
    mcu_leg_wipe(&next);
    return ok;
}

/* ---- writing ---- */

json_t *mcu_leg_key_json(const uint8_t key[MCU_LEG_KEY_SIZE])
{
    char *text = g_base64_encode(key, MCU_LEG_KEY_SIZE);
    json_t *j = json_string(text);
    explicit_bzero(text, strlen(text));
    g_free(text);
    return j;
}

static json_t *srtp_json(const mcu_leg_state *s)
{
    if (!s->secure) {
        return json_null();
    }
    return json_pack("{so so sI sI sI}", "key_out", mcu_leg_key_json(s->key_out), "key_in", mcu_leg_key_json(s->key_in),
                     "roc_out", (json_int_t)s->roc_out, "roc_in", (json_int_t)s->roc_in, "srtcp_index",
                     (json_int_t)s->srtcp_index);
}

void mcu_leg_set_address(json_t *j, const char *key, const mcu_leg_address *a)
{
    char text[MCU_LEG_ADDRESS_TEXT];
    mcu_leg_address_text(a, text);
    if (text[0]) {
        json_object_set_new(j, key, json_string(text));
    }
}

json_t *mcu_leg_to_json(const mcu_leg_state *s)
{
    json_t *j = json_pack("{ss si si si si sI si sI sb sb sb sI si so}", "codec", mcu_codec_name(s->codec), "pt_in", s->pt_in,
                          "pt_out", s->pt_out, "event_pt", s->event_pt, "ptime", (int)s->ptime_ms, "ssrc", (json_int_t)s->ssrc,
                          "seq", s->seq, "ts", (json_int_t)s->ts, "latched", s->latched, "rtcp_mux", s->rtcp_mux, "hold", s->hold,
                          "remote_ssrc", (json_int_t)s->remote_ssrc, "remote_seq", s->remote_seq, "srtp", srtp_json(s));
    mcu_leg_set_address(j, "remote", &s->remote);
    mcu_leg_set_address(j, "remote_rtcp", &s->remote_rtcp);
    if (s->has_video) {
        json_object_set_new(j, "video", mcu_leg_video_json(&s->video));
    }
    return j;
}

/* ---- time ---- */

unsigned mcu_leg_clock_hz(mcu_codec codec)
{
    return codec == MCU_CODEC_OPUS ? 48000 : 8000;
}

void mcu_leg_advance(mcu_leg_state *s, int64_t elapsed_ns)
{
    int64_t ms = elapsed_ns > 0 ? elapsed_ns / MCU_NS_PER_MS : 0;
    int64_t packets = ms / s->ptime_ms + SPARE_PACKETS;
    uint64_t index = ((uint64_t)s->roc_out << 16 | s->seq) + (uint64_t)packets;
    s->roc_out = (uint32_t)(index >> 16);
    s->seq = (uint16_t)index;
    s->ts += (uint32_t)(packets * s->ptime_ms * (mcu_leg_clock_hz(s->codec) / 1000));
    uint64_t reports = s->srtcp_index + (uint64_t)(ms / 1000 + 1) * RTCP_PER_SECOND;
    s->srtcp_index = reports > MCU_LEG_SRTCP_MAX ? MCU_LEG_SRTCP_MAX : (uint32_t)reports;
}

/* ---- keys ---- */

void mcu_leg_wipe(mcu_leg_state *s)
{
    explicit_bzero(s, sizeof *s);
}

static void wipe_text(json_t *j)
{
    const char *text = json_string_value(j);
    if (text) {
        explicit_bzero((void *)(uintptr_t)text, json_string_length(j));
    }
}

void mcu_leg_json_wipe(json_t *j)
{
    json_t *const srtp[] = {json_object_get(j, "srtp"), json_object_get(json_object_get(j, "video"), "srtp")};
    for (size_t i = 0; i < G_N_ELEMENTS(srtp); i++) {
        wipe_text(json_object_get(srtp[i], "key_out"));
        wipe_text(json_object_get(srtp[i], "key_in"));
    }
}
