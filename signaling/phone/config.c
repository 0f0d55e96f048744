#include "signaling/phone/config.h"

#include <string.h>

#include "mcu/base/status.h"

static bool fail(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: is missing or out of range", what);
    return false;
}

static const char *text(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static unsigned number(const json_t *j, const char *key, unsigned max)
{
    json_int_t v = json_integer_value(json_object_get(j, key));
    return v < 0 || v > (json_int_t)max ? 0 : (unsigned)v;
}

static bool read_codecs(const json_t *list, mcu_codec out[TEL_CODECS_MAX])
{
    size_t i = 0;
    unsigned n = 0;
    const json_t *item = NULL;
    json_array_foreach(list, i, item)
    {
        mcu_codec c = mcu_codec_by_name(json_string_value(item));
        if (c != MCU_CODEC_PCMU && c != MCU_CODEC_PCMA && c != MCU_CODEC_G722 && c != MCU_CODEC_OPUS) {
            return false;
        }
        if (n < TEL_CODECS_MAX) {
            out[n++] = c;
        }
    }
    return n > 0;
}

static bool read_trunk(tel_trunk_config *t, const json_t *j, GError **error)
{
    const char *srtp = text(j, "srtp");
    t->name = text(j, "name");
    t->proxy = text(j, "proxy");
    t->domain = text(j, "domain");
    t->user = text(j, "user");
    t->password = text(j, "password");
    t->realm = *text(j, "realm") ? text(j, "realm") : t->domain;
    t->caller_id = *text(j, "caller_id") ? text(j, "caller_id") : t->user;
    t->registers = json_is_true(json_object_get(j, "register"));
    t->video = json_is_true(json_object_get(j, "video"));
    t->challenges = json_is_true(json_object_get(j, "challenge"));
    t->expires_s = number(j, "expires", 86400);
    t->keepalive_s = number(j, "keepalive", 3600);
    t->session_s = number(j, "session", 86400);
    t->srtp = strcmp(srtp, "required") == 0 ? TEL_SRTP_REQUIRED : strcmp(srtp, "clear") == 0 ? TEL_SRTP_CLEAR : TEL_SRTP_NONE;
    t->peers = tel_sources_new(json_object_get(j, "peers"), error);
    if (!t->peers) {
        return false;
    }
    if (!t->srtp) {
        return fail(error, "srtp");
    }
    return read_codecs(json_object_get(j, "codecs"), t->codecs) || fail(error, "codecs");
}

static bool read_trunks(tel_config *c, GError **error)
{
    const json_t *list = json_object_get(c->json, "trunks"), *item = NULL;
    size_t i = 0;
    c->peers = tel_sources_new(NULL, error);
    json_array_foreach(list, i, item)
    {
        if (c->n_trunks >= TEL_TRUNKS_MAX) {
            return fail(error, "trunks");
        }
        tel_trunk_config *t = &c->trunks[c->n_trunks++];
        if (!read_trunk(t, item, error) || !tel_sources_add(c->peers, t->peers)) {
            return (error && *error) || fail(error, "peers") ? false : false;
        }
    }
    return c->n_trunks > 0 || fail(error, "trunks");
}

static void read_languages(tel_config *c)
{
    size_t i = 0;
    unsigned n = 0;
    const json_t *item = NULL;
    json_array_foreach(json_object_get(c->json, "languages"), i, item)
    {
        if (n < TEL_LANGUAGES_MAX && json_is_string(item)) {
            c->languages[n++] = json_string_value(item);
        }
    }
}

static bool read_all(tel_config *c, GError **error)
{
    c->listen = text(c->json, "listen");
    c->address = *text(c->json, "address") ? text(c->json, "address") : c->listen;
    c->port = number(c->json, "port", 65535);
    c->tls_port = number(c->json, "tls_port", 65535);
    c->certificates = text(c->json, "certificates");
    c->prompts = text(c->json, "prompts");
    c->clinic = text(c->json, "clinic");
    c->rtp_min = number(c->json, "rtp_min", 65534);
    c->rtp_max = number(c->json, "rtp_max", 65535);
    c->calls_max = number(c->json, "calls", 10000);
    c->calls_per_second = number(c->json, "calls_per_second", 1000);
    read_languages(c);
    if (!*c->listen || c->port == 0) {
        return fail(error, "listen");
    }
    if (c->rtp_min < 1024 || c->rtp_max < c->rtp_min + 3) {
        return fail(error, "rtp_min");
    }
    if (c->calls_max == 0 || c->calls_per_second == 0) {
        return fail(error, "calls");
    }
    return (c->languages[0] || fail(error, "languages")) && read_trunks(c, error);
}

tel_config *tel_config_new(json_t *json, GError **error)
{
    tel_config *c = g_new0(tel_config, 1);
    c->json = json_incref(json);
    if (!read_all(c, error)) {
        tel_config_free(c);
        return NULL;
    }
    return c;
}

void tel_config_free(tel_config *c)
{
    if (c) {
        for (unsigned i = 0; i < c->n_trunks; i++) {
            tel_sources_free(c->trunks[i].peers);
        }
        tel_sources_free(c->peers);
        json_decref(c->json);
        g_free(c);
    }
}
