#include "mcu/room/warm.h"

#include "mcu/net/peer.h"
#include "mixer/text.h"
#include "mixer/video.h"

bool mcu_room_warm(GError **error)
{
    /* A net and a video mixer that live for a moment load everything that their successors need. */
    mcu_net_config net_config = {0};
    mcu_net *net = mcu_net_new(g_main_context_default(), &net_config, error);
    if (net == NULL) {
        return false;
    }
    mcu_net_free(net);
    mix_video_config video_config = {.n_tiers = 1, .tiers = {{"A", 320, 180, 10, 64000}}, .workers = 1};
    mix_video_callbacks callbacks = {0};
    mix_video *video = mix_video_new(g_main_context_default(), &video_config, &callbacks, NULL, error);
    if (video == NULL) {
        return false;
    }
    mix_video_free(video);
    return true;
}

const char *const *mcu_room_files(void)
{
    return mix_text_files;
}
