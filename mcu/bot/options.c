#include "mcu/bot/options.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static char *default_clips(void)
{
    const char *from_environment = g_getenv("TESSERA_CLIPS");
    if (from_environment != NULL) {
        return g_strdup(from_environment);
    }
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(program != NULL ? program : ".");
    g_autofree char *clips = g_build_filename(folder, "..", "clips", NULL);
    return g_canonicalize_filename(clips, NULL);
}

static const char *complaint(const mcu_bot_options *o)
{
    static const char *const codecs[] = {"h264", "vp8", "mixed", "any", NULL};
    static const char *const lies[] = {"fingerprint", "password", NULL};
    const unsigned links = o->links != NULL ? g_strv_length(o->links) : 0;
    if (!g_strv_contains(codecs, o->codec)) {
        return "--codec is h264, vp8, mixed or any";
    }
    if (o->lie != NULL && !g_strv_contains(lies, o->lie)) {
        return "--lie is fingerprint or password";
    }
    if (links == 0 && (o->url == NULL || o->admin_key_file == NULL)) {
        return "--link, or --url with --admin-key-file, is needed";
    }
    if (links > MCU_BOT_MAX_PARTICIPANTS || o->participants < 1 || o->participants > MCU_BOT_MAX_PARTICIPANTS) {
        return "1 to 64 participants in one process";
    }
    if (o->fps != 0 && (o->fps < 1 || o->fps > 60 || o->clap)) {
        return "--fps is 1 to 60, and not for --clap, whose sound belongs to its pictures";
    }
    if (o->duration_s < 0 || o->stagger_ms < 0 || o->report_s < 0) {
        return "times cannot be negative";
    }
    for (unsigned i = 0; i < links; i++) {
        g_autofree char *base = NULL;
        g_autofree char *token = NULL;
        if (!mcu_bot_split_link(o->links[i], &base, &token)) {
            return "a --link is not of the form https://HOST/j/TOKEN";
        }
    }
    return NULL;
}

bool mcu_bot_options_parse(mcu_bot_options *o, int argc, char **argv, int *status)
{
    *o = (mcu_bot_options){.participants = 3, .decode = -1, .report_s = 5};
    const GOptionEntry entries[] = {
        {"link", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &o->links, "a join link; once for each participant", "URL"},
        {"url", 'u', 0, G_OPTION_ARG_STRING, &o->url, "the server, when it is not the link's", "URL"},
        {"admin-key-file", 0, 0, G_OPTION_ARG_FILENAME, &o->admin_key_file, "makes links by REST with this key", "FILE"},
        {"room", 0, 0, G_OPTION_ARG_STRING, &o->room, "id of a room that exists, or the name of a new one", "ID|NAME"},
        {"role", 0, 0, G_OPTION_ARG_STRING, &o->role, "of the links (guest)", "ROLE"},
        {"participants", 'n', 0, G_OPTION_ARG_INT, &o->participants, "how many links to make (3)", "N"},
        {"codec", 'c', 0, G_OPTION_ARG_STRING, &o->codec, "h264, vp8, mixed (in turn) or any (h264)", "CODEC"},
        {"clips", 0, 0, G_OPTION_ARG_FILENAME, &o->clips, "folder of make-clips.sh (beside the program, TESSERA_CLIPS)", "DIR"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &o->fps, "pictures a second that cameras send (as the clips were made)", "RATE"},
        {"tier", 0, 0, G_OPTION_ARG_STRING, &o->tier, "ask for this tier", "TIER"},
        {"address", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->addresses, "local address for media; may be repeated", "IP"},
        {"duration", 'd', 0, G_OPTION_ARG_INT, &o->duration_s, "leave after this long (0: at SIGTERM or SIGINT)", "SECONDS"},
        {"stagger", 0, 0, G_OPTION_ARG_INT, &o->stagger_ms, "between one joining and the next", "MS"},
        {"report", 'r', 0, G_OPTION_ARG_INT, &o->report_s, "print this often (5; 0: at the end only)", "SECONDS"},
        {"decode", 0, 0, G_OPTION_ARG_INT, &o->decode, "only the first N decode what they receive", "N"},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &o->json, "one JSON object a line", NULL},
        {"insecure", 'k', 0, G_OPTION_ARG_NONE, &o->insecure, "take the server's certificate as it is", NULL},
        {"tone", 0, 0, G_OPTION_ARG_NONE, &o->tone, "participant K says 400+150*K Hz instead of words", NULL},
        {"clap", 0, 0, G_OPTION_ARG_NONE, &o->clap, "as --tone, for 400 ms from each second of the marker's pictures on", NULL},
        {"turns", 0, 0, G_OPTION_ARG_NONE, &o->turns, "one speaks at a time, for four seconds", NULL},
        {"plain", 0, 0, G_OPTION_ARG_NONE, &o->plain, "faces without the burnt-in marker (H.264 only)", NULL},
        {"mute", 0, 0, G_OPTION_ARG_NONE, &o->mute, "microphones are off", NULL},
        {"no-video", 0, 0, G_OPTION_ARG_NONE, &o->no_video, "cameras are off", NULL},
        {"record", 0, 0, G_OPTION_ARG_FILENAME, &o->record, "what participant 0 hears: 16 bit, mono, 48 kHz, no header", "FILE"},
        {"windows", 0, 0, G_OPTION_ARG_FILENAME, &o->windows, "the last 32 bytes of each picture and packet received", "FILE"},
        {"recvonly", 0, 0, G_OPTION_ARG_NONE, &o->recvonly, "send nothing", NULL},
        {"whip", 0, 0, G_OPTION_ARG_NONE, &o->whip, "join by WHIP instead of the WebSocket", NULL},
        {"lie", 0, 0, G_OPTION_ARG_STRING, &o->lie, "offer a false fingerprint or ICE password (for tests)", "WHAT"},
        {"hostile", 0, 0, G_OPTION_ARG_NONE, &o->hostile, "send what no honest participant sends (for tests of the room)", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GError) error = NULL;
    GOptionContext *context = g_option_context_new("- simulated participants of a visit");
    g_option_context_add_main_entries(context, entries, NULL);
    const bool parsed = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    o->tone = o->tone || o->clap;
    o->codec = o->codec != NULL ? o->codec : g_strdup("h264");
    o->role = o->role != NULL ? o->role : g_strdup("guest");
    o->clips = o->clips != NULL ? o->clips : default_clips();
    const char *wrong = !parsed ? error->message : argc > 1 ? "unexpected argument" : complaint(o);
    if (wrong != NULL) {
        fprintf(stderr, "tessera-bot: %s (--help tells more)\n", wrong);
        *status = 2;
    }
    return wrong == NULL;
}

