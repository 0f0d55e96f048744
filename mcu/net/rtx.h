/* rtx.h - retransmission: what was sent on one SSRC, who may have it again, and the RTX payload format.  Thread: the peer's loop.
 * Source: RFC 4588 4 (SSRC-multiplexed), 8.  Bounded: MCU_RTX_PACKETS packets and MCU_RTX_AGE_NS. */
#ifndef MCU_NET_RTX_H
#define MCU_NET_RTX_H

#include "mcu/net/pkt.h"

#define MCU_RTX_PACKETS 1024
#define MCU_RTX_AGE_NS (INT64_C(2) * 1000 * 1000 * 1000)
#define MCU_RTX_SHARE_PCT 30 /* of the media rate over the last second, where nothing else is said */

typedef struct mcu_rtx_history mcu_rtx_history;
mcu_rtx_history *mcu_rtx_history_new(void);
void mcu_rtx_history_free(mcu_rtx_history *h);
/* Keeps a packet that has just been sent with its final sequence number. */
void mcu_rtx_history_put(mcu_rtx_history *h, mcu_pkt *take_packet, int64_t now_ns);

/* For how long a keyframe that has been sent leaves what is older than it to be asked for: 0 until told. */
void mcu_rtx_history_spare(mcu_rtx_history *h, int64_t spared_ns);
/* `more` of the media than MCU_RTX_SHARE_PCT of it, 1.5 at most: what is lost must be sent again, and of that some once more. */
void mcu_rtx_history_allow(mcu_rtx_history *h, double more);
/* May `seq` go out again? The packet (borrowed until the next put) and MCU_OK; MCU_ELATE: not kept any more, or older than
 * a keyframe that spares it no longer when the answer is there; MCU_EAGAIN: answered less than one RTT ago (`rtt_ns` < 10 ms
 * counts as 10 ms); MCU_EFULL: repair has used up its share (a floor of 32 kbit/s is always allowed). */
mcu_status mcu_rtx_history_answer(mcu_rtx_history *h, uint16_t seq, int64_t rtt_ns, int64_t now_ns, const mcu_pkt **out);
/* It, or a copy of it, is known to have come: no other need follow unless it is asked for. */
void mcu_rtx_history_arrived(mcu_rtx_history *h, uint16_t seq, int64_t now_ns);
bool mcu_rtx_history_has_arrived(mcu_rtx_history *h, uint16_t seq, int64_t now_ns);
/* What was sent as `seq`, for a copy that nobody asked for; NULL = it has arrived, is not kept, old, or behind a newer keyframe.
 */
const mcu_pkt *mcu_rtx_history_get(mcu_rtx_history *h, uint16_t seq, int64_t now_ns);
/* The newest packet of those least often sent, to fill a probe; NULL = nothing is kept that is younger than `age_ns` and no
 * larger than `most` bytes. `larger`: where none is so small, the smallest. It counts as sent once more. */
const mcu_pkt *mcu_rtx_history_filling(mcu_rtx_history *h, unsigned most, bool larger, int64_t age_ns, int64_t now_ns);
/* RTX packet for `original`: own SSRC, payload type and sequence (written at pacer exit), same timestamp, marker and header
 * extension block, OSN in front of the payload, which is shared with it. NULL: would pass MCU_RTP_MAX. */
mcu_pkt *mcu_rtx_pack(const mcu_pkt *original, uint32_t rtx_ssrc, uint8_t rtx_pt);
/* The media packet inside an RTX packet, as a view of the same bytes. MCU_EAGAIN: padding only (a probe). MCU_EINVAL: too short.
 */
mcu_status mcu_rtx_unpack(const mcu_rtp *rtx, uint32_t media_ssrc, uint8_t media_pt, mcu_rtp *out);

#endif
