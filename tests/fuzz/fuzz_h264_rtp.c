/* Payloads (each behind a 16-bit length) into one picture; the same bytes as an access unit to pack, which must come back the
 * same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/h264_params.h"
#include "mcu/net/cut.h"
#include "mcu/net/h264_rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No payload grows by more: a unit of one byte in a STAP-A takes three bytes and becomes five. */
#define ROOM(size) (4 * (size) + 64)

static void depack_all(const uint8_t *data, size_t size)
{
    mcu_h264_depack counted = {0}, written = {.out = malloc(ROOM(size)), .room = ROOM(size)};
    while (size >= 2) {
        size_t n = (size_t)(data[0] << 8 | data[1]);
        n = n > size - 2 ? size - 2 : n;
        uint8_t *exact = malloc(n + 1);
        memcpy(exact, data + 2, n);
        mcu_status a = mcu_h264_depack_push(&counted, exact, n), b = mcu_h264_depack_push(&written, exact, n);
        mcu_h264_payload_flags(exact, n);
        free(exact);
        if (a != b || counted.size != written.size || counted.in_fu != written.in_fu) {
            abort();
        }
        data += 2 + n;
        size -= 2 + n;
    }
    free(written.out);
}

typedef struct {
    mcu_h264_depack d;
    size_t max, bytes;
    unsigned packets, markers;
} sink;

static void on_payload(void *user, const mcu_payload *p, bool last)
{
    sink *s = user;
    uint8_t payload[MCU_RTP_MAX];
    size_t size = mcu_payload_size(p);
    s->bytes += size;
    s->packets++;
    if (size == 0 || size > s->max || s->markers > 0) {
        abort();
    }
    s->markers += last;
    mcu_h264_depack_push(&s->d, payload, mcu_payload_write(p, payload));
}

static void check_cut(const uint8_t *data, size_t size, const sink *s)
{
    mcu_au *au = mcu_au_new_copy(data, size);
    au->codec = MCU_CODEC_H264;
    const mcu_cut *cut = mcu_cut_of(au, false, s->max);
    if (s->markers != 1 || cut == NULL || cut->n != s->packets || cut->bytes != s->bytes) {
        abort();
    }
    mcu_h264_depack again = {0};
    for (unsigned i = 0; i < cut->n; i++) {
        uint8_t payload[MCU_RTP_MAX];
        mcu_h264_depack_push(&again, payload, mcu_payload_write(&cut->at[i], payload));
    }
    if (again.size != s->d.size) {
        abort();
    }
    mcu_au_unref(au);
}

static void round_trip(const uint8_t *data, size_t size, size_t max)
{
    sink s = {.d = {.out = malloc(ROOM(size)), .room = ROOM(size)}, .max = max};
    if (mcu_h264_pack(data, size, max, on_payload, &s) == MCU_OK) {
        check_cut(data, size, &s);
        mcu_nal_iter in, out;
        const uint8_t *a, *b;
        size_t na, nb;
        bool legal = true;
        mcu_nal_begin(&in, data, size);
        while (mcu_nal_next(&in, &a, &na)) {
            legal = legal && !(a[0] & 0x80);
        }
        mcu_nal_begin(&in, data, size);
        mcu_nal_begin(&out, s.d.out, s.d.size);
        while (legal && mcu_nal_next(&out, &b, &nb)) { /* in order, each one of the input's */
            do {
                if (!mcu_nal_next(&in, &a, &na)) {
                    abort();
                }
            } while (na != nb || memcmp(a, b, na) != 0);
        }
    }
    free(s.d.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536) {
        return 0;
    }
    depack_all(data, size);
    round_trip(data, size, 64);
    round_trip(data, size, 1160);
    return 0;
}
