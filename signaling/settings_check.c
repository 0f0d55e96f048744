/* Whether what the configuration says can be meant: each error names its key and the mend. */
#include <netdb.h>
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/networks.h"
#include "signaling/settings.h"

#define SLATE_MAX 64

static bool bad(GError **error, const char *section, const char *key, const char *reason)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[%s] %s: %s", section, key, reason);
    return false;
}

/* They go into a header as they are. */
static bool check_origins(const char *const *list, const char *key, GError **error)
{
    for (const char *const *o = list; *o; o++) {
        size_t n = strlen("https://");
        if (!g_str_has_prefix(*o, "https://") || !(*o)[n] || strpbrk(*o + n, "/?# \t;,'\"")) {
            return bad(error, "server", key, "each must look like https://host or https://host:port");
        }
    }
    return true;
}

static bool is_requirement(const sig_settings *s)
{
    const char *equals = strchr(s->oidc_require, '=');
    return *s->oidc_issuer && equals && equals > s->oidc_require && equals[1];
}

static bool check_s3(const sig_settings *s, GError **error)
{
    if (!*s->s3_endpoint) {
        bool alone = *s->s3_bucket || *s->s3_credentials || *s->s3_authority || *s->s3_prefix;
        return !alone || bad(error, "s3", "endpoint", "is needed with all the others, as https://s3.example.org");
    }
    if (!g_str_has_prefix(s->s3_endpoint, "https://") && !g_str_has_prefix(s->s3_endpoint, "http://")) {
        return bad(error, "s3", "endpoint", "must begin with https:// or, on a network of its own, http://");
    }
    if (strchr(strstr(s->s3_endpoint, "//") + 2, '/')) {
        return bad(error, "s3", "endpoint", "ends with the host or its port");
    }
    if (!*s->s3_bucket || !*s->s3_credentials) {
        return bad(error, "s3", *s->s3_bucket ? "credentials" : "bucket", "is needed with an endpoint");
    }
    return !*s->s3_prefix || g_str_has_suffix(s->s3_prefix, "/") || bad(error, "s3", "prefix", "must end with a slash");
}

/* As the launcher binds it: with a zone, as fe80::1%eth0, too. */
static bool may_be_bound(const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    bool ok = getaddrinfo(text, NULL, &hints, &found) == 0;
    if (ok) {
        freeaddrinfo(found);
    }
    return ok;
}

static bool is_address(const char *text)
{
    sig_address a;
    return sig_address_parse(text, &a);
}

static bool check_list(const char *const *list, bool (*good)(const char *text), const char *section, const char *key,
                       GError **error)
{
    for (const char *const *a = list; *a; a++) {
        if (!good(*a)) {
            g_autofree char *why = g_strdup_printf("%s is not an address: write numbers, as 192.0.2.7 or 2001:db8::7", *a);
            return bad(error, section, key, why);
        }
    }
    return true;
}

static bool check_addresses(const sig_settings *s, GError **error)
{
    const char *const nat[] = {*s->nat_address ? s->nat_address : NULL, NULL};
    return check_list(s->listen, may_be_bound, "server", "listen", error) &&
           check_list(s->admin_listen, may_be_bound, "admin", "listen", error) &&
           check_list(s->addresses, is_address, "media", "addresses", error) &&
           check_list(nat, is_address, "media", "nat_address", error);
}

static bool check_turn(const sig_settings *s, GError **error)
{
    if (s->turn_urls[0] && !*s->turn_secret) {
        return bad(error, "turn", "secret", "TURN servers need their shared secret");
    }
    if (!s->turn_urls[0] && *s->turn_secret) {
        return bad(error, "turn", "urls", "are needed with a secret, as turn:host:3478?transport=udp");
    }
    for (const char *const *u = s->turn_urls; *u; u++) {
        if (!g_str_has_prefix(*u, "turn:") && !g_str_has_prefix(*u, "turns:")) {
            return bad(error, "turn", "urls", "each must begin with turn: or turns:");
        }
    }
    return true;
}

static bool check_words(const sig_settings *s, GError **error)
{
    if (!check_origins(s->origins, "origins", error) || !check_origins(s->frame_ancestors, "frame_ancestors", error)) {
        return false;
    }
    if (s->admin_port != 0 && (s->admin_port == s->port || !s->admin_listen[0])) {
        return bad(error, "admin", "port", "must differ from the server's, and needs an address to listen on");
    }
    if (!s->listen[0]) {
        return bad(error, "server", "listen", "at least one address is needed");
    }
    if (!*s->oidc_issuer != !*s->oidc_audience || !*s->oidc_issuer != !*s->oidc_keys) {
        return bad(error, "oidc", "issuer", "issuer, audience and keys go together");
    }
    if (*s->oidc_require && !is_requirement(s)) {
        return bad(error, "oidc", "require", "must look like claim=value, and needs an issuer");
    }
    if (!*s->certificate != !*s->key) {
        return bad(error, "server", "certificate", "certificate and key go together");
    }
    if (*s->public_url && !g_str_has_prefix(s->public_url, "https://")) {
        return bad(error, "server", "public_url", "must begin with https://");
    }
    if (strpbrk(s->public_url, "?# \t\"<>")) {
        return bad(error, "server", "public_url",
                   "ends with the host, its port or a path, as https://visits.example.org: links go on from there");
    }
    if (!s->port_min != !s->port_max || s->port_min > s->port_max) {
        return bad(error, "media", "port_min", "port_min and port_max go together, the first not above the second");
    }
    static const char *const whom[] = {"nobody", "phones", "everybody", NULL};
    if (!g_strv_contains(whom, s->denoise)) {
        return bad(error, "media", "denoise", "must be nobody, phones or everybody");
    }
    static const char *const views[] = {"", "patient", "clinician", "observer", NULL};
    if (!g_strv_contains(views, s->recording_view)) {
        return bad(error, "recording", "view", "must be patient, clinician, observer or empty");
    }
    if (*s->recording_tier && !sig_settings_has_tier(s, s->recording_tier)) {
        return bad(error, "recording", "tier", "is none of the configured tiers");
    }
    if (!g_utf8_validate(s->recording_slate, -1, NULL) || g_utf8_strlen(s->recording_slate, -1) > SLATE_MAX) {
        return bad(error, "recording", "slate", "is text of at most 64 characters");
    }
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    return g_strv_contains(levels, s->log_level) || bad(error, "log", "level", "must be debug, info, warn or error");
}

bool sig_settings_check(const sig_settings *s, GError **error)
{
    return check_words(s, error) && check_addresses(s, error) && check_turn(s, error) && check_s3(s, error);
}
