/* tessera-film FILE X,Y,W,H...: what is in a film: the marker in each tile of each picture, whose tone sounds in each second, how
 * far its claps are from their pictures. One JSON object: {"pictures","errors","tiles":[{"person","read","changes","back",
 * "jump_max","lips"}],"seconds":[[heard people]],...}. */
#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/film_lips.h"
#include "mcu/bot/marker.h"
#include "mcu/bot/tone.h"

#define TILES 9
#define SECOND MCU_TONE_RATE_HZ
#define HEARD_DB (-45.0)

typedef struct {
    double x, y, width, height;
    unsigned read, changes, back, jump_max, newest, last_read; /* the last: number of the picture */
    int person;                                                /* of the newest marker, -1 = none yet */
    unsigned strangers;                                        /* markers of somebody else than before */
    lips lips;
} tile;

typedef struct {
    tile tiles[TILES];
    unsigned n_tiles, pictures, errors;
    int64_t last_pts, gap_max;
    int16_t *pcm; /* all of it */
    size_t n_pcm, room_pcm;
    int64_t pcm_us;     /* where it begins */
    AVRational base[2]; /* of picture, of sound */
    json_t *seconds;
} film;

static int64_t at_us(const film *f, int stream, const AVFrame *frame)
{
    return av_rescale_q(frame->pts, f->base[stream], (AVRational){1, 1000000});
}

static void look(film *f, const AVFrame *frame)
{
    mcu_luma luma = {frame->data[0], frame->linesize[0], frame->width, frame->height};
    for (unsigned i = 0; i < f->n_tiles; i++) {
        tile *t = &f->tiles[i];
        unsigned person, number;
        if (!mcu_marker_read(&luma, t->x, t->y, t->width, t->height, &person, &number)) {
            continue;
        }
        unsigned step = (number - t->newest) & 0xffff;
        bool loops = number < 3; /* the clip began again */
        if (t->person >= 0 && !loops) {
            t->changes += step != 0;
            t->back += step > 0x8000;
            t->jump_max = step < 0x8000 && step > t->jump_max ? step : t->jump_max;
        }
        lips_see(&t->lips, at_us(f, 0, frame), number);
        t->strangers += t->person >= 0 && t->person != (int)person;
        t->person = (int)person;
        t->newest = number;
        t->read++;
        t->last_read = f->pictures;
    }
    if (f->pictures > 0 && frame->pts - f->last_pts > f->gap_max) {
        f->gap_max = frame->pts - f->last_pts;
    }
    f->last_pts = frame->pts;
    f->pictures++;
}

static void end_second(film *f)
{
    json_t *heard = json_array();
    for (unsigned person = 0; person < 32; person++) {
        if (mcu_tone_level_db(f->pcm + f->n_pcm - SECOND, SECOND, mcu_tone_hz(person)) > HEARD_DB) {
            json_array_append_new(heard, json_integer(person));
        }
    }
    json_array_append_new(f->seconds, heard);
}

static void listen_to(film *f, const AVFrame *frame)
{
    const float *in = (const float *)(const void *)frame->data[0];
    if (f->n_pcm == 0) {
        f->pcm_us = at_us(f, 1, frame);
    }
    if (f->n_pcm + (size_t)frame->nb_samples > f->room_pcm) {
        f->room_pcm = 2 * f->room_pcm + 60 * SECOND;
        f->pcm = realloc(f->pcm, f->room_pcm * sizeof *f->pcm);
    }
    for (int i = 0; i < frame->nb_samples; i++) {
        float v = in[i] * 32767;
        f->pcm[f->n_pcm++] = (int16_t)(v > 32767 ? 32767 : v < -32767 ? -32767 : v);
        if (f->n_pcm % SECOND == 0) {
            end_second(f);
        }
    }
}

static void decode(film *f, AVCodecContext *codec, const AVPacket *packet, AVFrame *frame)
{
    f->errors += packet != NULL && avcodec_send_packet(codec, packet) < 0;
    if (packet == NULL) {
        (void)avcodec_send_packet(codec, NULL);
    }
    while (avcodec_receive_frame(codec, frame) == 0) {
        f->errors += frame->decode_error_flags != 0;
        if (codec->codec_type == AVMEDIA_TYPE_VIDEO) {
            look(f, frame);
        } else {
            listen_to(f, frame);
        }
    }
}

static AVCodecContext *open_stream(const AVFormatContext *in, int stream)
{
    const AVCodecParameters *par = in->streams[stream]->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(par->codec_id);
    AVCodecContext *c = avcodec_alloc_context3(decoder);
    c->thread_count = 1;
    c->pkt_timebase = in->streams[stream]->time_base;
    return avcodec_parameters_to_context(c, par) >= 0 && avcodec_open2(c, decoder, NULL) == 0 ? c : NULL;
}

static json_t *tiles_json(const film *f)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < f->n_tiles; i++) {
        const tile *t = &f->tiles[i];
        json_t *said = lips_json(&t->lips, mcu_tone_hz((unsigned)t->person), f->pcm, f->n_pcm, f->pcm_us);
        json_array_append_new(list, json_pack("{so si si si si si si si}", "lips", said, "last_read", t->last_read, "person",
                                              t->person, "read", t->read, "changes", t->changes, "back", t->back, "jump_max",
                                              t->jump_max, "strangers", t->strangers));
    }
    return list;
}

int main(int argc, char **argv)
{
    static film f;
    f.seconds = json_array();
    for (int i = 2; i < argc && f.n_tiles < TILES; i++) {
        tile *t = &f.tiles[f.n_tiles++];
        t->person = -1;
        if (sscanf(argv[i], "%lf,%lf,%lf,%lf", &t->x, &t->y, &t->width, &t->height) != 4) {
            return 2;
        }
    }
    AVFormatContext *in = NULL;
    if (argc < 2 || avformat_open_input(&in, argv[1], NULL, NULL) != 0 || avformat_find_stream_info(in, NULL) < 0) {
        fprintf(stderr, "usage: tessera-film FILE X,Y,W,H...\n");
        return 2;
    }
    int video = av_find_best_stream(in, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0),
        audio = av_find_best_stream(in, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    AVCodecContext *see = video >= 0 ? open_stream(in, video) : NULL, *hear = audio >= 0 ? open_stream(in, audio) : NULL;
    f.base[0] = video >= 0 ? in->streams[video]->time_base : f.base[0];
    f.base[1] = audio >= 0 ? in->streams[audio]->time_base : f.base[1];
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    while (see != NULL && hear != NULL && av_read_frame(in, packet) >= 0) {
        decode(&f, packet->stream_index == video ? see : hear, packet, frame);
        av_packet_unref(packet);
    }
    if (see != NULL && hear != NULL) {
        decode(&f, see, NULL, frame);
        decode(&f, hear, NULL, frame);
    }
    AVRational ms = {1, 1000};
    json_t *out = json_pack("{si si so so sI sI}", "pictures", f.pictures, "errors", f.errors, "tiles", tiles_json(&f), "seconds",
                            f.seconds, "gap_max_ms",
                            (json_int_t)(video >= 0 ? av_rescale_q(f.gap_max, in->streams[video]->time_base, ms) : -1),
                            "length_ms", (json_int_t)(in->duration / 1000));
    json_dumpf(out, stdout, JSON_COMPACT);
    puts("");
    json_decref(out);
    free(f.pcm);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&see);
    avcodec_free_context(&hear);
    avformat_close_input(&in);
    return 0;
}
