#include "signaling/settings.h"

#include <string.h>

#include "mcu/base/status.h"

#define STR MCU_CONFIG_STRING
#define NUM MCU_CONFIG_INT
#define YES_NO MCU_CONFIG_BOOL
#define LIST MCU_CONFIG_LIST

#define TRUNK(name)                                                                                                              \
    {name, "proxy", STR, "", 0, 0, "where calls go: sip:host:port;transport=udp, tcp or tls; empty = no such trunk"},            \
        {name, "peers", LIST, "", 0, 0, "addresses or networks that the trunk calls from; all others get no answer"},            \
        {name, "domain", STR, "", 0, 0, "in From and To; empty = the proxy's host"},                                             \
        {name, "user", STR, "", 0, 0, "name of the account"}, {name, "password", STR, "", 0, 0, "its password"},                 \
        {name, "realm", STR, "", 0, 0, "the password is used for this realm alone; empty = the domain"},                         \
        {name, "register", YES_NO, "false", 0, 0, "the trunk finds us by REGISTER"},                                             \
        {name, "challenge", YES_NO, "false", 0, 0, "its calls must show the password too (digest)"},                             \
        {name, "caller_id", STR, "", 0, 0, "number that our calls show; empty = the user"},                                      \
        {name, "srtp", STR, "required", 0, 0, "required (SDES), or clear: such calls are marked"},                               \
        {name, "codecs", LIST, "opus;G722;PCMU;PCMA", 0, 0, "best first"},                                                       \
        {name, "video", YES_NO, "false", 0, 0, "there are video endpoints behind it: H.264 is taken and offered"},               \
        {name, "expires", NUM, "600", 60, 86400, "seconds of a registration"},                                                   \
        {name, "keepalive", NUM, "30", 0, 3600, "seconds between OPTIONS that ask whether it is there; 0 = none"},               \
    {                                                                                                                            \
        name, "session", NUM, "1800", 90, 86400, "seconds after which a call is confirmed (RFC 4028)"                            \
    }

