#include <glib.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/net/twcc.h"
#include "mcu/net/window.h"

#define TICK_NS INT64_C(250000)
#define REFERENCE_NS INT64_C(64000000)
#define REFERENCE_MOST (INT64_C(1) << 32) /* eight years */
#define FIRST (INT64_C(1) << 16)          /* so that index - 65535 is never negative */

typedef enum { UNKNOWN = 0, SAID_LOST, SAID_RECEIVED } fate;

typedef struct {
    int64_t index; /* 0 = empty */
    int64_t sent_ns;
    uint16_t size;
    uint8_t kind;
    uint8_t fate;
    uint8_t back; /* packets since the one of this kind before it; 0 = too many */
} sent;

struct mcu_twcc_history {
    int64_t next;
    bool has_reference;
    int64_t reference; /* unwrapped, of the newest feedback */
    mcu_window lost, received, bytes;
    mcu_window gone[MCU_TWCC_KINDS], bursts[MCU_TWCC_KINDS]; /* lost, and losses whose predecessor was not */
    int64_t newest[MCU_TWCC_KINDS];
    sent packets[MCU_TWCC_HISTORY];
    uint8_t symbol[MCU_TWCC_HISTORY]; /* of the feedback being read */
};

mcu_twcc_history *mcu_twcc_history_new(void)
{
    mcu_twcc_history *h = g_new0(mcu_twcc_history, 1);
    h->next = FIRST;
    return h;
}

void mcu_twcc_history_free(mcu_twcc_history *h)
{
    g_free(h);
}

uint16_t mcu_twcc_history_sent(mcu_twcc_history *h, size_t size, uint8_t kind, int64_t now_ns)
{
    int64_t index = h->next++;
    int64_t back = 0;
    if (kind < MCU_TWCC_KINDS) {
        back = index - h->newest[kind];
        h->newest[kind] = index;
    }
    h->packets[(uint64_t)index % MCU_TWCC_HISTORY] = (sent){.index = index,
                                                            .sent_ns = now_ns,
                                                            .size = (uint16_t)MIN(size, UINT16_MAX),
                                                            .kind = kind,
                                                            .back = back <= UINT8_MAX ? (uint8_t)back : 0};
    return (uint16_t)index;
}

/* Reads the status chunks into h->symbol. Returns the bytes they take, 0 = cut off or a reserved symbol. */
static size_t read_chunks(mcu_twcc_history *h, const uint8_t *p, size_t size, unsigned count)
{
    size_t at = 0;
    for (unsigned n = 0; n < count; at += 2) {
        if (size - at < 2) {
            return 0;
        }
        unsigned chunk = mcu_rd16(p + at);
        unsigned left = count - n;
        if (!(chunk & 0x8000)) { /* run length */
            unsigned run = MIN(chunk & 0x1fff, left);
            memset(h->symbol + n, (int)(chunk >> 13 & 3), run);
            n += run;
            continue;
        }
        bool two = chunk & 0x4000;
        unsigned take = MIN(two ? 7u : 14u, left);
        for (unsigned i = 0; i < take; i++) {
            h->symbol[n++] = (uint8_t)(two ? chunk >> (12 - 2 * i) & 3 : chunk >> (13 - i) & 1);
        }
    }
    return at;
}

static bool deltas_fit(const mcu_twcc_history *h, unsigned count, size_t room)
{
    size_t need = 0;
    for (unsigned i = 0; i < count; i++) {
        if (h->symbol[i] == 3) {
            return false; /* reserved */
        }
        need += h->symbol[i];
    }
    return need <= room;
}

/* Each packet that is said to have come was sent, and so was one of all that are spoken of. What is forgotten meanwhile, or was
 * told of before, is no lie: feedback comes late, and twice. */
static bool was_sent(const mcu_twcc_history *h, int64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (h->symbol[i] > 0 && (first + i < FIRST || first + i >= h->next)) {
            return false;
        }
    }
    return first < h->next && first + count > FIRST;
}

static int64_t unwrap_reference(mcu_twcc_history *h, uint32_t raw24)
{
    if (!h->has_reference) {
        h->has_reference = true;
        h->reference = raw24;
        return h->reference;
    }
    uint32_t delta = (raw24 - (uint32_t)h->reference) & 0xffffff;
    int64_t reference = h->reference + (delta & 0x800000 ? (int64_t)delta - 0x1000000 : (int64_t)delta);
    if (reference > REFERENCE_MOST) { /* no clock runs so fast: begun anew, as one that was set */
        h->reference = raw24;
        return h->reference;
    }
    h->reference = MAX(h->reference, reference);
    return reference;
}

