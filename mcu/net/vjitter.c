#include "mcu/net/vjitter.h"

#include <glib.h>
#include <string.h>

#include "mcu/net/vpicture.h"

#define EARLIER 64          /* before anything was handed out, packets this much older than the first still count */
#define NO_RESTART 0x10000u /* not a sequence number */

struct mcu_vjitter {
    mcu_codec codec;
    bool started;
    bool passed;        /* something was taken out: `next` never moves back again */
    bool head_is_start; /* a picture begins at `next` */
    bool needs_keyframe;
    bool gap; /* marks the next picture that is handed out */
    int64_t next, newest;
    int64_t wait_ns;
    int64_t hole, hole_since_ns; /* what `next`'s picture waits for; -1 = nothing */
    unsigned restart_seq;        /* a far-off sequence is believed when this follows */
    mcu_vparams params;
    mcu_vjitter_stats stats;
    mcu_vslot ring[MCU_VJITTER_PACKETS];
};

mcu_vjitter *mcu_vjitter_new(mcu_codec codec)
{
    if (codec != MCU_CODEC_H264 && codec != MCU_CODEC_VP8) {
        return NULL;
    }
    mcu_vjitter *v = g_new0(mcu_vjitter, 1);
    v->codec = codec;
    v->needs_keyframe = true;
    v->wait_ns = MCU_VJITTER_WAIT_MIN_NS;
    v->hole = -1;
    v->restart_seq = NO_RESTART;
    return v;
}

void mcu_vjitter_free(mcu_vjitter *v)
{
    for (unsigned i = 0; v && i < MCU_VJITTER_PACKETS; i++) {
        mcu_vslot_clear(&v->ring[i]);
    }
    g_free(v);
}

void mcu_vjitter_set_wait_ns(mcu_vjitter *v, int64_t wait_ns)
{
    v->wait_ns = CLAMP(wait_ns, MCU_VJITTER_WAIT_MIN_NS, MCU_VJITTER_WAIT_MAX_NS);
}

bool mcu_vjitter_needs_keyframe(const mcu_vjitter *v)
{
    return v->needs_keyframe;
}

bool mcu_vjitter_is_past(const mcu_vjitter *v, uint16_t *seq)
{
    *seq = (uint16_t)v->next;
    return v->passed;
}

void mcu_vjitter_reset(mcu_vjitter *v)
{
    v->needs_keyframe = v->gap = true;
}

void mcu_vjitter_get_stats(const mcu_vjitter *v, mcu_vjitter_stats *out)
{
    *out = v->stats;
}

int64_t mcu_vjitter_next_ns(const mcu_vjitter *v)
{
    return v->hole < 0 ? INT64_MAX : v->hole_since_ns + v->wait_ns;
}

static mcu_vslot *place(mcu_vjitter *v, int64_t index)
{
    return &v->ring[(uint64_t)index % MCU_VJITTER_PACKETS];
}

/* The packet at `index`, NULL = missing. Only indices from `next` on are in the ring. */
static mcu_vslot *get(mcu_vjitter *v, int64_t index)
{
    mcu_vslot *s = place(v, index);
    return s->used && s->index == index ? s : NULL;
}

static void drop_until(mcu_vjitter *v, int64_t index)
{
    for (; v->next < index; v->next++) {
        mcu_vslot *s = get(v, v->next);
        if (s) {
            mcu_vslot_clear(s);
        }
    }
    v->passed = true;
}

static void lose(mcu_vjitter *v)
{
    v->stats.given_up++;
    v->needs_keyframe = v->gap = true;
    v->head_is_start = false;
}

/* ---- in ---- */

static void start_at(mcu_vjitter *v, int64_t index)
{
    for (unsigned i = 0; i < MCU_VJITTER_PACKETS; i++) {
        mcu_vslot_clear(&v->ring[i]);
    }
    v->next = v->newest = index;
    v->head_is_start = v->passed = false;
    v->restart_seq = NO_RESTART;
}

/* An index before `next`: true = take it after all. */
static bool accept_old(mcu_vjitter *v, uint16_t seq, int64_t *index)
{
    if (!v->passed && v->next - *index <= EARLIER) {
        v->next = *index;
        v->head_is_start = false;
        return true;
    }
    if (v->next - *index <= MCU_VJITTER_PACKETS) {
        return false;
    }
    if (seq != v->restart_seq) {
        v->restart_seq = (uint16_t)(seq + 1);
        return false;
    }
    *index = v->newest + (1 << 16) + mcu_seq_diff(seq, (uint16_t)v->newest); /* the sender began anew: RFC 3550 A.1 */
    lose(v);
    start_at(v, *index);
    return true;
}

/* Makes room for an index beyond the window. */
static void move_window(mcu_vjitter *v, int64_t index)
{
    lose(v);
    if (index - v->newest >= MCU_VJITTER_PACKETS) {
        start_at(v, index);
    } else {
        drop_until(v, index - MCU_VJITTER_PACKETS / 2);
    }
    v->hole = -1;
}

mcu_status mcu_vjitter_push(mcu_vjitter *v, const mcu_rtp *r, int64_t now_ns)
{
    mcu_vslot fresh;
    mcu_status status = MCU_OK;
    if (!v->started) {
        v->started = true;
        start_at(v, (1 << 16) + r->seq);
    }
    int64_t index = v->newest + mcu_seq_diff(r->seq, (uint16_t)v->newest);
    if (index < v->next && !accept_old(v, r->seq, &index)) {
        v->stats.late++;
        return MCU_ELATE;
    }
    if (index < v->next + MCU_VJITTER_PACKETS && get(v, index)) {
        v->stats.duplicates++;
        return MCU_ELATE;
    }
    if (mcu_vslot_fill(&fresh, v->codec, r, index, now_ns) != MCU_OK) {
        v->stats.malformed++;
        return MCU_EINVAL;
    }
    if (index >= v->next + MCU_VJITTER_PACKETS) {
        move_window(v, index);
        status = MCU_EFULL;
    }
    *place(v, index) = fresh;
    v->newest = MAX(v->newest, index);
    return status;
}

