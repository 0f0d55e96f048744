/* fake_media.h - net and mixer replaced by fakes that record what the room tells them.  Thread: the test's. */
#ifndef TESTS_UNIT_FAKE_MEDIA_H
#define TESTS_UNIT_FAKE_MEDIA_H

#include "mcu/net/peer.h"
#include "mixer/audio.h"
#include "mixer/slate.h"
#include "mixer/video.h"

typedef struct {
    unsigned peers;                 /* alive */
    unsigned uses[MIX_MAX_TIERS];   /* H.264 use count per tier */
    unsigned stills[MIX_MAX_TIERS]; /* the same of JPEG */
    unsigned begun[MIX_MAX_TIERS];  /* encoders, of any codec */
    unsigned keyframe_requests[MIX_MAX_TIERS];
    mcu_au *const *bank; /* what was kept of one tier */
    unsigned n_bank, bank_tier;
    unsigned n_people;
    mix_person people[MIX_MAX_PEOPLE];
    char names[MIX_MAX_PEOPLE][64];
    char layout[MCU_LAYOUT_NAME_MAX + 1]; /* in use */
    char caption[256], recorded_caption[256];
    uint64_t scene;  /* ascends with what the room says of people, caption and uses */
    bool no_encoder; /* none can be started */
    char line[512];  /* at the lower edge */
    bool logo;
    bool records;
    atomic_uint slates;                                         /* made */
    bool screens[256];                                          /* by their owner's number */
    uint32_t frozen_from, frozen_as;                            /* the newest still */
    bool frozen[256], no_picture;                               /* stills by number & 255 */
    unsigned source_px;                                         /* of everybody's pictures; 0 = 640x360 */
    bool sources[256], voices[256], muted[256], listeners[256]; /* by number & 255 */
    uint32_t listener_voice[256];
    /* telephones (fake_call.c) */
    unsigned calls; /* alive */
    unsigned call_packets;
    unsigned video_calls; /* alive, with pictures */
    unsigned call_pictures;
    int64_t call_report_ns; /* when a call's newest RTCP came */
    mcu_codec line_codec[256];
    bool hushed[256], bad_wav;
    bool no_place; /* for another call */
    unsigned gain[256], said[256];
    bool masked[256];           /* voices */
    int64_t voice_wait_ns[256]; /* as the mixer was told, */
    int64_t picture_wait_ns;    /* and as every peer says */
    double followed_ms;         /* the newest that a peer was told of a voice */
    mix_route route[256];
    int denoise[256]; /* -1 off, 1 on, 0 not told */
    uint32_t hears[256];
    bool pacer_full;      /* the next picture is refused */
    mcu_codec send_codec; /* what new peers negotiate */
    mcu_decode_limits limits;
    unsigned estimate_bps; /* of new peers; 0 = they have heard nothing */
    bool gives_video, gives_content;
    bool gathered;
    void (*on_sent)(const mcu_peer *p, const mcu_au *au); /* each picture that left for somebody; NULL = not asked */
} fake_media;

extern fake_media fake;
void fake_media_reset(void);
void fake_net_reset(void); /* of fake_media_reset() */

/* The newest peer whose user data is `n`-th oldest alive (0 = oldest). */
mcu_peer *fake_peer(unsigned n);
void fake_peer_state(mcu_peer *p, mcu_peer_state state, const char *why);
void fake_peer_gathered(mcu_peer *p);
unsigned fake_peer_pictures(const mcu_peer *p);
unsigned fake_peer_packets(const mcu_peer *p);   /* of audio, sent */
unsigned fake_peer_keyframes(const mcu_peer *p); /* asked of the remote */
unsigned fake_peer_max_video_bps(const mcu_peer *p);
unsigned fake_peer_content_keyframes(const mcu_peer *p);
void fake_overload(bool without_largest); /* the mixer has no time for the largest tier, or has it again */
void fake_source_state(uint32_t source, mix_source_state state);
const mcu_peer_policy *fake_peer_policy(const mcu_peer *p);
/* What the remote sends: one picture, one audio packet, a wish for a keyframe. */
void fake_peer_gives(mcu_peer *p);
void fake_peer_gives_picture(mcu_peer *p, bool screen, mcu_au *take);
void fake_peer_wants_keyframe(mcu_peer *p);
void fake_peer_link(mcu_peer *p, unsigned estimate_bps);
void fake_peer_tells(mcu_peer *p, bool tells); /* gives transport-wide feedback; at first it does not */
/* A picture of a tier, as the encoder would hand it to the loop. */
void fake_picture(unsigned tier, bool keyframe);
void fake_picture_out(unsigned tier, mcu_au *au); /* this one; borrowed */
void fake_sound_out(uint32_t listener, mcu_au *au);
void fake_still(unsigned tier);
void fake_talking(uint32_t voice, bool talking);
void fake_level(uint32_t voice, double level_dbov, int64_t now_ns); /* of one voice: the others are silent */
void fake_audio_out(uint32_t listener);                             /* 20 ms of the mix */
/* Of the newest call: a key, a packet. */
void fake_call_key(char key, bool down);
void fake_call_audio(void);
void fake_tile(unsigned tier, uint32_t person, int width_px, int height_px); /* its only one */
void fake_layout(unsigned tier, uint32_t person);

#endif
