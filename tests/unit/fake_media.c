#include "tests/unit/fake_media.h"

#include <string.h>

fake_media fake;

void fake_media_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.send_codec = MCU_CODEC_H264;
    fake.gives_video = true;
    fake.gathered = true;
    fake_net_reset();
}
