#include "recorder/tool_input.h"

#define IO_BUFFER (64 * 1024)

struct tool_input {
    rec_movie *movie;
    uint64_t at;
    AVIOContext *io;
    AVFormatContext *format;
};

bool tool_av_fail(GError **error, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    if (error != NULL && *error == NULL) {
        av_strerror(code, text, sizeof text);
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "%s: %s", what, code != 0 ? text : "failed");
    }
    return false;
}

static int read_movie(void *user, uint8_t *out, int size)
{
    tool_input *i = user;
    ssize_t n = rec_movie_read(i->movie, i->at, out, (size_t)size, NULL);
    i->at += n > 0 ? (uint64_t)n : 0;
    return n > 0 ? (int)n : n == 0 ? AVERROR_EOF : AVERROR(EIO);
}

static int64_t seek_movie(void *user, int64_t offset, int whence)
{
    tool_input *i = user;
    int64_t size = (int64_t)rec_movie_size(i->movie);
    if (whence == AVSEEK_SIZE) {
        return size;
    }
    int64_t at = whence == SEEK_CUR ? (int64_t)i->at + offset : whence == SEEK_END ? size + offset : offset;
    if (at < 0 || at > size) {
        return AVERROR(EINVAL);
    }
    i->at = (uint64_t)at;
    return at;
}

tool_input *tool_input_new(rec_movie *movie, GError **error)
{
    tool_input *i = g_new0(tool_input, 1);
    av_log_set_level(AV_LOG_ERROR);
    i->movie = movie;
    i->io = avio_alloc_context(av_malloc(IO_BUFFER), IO_BUFFER, 0, i, read_movie, NULL, seek_movie);
    i->format = avformat_alloc_context();
    i->format->pb = i->io;
    int rc = avformat_open_input(&i->format, NULL, av_find_input_format("mp4"), NULL);
    rc = rc == 0 ? avformat_find_stream_info(i->format, NULL) : rc;
    if (rc < 0) {
        tool_av_fail(error, "reading the recording", rc);
        g_clear_pointer(&i, tool_input_free);
    }
    return i;
}

void tool_input_free(tool_input *i)
{
    if (i != NULL) {
        avformat_close_input(&i->format);
        av_freep(&i->io->buffer);
        avio_context_free(&i->io);
        g_free(i);
    }
}

AVFormatContext *tool_input_format(const tool_input *i)
{
    return i->format;
}
