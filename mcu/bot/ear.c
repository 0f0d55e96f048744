#include "mcu/bot/ear.h"

#include <glib.h>

#include "mixer/avoice.h"

#define STEP_NS (20 * MCU_NS_PER_MS)

struct mcu_ear {
    FILE *file;
    mix_avoice *voice;
    int64_t next_ns;
};

mcu_ear *mcu_ear_new(FILE *take_file, int64_t now_ns)
{
    if (take_file == NULL) {
        return NULL;
    }
    mcu_ear *e = g_new0(mcu_ear, 1);
    e->file = take_file;
    e->voice = mix_avoice_new(1, MCU_CODEC_OPUS, NULL);
    g_assert(e->voice != NULL);
    e->next_ns = now_ns;
    return e;
}

void mcu_ear_free(mcu_ear *e)
{
    if (e != NULL) {
        (void)fclose(e->file);
        mix_avoice_free(e->voice);
        g_free(e);
    }
}

void mcu_ear_push(mcu_ear *e, mcu_au *au)
{
    (void)mcu_ring_push(e->voice->ring, mcu_au_ref(au));
}

void mcu_ear_play(mcu_ear *e, int64_t now_ns)
{
    for (; e->next_ns <= now_ns; e->next_ns += STEP_NS) {
        mix_avoice_collect(e->voice);
        (void)mix_avoice_pull(e->voice, e->next_ns);
        (void)fwrite(e->voice->block, sizeof e->voice->block[0], G_N_ELEMENTS(e->voice->block), e->file);
    }
    (void)fflush(e->file);
}

int64_t mcu_ear_next_ns(const mcu_ear *e)
{
    return e->next_ns;
}
