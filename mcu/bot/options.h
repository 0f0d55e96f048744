/* options.h - the command line of tessera-bot.  Thread: read once at start, immutable afterwards. */
#ifndef MCU_BOT_OPTIONS_H
#define MCU_BOT_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "mcu/base/media.h"

#define MCU_BOT_MAX_PARTICIPANTS 64

typedef struct {
    char **links; /* join links, one a participant; empty: made by REST */
    char *url;    /* of the server; NULL = that of the link */
    char *admin_key_file, *room, *role;
    int participants; /* made by REST */
    char *codec;      /* "h264", "vp8", "mixed", "any" */
    char *clips;      /* folder */
    char *tier;       /* asked for after joining; NULL = leave it to the room */
    char *record;     /* file for what participant 0 hears; NULL = none */
    char *windows;    /* file for windows.h; NULL = none */
    char *lie;        /* what the offer says falsely: "fingerprint" or "password"; NULL = nothing */
    char **addresses; /* local addresses for ICE; NULL = all */
    int duration_s;   /* 0 = until a signal */
    int stagger_ms;
    int report_s; /* 0 = only at the end */
    double fps;   /* of cameras; 0 = as the clips were made */
    int decode;   /* how many participants decode what they receive; < 0 = all */
    gboolean json, insecure, tone, clap, turns, plain, mute, no_video, recvonly, whip, hostile;
} mcu_bot_options;

/* False: nothing to be done, `*status` is the exit code and a message has been printed. */
bool mcu_bot_options_parse(mcu_bot_options *o, int argc, char **argv, int *status);
void mcu_bot_options_clear(mcu_bot_options *o);

bool mcu_bot_sends_video(const mcu_bot_options *o);
bool mcu_bot_sends_audio(const mcu_bot_options *o);
/* What participant `index` offers, MCU_CODEC_NONE-terminated. */
const mcu_codec *mcu_bot_codecs(const mcu_bot_options *o, unsigned index);

/* "https://host/j/TOKEN" -> base address and token; false = not a join link. */
bool mcu_bot_split_link(const char *link, char **base, char **token);
/* The room that a token is for, read without checking it; NULL = none. Free with g_free. */
char *mcu_bot_token_room(const char *token);

#endif
