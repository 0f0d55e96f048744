#include "mcu/bot/viewer.h"

#include <glib.h>
#include <libavcodec/avcodec.h>

#include "mcu/bot/marker.h"

enum { QUEUE = 32 };

struct mcu_viewer {
    mcu_strand *strand;
    mcu_mailbox *results;
    unsigned id;
    /* strand only */
    mcu_codec codec;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
};

typedef struct {
    mcu_viewer *viewer;
    mcu_au *au;
    mcu_scene *scene;
    int64_t shown_ns;
} job;

void mcu_sighting_free(void *sighting)
{
    mcu_sighting *s = sighting;
    if (s != NULL) {
        mcu_scene_unref(s->scene);
        g_free(s);
    }
}

mcu_viewer *mcu_viewer_new(mcu_workers *workers, mcu_mailbox *results, unsigned id)
{
    mcu_viewer *v = g_new0(mcu_viewer, 1);
    v->strand = mcu_strand_new(workers, QUEUE);
    v->results = results;
    v->id = id;
    v->packet = av_packet_alloc();
    v->frame = av_frame_alloc();
    g_assert(v->packet != NULL && v->frame != NULL);
    return v;
}

static void destroy(void *arg)
{
    mcu_viewer *v = arg;
    avcodec_free_context(&v->decoder);
    av_packet_free(&v->packet);
    av_frame_free(&v->frame);
    g_free(v);
}

void mcu_viewer_free(mcu_viewer *v)
{
    if (v != NULL) {
        mcu_strand_close(v->strand, destroy, v);
    }
}

static bool open_decoder(mcu_viewer *v, mcu_codec codec)
{
    if (v->decoder != NULL && v->codec == codec) {
        return true;
    }
    avcodec_free_context(&v->decoder);
    const AVCodec *decoder = avcodec_find_decoder(codec == MCU_CODEC_H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8);
    v->decoder = decoder != NULL ? avcodec_alloc_context3(decoder) : NULL;
    if (v->decoder == NULL) {
        return false;
    }
    v->codec = codec;
    v->decoder->thread_count = 1;
    v->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    return avcodec_open2(v->decoder, decoder, NULL) == 0;
}

static bool decode(mcu_viewer *v, mcu_au *au)
{
    if (!open_decoder(v, au->codec)) {
        return false;
    }
    v->packet->data = au->data;
    v->packet->size = (int)au->size;
    const int rc = avcodec_send_packet(v->decoder, v->packet);
    v->packet->data = NULL;
    v->packet->size = 0;
    return rc == 0 && avcodec_receive_frame(v->decoder, v->frame) == 0;
}

static void read_tiles(const AVFrame *f, const mcu_scene *scene, mcu_sighting *s)
{
    const mcu_luma luma = {f->data[0], f->linesize[0], f->width, f->height};
    const double kx = f->width / scene->width;
    const double ky = f->height / scene->height;
    for (unsigned i = 0; i < scene->n_tiles; i++) {
        const mcu_scene_tile *t = &scene->tiles[i];
        mcu_reading *r = &s->readings[s->n_readings++];
        r->tile = i;
        r->readable = mcu_marker_read(&luma, t->x * kx, t->y * ky, t->width * kx, t->height * ky, &r->person, &r->frame);
    }
}

static void run(void *arg)
{
    job *j = arg;
    mcu_viewer *v = j->viewer;
    mcu_sighting *s = g_new0(mcu_sighting, 1);
    s->viewer = v->id;
    s->arrival_ns = j->au->first_ns;
    s->shown_ns = j->shown_ns;
    s->scene = j->scene;
    s->decoded = decode(v, j->au);
    if (s->decoded) {
        s->width_px = v->frame->width;
        s->height_px = v->frame->height;
        if (s->scene != NULL) {
            read_tiles(v->frame, s->scene, s);
        }
        av_frame_unref(v->frame);
    }
    mcu_au_unref(j->au);
    g_free(j);
    mcu_mailbox_push(v->results, s);
}

bool mcu_viewer_push(mcu_viewer *v, mcu_au *take_au, mcu_scene *scene, int64_t now_ns)
{
    job *j = g_new(job, 1);
    *j = (job){v, take_au, mcu_scene_ref(scene), now_ns};
    if (mcu_strand_post(v->strand, run, j)) {
        return true;
    }
    mcu_au_unref(j->au);
    mcu_scene_unref(j->scene);
    g_free(j);
    return false;
}
