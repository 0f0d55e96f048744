#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/bars.h"
#include "mixer/text.h"
#include "mixer/vdec.h"
#include "tests/unit/sim_room.h"

#define NEAR 3    /* levels that two encoders, a scaler and rounding may change */
#define FAR 24    /* mean of what a thin tier may be off; of two pictures it is more */
#define BLACK 20  /* luma; nothing that is drawn is as dark */
#define POINTS 5  /* in each direction, of each tile */
#define WATCHED 1 /* the tier whose coded pictures are decoded again */

sim_tally sim_seen;

/* The lower four bits of the picture's number, who sent it, the upper four bits. */
void sim_colour(unsigned who, unsigned number, uint8_t yuv[3])
{
    yuv[0] = (uint8_t)(64 + 8 * (number % 16));
    yuv[1] = (uint8_t)(40 + 12 * (who % 16));
    yuv[2] = (uint8_t)(40 + 12 * (number / 16 % 16));
}

typedef struct {
    int x, y, w, h;
} box;

static bool inside(box b, int x, int y)
{
    return x >= b.x && x < b.x + b.w && y >= b.y && y < b.y + b.h;
}

/* Something else is drawn over this point of a tile: a later tile, the tile's name, the caption or another bar. */
static bool covered(const mix_scene_tier *t, unsigned tile, int x, int y)
{
    const mix_tile *own = &t->tiles[tile];
    const mix_overlay *label = t->label[tile] ? mix_art_overlay_of(t->label[tile]) : NULL;
    int margin = mix_text_margin(own->height_px);
    mix_tile_look bars[MIX_BARS];
    mix_bars_look(t, bars);
    bool hit = label && inside((box){own->x_px + margin, own->y_px + own->height_px - margin - label->height_px, label->width_px,
                                     label->height_px},
                               x, y);
    for (int b = 0; b < MIX_BARS; b++) {
        hit = hit || inside((box){bars[b].x_px, bars[b].y_px, bars[b].width_px, bars[b].height_px}, x, y);
    }
    for (unsigned k = tile + 1; k < t->n_tiles && !hit; k++) {
        const mix_tile *o = &t->tiles[k];
        hit = inside((box){o->x_px, o->y_px, o->width_px, o->height_px}, x, y);
    }
    return hit;
}

/* Where a 16:9 picture is in a tile, whether it fills it or fits into it, but for what a border covers. Screens are never made
 * larger. */
static box middle_of(const mix_tile *t, bool screen)
{
    int w = MIN(t->width_px, t->height_px * 16 / 9);
    w = screen ? MIN(w, SIM_WIDTH) : w;
    int h = w * 9 / 16;
    return (box){t->x_px + (t->width_px - w) / 2 + w / 8, t->y_px + (t->height_px - h) / 2 + h / 8, w * 3 / 4, h * 3 / 4};
}

typedef struct {
    unsigned n;
    uint8_t low[3], high[3];
} range;

/* Of all points of a tile that show what lies in it. */
static range look(const mcu_frame *f, const mix_scene_tier *t, unsigned tile, bool screen)
{
    range r = {0, {255, 255, 255}, {0, 0, 0}};
    box b = middle_of(&t->tiles[tile], screen);
    for (int i = 0; i < POINTS * POINTS; i++) {
        int x = b.x + i % POINTS * b.w / (POINTS - 1), y = b.y + i / POINTS * b.h / (POINTS - 1);
        if (covered(t, tile, x, y)) {
            continue;
        }
        r.n++;
        for (int p = 0; p < 3; p++) {
            int half = p > 0;
            uint8_t v = f->plane[p][(y >> half) * f->stride[p] + (x >> half)];
            r.low[p] = MIN(r.low[p], v);
            r.high[p] = MAX(r.high[p], v);
        }
    }
    return r;
}

static bool is_colour(const range *r, const uint8_t yuv[3])
{
    bool is = true;
    for (int p = 0; p < 3; p++) {
        is = is && abs(r->low[p] - yuv[p]) <= NEAR && abs(r->high[p] - yuv[p]) <= NEAR;
    }
    return is;
}