/* ---- out ---- */

typedef enum { HEAD_NONE = 0, HEAD_EMPTY, HEAD_BLOCKED, HEAD_PICTURE } head;

/* Where does the picture that begins at `first` end? `at` becomes its last packet or the missing one. */
static head find_end(mcu_vjitter *v, int64_t first, int64_t *at)
{
    uint32_t ts = place(v, first)->ts;
    for (int64_t i = first; i <= v->newest; i++) {
        const mcu_vslot *s = get(v, i);
        if (!s) {
            *at = i;
            return HEAD_BLOCKED;
        }
        if (s->size > 0 && s->ts != ts) {
            *at = i - 1; /* the packet with the marker was not marked */
            return HEAD_PICTURE;
        }
        if (s->size > 0 && s->marker) {
            *at = i;
            return HEAD_PICTURE;
        }
    }
    return HEAD_EMPTY;
}

/* Does a picture begin with the packet at `index`, judged by its neighbour or itself? */
static bool begins(mcu_vjitter *v, int64_t index)
{
    const mcu_vslot *s = place(v, index);
    const mcu_vslot *before = index > v->next ? get(v, index - 1) : NULL;
    return s->start || (before && before->size > 0 && (before->marker || before->ts != s->ts));
}

/* Moves `next` to the first packet of a picture, dropping what cannot be one, then looks at that picture. */
static head look(mcu_vjitter *v, int64_t *at)
{
    while (v->next <= v->newest) {
        const mcu_vslot *s = get(v, v->next);
        if (!s) {
            *at = v->next;
            return HEAD_BLOCKED;
        }
        if (s->size > 0 && (v->head_is_start || s->start)) {
            v->head_is_start = true;
            return find_end(v, v->next, at);
        }
        if (!v->passed && v->newest - v->next < EARLIER) {
            return HEAD_EMPTY; /* its beginning may still come */
        }
        if (s->size > 0) {
            v->head_is_start = s->marker || (get(v, v->next + 1) && begins(v, v->next + 1));
        }
        drop_until(v, v->next + 1);
    }
    return HEAD_EMPTY;
}

/* While only a keyframe helps: is there a whole one behind the hole? Goes to it. */
static bool jump_to_keyframe(mcu_vjitter *v)
{
    for (int64_t i = v->next + 1; i <= v->newest; i++) {
        const mcu_vslot *s = get(v, i);
        int64_t last;
        if (!s || s->size == 0 || !begins(v, i) || find_end(v, i, &last) != HEAD_PICTURE) {
            continue;
        }
        unsigned flags = 0;
        for (int64_t k = i; k <= last; k++) {
            flags |= place(v, k)->flags;
        }
        if (flags & MCU_VSLOT_KEY) {
            if (v->passed) {
                lose(v);
            }
            drop_until(v, i);
            v->head_is_start = true;
            return true;
        }
    }
    return false;
}

static void give_up(mcu_vjitter *v, int64_t hole)
{
    lose(v);
    while (hole <= v->newest && !get(v, hole)) {
        hole++;
    }
    drop_until(v, hole);
}

/* True = the hole at `at` has waited long enough. */
static bool hole_is_due(mcu_vjitter *v, int64_t at, int64_t now_ns)
{
    if (v->hole != at) {
        v->hole = at;
        v->hole_since_ns = now_ns;
        for (int64_t i = at + 1; i <= v->newest; i++) {
            const mcu_vslot *s = get(v, i);
            v->hole_since_ns = s ? MIN(v->hole_since_ns, s->arrival_ns) : v->hole_since_ns;
        }
    }
    return now_ns >= v->hole_since_ns + v->wait_ns;
}

/* Takes next..last out; NULL = nothing to hand out. */
static mcu_au *take_picture(mcu_vjitter *v, int64_t last)
{
    mcu_au *au = NULL;
    unsigned flags = 0;
    for (int64_t i = v->next; i <= last; i++) {
        flags |= place(v, i)->flags;
    }
    mcu_status status = MCU_EAGAIN;
    if (v->needs_keyframe && flags == 0) {
        v->stats.skipped++;
    } else {
        status = mcu_vpicture_build(v->codec, v->ring, v->next, last, &v->params, &au);
    }
    if (status != MCU_OK && status != MCU_EAGAIN) {
        v->stats.malformed++;
        v->needs_keyframe = v->gap = true;
    }
    drop_until(v, last + 1);
    if (au && v->needs_keyframe && !au->keyframe) {
        v->stats.skipped++;
        mcu_au_unref(au);
        return NULL;
    }
    if (au) {
        au->after_gap = v->gap;
        v->gap = false;
        v->needs_keyframe = false;
        v->stats.pictures++;
        v->stats.keyframes += au->keyframe;
    }
    return au;
}

mcu_au *mcu_vjitter_pop(mcu_vjitter *v, int64_t now_ns)
{
    while (v->started) {
        int64_t at = 0;
        head h = look(v, &at);
        if (h == HEAD_PICTURE) {
            mcu_au *au = take_picture(v, at);
            if (au) {
                v->hole = -1;
                return au;
            }
        } else if (v->needs_keyframe && jump_to_keyframe(v)) {
            continue;
        } else if (h == HEAD_BLOCKED) {
            if (!hole_is_due(v, at, now_ns)) {
                return NULL;
            }
            give_up(v, at);
        } else {
            break;
        }
    }
    v->hole = -1;
    return NULL;
}