const mcu_config_key sig_settings_keys[] = {
    {"server", "listen", LIST, "0.0.0.0;::", 0, 0, "addresses to listen on"},
    {"server", "port", NUM, "8443", 1, 65535, "TCP port for HTTPS and WebSocket"},
    {"server", "certificate", STR, "", 0, 0, "PEM certificate chain; empty = self-signed, made at the first start"},
    {"server", "key", STR, "", 0, 0, "PEM private key of the certificate"},
    {"server", "public_url", STR, "", 0, 0, "how people reach the server, for join links; empty = as the request has it"},
    {"server", "origins", LIST, "", 0, 0, "further web origins that may use WebSocket and WHIP, as https://host"},
    {"server", "frame_ancestors", LIST, "", 0, 0, "further web origins whose pages may embed ours, as https://host"},
    {"server", "trusted_proxies", LIST, "", 0, 0, "networks of proxies whose X-Forwarded-For and -Host count, as 10.0.0.0/8"},
    {"server", "assets", STR, "", 0, 0, "folder with web/ and api/; empty = beside the program"},
    {"server", "max_connections", NUM, "4096", 16, 100000, "TCP connections at a time"},
    {"admin", "port", NUM, "0", 0, 65535, "a port of its own for REST and /metrics; 0 = the server's, for this host itself"},
    {"admin", "listen", LIST, "127.0.0.1;::1", 0, 0, "addresses of that port"},
    {"admin", "allow", LIST, "", 0, 0, "with port 0: networks that may use REST and /metrics as well, as 10.0.0.0/8"},
    {"oidc", "issuer", STR, "", 0, 0,
     "operators may also show this issuer's signed tokens: their iss; empty = the admin key alone"},
    {"oidc", "audience", STR, "", 0, 0, "what their aud must hold: the name of this server at the issuer"},
    {"oidc", "require", STR, "", 0, 0,
     "claim=value that a token must have too, also in a list, as groups=front-desk; empty = none"},
    {"oidc", "keys", STR, "", 0, 0, "the issuer's public keys: a PEM or JWKS file, read again at SIGHUP"},
    {"media", "addresses", LIST, "", 0, 0, "local addresses for media; empty = all but loopback"},
    {"media", "nat_address", STR, "", 0, 0, "public address of a 1:1 NAT in front of the server"},
    {"media", "port_min", NUM, "0", 0, 65535, "first UDP/TCP port for media; 0 = any"},
    {"media", "port_max", NUM, "0", 0, 65535, "last port for media; 0 = any"},
    {"media", "ice_tcp", YES_NO, "true", 0, 0, "offer TCP candidates as well"},
    {"media", "denoise", STR, "nobody", 0, 0,
     "whose steady noise the server takes out, for 20 ms of delay: nobody, phones or everybody"},
    {"media", "stun", STR, "", 0, 0, "STUN server as host:port, for rooms and clients"},
    {"turn", "urls", LIST, "", 0, 0, "TURN servers as turn:host:port?transport=udp"},
    {"turn", "secret", STR, "", 0, 0, "shared secret of the TURN servers, for time-limited credentials"},
    {"turn", "ttl_seconds", NUM, "43200", 60, 604800, "how long a client's TURN credentials last"},
    {"turn", "rooms", YES_NO, "false", 0, 0, "rooms gather relayed candidates too"},
    {"tiers", "A", STR, "1280x720@25:1200", 0, 0, "width x height @ frames : kbit/s; empty = off"},
    {"tiers", "B", STR, "640x360@25:400", 0, 0, "the same"},
    {"tiers", "C", STR, "480x270@15:150", 0, 0, "the same"},
    {"tiers", "D", STR, "320x180@10:64", 0, 0, "the same"},
    {"tiers", "E", STR, "320x180@8:30", 0, 0, "the same"},
    {"tiers", "S", STR, "320x180@1/3:8", 0, 0, "the same; 1/3 = a still every 3 seconds"},
    {"video", "preset", STR, "superfast", 0, 0, "x264 preset of the encoders"},
    {"video", "logo", STR, "", 0, 0, "PNG in the upper right corner of every picture, at most 32 KiB; empty = none"},
    {"video", "clock", YES_NO, "false", 0, 0, "pictures show the clock with its zone, recorded or not"},
    {"video", "visit", YES_NO, "false", 0, 0, "pictures show the visit's id, recorded or not"},
    {"recording", "tier", STR, "", 0, 0, "the tier that is recorded; empty = the first"},
    {"recording", "view", STR, "", 0, 0,
     "as whose picture a visit is recorded where the layout has one: patient, clinician or observer; empty = everybody's"},
    {"recording", "key", STR, "", 0, 0,
     "file with the private key that opens recordings, for playing them here; empty = recording.key in the data folder"},
    {"recording", "caption", YES_NO, "true", 0, 0, "recorded pictures show REC, the clock with its zone, and the visit's id"},
    {"recording", "retention_days", NUM, "0", 0, 36500, "recordings are shredded this long after their end; 0 = never"},
    {"recording", "reserve_mib", NUM, "1024", 16, 1048576, "no recording begins with less space than this on the disk"},
    {"recording", "spare", STR, "", 0, 0, "folder on another disk, where recordings go on when a write fails; empty = none"},
    {"recording", "slate", STR, "Recording paused", 0, 0, "what the recording shows when it is paused"},
    {"s3", "endpoint", STR, "", 0, 0, "store for sealed recordings, as https://s3.example.org; empty = none"},
    {"s3", "bucket", STR, "", 0, 0, "its bucket"},
    {"s3", "region", STR, "us-east-1", 0, 0, "its region, for the signature"},
    {"s3", "prefix", STR, "", 0, 0, "what the names of objects begin with, as clinic/"},
    {"s3", "credentials", STR, "", 0, 0, "file with the access key's ID and its secret, each on a line"},
    {"s3", "authority", STR, "", 0, 0, "PEM file of who certifies the store; empty = the system's"},
    {"limits", "max_rooms", NUM, "200", 1, 10000, "rooms that exist at a time"},
    {"limits", "max_seats", NUM, "64", 1, 64, "seats of a room"},
    {"limits", "idle_rooms", NUM, "1", 0, 8, "room processes started ahead"},
    {"limits", "empty_seconds", NUM, "60", 1, 86400, "a room process without people ends after this long"},
    {"limits", "drain_seconds", NUM, "10", 0, 86400,
     "how long visits may go on after the first SIGTERM or SIGINT; 0 = they end at once"},
    {"limits", "link_seconds", NUM, "86400", 60, 2592000, "how long a join link is good for, unless it says otherwise"},
    {"limits", "messages_per_second", NUM, "50", 5, 1000, "WebSocket messages of one client"},
    {"limits", "offers_per_minute", NUM, "30", 5, 100000, "WHIP and WHEP offers of one seat; ten times as many from one address"},
    {"phone", "listen", STR, "", 0, 0, "address for SIP and RTP of telephones; empty = no telephone"},
    {"phone", "address", STR, "", 0, 0, "the same as trunks see it; empty = nat_address of [media], or listen"},
    {"phone", "port", NUM, "5060", 1, 65535, "UDP and TCP port of SIP"},
    {"phone", "tls_port", NUM, "0", 0, 65535, "TLS port of SIP; 0 = none"},
    {"phone", "certificates", STR, "", 0, 0, "folder with agent.pem (key and certificate) and cafile.pem, for TLS"},
    {"phone", "rtp_min", NUM, "30000", 1024, 65532, "first port of RTP"},
    {"phone", "rtp_max", NUM, "30999", 1027, 65535, "last port of RTP; a call takes two"},
    {"phone", "calls", NUM, "100", 1, 10000, "telephone calls at a time"},
    {"phone", "calls_per_second", NUM, "10", 1, 1000, "new ones that are let in; the others are told to try later"},
    {"phone", "numbers", LIST, "", 0, 0, "numbers that are called, as +15551234:en; without a language the caller chooses"},
    {"phone", "languages", LIST, "en;es;fr", 0, 0, "of the prompts, in the order of the menu"},
    {"phone", "prompts", STR, "", 0, 0, "folder with a folder of WAV files for each language; empty = beside the program"},
    {"phone", "clinic", STR, "", 0, 0,
     "name that who is called hears, as Hillside Clinic; a recorded LANGUAGE/clinic.wav of prompts comes first"},
    {"phone", "pin_digits", NUM, "8", 6, 16, "digits of a PIN"},
    {"phone", "pin_seconds", NUM, "86400", 60, 31536000, "how long a PIN is good for, unless it says otherwise"},
    {"phone", "pins_per_minute", NUM, "6", 1, 1000, "PINs that one calling number may try"},
    {"phone", "key_mute", STR, "*6", 0, 0, "keys that callers press in a visit, a star and another: their mute"},
    {"phone", "key_hand", STR, "*9", 0, 0, "a raised hand; this and the following: empty = none"},
    {"phone", "key_quieter", STR, "*4", 0, 0, "the others, quieter"},
    {"phone", "key_louder", STR, "*7", 0, 0, "the others, louder"},
    {"phone", "key_consent_yes", STR, "*1", 0, 0, "agrees to be recorded"},
    {"phone", "key_consent_no", STR, "*2", 0, 0, "does not"},
    {"phone", "key_leave", STR, "*#", 0, 0, "leaves"},
    TRUNK("trunk1"),
    TRUNK("trunk2"),
    {"dial", "prefixes", LIST, "", 0, 0, "beginnings of numbers that may be called, as +1;+33; empty = none"},
    {"dial", "refused", LIST, "+1900;+1976;+4490;+4487;+33899", 0, 0, "beginnings that may not, for what they cost"},
    {"dial", "emergency", LIST, "911;112;999;000;110;118;119;15;17;18;933;988", 0, 0,
     "emergency numbers: never called from here"},
    {"dial", "per_room", NUM, "10", 0, 1000, "outgoing calls of one room in an hour"},
    {"dial", "per_day", NUM, "200", 0, 100000, "outgoing calls of the server in a day"},
    {"dial", "per_second", NUM, "2", 1, 100, "outgoing calls of the server in a second"},
    {"log", "level", STR, "info", 0, 0, "debug, info, warn or error"},
    {NULL, NULL, MCU_CONFIG_NONE, NULL, 0, 0, NULL},
};

