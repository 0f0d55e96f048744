/* A screen that somebody shows beside the camera: a second source of the same seat. */
#include "mcu/room/room_private.h"

void mcu_session_apply_share(mcu_session *s)
{
    mcu_room *r = s->room;
    bool wanted = s->up && s->share && mcu_peer_gives_content(s->peer);
    if (wanted && !s->has_content) {
        s->has_content = mix_video_source_add(r->video, s->seat->content) == MCU_OK;
        if (s->has_content) {
            mcu_peer_request_content_keyframe(s->peer);
        }
    } else if (!wanted && s->has_content) {
        s->content_live = false;
        mcu_people_show(r); /* first: nobody is to see the place of a screen that is gone */
        mix_video_source_remove(r->video, s->seat->content);
        s->has_content = false;
    }
}

void mcu_session_content_live(mcu_session *s, bool has_picture)
{
    if (s->has_content && s->content_live != has_picture) {
        s->content_live = has_picture;
        mcu_picture_changed(s->room);
    }
}
