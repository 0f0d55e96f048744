/* video_kit.h - made-up cameras, coded clips and pictures on disk for the video tests.  Thread: the test's. */
#ifndef VIDEO_KIT_H
#define VIDEO_KIT_H

#include "mcu/base/media.h"
#include "mixer/scene.h"
#include "mixer/source.h"
#include "mixer/venc.h"

/* A grey picture of one luma with a small square that moves with `n`, so that no two follow each other unchanged. */
mcu_frame *kit_flat(int width_px, int height_px, uint8_t luma, unsigned n);
/* A made-up room with a made-up head in it; `who` gives the colours, `n` the moment. */
mcu_frame *kit_person(int width_px, int height_px, unsigned who, unsigned n);

/* A sender: kit_camera_next() gives coded pictures that arrived 40 ms apart from `start_ns` on. */
typedef struct {
    const mix_venc_type *type;
    mix_venc *venc;
    int width_px, height_px;
    uint8_t luma; /* 0 = kit_person(who) */
    unsigned who, n;
    int64_t start_ns;
    bool keyframe; /* the next is one */
} kit_camera;
kit_camera kit_camera_open(mcu_codec codec, int width_px, int height_px, uint8_t luma, unsigned who, int64_t start_ns);
mcu_au *kit_camera_next(kit_camera *c);
void kit_camera_close(kit_camera *c);

/* A source that decodes inside push, with counters of its own notices. */
typedef struct {
    mix_cpu cpu;
    unsigned want_key, live, refused;
} kit_notices;
mix_source *kit_source(uint32_t id, kit_notices *n);

/* Lays a tier of a scene out, the people of which are there; nobody has spoken. `layout` NULL = the grid; 25 ticks a second. */
void kit_lay(mix_scene *s, unsigned tier, const mcu_layout *layout);

uint8_t kit_mean_luma(const mcu_frame *f, int x_px, int y_px, int width_px, int height_px);
uint32_t kit_crc(const mcu_frame *f, int plane);
/* Writes TESSERA_BINARY_DIR/pictures/NAME.png, for eyes. */
void kit_write_png(const mcu_frame *f, const char *name);
/* Decodes one coded picture with a decoder of its own; NULL if none came out. */
mcu_frame *kit_decode_last(mcu_au *const *aus, unsigned n);

#endif
