#include "signaling/phone/ua.h"

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_glib.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_tagarg.h>
#include <sofia-sip/tport_tag.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/phone/call.h"
#include "signaling/phone/digest.h"
#include "signaling/phone/owner.h"
#include "signaling/phone/trunk.h"

#define SEC INT64_C(1000000000)
#define HEADERS_MAX 64
#define METHODS "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY"

struct tel_ua {
    tel_phone *phone;
    su_root_t *root;
    GSource *source; /* the root's; borrowed from it */
    nua_t *nua;
    tel_trunk *trunks[TEL_TRUNKS_MAX];
    tel_nonces *nonces;
    bool ended;
    mcu_counter *invites, *refused, *strange;
};

static tel_trunk *trunk_of_message(const tel_ua *u)
{
    msg_t *m = nua_current_request(u->nua);
    const su_sockaddr_t *from = m ? msg_addr(m) : NULL;
    for (unsigned i = 0; from && i < TEL_TRUNKS_MAX && u->trunks[i]; i++) {
        if (tel_trunk_owns(u->trunks[i], &from->su_sa)) {
            return u->trunks[i];
        }
    }
    return NULL;
}

/* A second's worth may come at once, then one each 1/n s: what is beyond is told to come later, which costs no memory. */
static bool too_fast(tel_phone *p)
{
    int64_t now = mcu_now_ns(), each = SEC / p->config->calls_per_second;
    p->rate_ns = MAX(p->rate_ns, now - SEC);
    if (p->rate_ns > now) {
        return true;
    }
    p->rate_ns += each;
    return false;
}

static void refuse(tel_ua *u, nua_handle_t *nh, int status, const char *phrase, const char *retry_after)
{
    mcu_counter_add(u->refused, 1);
    nua_respond(nh, status, phrase, TAG_IF(retry_after, SIPTAG_RETRY_AFTER_STR(retry_after)), NUTAG_WITH_THIS(u->nua), TAG_END());
    nua_handle_destroy(nh);
}

static bool challenged(tel_ua *u, nua_handle_t *nh, const tel_trunk *t, const sip_t *sip)
{
    const tel_trunk_config *c = tel_trunk_settings(t);
    int64_t now_s = mcu_wall_ns() / SEC;
    tel_digest_verdict v = c->challenges ? tel_digest_judge(c, u->nonces, sip, now_s) : TEL_DIGEST_SHOWN;
    if (v == TEL_DIGEST_SHOWN) {
        return false;
    }
    g_autofree char *challenge = tel_digest_challenge(c, u->nonces, v == TEL_DIGEST_STALE, now_s);
    nua_respond(nh, SIP_401_UNAUTHORIZED, SIPTAG_WWW_AUTHENTICATE_STR(challenge), NUTAG_WITH_THIS(u->nua), TAG_END());
    return true;
}

static void on_invite(tel_ua *u, nua_handle_t *nh, const sip_t *sip)
{
    tel_trunk *t = trunk_of_message(u);
    mcu_counter_add(u->invites, 1);
    if (!t) {
        refuse(u, nh, SIP_403_FORBIDDEN, NULL);
    } else if (too_fast(u->phone) || g_hash_table_size(u->phone->calls) >= u->phone->config->calls_max) {
        refuse(u, nh, SIP_503_SERVICE_UNAVAILABLE, "5");
    } else if (challenged(u, nh, t, sip)) {
        nua_handle_destroy(nh);
    } else {
        tel_call_incoming(u->phone, t, nh, sip);
    }
}

/* Something that belongs to no call and no trunk. What asks for an answer has one, by the stack or here. */
static void on_stray(tel_ua *u, nua_event_t event, int status, nua_handle_t *nh, const sip_t *sip)
{
    if (event == nua_r_shutdown) {
        u->ended = u->ended || status >= 200;
    } else if (event == nua_i_invite && sip) {
        on_invite(u, nh, sip);
    } else if (nh) {
        mcu_counter_add(u->strange, 1);
        if (status < 200 && sip && sip->sip_request) {
            nua_respond(nh, SIP_405_METHOD_NOT_ALLOWED, NUTAG_WITH_THIS(u->nua), TAG_END());
        }
        nua_handle_destroy(nh);
    }
}

static void on_event(nua_event_t event, int status, const char *phrase, nua_t *nua, nua_magic_t *magic, nua_handle_t *nh,
                     nua_hmagic_t *owner, const sip_t *sip, tagi_t tags[])
{
    (void)phrase;
    (void)nua;
    tel_ua *u = (tel_ua *)magic;
    const tel_owner *o = (const tel_owner *)owner;
    if (!o) {
        on_stray(u, event, status, nh, sip);
    } else if (o->kind == TEL_OWNER_TRUNK) {
        tel_trunk_event((tel_trunk *)owner, event, status, sip, nh);
    } else if (o->kind == TEL_OWNER_CALL) {
        tel_call_event((tel_call *)owner, event, status, sip, nh, tags);
    }
}

/* ---- start ---- */

/* The library writes to stderr what may hold numbers: not a word of it goes into a log. */
static void no_words(void *stream, char const *format, va_list list)
{
    (void)stream;
    (void)format;
    (void)list;
}

