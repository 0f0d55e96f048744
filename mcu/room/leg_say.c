/* What one caller is told: one thing after the other, each once. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/room/leg_private.h"
#include "mixer/wav.h"

#define WAITING_MAX 4
#define PAUSE_NS (200 * MCU_NS_PER_MS)
#define SAMPLE_NS (MCU_NS_PER_SEC / 48000)

typedef struct {
    char name[MCU_ID_MAX + 1];
    int16_t *pcm;
    unsigned n;
} prompt;

static void prompt_free(gpointer p)
{
    prompt *one = p;
    g_free(one->pcm);
    g_free(one);
}

void mcu_leg_say_clear(mcu_leg *l)
{
    g_queue_clear_full(&l->waiting, prompt_free);
}

static bool play(mcu_leg *l, prompt *take, int64_t now_ns)
{
    bool ok = mix_audio_listener_say(l->room->audio, l->seat->person, take->pcm, take->n) == MCU_OK;
    if (ok) {
        g_strlcpy(l->saying, take->name, sizeof l->saying);
        l->said_ns = now_ns + (int64_t)take->n * SAMPLE_NS + PAUSE_NS;
    }
    prompt_free(take);
    return ok;
}

static bool is_known(const mcu_leg *l, const char *name, int64_t now_ns)
{
    bool known = now_ns < l->said_ns && strcmp(l->saying, name) == 0;
    for (const GList *i = l->waiting.head; i != NULL; i = i->next) {
        known = known || strcmp(((const prompt *)i->data)->name, name) == 0;
    }
    return known && name[0] != '\0';
}

void mcu_leg_say_tick(mcu_leg *l, int64_t now_ns)
{
    if (now_ns >= l->said_ns && !g_queue_is_empty(&l->waiting)) {
        (void)play(l, g_queue_pop_head(&l->waiting), now_ns);
    }
}

bool mcu_leg_say(mcu_leg *l, int fd, const char *name, bool at_once, GError **error)
{
    int64_t now_ns = mcu_now_ns();
    if (!at_once && is_known(l, name, now_ns)) {
        return true;
    }
    prompt *p = g_new0(prompt, 1);
    g_strlcpy(p->name, name, sizeof p->name);
    p->pcm = mix_wav_read(fd, &p->n, error);
    if (p->pcm == NULL) {
        prompt_free(p);
        return false;
    }
    bool waits = !at_once && (now_ns < l->said_ns || !g_queue_is_empty(&l->waiting));
    if (waits) {
        g_queue_push_tail(&l->waiting, p);
        if (l->waiting.length > WAITING_MAX) { /* the oldest is the stalest */
            mcu_counter_add(mcu_counter_get("tessera_leg_prompts_dropped_total", NULL, "prompts that callers were not told"), 1);
            prompt_free(g_queue_pop_head(&l->waiting));
        }
    } else if (!play(l, p, now_ns)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "the leg cannot be told this now");
        return false;
    }
    return true;
}
