#include "signaling/phone_settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/status.h"
#include "signaling/dial_plan.h"
#include "signaling/networks.h"
#include "signaling/shown_name.h"

static bool bad(GError **error, const char *section, const char *key, const char *reason)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[%s] %s: %s", section, key, reason);
    return false;
}

static bool is_address(const char *text)
{
    sig_address a;
    return sig_address_parse(text, &a);
}

static json_t *list_json(const char *const *list)
{
    json_t *array = json_array();
    for (const char *const *item = list; *item; item++) {
        json_array_append_new(array, json_string(*item));
    }
    return array;
}

/* ---- trunks ---- */

static bool only_codecs(const char *const *list)
{
    static const char *const known[] = {"PCMU", "PCMA", "G722", "opus", NULL};
    unsigned n = 0;
    for (; list[n]; n++) {
        if (!g_strv_contains(known, list[n])) {
            return false;
        }
    }
    return n >= 1 && n <= 4;
}

static bool is_everybody(const char *const *peers)
{
    for (const char *const *p = peers; *p; p++) {
        if (g_str_has_suffix(*p, "/0")) {
            return true;
        }
    }
    return false;
}

static bool check_peers(const mcu_config *c, const char *section, GError **error)
{
    const char *const *peers = mcu_config_list(c, section, "peers");
    sig_networks *n = sig_networks_new(peers, error);
    if (!n) {
        g_prefix_error(error, "[%s] peers: ", section);
        return false;
    }
    sig_networks_free(n);
    if (!peers[0]) {
        return bad(error, section, "peers", "the addresses that the trunk calls from are needed: all others get no answer");
    }
    return !is_everybody(peers) || mcu_config_bool(c, section, "challenge") ||
           bad(error, section, "peers", "everybody (/0) may call only with challenge = true");
}

static bool check_trunk(const mcu_config *c, const char *section, GError **error)
{
    const char *proxy = mcu_config_str(c, section, "proxy"), *srtp = mcu_config_str(c, section, "srtp");
    bool password = *mcu_config_str(c, section, "user") && *mcu_config_str(c, section, "password");
    if (!g_str_has_prefix(proxy, "sip:") && !g_str_has_prefix(proxy, "sips:")) {
        return bad(error, section, "proxy", "must look like sip:host:port;transport=udp");
    }
    if (!password && (mcu_config_bool(c, section, "register") || mcu_config_bool(c, section, "challenge"))) {
        return bad(error, section, "user", "register and challenge need user and password");
    }
    if (strcmp(srtp, "required") != 0 && strcmp(srtp, "clear") != 0) {
        return bad(error, section, "srtp", "must be required or clear");
    }
    if (!only_codecs(mcu_config_list(c, section, "codecs"))) {
        return bad(error, section, "codecs", "must be some of PCMU;PCMA;G722;opus");
    }
    if (strpbrk(mcu_config_str(c, section, "password"), "\"\\\r\n") || strpbrk(mcu_config_str(c, section, "user"), ":\"\\\r\n")) {
        return bad(error, section, "password", "may hold no quote or backslash, the user no colon");
    }
    return check_peers(c, section, error);
}

/* "sip:host:port;transport=tcp" -> host */
static char *host_of(const char *proxy)
{
    const char *host = strchr(proxy, ':') + 1;
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":;>");
    return g_strndup(host, n);
}

static json_t *trunk_json(const mcu_config *c, const char *section)
{
    static const char *const words[] = {"proxy", "user", "password", "realm", "caller_id", "srtp"};
    static const char *const numbers[] = {"expires", "keepalive", "session"};
    json_t *t =
        json_pack("{s:s, s:b, s:b, s:b, s:o, s:o}", "name", section, "register", mcu_config_bool(c, section, "register"),
                  "challenge", mcu_config_bool(c, section, "challenge"), "video", mcu_config_bool(c, section, "video"), "peers",
                  list_json(mcu_config_list(c, section, "peers")), "codecs", list_json(mcu_config_list(c, section, "codecs")));
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        json_object_set_new(t, words[i], json_string(mcu_config_str(c, section, words[i])));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_object_set_new(t, numbers[i], json_integer(mcu_config_int(c, section, numbers[i])));
    }
    const char *domain = mcu_config_str(c, section, "domain");
    g_autofree char *host = host_of(mcu_config_str(c, section, "proxy"));
    json_object_set_new(t, "domain", json_string(*domain ? domain : host));
    return t;
}