static char *listen_url(const tel_config *c, const char *scheme, unsigned port)
{
    bool six = strchr(c->address, ':') != NULL;
    g_autofree char *host = six ? g_strdup_printf("[%s]", c->address) : g_strdup(c->address);
    return strcmp(c->address, c->listen) == 0 ? g_strdup_printf("%s:%s:%u", scheme, host, port)
                                              : g_strdup_printf("%s:%s:%u;maddr=%s", scheme, host, port, c->listen);
}

static bool open_stack(tel_ua *u, GError **error)
{
    const tel_config *c = u->phone->config;
    g_autofree char *url = listen_url(c, "sip", c->port), *tls = c->tls_port ? listen_url(c, "sips", c->tls_port) : NULL;
    u->nua = nua_create(u->root, on_event, (nua_magic_t *)u, NUTAG_URL(url), TAG_IF(tls, NUTAG_SIPS_URL(tls)),
                        TAG_IF(tls, NUTAG_CERTIFICATE_DIR(c->certificates)), NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOANSWER(0),
                        NUTAG_AUTOALERT(0), NTATAG_UDP_MTU(65535), NTATAG_MAXSIZE(64 * 1024), TPTAG_QUEUESIZE(64), TAG_END());
    if (!u->nua) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "cannot listen on %s port %u%s: taken, or no such address%s", c->listen,
                    c->port, tls ? " and its TLS port" : "", tls ? ", or the certificate cannot be read" : "");
        return false;
    }
    nua_set_params(u->nua, SIPTAG_ALLOW_STR(METHODS), NUTAG_APPL_METHOD("INFO, UPDATE, REFER"),
                   SIPTAG_SUPPORTED_STR("timer, 100rel"), NUTAG_UPDATE_REFRESH(1), NUTAG_MIN_SE(90), NUTAG_ENABLEMESSAGE(0),
                   NUTAG_EARLY_MEDIA(1), NUTAG_ONLY183_100REL(1), SIPTAG_USER_AGENT_STR("Tessera"), NUTAG_RETRY_COUNT(2),
                   TAG_END());
    int guarded = tel_sources_guard_port(c->peers, c->port, error);
    if (guarded > 0 && c->tls_port) {
        guarded = tel_sources_guard_port(c->peers, c->tls_port, error);
    }
    if (guarded == 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "the sockets of SIP are not to be found");
    }
    return guarded > 0;
}

tel_ua *tel_ua_new(tel_phone *p, GError **error)
{
    tel_ua *u = g_new0(tel_ua, 1);
    u->phone = p;
    u->nonces = tel_nonces_new();
    su_init();
    su_log_redirect(NULL, no_words, NULL);
    u->root = su_glib_root_create(NULL);
    su_root_threading(u->root, 0);
    u->source = su_glib_root_gsource(u->root);
    g_source_attach(u->source, NULL);
    u->invites = mcu_counter_get("tessera_phone_invites_total", NULL, "Calls that came from a trunk.");
    u->refused = mcu_counter_get("tessera_phone_refused_total", NULL, "Calls refused: not allowed, or too many.");
    u->strange = mcu_counter_get("tessera_phone_stray_total", NULL, "SIP messages that belong to no call.");
    if (!open_stack(u, error)) {
        tel_ua_free(u, 2000);
        return NULL;
    }
    for (unsigned i = 0; i < p->config->n_trunks; i++) {
        u->trunks[i] = tel_trunk_new(p, &p->config->trunks[i], u->nua);
    }
    return u;
}

void tel_ua_free(tel_ua *u, int wait_ms)
{
    if (!u) {
        return;
    }
    for (unsigned i = 0; i < TEL_TRUNKS_MAX; i++) {
        tel_trunk_free(u->trunks[i]);
    }
    if (u->nua) {
        int64_t until = mcu_now_ns() + wait_ms * INT64_C(1000000);
        nua_shutdown(u->nua);
        while (!u->ended && mcu_now_ns() < until) {
            su_root_step(u->root, 50);
        }
        nua_destroy(u->nua);
    }
    su_root_destroy(u->root);
    su_deinit();
    tel_nonces_free(u->nonces);
    g_free(u);
}

char *tel_ua_contact(const tel_ua *u, const char *transport)
{
    const tel_config *c = u->phone->config;
    bool tls = g_ascii_strcasecmp(transport, "tls") == 0 && c->tls_port, tcp = g_ascii_strcasecmp(transport, "tcp") == 0;
    bool six = strchr(c->address, ':') != NULL;
    return g_strdup_printf("<sip:tessera@%s%s%s:%u%s>", six ? "[" : "", c->address, six ? "]" : "", tls ? c->tls_port : c->port,
                           tls   ? ";transport=tls"
                           : tcp ? ";transport=tcp"
                                 : "");
}

nua_t *tel_ua_stack(const tel_ua *u)
{
    return u->nua;
}

tel_trunk *tel_ua_trunk(const tel_ua *u, unsigned i)
{
    return i < TEL_TRUNKS_MAX ? u->trunks[i] : NULL;
}

tel_trunk *tel_ua_pick_trunk(const tel_ua *u, const tel_trunk * not )
{
    for (unsigned i = 0; i < TEL_TRUNKS_MAX && u->trunks[i]; i++) {
        if (u->trunks[i] != not &&tel_trunk_up(u->trunks[i])) {
            return u->trunks[i];
        }
    }
    return NULL;
}
