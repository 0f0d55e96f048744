/* avoice.h - one voice: coded packets through playout buffer and decoder to a block of sound each tick.
 * Thread: push (and free, when the clock has let go of it) belong to the loop; pull to the audio clock; figures to any. */
#ifndef MIXER_AVOICE_H
#define MIXER_AVOICE_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"
#include "mcu/base/ring.h"
#include "mixer/abranch.h"
#include "mixer/adec.h"
#include "mixer/ajitter.h"
#include "mixer/aroute.h"
#include "mixer/denoise.h"
#include "mixer/echo.h"
#include "mixer/level.h"
#include "mixer/loudness.h"
#include "mixer/pcm.h"
#include "mixer/tones.h"

enum { MIX_AVOICE_RING = 128, MIX_AVOICE_FIFO = MIX_PACKET_MAX + 4 * MIX_BLOCK };

#define MIX_LINE_DELAY_MAX_NS (200 * MCU_NS_PER_MS)
#define MIX_AVOICE_KEYS 16 /* not told to the loop yet */

/* What other threads may look at; written by the clock once a tick. */
typedef struct {
    atomic_int level_mdb, block_mdb; /* thousandths of dBov */
    atomic_bool talking;
    atomic_int delay_us, target_us, spare_us;
    atomic_uint_fast64_t packets, concealed, fec_used, late;
    atomic_uint n_keys; /* in-band, ever */
    atomic_char keys[MIX_AVOICE_KEYS];
} mix_avoice_figures;

typedef struct {
    uint64_t stretched, squeezed;
} mix_avoice_stats;

typedef struct mix_avoice {
    uint32_t id;
    mcu_ring *ring; /* mcu_au: loop -> clock */
    atomic_bool muted;
    atomic_bool hush;               /* a key is down: nothing of this is for anybody */
    atomic_int least_us;            /* that it waits to be played: so late is its picture */
    atomic_bool masked;             /* left out for listeners that hear nobody masked */
    _Atomic uint64_t wanted_route;  /* a mix_route, packed */
    _Atomic(mix_abranch *) branch;  /* made by the loop before the first route that is not for all, NULL before */
    atomic_bool denoise_wanted;     /* by: */
    _Atomic(mix_denoise *) denoise; /* made by the loop when it is first wanted, NULL before */
    mix_avoice_figures figures;
    /* Loop only. */
    bool leaving;
    bool reported_talking;
    unsigned reported_keys;
    /* Clock only. */
    unsigned hz; /* 48000; of a telephone its own */
    mix_ajitter *jitter;
    mix_adec *decoder;
    mix_level level;
    bool even; /* brought to the loudness of the others */
    mix_loudness loudness;
    bool line, in_band; /* a telephone; whose keys come as tones alone */
    mix_tones *tones;   /* NULL = no telephone */
    mix_echo *echo;     /* NULL = none */
    uint32_t packet_ts; /* of what is being decoded */
    int64_t packet_ns;
    int64_t hush_until_ns; /* tones */
    unsigned hushed;       /* blocks since a key was up: its end may still be under way */
    mix_avoice_stats stats;
    bool catching_up, falling_back; /* squeezing or stretching until the delay is right */
    unsigned behind;                /* ticks of catching up in a row */
    bool was_muted;
    mix_route route, next_route; /* whom `block` is for, and the next one */
    bool denoising, turned;      /* noise is taken out of `block`; it begins under another route or filter than the last one */
    int64_t kept_until_ns;       /* a whisper that has ended goes on until then; 0 = none has */
    unsigned since_sound;        /* blocks since it was audible */
    unsigned quiet;              /* samples of silence in a row: fade out at its start, in after it */
    unsigned fifo_len;           /* samples decoded and not yet played */
    int16_t block[MIX_BLOCK];    /* this tick's: 20 ms at `hz` */
    int16_t fifo[MIX_AVOICE_FIFO];
} mix_avoice;

mix_avoice *mix_avoice_new(uint32_t id, mcu_codec codec, GError **error);
/* A telephone: playout delay of at most MIX_LINE_DELAY_MAX_NS, echo of the line and tones of keys taken out. `in_band`: its keys
 * are tones and nothing else, and are told. */
mix_avoice *mix_avoice_new_line(uint32_t id, mcu_codec codec, bool in_band, GError **error);
bool mix_avoice_denoise(mix_avoice *v, bool on);         /* loop; false = no memory, nothing changes */
bool mix_avoice_address(mix_avoice *v, mix_route route); /* loop; the same */
void mix_avoice_free(mix_avoice *v);
/* What its owner was sent in this tick, at the line's rate, and whether that is loud enough to come back; clock. */
void mix_avoice_sent(mix_avoice *v, const int16_t *pcm, bool loud, int64_t time_ns);

/* Moves what came in since the last tick into the playout buffer. */
void mix_avoice_collect(mix_avoice *v);
/* Fills v->block with the 20 ms that are due, for whom v->route says, measures them, then applies mute. Returns whether it goes
 * into a mix. */
bool mix_avoice_pull(mix_avoice *v, int64_t now_ns);

#endif