void mcu_bot_options_clear(mcu_bot_options *o)
{
    g_strfreev(o->links);
    g_strfreev(o->addresses);
    g_free(o->url);
    g_free(o->admin_key_file);
    g_free(o->room);
    g_free(o->role);
    g_free(o->codec);
    g_free(o->clips);
    g_free(o->tier);
    g_free(o->record);
    g_free(o->windows);
    g_free(o->lie);
}

bool mcu_bot_sends_video(const mcu_bot_options *o)
{
    return !o->no_video && !o->recvonly;
}

bool mcu_bot_sends_audio(const mcu_bot_options *o)
{
    return !o->recvonly;
}

const mcu_codec *mcu_bot_codecs(const mcu_bot_options *o, unsigned index)
{
    static const mcu_codec h264[] = {MCU_CODEC_H264, MCU_CODEC_NONE};
    static const mcu_codec vp8[] = {MCU_CODEC_VP8, MCU_CODEC_NONE};
    static const mcu_codec both[] = {MCU_CODEC_H264, MCU_CODEC_VP8, MCU_CODEC_NONE};
    if (strcmp(o->codec, "any") == 0) {
        return both;
    }
    const bool second = strcmp(o->codec, "vp8") == 0 || (strcmp(o->codec, "mixed") == 0 && index % 2 == 1);
    return second ? vp8 : h264;
}

bool mcu_bot_split_link(const char *link, char **base, char **token)
{
    const char *at = strstr(link, "/j/");
    if (at == NULL || (!g_str_has_prefix(link, "https://") && !g_str_has_prefix(link, "http://")) || at[3] == '\0') {
        return false;
    }
    *base = g_strndup(link, (gsize)(at - link));
    *token = g_strndup(at + 3, strcspn(at + 3, "/?#"));
    return true;
}

char *mcu_bot_token_room(const char *token)
{
    g_auto(GStrv) parts = g_strsplit(token, ".", 3);
    if (g_strv_length(parts) != 3) {
        return NULL;
    }
    /* base64url without padding (RFC 7515 appendix C) */
    g_autofree char *padded = g_strconcat(parts[1], &"==="[3 - (4 - strlen(parts[1]) % 4) % 4], NULL);
    gsize size = 0;
    g_autofree guchar *payload = g_base64_decode(g_strdelimit(g_strdelimit(padded, "-", '+'), "_", '/'), &size);
    json_t *claims = json_loadb((const char *)payload, size, 0, NULL);
    char *room = g_strdup(json_string_value(json_object_get(claims, "room")));
    json_decref(claims);
    return room;
}