static bool number(const char **text, char end, int min, int max, int *out)
{
    if (!g_ascii_isdigit(**text)) {
        return false;
    }
    char *rest = NULL;
    guint64 v = g_ascii_strtoull(*text, &rest, 10);
    if (*rest != end || v < (guint64)min || v > (guint64)max) {
        return false;
    }
    *out = (int)v;
    *text = end ? rest + 1 : rest;
    return true;
}

/* "25" a second, or "1/3": one in three seconds. */
static bool rate(const char **text, sig_tier *out)
{
    if (g_str_has_prefix(*text, "1/")) {
        *text += strlen("1/");
        out->fps = 1;
        return number(text, ':', 2, 60, &out->every_s);
    }
    return number(text, ':', 1, 60, &out->fps);
}

bool sig_tier_parse(const char *text, sig_tier *out)
{
    const char *p = text;
    out->every_s = 0;
    return number(&p, 'x', 64, 3840, &out->width_px) && number(&p, '@', 36, 2160, &out->height_px) && rate(&p, out) &&
           number(&p, '\0', 8, 50000, &out->bitrate_kbps) && out->width_px % 2 == 0 && out->height_px % 2 == 0;
}

static bool bad(GError **error, const char *section, const char *key, const char *reason)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[%s] %s: %s", section, key, reason);
    return false;
}

