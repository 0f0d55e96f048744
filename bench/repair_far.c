/* A browser that takes VP8: it puts pictures together, restores what FEC lets it, asks for the rest, and shows a picture once
 * it is whole and the one before was shown. A lost packet of FEC is missed by nobody: pictures are numbered by themselves. */
#include <stdlib.h>
#include <string.h>

#include "bench/repair_kit.h"
#include "mcu/base/bytes.h"
#include "mcu/base/media.h"
#include "mcu/net/nack.h"
#include "mcu/net/rtcp.h"
#include "mcu/net/rtpext.h"
#include "mcu/net/twcc.h"

#define FROZEN_NS (200 * MCU_NS_PER_MS)
#define TIRED_NS (3 * MCU_NS_PER_SEC)
#define FEC_KEPT 128

typedef struct {
    bool has;
    repair_packet packet;
} slot;

struct repair_far {
    repair_far_setup setup;
    mcu_twcc_recorder *recorder;
    mcu_nack *nack;
    slot slots[REPAIR_IDS]; /* by id */
    uint32_t next;          /* id of the first packet that is not shown */
    uint32_t newest;        /* id */
    repair_xor fec[FEC_KEPT];
    unsigned n_fec;
    int64_t shown_ns, pli_ns, playout_ns;
    int64_t begun_ns;
    double frozen_ns;
    GArray *delays_ms; /* of double */
};

repair_far *repair_far_new(const repair_far_setup *setup)
{
    repair_far *f = g_new0(repair_far, 1);
    f->setup = *setup;
    f->recorder = mcu_twcc_recorder_new();
    f->nack = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    f->next = f->newest = REPAIR_FIRST_ID;
    f->delays_ms = g_array_new(FALSE, FALSE, sizeof(double));
    return f;
}

void repair_far_free(repair_far *f)
{
    mcu_twcc_recorder_free(f->recorder);
    mcu_nack_free(f->nack);
    g_array_free(f->delays_ms, TRUE);
    g_free(f);
}

/* ---- showing ---- */

static void note_gap(repair_far *f, int64_t now_ns)
{
    int64_t gap_ns = now_ns - MAX(f->shown_ns, f->begun_ns);
    f->frozen_ns += gap_ns > FROZEN_NS ? (double)gap_ns : 0;
}

static void show(repair_far *f, int64_t captured_ns, int64_t now_ns)
{
    now_ns = MAX(MAX(now_ns, captured_ns + f->playout_ns), f->shown_ns);
    note_gap(f, now_ns);
    f->shown_ns = now_ns;
    double ms = (double)(now_ns - captured_ns) / (double)MCU_NS_PER_MS;
    g_array_append_val(f->delays_ms, ms);
}

static slot *at(repair_far *f, uint32_t id)
{
    return &f->slots[id % REPAIR_IDS];
}

static bool has(repair_far *f, uint32_t id)
{
    return at(f, id)->has && at(f, id)->packet.id == id;
}

static void advance(repair_far *f, int64_t now_ns)
{
    for (; has(f, f->next); f->next++) {
        const repair_packet *p = &at(f, f->next)->packet;
        if (p->flags & REPAIR_LAST) {
            show(f, p->captured_ns, now_ns);
            mcu_nack_forget_before(f->nack, f->setup.seq_of[f->next % REPAIR_IDS]);
        }
    }
}

static void put(repair_far *f, const repair_packet *p, int64_t now_ns)
{
    *at(f, p->id) = (slot){.has = true, .packet = *p};
    f->newest = MAX(f->newest, p->id);
    if ((p->flags & REPAIR_KEY) && (p->flags & REPAIR_FIRST) && p->id > f->next) {
        f->next = p->id; /* what is missing before a keyframe is not needed */
        mcu_nack_forget_before(f->nack, f->setup.seq_of[p->id % REPAIR_IDS]);
    }
    advance(f, now_ns);
}

/* ---- restoring ---- */

/* Which of them is missing where it is the only one; 0 = none, or more. */
static uint32_t only_missing(repair_far *f, const repair_xor *x, unsigned *n_missing)
{
    uint32_t missing = 0;
    *n_missing = 0;
    for (unsigned i = 0; i < 64 && x->mask >> i != 0; i++) {
        if ((x->mask >> i & 1) && !has(f, x->base + i)) {
            missing = x->base + i;
            ++*n_missing;
        }
    }
    return *n_missing == 1 ? missing : 0;
}

static void forget_fec(repair_far *f, unsigned k)
{
    f->n_fec--;
    memmove(f->fec + k, f->fec + k + 1, (f->n_fec - k) * sizeof f->fec[0]);
}

