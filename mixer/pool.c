/* pool.c - see pool.h. */
#include "mixer/pool.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct {
    mcu_frame *frame; /* its memory; handed out as `lent` */
    mcu_frame lent;
    bool out;
} slot;

struct mix_pool {
    pthread_mutex_t lock;
    unsigned refs; /* the owner and every frame that is out; under lock */
    unsigned max_frames, made;
    int width_px, height_px;
    slot slots[];
};

mix_pool *mix_pool_new(int width_px, int height_px, unsigned max_frames)
{
    mcu_frame *probe = mcu_frame_new(width_px, height_px);
    if (!probe) {
        return NULL;
    }
    mix_pool *p = calloc(1, sizeof *p + max_frames * sizeof p->slots[0]);
    if (!p) {
        mcu_frame_unref(probe);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    p->refs = 1;
    p->max_frames = max_frames;
    p->width_px = width_px;
    p->height_px = height_px;
    p->slots[p->made++].frame = probe;
    return p;
}

static void destroy(mix_pool *p)
{
    for (unsigned i = 0; i < p->made; i++) {
        mcu_frame_unref(p->slots[i].frame);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void mix_pool_unref(mix_pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    bool last = --p->refs == 0;
    pthread_mutex_unlock(&p->lock);
    if (last) {
        destroy(p);
    }
}

static void come_back(mcu_frame *f, void *owner)
{
    mix_pool *p = owner;
    slot *s = (slot *)(void *)((char *)f - offsetof(slot, lent));
    pthread_mutex_lock(&p->lock);
    s->out = false;
    bool last = --p->refs == 0;
    pthread_mutex_unlock(&p->lock);
    if (last) {
        destroy(p);
    }
}

static slot *find_free(mix_pool *p)
{
    for (unsigned i = 0; i < p->made; i++) {
        if (!p->slots[i].out) {
            return &p->slots[i];
        }
    }
    if (p->made == p->max_frames) {
        return NULL;
    }
    slot *s = &p->slots[p->made];
    s->frame = mcu_frame_new(p->width_px, p->height_px);
    if (!s->frame) {
        return NULL;
    }
    p->made++;
    return s;
}

mcu_frame *mix_pool_get(mix_pool *p)
{
    pthread_mutex_lock(&p->lock);
    slot *s = find_free(p);
    if (s) {
        s->out = true;
        p->refs++;
    }
    pthread_mutex_unlock(&p->lock);
    if (!s) {
        return NULL;
    }
    mcu_frame *f = &s->lent;
    const mcu_frame *memory = s->frame;
    *f = (mcu_frame){.width_px = memory->width_px, .height_px = memory->height_px, .release = come_back, .owner = p};
    for (int i = 0; i < 3; i++) {
        f->plane[i] = memory->plane[i];
        f->stride[i] = memory->stride[i];
    }
    atomic_init(&f->refs, 1);
    return f;
}
