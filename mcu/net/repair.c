#include "mcu/net/repair.h"

#include <glib.h>

#define MS INT64_C(1000000)
#define SPARE_FLOOR_BPS 8000
#define BUDGET_NS (500 * MS)
#define LOSS_ONE 0.09
#define LOSS_ONE_END 0.06
#define LOSS_TWO 0.15
#define LOSS_TWO_END 0.11
#define LOSS_FAR 0.01
#define LOSS_FAR_END 0.003
#define RTT_MORE_NS (400 * MS)
#define RTT_MORE_END_NS (350 * MS)
#define ROOM_MORE 1.1 /* of what it needs, to begin */
#define LOSS_DELAY 0.01
#define DELAY_MAX_MS 400
#define FAR_DELAY_MS 150

void mcu_repair_init(mcu_repair *r)
{
    *r = (mcu_repair){0};
}

void mcu_repair_sent(mcu_repair *r, uint16_t twcc_seq, bool video, uint16_t media_seq)
{
    r->sent[twcc_seq % MCU_TWCC_HISTORY].video = video;
    r->sent[twcc_seq % MCU_TWCC_HISTORY].media_seq = media_seq;
}

bool mcu_repair_is_video(const mcu_repair *r, uint16_t twcc_seq, uint16_t *media_seq)
{
    *media_seq = r->sent[twcc_seq % MCU_TWCC_HISTORY].media_seq;
    return r->sent[twcc_seq % MCU_TWCC_HISTORY].video;
}

void mcu_repair_later(mcu_repair *r, uint16_t media_seq, int64_t due_ns)
{
    if (r->n >= MCU_REPAIR_WAITING) {
        return;
    }
    unsigned k = r->n++;
    for (; k > 0; k--) {
        unsigned before = (r->first + k - 1) % MCU_REPAIR_WAITING;
        if (r->waiting[before].due_ns <= due_ns) {
            break;
        }
        r->waiting[(r->first + k) % MCU_REPAIR_WAITING] = r->waiting[before];
    }
    r->waiting[(r->first + k) % MCU_REPAIR_WAITING].media_seq = media_seq;
    r->waiting[(r->first + k) % MCU_REPAIR_WAITING].due_ns = due_ns;
}

bool mcu_repair_due(mcu_repair *r, int64_t now_ns, uint16_t *media_seq)
{
    if (r->n == 0 || r->waiting[r->first].due_ns > now_ns) {
        return false;
    }
    *media_seq = r->waiting[r->first].media_seq;
    r->first = (r->first + 1) % MCU_REPAIR_WAITING;
    r->n--;
    return true;
}

void mcu_repair_forget(mcu_repair *r)
{
    r->n = 0;
}

bool mcu_repair_afford(mcu_repair *r, unsigned bytes, unsigned spare_bps, int64_t now_ns)
{
    double per_s = MAX(spare_bps, SPARE_FLOOR_BPS) / 8.0, passed_s = (double)(now_ns - r->budget_ns) * 1e-9;
    r->budget_bytes = MIN(r->budget_bytes + per_s * MAX(passed_s, 0), per_s * (double)BUDGET_NS * 1e-9 + bytes);
    r->budget_ns = now_ns;
    if (r->budget_bytes < bytes) {
        return false;
    }
    r->budget_bytes -= bytes;
    return true;
}

/* Nothing that is asked for is in time. */
static bool is_too_far(bool now, int64_t rtt_ns)
{
    return rtt_ns > (now ? RTT_MORE_END_NS : RTT_MORE_NS);
}

unsigned mcu_repair_copies(unsigned now, double loss, int64_t rtt_ns)
{
    double two = is_too_far(now > 1, rtt_ns) ? (now > 1 ? LOSS_ONE_END : LOSS_ONE) : now > 1 ? LOSS_TWO_END : LOSS_TWO;
    if (loss > two) {
        return 2;
    }
    bool far = rtt_ns > MCU_REPAIR_FAR_NS && loss > (now > 0 ? LOSS_FAR_END : LOSS_FAR);
    return loss > (now > 0 ? LOSS_ONE_END : LOSS_ONE) || far ? 1 : 0;
}

bool mcu_repair_one_more(bool now, unsigned copies, int64_t rtt_ns, double needs_bps, double has_bps)
{
    return copies > 0 && is_too_far(now, rtt_ns) && has_bps > (now ? 1 : ROOM_MORE) * needs_bps;
}

double mcu_repair_share(unsigned copies, double loss)
{
    return copies > 0 ? copies + loss : loss < LOSS_DELAY ? 0 : 2 * loss;
}

unsigned mcu_repair_playout_ms(unsigned copies, double loss, int64_t rtt_ns, int64_t spacing_ns)
{
    if (loss < LOSS_DELAY && copies == 0) {
        return 0;
    }
    if (rtt_ns > MCU_REPAIR_FAR_NS + 2 * spacing_ns) {
        return FAR_DELAY_MS; /* asking again would take too long: the copies must be in time */
    }
    int64_t ms = (rtt_ns * 6 / 5 + spacing_ns / 2) / MS;
    return (unsigned)MIN(copies > 0 ? ms * 2 : ms, DELAY_MAX_MS);
}