static bool read_tiers(sig_settings *s, GError **error)
{
    static const char *const names[] = {"A", "B", "C", "D", "E", "S"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *text = mcu_config_str(s->config, "tiers", names[i]);
        if (!*text) {
            continue;
        }
        sig_tier *t = &s->tiers[s->n_tiers];
        t->name = names[i];
        if (!sig_tier_parse(text, t)) {
            return bad(error, "tiers", names[i], "must look like 1280x720@25:1200 or 320x180@1/3:8, with even sizes");
        }
        s->n_tiers++;
    }
    return s->n_tiers > 0 || bad(error, "tiers", "A", "at least one tier is needed");
}

static bool read_networks(const sig_settings *s, const char *section, const char *key, sig_networks **out, GError **error)
{
    *out = sig_networks_new(mcu_config_list(s->config, section, key), error);
    if (!*out) {
        g_prefix_error(error, "[%s] %s: ", section, key);
    }
    return *out != NULL;
}

static void read_values(sig_settings *s, int port)
{
    mcu_config *c = s->config;
    s->listen = mcu_config_list(c, "server", "listen");
    s->port = (uint16_t)(port > 0 ? port : mcu_config_int(c, "server", "port"));
    s->certificate = mcu_config_str(c, "server", "certificate");
    s->key = mcu_config_str(c, "server", "key");
    s->public_url = mcu_config_str(c, "server", "public_url");
    s->origins = mcu_config_list(c, "server", "origins");
    s->frame_ancestors = mcu_config_list(c, "server", "frame_ancestors");
    s->admin_listen = mcu_config_list(c, "admin", "listen");
    s->admin_port = (uint16_t)mcu_config_int(c, "admin", "port");
    s->oidc_issuer = mcu_config_str(c, "oidc", "issuer");
    s->oidc_audience = mcu_config_str(c, "oidc", "audience");
    s->oidc_require = mcu_config_str(c, "oidc", "require");
    s->oidc_keys = mcu_config_str(c, "oidc", "keys");
    s->assets = mcu_config_str(c, "server", "assets");
    s->max_connections = (unsigned)mcu_config_int(c, "server", "max_connections");
    s->addresses = mcu_config_list(c, "media", "addresses");
    s->nat_address = mcu_config_str(c, "media", "nat_address");
    s->port_min = (uint16_t)mcu_config_int(c, "media", "port_min");
    s->port_max = (uint16_t)mcu_config_int(c, "media", "port_max");
    s->ice_tcp = mcu_config_bool(c, "media", "ice_tcp");
    s->denoise = mcu_config_str(c, "media", "denoise");
    s->stun = mcu_config_str(c, "media", "stun");
    s->turn_urls = mcu_config_list(c, "turn", "urls");
    s->turn_secret = mcu_config_str(c, "turn", "secret");
    s->turn_ttl_s = mcu_config_int(c, "turn", "ttl_seconds");
    s->turn_in_rooms = mcu_config_bool(c, "turn", "rooms");
    s->preset = mcu_config_str(c, "video", "preset");
    s->logo = mcu_config_str(c, "video", "logo");
    s->recording_key = mcu_config_str(c, "recording", "key");
    s->recording_tier = mcu_config_str(c, "recording", "tier");
    s->recording_view = mcu_config_str(c, "recording", "view");
    s->recording_caption = mcu_config_bool(c, "recording", "caption");
    s->video_clock = mcu_config_bool(c, "video", "clock");
    s->video_visit = mcu_config_bool(c, "video", "visit");
    s->recording_retention_days = mcu_config_int(c, "recording", "retention_days");
    s->recording_reserve_mib = mcu_config_int(c, "recording", "reserve_mib");
    s->recording_spare = mcu_config_str(c, "recording", "spare");
    s->recording_slate = mcu_config_str(c, "recording", "slate");
    s->s3_endpoint = mcu_config_str(c, "s3", "endpoint");
    s->s3_bucket = mcu_config_str(c, "s3", "bucket");
    s->s3_region = mcu_config_str(c, "s3", "region");
    s->s3_prefix = mcu_config_str(c, "s3", "prefix");
    s->s3_credentials = mcu_config_str(c, "s3", "credentials");
    s->s3_authority = mcu_config_str(c, "s3", "authority");
    s->max_rooms = (unsigned)mcu_config_int(c, "limits", "max_rooms");
    s->max_seats = (unsigned)mcu_config_int(c, "limits", "max_seats");
    s->idle_rooms = (unsigned)mcu_config_int(c, "limits", "idle_rooms");
    s->empty_seconds = mcu_config_int(c, "limits", "empty_seconds");
    s->drain_seconds = mcu_config_int(c, "limits", "drain_seconds");
    s->link_seconds = mcu_config_int(c, "limits", "link_seconds");
    s->messages_per_second = (unsigned)mcu_config_int(c, "limits", "messages_per_second");
    s->offers_per_minute = (unsigned)mcu_config_int(c, "limits", "offers_per_minute");
    s->log_level = mcu_config_str(c, "log", "level");
}

