/* One packet: header, extensions, Opus; what parses must be written back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/opus_rtp.h"
#include "mcu/net/rtpext.h"
#include "mcu/net/rtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_MID] = 1,
                                          [MCU_RTPEXT_RID] = 2,
                                          [MCU_RTPEXT_AUDIO_LEVEL] = 3,
                                          [MCU_RTPEXT_ABS_SEND_TIME] = 4,
                                          [MCU_RTPEXT_TWCC] = 5,
                                          [MCU_RTPEXT_PLAYOUT_DELAY] = 6}};

static void check_block(const mcu_rtpext_values *v)
{
    uint8_t packet[200];
    mcu_rtpext_block b;
    mcu_rtpext_values again;
    mcu_rtp r = {.pt = 1};
    mcu_rtpext_block_init(&b, &map, v);
    mcu_rtpext_block_apply(&b, &r);
    size_t n = mcu_rtp_write(packet, sizeof packet, &r);
    if (n == 0 || mcu_rtp_parse(packet, n, &r) != MCU_OK) {
        abort();
    }
    mcu_rtpext_read(&r, &map, &again);
    if (memcmp(v->has, again.has, sizeof v->has) != 0 || strcmp(v->mid, again.mid) != 0 || v->twcc != again.twcc ||
        v->abs_send_time != again.abs_send_time || v->playout_max_ms != again.playout_max_ms) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcu_rtp r, again;
    mcu_rtpext_values v;
    mcu_opus_packet opus;
    uint8_t out[2 * MCU_RTP_MAX];
    mcu_opus_parse(data, size, &opus);
    if (mcu_rtp_parse(data, size, &r) != MCU_OK) {
        return 0;
    }
    mcu_rtpext_read(&r, &map, &v);
    check_block(&v);
    size_t n = mcu_rtp_write(out, sizeof out, &r);
    if (n != size - r.padding - 4u * r.n_csrc || mcu_rtp_parse(out, n, &again) != MCU_OK || again.seq != r.seq ||
        again.ts != r.ts || again.payload_size != r.payload_size || again.ext_size != r.ext_size) {
        abort();
    }
    mcu_rtp inner;
    mcu_status s = mcu_rtx_unpack(&r, 1, 96, &inner);
    if (s == MCU_OK && inner.payload_size + 2 != r.payload_size) {
        abort();
    }
    return 0;
}
