/* repair.h - what goes out again before anybody asks: what feedback calls lost, and on bad paths a second copy of everything,
 * some time after the first so that one burst of loss does not take both.  Thread: the peer's loop; pure. Embedded struct.
 * Bounded: MCU_REPAIR_WAITING copies wait, more are not made; what they may weigh is what the estimate leaves beside the media.
 */
#ifndef MCU_NET_REPAIR_H
#define MCU_NET_REPAIR_H

#include "mcu/net/twcc.h"

#define MCU_REPAIR_WAITING 256
#define MCU_REPAIR_FAR_NS (INT64_C(200) * 1000 * 1000) /* round trips from which on asking takes too long */

typedef struct {
    struct {
        uint16_t media_seq; /* of our video, also inside a copy */
        bool video;
    } sent[MCU_TWCC_HISTORY]; /* by transport-wide number */
    struct {
        uint16_t media_seq;
        int64_t due_ns;
    } waiting[MCU_REPAIR_WAITING]; /* ring, by due time */
    unsigned first, n;
    double budget_bytes;
    int64_t budget_ns;
} mcu_repair;

void mcu_repair_init(mcu_repair *r);
void mcu_repair_sent(mcu_repair *r, uint16_t twcc_seq, bool video, uint16_t media_seq);
/* Which packet of our video that was, also inside a copy; false: none of it. */
bool mcu_repair_is_video(const mcu_repair *r, uint16_t twcc_seq, uint16_t *media_seq);
/* A copy is to leave at `due_ns`. */
void mcu_repair_later(mcu_repair *r, uint16_t media_seq, int64_t due_ns);
bool mcu_repair_due(mcu_repair *r, int64_t now_ns, uint16_t *media_seq); /* the next one that is due */
void mcu_repair_forget(mcu_repair *r);                                   /* what waits is not wanted any more */
/* `spare_bps` = what the path carries beyond the media. False: a copy of `bytes` would be too much. */
bool mcu_repair_afford(mcu_repair *r, unsigned bytes, unsigned spare_bps, int64_t now_ns);

/* How many copies of everything are worth it, beside what is asked for: one above 200 ms of RTT, where asking takes too long, and
 * above 9 % of loss, where asking is lost too; two above 15 %, and above 9 % from 400 ms of RTT on, where no answer is in time.
 * `now`: what is being done; it ends at less than it began with. */
unsigned mcu_repair_copies(unsigned now, double loss, int64_t rtt_ns);
/* From 400 ms of RTT on: is there room for one more beside the `copies`? `needs_bps`: of the pictures with all of that. */
bool mcu_repair_one_more(bool now, unsigned copies, int64_t rtt_ns, double needs_bps, double has_bps);
/* What repair weighs beside the pictures, as a share of them. */
double mcu_repair_share(unsigned copies, double loss);
/* How long the far end should keep pictures back so that what is lost can come again, ms. 0 where hardly anything is lost,
 * however far the path and however slow the pictures: waiting would only make people talk over each other. */
unsigned mcu_repair_playout_ms(unsigned copies, double loss, int64_t rtt_ns, int64_t spacing_ns);

#endif
