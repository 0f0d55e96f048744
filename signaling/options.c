#include "signaling/options.h"

#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "signaling/assets.h"
#include "signaling/audit_file.h"
#include "signaling/key_file.h"
#include "signaling/layouts.h"
#include "signaling/logo.h"
#include "signaling/operator.h"
#include "signaling/permissions.h"
#include "signaling/recording_files.h"
#include "signaling/s3.h"
#include "signaling/settings.h"
#include "signaling/tls.h"

static const char usage[] =
    "usage: tessera --help | --help-config | --permissions | --check-config [--config FILE]\n"
    "       tessera --verify-audit FILE --key FILE [--head SEQ:HASH]\n"
    "\n"
    "The gateway: HTTPS, WebSocket, REST, WHIP and WHEP; supervises the room processes. It is started by\n"
    "tessera-launcher, which hands it its sockets and starts it again when it dies.\n"
    "\n"
    "  --help-config   prints every configuration key with its default\n"
    "  --permissions   prints which role may do what\n"
    "  --check-config  says whether the configuration is good, with the certificates, keys and layouts it names\n"
    "  --verify-audit  says whether an audit trail (DATA/audit.log) is whole and signed by --key (DATA/gateway.pub), and\n"
    "                  whether it holds a head that was noted before: exit status 0, else 1\n";

static bool check_layouts(const sig_settings *s, GError **error)
{
    g_autofree char *folder = sig_assets_find(s->assets, error);
    return folder && sig_layouts_check(folder, error);
}

static bool check_files(const sig_options *o, const sig_settings *s, GError **error)
{
    bool good =
        (!*s->certificate || sig_tls_check(s->certificate, s->key, error)) && sig_phone_settings_check_files(s->config, error);
    if (!good) {
        g_prefix_error(error, "%s: ", o->config ? o->config : "configuration");
    }
    return good;
}

static bool check_store(const sig_settings *s, GError **error)
{
    sig_s3 store = {0};
    bool good = !*s->s3_endpoint || sig_s3_credentials(&store, s->s3_credentials, error);
    sig_s3_clear(&store);
    return good;
}

static bool check_logo(const sig_settings *s, GError **error)
{
    g_autofree char *logo = *s->logo ? sig_logo_read(s->logo, error) : NULL;
    return logo || !*s->logo;
}

static int check_only(const sig_options *o)
{
    g_autoptr(GError) error = NULL;
    sig_settings *s = sig_settings_load(o->config, o->port, &error);
    bool good = s && check_files(o, s, &error) && sig_operators_check(s, &error) && check_layouts(s, &error) &&
                check_logo(s, &error) && check_store(s, &error) && sig_recording_spare_check(s, &error);
    fprintf(good ? stdout : stderr, "tessera: %s\n", good ? "the configuration is good" : error->message);
    sig_settings_free(s);
    return good ? 0 : 1;
}

static int verify_audit(const char *path, const char *key_path, const char *head)
{
    g_autoptr(GError) error = NULL;
    uint8_t key[SIG_KEY_BYTES];
    if (!key_path || !sig_public_key_read(key_path, key, &error)) {
        fprintf(stderr, "tessera: %s\n", error ? error->message : "--key FILE is missing: the server's gateway.pub");
        return 2;
    }
    return sig_audit_verify(path, key, head, stdout) ? 0 : 1;
}

int sig_options_read(sig_options *o, int argc, char **argv)
{
    static const struct option table[] = {{"data", required_argument, NULL, 'd'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"sockets", required_argument, NULL, 's'},
                                          {"admin-sockets", required_argument, NULL, 'a'},
                                          {"closing-ms", required_argument, NULL, 'm'},
                                          {"again", no_argument, NULL, 'A'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"help-config", no_argument, NULL, 'H'},
                                          {"check-config", no_argument, NULL, 'C'},
                                          {"permissions", no_argument, NULL, 'P'},
                                          {"verify-audit", required_argument, NULL, 'V'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"head", required_argument, NULL, 'n'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    bool check = false;
    const char *audit = NULL, *key = NULL, *head = NULL;
    for (int c = 0; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 'd':
            o->data = optarg;
            break;
        case 'c':
            o->config = optarg;
            break;
        case 'p':
            o->port = atoi(optarg);
            break;
        case 'a':
            o->admin_sockets = atoi(optarg);
            break;
        case 's':
            o->sockets = atoi(optarg);
            break;
        case 'm':
            o->closing_ms = atoll(optarg);
            break;
        case 'A':
            o->again = true;
            break;
        case 'C':
            check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'H':
            sig_settings_print_help(stdout);
            return 0;
        case 'P':
            sig_permissions_print(stdout);
            return 0;
        case 'V':
            audit = optarg;
            break;
        case 'k':
            key = optarg;
            break;
        case 'n':
            head = optarg;
            break;
        case 'v':
            puts("tessera " TESSERA_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (audit) {
        return verify_audit(audit, key, head);
    }
    return check ? check_only(o) : -1;
}
