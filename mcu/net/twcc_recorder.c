#include <glib.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/net/twcc.h"

#define WINDOW 4096 /* packets that are remembered */
#define LATE 256    /* packets: what comes later than this is not told any more */
#define TICK_NS INT64_C(250000)
#define REFERENCE_NS INT64_C(64000000)
#define FEEDBACK_BITS 800.0 /* one, on the wire */
#define SHARE 0.03
#define HEADER 20 /* common header, two SSRCs, base, count, reference time, number */

enum { LOST = 0, SMALL = 1, LARGE = 2 };

struct mcu_twcc_recorder {
    mcu_unwrap unwrap;
    int64_t next; /* first sequence the next feedback speaks of; valid when pending */
    int64_t newest;
    bool pending;
    int64_t told_ns; /* when the last feedback was made, or the first packet came */
    int64_t interval_ns;
    uint8_t number;
    int64_t index[WINDOW]; /* which sequence the time belongs to; 0 = none (extended ones start at 65536) */
    int64_t arrival_ns[WINDOW];
};

mcu_twcc_recorder *mcu_twcc_recorder_new(void)
{
    mcu_twcc_recorder *r = g_new0(mcu_twcc_recorder, 1);
    r->interval_ns = MCU_TWCC_INTERVAL_NS;
    return r;
}

void mcu_twcc_recorder_free(mcu_twcc_recorder *r)
{
    g_free(r);
}

static bool arrived(const mcu_twcc_recorder *r, int64_t index)
{
    return r->index[(uint64_t)index % WINDOW] == index;
}

static int64_t arrival(const mcu_twcc_recorder *r, int64_t index)
{
    return r->arrival_ns[(uint64_t)index % WINDOW];
}

void mcu_twcc_recorder_push(mcu_twcc_recorder *r, uint16_t seq, int64_t now_ns)
{
    bool first = !r->unwrap.started;
    int64_t index = mcu_unwrap16(&r->unwrap, seq);
    if (first) {
        r->newest = index;
        r->next = index;
        r->told_ns = now_ns;
    }
    if (index <= r->newest - WINDOW || (!first && arrived(r, index))) {
        return;
    }
    if (index < r->next - LATE) {
        return;
    }
    if (index >= r->next + WINDOW) {
        r->next = index - WINDOW + 1; /* nobody asked for feedback, or the sender jumped */
    }
    r->next = MIN(r->next, index);
    r->newest = MAX(r->newest, index);
    r->index[(uint64_t)index % WINDOW] = index;
    r->arrival_ns[(uint64_t)index % WINDOW] = now_ns;
    r->pending = true;
}

int64_t mcu_twcc_recorder_next_ns(const mcu_twcc_recorder *r)
{
    return r->pending ? r->told_ns + r->interval_ns : INT64_MAX;
}

void mcu_twcc_recorder_path(mcu_twcc_recorder *r, unsigned bps)
{
    double interval_s = FEEDBACK_BITS / (SHARE * MAX(bps, 1));
    r->interval_ns = (int64_t)(CLAMP(interval_s * 1e9, MCU_TWCC_INTERVAL_NS, MCU_TWCC_INTERVAL_MAX_NS));
}

/* What one feedback packet says, before it is written. */
typedef struct {
    int64_t base;
    unsigned count;
    int64_t reference; /* in steps of 64 ms */
    unsigned delta_bytes;
    uint8_t symbol[WINDOW];
    int16_t delta[WINDOW];
} report;

/* An upper bound of its size: each chunk tells of at least seven packets. */
static size_t bound(unsigned count, unsigned delta_bytes)
{
    return HEADER + 2 * ((size_t)count / 7 + 2) + delta_bytes + 3;
}

