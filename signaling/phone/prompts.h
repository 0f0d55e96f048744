/* prompts.h - what is said to a caller: WAV files in a folder for each language, replaceable.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_PROMPTS_H
#define SIGNALING_PHONE_PROMPTS_H

#include <stddef.h>
#include <stdint.h>

#include "signaling/phone/ivr.h"

#define TEL_SOUND_HZ 48000

typedef struct {
    size_t n;
    int16_t pcm[]; /* mono */
} tel_sound;

typedef struct tel_prompts tel_prompts;
tel_prompts *tel_prompts_new(const char *folder);
void tel_prompts_free(tel_prompts *p);

/* Finds the clinic's name for the call to a callee: LANGUAGE/clinic.wav, else `words` ("" = none) spoken. False: there is a
 * language without one, where callees hear "your clinic". May start a program: see spoken.h. */
bool tel_prompts_name_clinic(tel_prompts *p, const char *const *languages, const char *words);

/* The prompt in these languages, one after the other (NULL-terminated), at 48 kHz. NULL = no such file, or not mono of 16 bit.
 * g_free. */
tel_sound *tel_prompts_get(const tel_prompts *p, const char *const *languages, tel_prompt prompt);

#endif