static void restore(repair_far *f, int64_t now_ns)
{
    for (bool again = true; again;) {
        again = false;
        for (unsigned k = 0; k < f->n_fec; k++) {
            unsigned n_missing;
            uint32_t id = only_missing(f, &f->fec[k], &n_missing);
            if (n_missing > 1) {
                continue;
            }
            forget_fec(f, k--);
            if (n_missing == 1) {
                mcu_nack_push(f->nack, f->setup.seq_of[id % REPAIR_IDS], true, now_ns);
                put(f, &f->setup.sent[id % REPAIR_IDS], now_ns);
                again = true;
            }
        }
    }
}

static void keep_fec(repair_far *f, const repair_xor *x)
{
    if (f->n_fec == FEC_KEPT) {
        forget_fec(f, 0);
    }
    f->fec[f->n_fec++] = *x;
}

/* ---- what comes ---- */

static void read_extensions(repair_far *f, const mcu_rtp *r, int64_t now_ns)
{
    const uint8_t *ext;
    size_t size;
    if (mcu_rtpext_find(r, REPAIR_TWCC_ID, &ext, &size)) {
        mcu_twcc_recorder_push(f->recorder, mcu_rd16(ext), now_ns);
    }
    if (mcu_rtpext_find(r, REPAIR_PLAYOUT_ID, &ext, &size)) {
        f->playout_ns = ((int64_t)(mcu_rd24(ext) >> 12) * 10 + f->setup.delay_ms) * MCU_NS_PER_MS;
    }
}

void repair_far_take(repair_far *f, const uint8_t *data, size_t size, int64_t now_ns)
{
    mcu_rtp r;
    g_assert(mcu_rtp_parse(data, size, &r) == MCU_OK);
    read_extensions(f, &r, now_ns);
    bool copy = r.ssrc == f->setup.rtx_ssrc;
    const size_t before = copy ? 2 : 0;
    if ((!copy && r.ssrc != f->setup.video_ssrc) || r.payload_size < before + sizeof(repair_packet)) {
        return;
    }
    repair_packet p;
    memcpy(&p, r.payload + before, sizeof p);
    mcu_nack_push(f->nack, copy ? mcu_rd16(r.payload) : r.seq, copy, now_ns);
    if (p.flags & REPAIR_FEC) {
        keep_fec(f, &p.fec);
    } else if (!has(f, p.id) && p.id >= f->next) {
        put(f, &p, now_ns);
    }
    restore(f, now_ns);
}

/* ---- what it says ---- */

size_t repair_far_say(repair_far *f, int64_t rtt_ns, int64_t now_ns, uint8_t *out, size_t room)
{
    bool due = mcu_twcc_recorder_next_ns(f->recorder) <= now_ns;
    size_t n = due ? mcu_twcc_recorder_feedback(f->recorder, 1, 2, now_ns, out, room) : 0;
    if (n > 0) {
        return n;
    }
    uint16_t seqs[64];
    int64_t once_ns = rtt_ns * (mcu_nack_is_lossy(f->nack) ? 2 : 1); /* browsers ask once in a round trip */
    unsigned asked = mcu_nack_due(f->nack, once_ns, now_ns, seqs, G_N_ELEMENTS(seqs));
    bool gave_up = mcu_nack_take_gave_up(f->nack) && f->newest > f->next;
    bool tired = f->shown_ns != 0 && now_ns - MAX(f->shown_ns, f->pli_ns) > TIRED_NS;
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, out, room);
    if (asked > 0) {
        mcu_rtcp_put_nack(&w, 1, f->setup.video_ssrc, seqs, asked);
    }
    if (gave_up || tired) {
        f->pli_ns = now_ns;
        mcu_rtcp_put_pli(&w, 1, f->setup.video_ssrc);
    }
    return w.size;
}

/* ---- figures ---- */

void repair_far_begin(repair_far *f, int64_t now_ns)
{
    f->begun_ns = now_ns;
    f->frozen_ns = 0;
    g_array_set_size(f->delays_ms, 0);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void repair_far_end(repair_far *f, int64_t now_ns, repair_result *out)
{
    note_gap(f, now_ns);
    out->frozen = f->frozen_ns / (double)(now_ns - f->begun_ns);
    g_array_sort(f->delays_ms, compare);
    out->delay_p95_ms = f->delays_ms->len > 0 ? g_array_index(f->delays_ms, double, (f->delays_ms->len - 1) * 95 / 100) : 0;
}
