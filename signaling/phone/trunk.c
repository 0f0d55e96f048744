#include "signaling/phone/trunk.h"

#include <openssl/crypto.h>
#include <sofia-sip/auth_digest.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tagarg.h>
#include <string.h>

#include "mcu/base/log.h"
#include "signaling/phone/link.h"
#include "signaling/phone/owner.h"

#define RETRY_S 10
#define OPTIONS_WAIT_S 4 /* a trunk that is silent this long is not there: the other one takes over */

struct tel_trunk {
    tel_owner owner; /* first */
    tel_phone *phone;
    const tel_trunk_config *config;
    nua_t *nua;
    nua_handle_t *registration, *options;
    unsigned retry, keepalive, silence; /* GLib sources */
    bool up, registered, answers;
    unsigned challenges; /* of the registration, in a row */
};

static void set_up(tel_trunk *t)
{
    bool up = (!t->config->registers || t->registered) && (t->config->keepalive_s == 0 || t->answers);
    if (up != t->up) {
        t->up = up;
        mcu_info("trunk.state", "trunk=%s up=%d registered=%d answers=%d", t->config->name, up, t->registered, t->answers);
        tel_trunk_tell(t);
    }
}

void tel_trunk_tell(const tel_trunk *t)
{
    tel_link_send(t->phone->link, json_pack("{s:s, s:s, s:b}", "type", "trunk", "trunk", t->config->name, "up", t->up));
}

static gboolean on_register(void *user)
{
    tel_trunk *t = user;
    const tel_trunk_config *c = t->config;
    g_autofree char *aor = g_strdup_printf("<sip:%s@%s>", c->user, c->domain);
    g_autofree char *expires = g_strdup_printf("%u", c->expires_s);
    t->retry = 0;
    t->challenges = 0;
    if (t->registration) {
        nua_handle_destroy(t->registration);
    }
    t->registration = nua_handle(t->nua, &t->owner, SIPTAG_TO_STR(aor), SIPTAG_FROM_STR(aor), TAG_END());
    nua_register(t->registration, NUTAG_REGISTRAR(c->proxy), NUTAG_PROXY(c->proxy), NUTAG_M_USERNAME(c->user),
                 SIPTAG_EXPIRES_STR(expires), NUTAG_OUTBOUND("no-options-keepalive no-validate"), TAG_END());
    return G_SOURCE_REMOVE;
}

static gboolean on_silence(void *user)
{
    tel_trunk *t = user;
    t->silence = 0;
    t->answers = false;
    set_up(t);
    return G_SOURCE_REMOVE;
}

static gboolean on_keepalive(void *user)
{
    tel_trunk *t = user;
    if (t->options) {
        nua_handle_destroy(t->options);
    }
    g_autofree char *own =
        g_strdup_printf("<sip:%s@%s>", *t->config->user ? t->config->user : "tessera", t->phone->config->address);
    t->options = nua_handle(t->nua, &t->owner, NUTAG_URL(t->config->proxy), SIPTAG_TO_STR(t->config->proxy), SIPTAG_FROM_STR(own),
                            TAG_END());
    nua_options(t->options, TAG_END());
    if (!t->silence) {
        t->silence = g_timeout_add_seconds(OPTIONS_WAIT_S, on_silence, t);
    }
    return G_SOURCE_CONTINUE;
}

tel_trunk *tel_trunk_new(tel_phone *p, const tel_trunk_config *config, nua_t *nua)
{
    tel_trunk *t = g_new0(tel_trunk, 1);
    t->owner.kind = TEL_OWNER_TRUNK;
    t->phone = p;
    t->config = config;
    t->nua = nua;
    set_up(t);
    if (config->registers) {
        on_register(t);
    }
    if (config->keepalive_s > 0) {
        on_keepalive(t);
        t->keepalive = g_timeout_add_seconds(config->keepalive_s, on_keepalive, t);
    }
    return t;
}

void tel_trunk_free(tel_trunk *t)
{
    if (!t) {
        return;
    }
    const unsigned sources[] = {t->retry, t->keepalive, t->silence};
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]) {
            g_source_remove(sources[i]);
        }
    }
    nua_handle_t *const handles[] = {t->registration, t->options};
    for (size_t i = 0; i < G_N_ELEMENTS(handles); i++) {
        if (handles[i]) {
            nua_handle_bind(handles[i], NULL);
            nua_handle_destroy(handles[i]);
        }
    }
    g_free(t);
}

const tel_trunk_config *tel_trunk_settings(const tel_trunk *t)
{
    return t->config;
}

bool tel_trunk_up(const tel_trunk *t)
{
    return t->up;
}

bool tel_trunk_owns(const tel_trunk *t, const struct sockaddr *from)
{
    return tel_sources_have(t->config->peers, from);
}

/* ---- digest: our password is for the trunk's realm alone ---- */

char *tel_trunk_credentials(const tel_trunk *t, const sip_t *challenge)
{
    const msg_auth_t *const headers[] = {challenge ? challenge->sip_www_authenticate : NULL,
                                         challenge ? challenge->sip_proxy_authenticate : NULL};
    if (!*t->config->password) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        const char *realm = headers[i] ? msg_header_find_param(headers[i]->au_common, "realm=") : NULL;
        if (realm && auth_strcmp(realm, t->config->realm) == 0) {
            return g_strdup_printf("%s:\"%s\":%s:%s", headers[i]->au_scheme, t->config->realm, t->config->user,
                                   t->config->password);
        }
    }
    return NULL;
}

static void authenticate(tel_trunk *t, const sip_t *sip, nua_handle_t *nh)
{
    char *credentials = t->challenges++ < 2 ? tel_trunk_credentials(t, sip) : NULL;
    if (credentials) {
        nua_authenticate(nh, NUTAG_AUTH(credentials), TAG_END());
        OPENSSL_cleanse(credentials, strlen(credentials));
        g_free(credentials);
        return;
    }
    mcu_warn("trunk.refused", "trunk=%s challenges=%u", t->config->name, t->challenges);
    t->registered = false;
    set_up(t);
    t->retry = t->retry ? t->retry : g_timeout_add_seconds(RETRY_S, on_register, t);
}

static void on_registered(tel_trunk *t, int status, const sip_t *sip, nua_handle_t *nh)
{
    if (status < 200) {
        return;
    }
    if (status == 401 || status == 407) {
        authenticate(t, sip, nh);
        return;
    }
    t->registered = status < 300;
    t->challenges = 0;
    set_up(t);
    if (!t->registered && !t->retry) {
        mcu_warn("trunk.register", "trunk=%s status=%d", t->config->name, status);
        t->retry = g_timeout_add_seconds(RETRY_S, on_register, t);
    }
}

static void on_options(tel_trunk *t, int status)
{
    if (status < 200 || !t->silence) {
        return; /* too late: it was silent */
    }
    g_source_remove(t->silence);
    t->silence = 0;
    t->answers = status != 408 && status != 503;
    set_up(t);
}

void tel_trunk_event(tel_trunk *t, nua_event_t event, int status, const sip_t *sip, nua_handle_t *nh)
{
    if (nh == t->registration && event == nua_r_register) {
        on_registered(t, status, sip, nh);
    } else if (nh == t->options && event == nua_r_options) {
        on_options(t, status);
    }
}
