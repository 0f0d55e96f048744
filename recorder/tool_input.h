/* tool_input.h - a film as libavformat reads it.  Thread: main. */
#ifndef RECORDER_TOOL_INPUT_H
#define RECORDER_TOOL_INPUT_H

#include <libavformat/avformat.h>

#include "recorder/movie.h"

typedef struct tool_input tool_input;
tool_input *tool_input_new(rec_movie *movie, GError **error); /* the film is borrowed until it is freed */
void tool_input_free(tool_input *i);                          /* NULL is fine */
AVFormatContext *tool_input_format(const tool_input *i);      /* opened, its streams known */

/* Says `what` and what libav calls `code`, unless an error was set before; false. */
bool tool_av_fail(GError **error, const char *what, int code);

#endif
