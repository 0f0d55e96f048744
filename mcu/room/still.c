#include "mcu/room/still.h"

#include "mcu/base/clock.h"

#define WAITING_MAX 32 /* requests of a tier */
#define PATIENCE_NS (3 * MCU_NS_PER_SEC)
#define KEEP_NS (5 * MCU_NS_PER_SEC) /* after the last request */

static void drop_id(gpointer id)
{
    json_decref(id);
}

bool mcu_still_request(mcu_room *r, unsigned tier, const json_t *id, GError **error)
{
    mcu_still *s = &r->stills[tier];
    if (s->waiting == NULL) {
        s->waiting = g_ptr_array_new_with_free_func(drop_id);
    }
    if (s->waiting->len >= WAITING_MAX) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "too many wait for this picture");
        return false;
    }
    if (!s->used && mix_video_use(r->video, tier, MCU_CODEC_JPEG) != MCU_OK) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no picture can be made now");
        return false;
    }
    s->used = true;
    s->asked_ns = mcu_now_ns();
    if (s->waiting->len == 0) {
        s->since_ns = s->asked_ns;
    }
    g_ptr_array_add(s->waiting, json_incref((json_t *)(uintptr_t)id));
    mix_video_request_keyframe(r->video, tier, MCU_CODEC_JPEG);
    return true;
}

void mcu_still_picture(mcu_room *r, unsigned tier, const mcu_au *au)
{
    mcu_still *s = &r->stills[tier];
    if (s->waiting == NULL || s->waiting->len == 0) {
        return;
    }
    g_autofree char *text = g_base64_encode(au->data, au->size);
    json_t *jpeg = json_string(text);
    for (guint i = 0; i < s->waiting->len; i++) {
        mcu_room_send(r,
                      json_pack("{ss sO ss si si sO}", "type", "picture", "id", s->waiting->pdata[i], "tier",
                                r->options.video.tiers[tier].name, "width", au->width_px, "height", au->height_px, "jpeg", jpeg),
                      NULL);
    }
    json_decref(jpeg);
    g_ptr_array_set_size(s->waiting, 0);
}

static void give_up(mcu_room *r, mcu_still *s)
{
    for (guint i = 0; i < s->waiting->len; i++) {
        mcu_room_send(r,
                      json_pack("{ss sO ss ss}", "type", "error", "id", s->waiting->pdata[i], "code",
                                mcu_error_name(MCU_ERROR_UNAVAILABLE), "message", "there is no picture of this tier yet"),
                      NULL);
    }
    g_ptr_array_set_size(s->waiting, 0);
}

void mcu_stills_tick(mcu_room *r, int64_t now_ns)
{
    for (unsigned tier = 0; tier < MIX_MAX_TIERS; tier++) {
        mcu_still *s = &r->stills[tier];
        if (s->used && s->waiting->len > 0 && now_ns - s->since_ns >= PATIENCE_NS) {
            give_up(r, s);
        }
        if (s->used && s->waiting->len == 0 && now_ns - s->asked_ns >= KEEP_NS) {
            mix_video_unuse(r->video, tier, MCU_CODEC_JPEG);
            s->used = false;
        }
    }
}

void mcu_stills_clear(mcu_room *r)
{
    for (unsigned tier = 0; tier < MIX_MAX_TIERS; tier++) {
        mcu_still *s = &r->stills[tier];
        if (s->used) {
            mix_video_unuse(r->video, tier, MCU_CODEC_JPEG);
            s->used = false;
        }
        g_clear_pointer(&s->waiting, g_ptr_array_unref);
    }
}