static const sim_camera *camera_of(sim_room *s, uint32_t id)
{
    const mcu_seat *seat = mcu_people_by_number(s->kit->room, id);
    const mcu_seat *screen = seat ? NULL : mcu_people_by_content(s->kit->room, id);
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        if (seat && strcmp(s->people[i].seat, seat->id) == 0) {
            return &s->people[i].camera;
        }
        if (screen && strcmp(s->people[i].seat, screen->id) == 0) {
            return &s->people[i].screen;
        }
    }
    return NULL;
}

static void show(const char *what, const sim_room *s, const mix_scene_tier *t, unsigned tile, const range *r, int number)
{
    print_message("tick %u, canvas %dx%d, tile %u of %u, person %u, picture %d: %s; %u points, Y %u..%u U %u..%u V %u..%u\n",
                  (unsigned)s->tick, t->width_px, t->height_px, tile, t->n_tiles, t->tiles[tile].person, number, what, r->n,
                  r->low[0], r->high[0], r->low[1], r->high[1], r->low[2], r->high[2]);
}

static bool fine_tile(sim_room *s, const mix_scene *scene, const mix_scene_tier *t, unsigned tile, const mcu_frame *f)
{
    const sim_camera *c = camera_of(s, t->tiles[tile].person);
    range r = look(f, t, tile, c && c->screen);
    if (r.n == 0) {
        return true; /* all of it is covered */
    }
    bool pictured = c && c->on && !t->card[tile] && c->shown >= 0;
    int64_t age_ns = pictured ? sim_now_ns() - c->shown_ns : INT64_MAX;
    age_ns = scene->people[t->who[tile]].lasting && pictured ? 0 : age_ns;
    if (age_ns <= MIX_SOURCE_STALE_NS) {
        uint8_t yuv[3];
        sim_colour(c->who, (unsigned)c->shown, yuv);
        sim_seen.pictures++;
        if (!is_colour(&r, yuv)) {
            show("is not there whole", s, t, tile, &r, c->shown);
            return false;
        }
        return true;
    }
    bool dim = age_ns <= MIX_SOURCE_GONE_NS;
    sim_seen.dim += dim;
    sim_seen.placeholders += !dim;
    if (r.high[0] < BLACK || (dim && r.high[0] - r.low[0] > 2 * NEAR)) {
        show("what stands for it is black or torn", s, t, tile, &r, c ? c->shown : -1);
        return false;
    }
    return true;
}

/* ---- what viewers get ---- */

#define STREAMS (2 * MIX_MAX_TIERS) /* everybody's and that of who entered, of each canvas */

static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    GHashTable *position; /* of a picture in its stream, by what is in it: a copy that was kept may have another time */
    unsigned n;
} known[STREAMS];

static struct {
    unsigned newest; /* that the decoder has seen, of WATCHED */
    int64_t newest_ns;
    mix_vdec *vdec;
    mcu_frame *seen;
} out;

static unsigned stream_of(const mcu_au *au)
{
    return 2u * au->tier + au->entry;
}

static GBytes *contents(const mcu_au *au)
{
    return g_bytes_new(au->data, au->size);
}

static void forget(gpointer bytes)
{
    g_bytes_unref(bytes);
}

/* A keyframe of an encoder that is new begins as the one before it did: what is older than it is not known any more. */
void sim_check_encoded(const mcu_au *au)
{
    pthread_mutex_lock(&known_lock);
    GHashTable **table = &known[stream_of(au)].position;
    *table = *table ? *table : g_hash_table_new_full(g_bytes_hash, g_bytes_equal, forget, NULL);
    if (au->keyframe) {
        g_hash_table_remove_all(*table);
    }
    g_hash_table_replace(*table, contents(au), GUINT_TO_POINTER(++known[stream_of(au)].n));
    pthread_mutex_unlock(&known_lock);
}

