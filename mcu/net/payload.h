/* payload.h - one RTP payload as it is cut from a picture: what its format puts in front, then bytes of the picture where they
 * are.  Thread: any (pure). */
#ifndef MCU_NET_PAYLOAD_H
#define MCU_NET_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *head, *body; /* neither is NULL, either may be empty; `body` lies in the picture */
    uint16_t head_size, body_size;
} mcu_payload;

/* `p` and its head are borrowed for the call; `last` = set the marker bit. */
typedef void (*mcu_payload_fn)(void *user, const mcu_payload *p, bool last);

static inline size_t mcu_payload_size(const mcu_payload *p)
{
    return (size_t)p->head_size + p->body_size;
}

/* Returns its size, for which `out` has room. */
static inline size_t mcu_payload_write(const mcu_payload *p, uint8_t *out)
{
    memcpy(out, p->head, p->head_size);
    memcpy(out + p->head_size, p->body, p->body_size);
    return mcu_payload_size(p);
}

#endif
