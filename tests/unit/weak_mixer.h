/* weak_mixer.h - the mixer of a simulated room: encoders modelled by the sizes of their pictures, with the real rules for
 * keyframes and for what is kept.  Thread: the test's; one mixer at a time. It is what views take for the mixer. */
#ifndef TESTS_UNIT_WEAK_MIXER_H
#define TESTS_UNIT_WEAK_MIXER_H

#include "mixer/video.h"

typedef void (*weak_picture_fn)(void *user, unsigned tier, const mcu_au *au); /* `time_ns` is set, the bytes mean nothing */

void weak_mixer_begin(const mix_tier_spec *specs, const unsigned *every_s, unsigned n, uint32_t seed, weak_picture_fn fn,
                      void *user);
void weak_mixer_end(void);
void weak_mixer_step(int64_t now_ns);
unsigned weak_mixer_keyframes(unsigned tier); /* everybody's */

#endif