void sim_check_forget(void)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        g_clear_pointer(&known[i].position, g_hash_table_unref);
    }
}

static unsigned position_of(const mcu_au *au)
{
    g_autoptr(GBytes) bytes = contents(au);
    pthread_mutex_lock(&known_lock);
    GHashTable *table = known[stream_of(au)].position;
    unsigned position = table ? GPOINTER_TO_UINT(g_hash_table_lookup(table, bytes)) : 0;
    pthread_mutex_unlock(&known_lock);
    return position;
}

static void watch(const mcu_au *au)
{
    mcu_au *copy = mcu_au_new_copy(au->data, au->size);
    copy->codec = au->codec;
    copy->keyframe = au->keyframe;
    out.vdec = out.vdec ? out.vdec : mix_vdec_new(1920);
    g_clear_pointer(&out.seen, mcu_frame_unref);
    assert_int_equal(mix_vdec_decode(out.vdec, copy, &out.seen), MIX_VDEC_PICTURE);
    mcu_au_unref(copy);
}

void sim_check_sent(sim_room *s, const mcu_peer *peer, const mcu_au *au)
{
    sim_person *p = sim_person_of(s, peer);
    assert_non_null(p);
    unsigned stream = stream_of(au), position = position_of(au);
    assert_true(position > 0);
    if (stream == 2 * WATCHED && position > out.newest) {
        out.newest = position;
        out.newest_ns = au->time_ns;
        watch(au);
    }
    if (!au->keyframe && (p->stream != stream || p->position != position - 1)) {
        fail_msg("tick %u: %s misses a picture of canvas %u", (unsigned)s->tick, p->seat, au->tier);
    }
    p->stream = stream;
    p->position = position;
    p->sent_ns = au->time_ns;
    sim_seen.sent++;
}

static unsigned difference(const mcu_frame *a, const mcu_frame *b)
{
    uint64_t sum = 0;
    for (int y = 0; y < a->height_px; y++) {
        for (int x = 0; x < a->width_px; x++) {
            sum += (uint64_t)abs(a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x]);
        }
    }
    return (unsigned)(sum / (uint64_t)(a->width_px * a->height_px));
}

static void check_viewers(sim_room *s, unsigned tier, const mcu_frame *canvas)
{
    if (canvas->time_ns != sim_now_ns()) {
        return; /* nothing new on it */
    }
    for (unsigned i = 0; i < SIM_PEOPLE; i++) {
        const sim_person *p = &s->people[i];
        if (p->peer && p->sent_ns && p->stream == 2 * tier && p->sent_ns != sim_now_ns()) {
            const mcu_seat *seat = g_hash_table_lookup(s->kit->room->seats, p->seat);
            assert_true(seat->session->view.current != tier || seat->session->view.needs_keyframe);
        }
    }
    if (tier == WATCHED && out.seen && out.newest_ns == sim_now_ns()) {
        sim_seen.watched++;
        assert_in_range(difference(canvas, out.seen), 0, FAR);
    }
}

void sim_check_canvases(sim_room *s)
{
    const mix_compositor *c = sim_compositor(s);
    const mix_scene *scene = c ? mix_compositor_scene(c) : NULL;
    for (unsigned k = 0; scene && k < scene->n_tiers; k++) {
        const mix_scene_tier *t = &scene->tiers[k];
        if (!t->live || !mix_compositor_due(s->tick, t->fps, SIM_FPS)) {
            continue;
        }
        const mcu_frame *canvas = mix_compositor_canvas(c, k);
        assert_non_null(canvas);
        for (unsigned i = 0; i < t->n_tiles; i++) {
            assert_true(fine_tile(s, scene, t, i, canvas));
        }
        check_viewers(s, k, canvas);
    }
}

void sim_check_clear(void)
{
    mix_vdec_free(out.vdec);
    mcu_frame_unref(out.seen);
    memset(&out, 0, sizeof out);
    sim_check_forget();
}