static bool read_trunks(json_t *trunks, const mcu_config *c, GError **error)
{
    static const char *const sections[SIG_TRUNKS_MAX] = {"trunk1", "trunk2"};
    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        if (!*mcu_config_str(c, sections[i], "proxy")) {
            continue;
        }
        if (!check_trunk(c, sections[i], error)) {
            return false;
        }
        json_array_append_new(trunks, trunk_json(c, sections[i]));
    }
    return json_array_size(trunks) > 0 || bad(error, "trunk1", "proxy", "with [phone] listen at least one trunk is needed");
}

/* ---- the rest ---- */

static bool check_digits(const char *const *list, const char *key, GError **error)
{
    for (const char *const *item = list; *item; item++) {
        if (!sig_is_number(*item)) {
            return bad(error, "dial", key, "must be numbers, as +1900");
        }
    }
    return true;
}

static bool check_numbers(const sig_phone_settings *p, GError **error)
{
    for (const char *const *n = p->numbers; *n; n++) {
        g_auto(GStrv) parts = g_strsplit(*n, ":", 2);
        if (!sig_is_number(parts[0]) || (parts[1] && !g_strv_contains(p->languages, parts[1]))) {
            return bad(error, "phone", "numbers", "must look like +15551234 or +15551234:en, in one of the languages");
        }
    }
    return true;
}

static bool check_languages(const sig_phone_settings *p, GError **error)
{
    for (const char *const *l = p->languages; *l; l++) {
        if (strlen(*l) != 2 || !g_ascii_islower((*l)[0]) || !g_ascii_islower((*l)[1])) {
            return bad(error, "phone", "languages", "must be some of en;es;fr, or others that there are prompts for");
        }
    }
    guint n = g_strv_length((char **)(uintptr_t)p->languages);
    return (n >= 1 && n <= 3) || bad(error, "phone", "languages", "one to three are needed");
}

static void read_values(sig_phone_settings *p, const mcu_config *c)
{
    p->listen = mcu_config_str(c, "phone", "listen");
    p->numbers = mcu_config_list(c, "phone", "numbers");
    p->languages = mcu_config_list(c, "phone", "languages");
    p->pin_digits = (unsigned)mcu_config_int(c, "phone", "pin_digits");
    p->pin_seconds = mcu_config_int(c, "phone", "pin_seconds");
    p->pins_per_minute = (unsigned)mcu_config_int(c, "phone", "pins_per_minute");
    p->prefixes = mcu_config_list(c, "dial", "prefixes");
    p->refused = mcu_config_list(c, "dial", "refused");
    p->emergency = mcu_config_list(c, "dial", "emergency");
    p->dial_per_room = (unsigned)mcu_config_int(c, "dial", "per_room");
    p->dial_per_day = (unsigned)mcu_config_int(c, "dial", "per_day");
    p->dial_per_second = (unsigned)mcu_config_int(c, "dial", "per_second");
}

/* ---- keys in a visit ---- */

static bool read_keypad(json_t *keypad, const mcu_config *c, GError **error)
{
    static const struct {
        const char *name, *spoken; /* by the prompts that come with the program */
    } commands[] = {{"mute", "*6"},        {"hand", NULL},       {"quieter", NULL}, {"louder", NULL},
                    {"consent_yes", "*1"}, {"consent_no", "*2"}, {"leave", NULL}};
    bool own_prompts = *mcu_config_str(c, "phone", "prompts");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        const char *name = commands[i].name, *spoken = commands[i].spoken;
        g_autofree char *key = g_strconcat("key_", name, NULL);
        const char *keys = mcu_config_str(c, "phone", key), *other = NULL;
        const json_t *taken = NULL;
        if (*keys && (strlen(keys) != 2 || keys[0] != '*' || !strchr("0123456789#", keys[1]))) {
            return bad(error, "phone", key, "must be a star and one of 0-9 or #, or empty");
        }
        if (!*keys && strcmp(name, "mute") == 0) {
            return bad(error, "phone", key, "must not be empty: whom a host mutes needs it to be heard again");
        }
        if (spoken && strcmp(keys, spoken) != 0 && !own_prompts) {
            return bad(error, "phone", key, "is not what callers are told: set prompts to a folder of prompts that say so");
        }
        json_object_foreach(keypad, other, taken)
        {
            if (*keys && strcmp(json_string_value(taken), keys) == 0) {
                return bad(error, "phone", key, "has the keys of another");
            }
        }
        json_object_set_new(keypad, name, json_string(keys));
    }
    return true;
}