static void collect(const mcu_twcc_recorder *r, size_t room, report *t)
{
    int64_t clock = 0; /* in ticks; of the last packet told of */
    bool have_clock = false;
    unsigned trailing = 0; /* lost ones at the end are for the next feedback */
    t->base = r->next;
    t->count = t->delta_bytes = 0;
    for (int64_t i = r->next; i <= r->newest && t->count < WINDOW; i++) {
        uint8_t symbol = LOST;
        int64_t delta = 0;
        if (arrived(r, i)) {
            if (!have_clock) {
                t->reference = arrival(r, i) / REFERENCE_NS;
                clock = t->reference * (REFERENCE_NS / TICK_NS);
                have_clock = true;
            }
            delta = arrival(r, i) / TICK_NS - clock;
            if (delta < INT16_MIN || delta > INT16_MAX) {
                break;
            }
            symbol = delta >= 0 && delta <= UINT8_MAX ? SMALL : LARGE;
            clock += delta;
        }
        if (bound(t->count + 1, t->delta_bytes + symbol) > room) {
            break;
        }
        t->symbol[t->count] = symbol;
        t->delta[t->count] = (int16_t)delta;
        t->count++;
        t->delta_bytes += symbol;
        trailing = symbol == LOST ? trailing + 1 : 0;
    }
    t->count -= trailing;
}

static unsigned run_length(const report *t, unsigned from)
{
    unsigned n = from + 1;
    while (n < t->count && t->symbol[n] == t->symbol[from]) {
        n++;
    }
    return n - from;
}

/* One chunk of packet statuses: 3.1.3, 3.1.4. Returns how many packets it covers. */
static unsigned write_chunk(const report *t, unsigned from, uint8_t *out)
{
    unsigned run = run_length(t, from);
    unsigned left = t->count - from;
    if (run >= 14 || run == left || (run >= 7 && t->symbol[from] == LARGE)) {
        run = MIN(run, 0x1fffu);
        mcu_wr16(out, (uint16_t)((unsigned)t->symbol[from] << 13 | run));
        return run;
    }
    unsigned ones = MIN(left, 14u);
    uint16_t bits = 0x8000;
    for (unsigned i = 0; i < ones; i++) {
        if (t->symbol[from + i] == LARGE) {
            ones = 0;
            break;
        }
        bits = (uint16_t)(bits | (unsigned)t->symbol[from + i] << (13 - i));
    }
    if (ones == 0) {
        ones = MIN(left, 7u);
        bits = 0xc000;
        for (unsigned i = 0; i < ones; i++) {
            bits = (uint16_t)(bits | (unsigned)t->symbol[from + i] << (12 - 2 * i));
        }
    }
    mcu_wr16(out, bits);
    return ones;
}

static size_t write_report(const report *t, uint8_t number, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t *out)
{
    mcu_wr32(out + 4, sender_ssrc);
    mcu_wr32(out + 8, media_ssrc);
    mcu_wr16(out + 12, (uint16_t)t->base);
    mcu_wr16(out + 14, (uint16_t)t->count);
    mcu_wr24(out + 16, (uint32_t)(t->reference & 0xffffff));
    out[19] = number;
    size_t at = HEADER;
    for (unsigned i = 0; i < t->count; at += 2) {
        i += write_chunk(t, i, out + at);
    }
    for (unsigned i = 0; i < t->count; i++) {
        if (t->symbol[i] == SMALL) {
            out[at++] = (uint8_t)t->delta[i];
        } else if (t->symbol[i] == LARGE) {
            mcu_wr16(out + at, (uint16_t)t->delta[i]);
            at += 2;
        }
    }
    size_t padding = (4 - at % 4) % 4;
    memset(out + at, 0, padding);
    at += padding;
    if (padding > 0) {
        out[at - 1] = (uint8_t)padding;
    }
    out[0] = (uint8_t)(0x80 | (padding > 0 ? 0x20 : 0) | 15);
    out[1] = 205;
    mcu_wr16(out + 2, (uint16_t)(at / 4 - 1));
    return at;
}

size_t mcu_twcc_recorder_feedback(mcu_twcc_recorder *r, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_ns, uint8_t *out,
                                  size_t room)
{
    report t;
    if (!r->pending || room < 64) {
        return 0;
    }
    r->told_ns = now_ns;
    collect(r, room, &t);
    while (t.count == 0 && r->next < r->newest) {
        r->next++; /* a hole wider than a packet can tell of: go to what came */
        if (arrived(r, r->next)) {
            collect(r, room, &t);
        }
    }
    if (t.count == 0) {
        r->pending = false;
        return 0;
    }
    r->next = t.base + t.count;
    r->pending = r->next <= r->newest;
    return write_report(&t, r->number++, sender_ssrc, media_ssrc, out);
}