static bool follows_a_loss(const mcu_twcc_history *h, const sent *s)
{
    const sent *before = &h->packets[(uint64_t)(s->index - s->back) % MCU_TWCC_HISTORY];
    return s->back != 0 && before->index == s->index - s->back && before->fate == SAID_LOST;
}

/* In order of their numbers: what comes after all makes the run shorter by one, and that is as near as it needs to be. */
static void note_burst(mcu_twcc_history *h, const sent *s, int lost, int64_t now_ns)
{
    if (s->kind < MCU_TWCC_KINDS) {
        mcu_window_add(&h->gone[s->kind], now_ns, lost);
        mcu_window_add(&h->bursts[s->kind], now_ns, follows_a_loss(h, s) ? 0 : lost);
    }
}

/* Notes the fate; true = it is news. */
static bool note(mcu_twcc_history *h, sent *s, bool received, int64_t now_ns)
{
    if (s->fate == SAID_RECEIVED || (s->fate == SAID_LOST && !received)) {
        return false;
    }
    if (s->fate == SAID_LOST) {
        mcu_window_add(&h->lost, now_ns, -1);
        note_burst(h, s, -1, now_ns);
    }
    s->fate = received ? SAID_RECEIVED : SAID_LOST;
    mcu_window_add(received ? &h->received : &h->lost, now_ns, 1);
    if (!received) {
        note_burst(h, s, 1, now_ns);
    } else {
        mcu_window_add(&h->bytes, now_ns, s->size);
    }
    return true;
}

mcu_status mcu_twcc_history_feedback(mcu_twcc_history *h, const mcu_rtcp_packet *p, int64_t now_ns, mcu_twcc_result_fn fn,
                                     void *user)
{
    if (p->kind != MCU_RTCP_TWCC || p->items_size < 8) {
        return MCU_EINVAL;
    }
    unsigned count = mcu_rd16(p->items + 2);
    size_t size = p->items_size - 8;
    if (count == 0 || count > MCU_TWCC_HISTORY) {
        return MCU_EINVAL;
    }
    size_t chunks = read_chunks(h, p->items + 8, size, count);
    if (chunks == 0 || !deltas_fit(h, count, size - chunks)) {
        return MCU_EINVAL;
    }
    int64_t newest = h->next - 1;
    int64_t index = newest + mcu_seq_diff(mcu_rd16(p->items), (uint16_t)newest);
    if (!was_sent(h, index, count)) {
        return MCU_EINVAL;
    }
    int64_t arrival_ns = unwrap_reference(h, mcu_rd24(p->items + 4)) * REFERENCE_NS;
    const uint8_t *delta = p->items + 8 + chunks;
    for (unsigned i = 0; i < count; i++, index++) {
        unsigned symbol = h->symbol[i];
        if (symbol > 0) {
            arrival_ns += (symbol == 1 ? (int64_t)delta[0] : (int64_t)(int16_t)mcu_rd16(delta)) * TICK_NS;
            delta += symbol;
        }
        sent *s = &h->packets[(uint64_t)index % MCU_TWCC_HISTORY];
        if (s->index == index && note(h, s, symbol > 0, now_ns) && fn) {
            mcu_twcc_result r = {.seq = (uint16_t)index,
                                 .size = s->size,
                                 .kind = s->kind,
                                 .received = symbol > 0,
                                 .sent_ns = s->sent_ns,
                                 .arrival_ns = symbol > 0 ? arrival_ns : 0};
            fn(user, &r);
        }
    }
    return MCU_OK;
}

double mcu_twcc_history_loss(const mcu_twcc_history *h, int64_t now_ns)
{
    int64_t lost = MAX(mcu_window_sum(&h->lost, now_ns), 0);
    int64_t total = lost + mcu_window_sum(&h->received, now_ns);
    return total > 0 ? (double)lost / (double)total : -1.0;
}

double mcu_twcc_history_burst(const mcu_twcc_history *h, uint8_t kind, int64_t now_ns)
{
    if (kind >= MCU_TWCC_KINDS) {
        return 0;
    }
    int64_t lost = mcu_window_sum(&h->gone[kind], now_ns), bursts = mcu_window_sum(&h->bursts[kind], now_ns);
    return lost > 0 && bursts > 0 ? (double)lost / (double)bursts : 0;
}

unsigned mcu_twcc_history_acked_bps(const mcu_twcc_history *h, int64_t now_ns)
{
    return (unsigned)MIN(mcu_window_sum(&h->bytes, now_ns) * 8, (int64_t)UINT32_MAX);
}