static json_t *config_json(const sig_phone_settings *p, const mcu_config *c)
{
    static const char *const words[] = {"listen", "address", "certificates", "prompts"};
    static const char *const numbers[] = {"port", "tls_port", "rtp_min", "rtp_max", "calls", "calls_per_second"};
    json_t *j = json_pack("{s:o, s:s, s:[]}", "languages", list_json(p->languages), "clinic", p->clinic, "trunks");
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        json_object_set_new(j, words[i], json_string(mcu_config_str(c, "phone", words[i])));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_object_set_new(j, numbers[i], json_integer(mcu_config_int(c, "phone", numbers[i])));
    }
    if (!*mcu_config_str(c, "phone", "address")) {
        json_object_set_new(j, "address", json_string(mcu_config_str(c, "media", "nat_address")));
    }
    return j;
}

static bool check(sig_phone_settings *p, const mcu_config *c, GError **error)
{
    if (!is_address(p->listen) ||
        (*mcu_config_str(c, "phone", "address") && !is_address(mcu_config_str(c, "phone", "address")))) {
        return bad(error, "phone", "listen", "listen and address must be IP addresses");
    }
    if (mcu_config_int(c, "phone", "rtp_max") < mcu_config_int(c, "phone", "rtp_min") + 3) {
        return bad(error, "phone", "rtp_max", "must be above rtp_min: a call takes two ports");
    }
    if (mcu_config_int(c, "phone", "tls_port") != 0 && !*mcu_config_str(c, "phone", "certificates")) {
        return bad(error, "phone", "certificates", "tls_port needs a folder with agent.pem (key and certificate) and cafile.pem");
    }
    const char *clinic = mcu_config_str(c, "phone", "clinic");
    if (*clinic && !sig_name_read(clinic, p->clinic)) {
        return bad(error, "phone", "clinic", "must be a name, without control characters");
    }
    return check_languages(p, error) && check_numbers(p, error) && check_digits(p->prefixes, "prefixes", error) &&
           check_digits(p->refused, "refused", error) && check_digits(p->emergency, "emergency", error);
}

/* Without an address there is no telephone: who has described one meant to have it. */
static bool check_unused(const sig_phone_settings *p, const mcu_config *c, GError **error)
{
    static const struct {
        const char *section, *key;
    } means_it[] = {{"trunk1", "proxy"}, {"trunk1", "user"}, {"trunk2", "proxy"}, {"trunk2", "user"}};
    const char *section = p->numbers[0] ? "phone" : p->prefixes[0] ? "dial" : NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(means_it) && !section; i++) {
        section = *mcu_config_str(c, means_it[i].section, means_it[i].key) ? means_it[i].section : NULL;
    }
    if (section) {
        g_set_error(
            error, MCU_ERROR, MCU_ERROR_CONFIG,
            "[phone] listen: is needed for what [%s] says of telephones: give the address for SIP and sound, or take [%s] out",
            section, section);
    }
    return !section;
}

bool sig_phone_settings_read(sig_phone_settings *p, const mcu_config *c, GError **error)
{
    read_values(p, c);
    if (!*p->listen) {
        return check_unused(p, c, error);
    }
    p->keypad = json_object();
    if (!check(p, c, error) || !read_keypad(p->keypad, c, error)) {
        return false;
    }
    p->config = config_json(p, c);
    return read_trunks(json_object_get(p->config, "trunks"), c, error);
}

bool sig_phone_settings_check_files(const mcu_config *c, GError **error)
{
    static const char *const names[] = {"agent.pem", "cafile.pem"};
    const char *folder = mcu_config_str(c, "phone", "certificates");
    bool wanted = *mcu_config_str(c, "phone", "listen") && mcu_config_int(c, "phone", "tls_port") != 0;
    for (size_t i = 0; wanted && i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        if (access(path, R_OK) != 0) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG,
                        "[phone] certificates: %s: %s: the folder must hold agent.pem (key and certificate) and cafile.pem", path,
                        g_strerror(errno));
            return false;
        }
    }
    return true;
}

void sig_phone_settings_clear(sig_phone_settings *p)
{
    json_decref(p->config);
    json_decref(p->keypad);
    p->config = p->keypad = NULL;
}

bool sig_phone_settings_number(const sig_phone_settings *p, const char *number, char language[8])
{
    const char *digits = number + (*number == '+');
    language[0] = '\0';
    for (const char *const *n = p->numbers; *digits && *n; n++) {
        const char *own = *n + (**n == '+');
        size_t length = strcspn(own, ":");
        if (strlen(digits) == length && strncmp(digits, own, length) == 0) {
            g_strlcpy(language, own[length] ? own + length + 1 : "", 8);
            return true;
        }
    }
    return false;
}