sig_settings *sig_settings_load(const char *path, int port, GError **error)
{
    mcu_config *config = mcu_config_load(path, sig_settings_keys, error);
    if (!config) {
        return NULL;
    }
    sig_settings *s = g_new0(sig_settings, 1);
    s->config = config;
    read_values(s, port);
    if (!read_networks(s, "server", "trusted_proxies", &s->trusted_proxies, error) ||
        !read_networks(s, "admin", "allow", &s->admin_allow, error) || !read_tiers(s, error) || !sig_settings_check(s, error) ||
        !sig_phone_settings_read(&s->phone, config, error)) {
        g_prefix_error(error, "%s: ", path ? path : "configuration");
        sig_settings_free(s);
        return NULL;
    }
    return s;
}

void sig_settings_free(sig_settings *s)
{
    if (s) {
        sig_phone_settings_clear(&s->phone);
        sig_networks_free(s->trusted_proxies);
        sig_networks_free(s->admin_allow);
        mcu_config_free(s->config);
        g_free(s);
    }
}

bool sig_settings_has_tier(const sig_settings *s, const char *name)
{
    for (unsigned i = 0; i < s->n_tiers; i++) {
        if (strcmp(s->tiers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

json_t *sig_settings_tier_names(const sig_settings *s)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < s->n_tiers; i++) {
        json_array_append_new(names, json_string(s->tiers[i].name));
    }
    return names;
}

void sig_settings_print_help(FILE *out)
{
    const char *section = "";
    fputs("# Every key with its default. TESSERA_SECTION_KEY in the environment overrides the file.\n", out);
    for (const mcu_config_key *k = sig_settings_keys; k->section; k++) {
        if (strcmp(section, k->section) != 0) {
            section = k->section;
            fprintf(out, "\n[%s]\n", section);
        }
        fprintf(out, "# %s\n%s = %s\n", k->help, k->key, k->fallback);
    }
}
