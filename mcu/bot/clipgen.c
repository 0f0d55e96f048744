/* tessera-clipgen: writes one coded clip for tessera-bot; make-clips.sh calls it for a whole folder. */
#include "mcu/bot/clipgen.h"

#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    int person = 0;
    av_log_set_level(AV_LOG_ERROR);
    gboolean plain = FALSE;
    g_autofree char *kind = NULL;
    g_autofree char *speech = NULL;
    g_autofree char *film = NULL;
    g_autofree char *out = NULL;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"kind", 'k', 0, G_OPTION_ARG_STRING, &kind, "h264, vp8, speech, tone or clap (a tone for 400 ms of each second)",
         "KIND"},
        {"person", 'p', 0, G_OPTION_ARG_INT, &person, "colours, face, voice and marker", "N"},
        {"plain", 0, 0, G_OPTION_ARG_NONE, &plain, "no marker over the picture", NULL},
        {"wav", 0, 0, G_OPTION_ARG_FILENAME, &speech, "what is said (mono 16-bit PCM)", "FILE"},
        {"film", 0, 0, G_OPTION_ARG_FILENAME, &film, "pictures of a camera instead of a drawn face", "FILE"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "the clip", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new("- make a coded clip for tessera-bot");
    g_option_context_add_main_entries(context, entries, NULL);
    const bool parsed = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    if (!parsed || kind == NULL || out == NULL || person < 0 || (strcmp(kind, "speech") == 0 && speech == NULL)) {
        fprintf(stderr, "tessera-clipgen: %s\n",
                error != NULL ? error->message : "--kind, --out and for speech --wav are needed");
        return 2;
    }
    g_autoptr(mcu_clip) clip = NULL;
    if (strcmp(kind, "h264") == 0 || strcmp(kind, "vp8") == 0) {
        clip = mcu_clipgen_video(kind[0] == 'h' ? MCU_CODEC_H264 : MCU_CODEC_VP8, (unsigned)person, !plain, film, &error);
    } else if (strcmp(kind, "speech") == 0 || strcmp(kind, "tone") == 0 || strcmp(kind, "clap") == 0) {
        clip = mcu_clipgen_audio((unsigned)person, kind[0] == 's' ? speech : NULL, kind[0] == 'c' ? 400 : 1000, &error);
    } else {
        fprintf(stderr, "tessera-clipgen: unknown kind %s\n", kind);
        return 2;
    }
    if (clip == NULL || !mcu_clip_save(clip, out, &error)) {
        fprintf(stderr, "tessera-clipgen: %s\n", error->message);
        return 1;
    }
    return 0;
}
